/* eval_propensity.h - models of a yes or no through an evaluation: each split of the rows in turn, in a child process
 * (eval_child.h) for each model. */
#ifndef FR_APP_EVAL_PROPENSITY_H
#define FR_APP_EVAL_PROPENSITY_H

#include "freshet/app/command.h"
#include "freshet/learn/binary_quality.h"
#include "freshet/learn/folds.h"
#include "freshet/target/propensity.h"

enum { PROPENSITY_ROWS_MAX = 8 };

/* Row numbers of the table. */
struct propensity_split {
    uint32_t *learnt, *asked;
    uint32_t learnt_n, asked_n;
};

struct propensity_figures {
    double auc, auc_sd, average_precision, f1, precision, recall, log_loss, brier; /* means over the splits */
    double split_error;                /* calibration error, the same */
    struct fr_reliability reliability; /* of the rows of all splits together */
};

/* One line of the report. */
struct propensity_row {
    const char *name;
    enum fr_propensity_kind kind;
    const uint32_t *columns; /* [column_n] all that it may see; NULL: all */
    uint32_t column_n;
    enum fr_err err; /* why there are no figures */
    struct fr_errmsg msg;
    struct propensity_figures figures;
    double fit_s, score_s, peak_mib; /* seconds: means over the splits */
    char made_of[160];               /* of the last split */
    double *probabilities;           /* [row_n] of asked rows; propensity_rows_fini */
};

/* All is borrowed. */
struct propensity_setup {
    const struct fr_table *table;
    const struct propensity_split *splits;
    uint32_t split_n;
    const uint32_t *groups;               /* [row_n of the table] NULL: none */
    struct fr_propensity_options options; /* but for kind and groups */
    int verbose;
};

/* Fills all of row but what it is; err says how it went. */
void propensity_measure(const struct propensity_setup *s, struct propensity_row *row);
void propensity_rows_fini(const struct propensity_setup *s, struct propensity_row *rows, uint32_t n);

/* Splits by folds. gives [k]; propensity_splits_free. */
struct propensity_split *propensity_splits_of_folds(const uint32_t *fold, uint32_t row_n, uint32_t k);
void propensity_splits_free(struct propensity_split *splits, uint32_t n);

void propensity_report_table(const struct propensity_setup *s, const struct propensity_row *rows, uint32_t n,
                             struct fr_buf *out);
void propensity_report_json(const struct propensity_setup *s, const struct propensity_row *rows, uint32_t n,
                            struct fr_buf *out);
/* CSV: row, split, label, and the probability by each model. False: it cannot be written, msg says why. */
bool propensity_write_predictions(const char *path, const struct propensity_setup *s,
                                  const struct propensity_row *rows, uint32_t n, struct fr_errmsg *msg);
const char *propensity_imbalance_name(enum fr_imbalance imbalance);

#endif
