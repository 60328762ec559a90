/* propensity_refit.h - one propensity fitted anew: rows of several logs, a split by time, a fit, and a judgement.
 *
 * Judged    on the rows of the last quarter of the cuts, which the candidate has not learnt from: the figure of a row is 1 - (p -
 *           y)^2, one less Brier's score, which is largest in the mean where the probabilities are true. The incumbent is the
 *           propensity in force, or, without one, the share of yes among the rows learnt from. The test is learn/judge.h's.
 * Privacy   only rows of users who allow ads as things stand at the end of the log: who refused since, or was deleted, teaches
 *           nothing.
 * Threads   one owner. Memory: rows own their table. */
#ifndef FR_TARGET_PROPENSITY_REFIT_H
#define FR_TARGET_PROPENSITY_REFIT_H

#include "freshet/learn/judge.h"
#include "freshet/target/propensity.h"
#include "freshet/target/training_rows.h"

/* Zero-initialised is empty. */
struct fr_propensity_rows {
    struct fr_table table;
    struct fr_training_row *at; /* [table.row_n] */
    uint32_t cap;
};

/* Ends `log` and adds its rows; all logs have the same columns, and users under numbers of one dictionary. */
void fr_propensity_rows_add(struct fr_propensity_rows *rows, struct fr_training_rows *log,
                            bool consent_must_be_given);
/* Whether a user is one of a share (0..1) of all, by a hash: the same ones for ever, and of a smaller share some of these. */
bool fr_propensity_sampled(struct fr_str user_id, double share);
/* Keeps the rows of the users of a share. */
void fr_propensity_rows_thin(struct fr_propensity_rows *rows, const struct fr_dict *ids, double share);
void fr_propensity_rows_fini(struct fr_propensity_rows *rows);

struct fr_propensity_refit {
    int64_t horizon_ms;
    struct fr_propensity_options options; /* but for groups */
    struct fr_judge_params judge;
    const struct fr_propensity *incumbent; /* NULL: none, or of other columns */
};

struct fr_propensity_refitted {
    struct fr_propensity *model; /* the caller's to free */
    struct fr_verdict verdict;
    uint32_t learnt, asked;
    double rate, auc, log_loss; /* of the rows asked: share of yes, and the candidate's figures */
};

/* FR_LIMIT: too few rows or too few yes to fit or to ask, said in msg; what fr_propensity_fit fails with. *out has a model only if
 * FR_OK. */
enum fr_err fr_propensity_refit_run(const struct fr_propensity_refit *r,
                                    const struct fr_propensity_rows *rows, struct fr_propensity_refitted *out,
                                    struct fr_errmsg *msg) FR_MUST_USE;

#endif
