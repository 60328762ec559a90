/* propensity_internal.h - what a propensity is made of, for propensity*.c alone. */
#ifndef FR_TARGET_PROPENSITY_INTERNAL_H
#define FR_TARGET_PROPENSITY_INTERNAL_H

#include "freshet/base/arena.h"
#include "freshet/learn/rank_mlp.h"
#include "freshet/learn/table_inputs.h"
#include "freshet/target/propensity.h"

enum { PARTS_MAX = 3, PART_RANKERS_MAX = 8 };

/* One model. kind is any but ENSEMBLE. */
struct part {
    enum fr_propensity_kind kind;
    struct fr_forest *forest;      /* FOREST, BOOSTING */
    double base;                   /* FOREST: the share of yes that its trees start from */
    struct fr_table_inputs inputs; /* LOGISTIC, MLP */
    struct fr_rank_mlp *rankers[PART_RANKERS_MAX];
    uint32_t ranker_n;
    struct fr_calibration platt; /* of its scores */
    double weight;
};

struct fr_propensity {
    struct part parts[PARTS_MAX];
    uint32_t part_n;
    struct fr_calibration calibration; /* of the sum */
    double threshold;
    struct fr_arena arena;
    const struct fr_str *columns; /* [column_n] in the arena */
    uint32_t column_n;
    char task[FR_PROPENSITY_TASK_BYTES], version[FR_PROPENSITY_VERSION_BYTES];
};

/* valid: only for boosting, says when to stop; rounds: of boosting without valid. draft: one member, for the inner folds; the mean
 * of several is for the end. */
enum fr_err part_fit(struct part *part, enum fr_propensity_kind kind, const struct fr_table *rows,
                     const struct fr_table *valid, uint32_t rounds, bool draft,
                     const struct fr_propensity_options *options, struct fr_errmsg *msg) FR_MUST_USE;
void part_fini(struct part *part);
/* Raw scores, in log odds. */
enum fr_err part_score(const struct part *part, const float *values, uint32_t n, uint32_t column_n,
                       double *out, struct fr_errmsg *msg) FR_MUST_USE;
/* Adds factor times what each column moves the raw score of one row by to sums[column_n]. */
enum fr_err part_explain(const struct part *part, const float *values, uint32_t column_n, double factor,
                         double *sums, struct fr_errmsg *msg) FR_MUST_USE;
enum fr_err part_save(const struct part *part, struct fr_buf *out, struct fr_errmsg *msg) FR_MUST_USE;
/* Fills all but weight and platt. */
bool part_load(struct part *part, struct fr_str bytes, uint32_t column_n, struct fr_errmsg *msg);

/* Log odds before the calibration. */
enum fr_err propensity_sum(const struct fr_propensity *p, const float *values, uint32_t n, double *out,
                           struct fr_errmsg *msg) FR_MUST_USE;
void propensity_set_columns(struct fr_propensity *p, const struct fr_str *names, uint32_t n);

#endif
