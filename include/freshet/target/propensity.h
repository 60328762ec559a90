/* propensity.h - how likely a yes is: models fitted on a table, made one, calibrated, cut by costs, explained.
 *
 * Kinds     logistic: linear; forest, boosting: trees (learn/forest.h); mlp: a network (learn/rank_mlp.h) of 64 and 32 units,
 *           with dropout, weight decay and adversarial training; ensemble: boosting, forest and mlp.
 * Fit       inner folds of the rows, stratified or, with groups, by a hash of the group: each row gets a score of each part that has not seen it. On these scores, and
 *           on nothing else, rest: how many rounds boosting takes, each part's log odds (Platt), the parts' weights in the
 *           ensemble (the grid of tenths with the least log loss), the calibration, the threshold. Then each part learns from
 *           all rows. Other hyper-parameters are set by hand: src/target/propensity_part.c.
 * Score     log odds = sum over parts of weight * (slope * score + intercept), probability = calibration(log odds).
 * Threshold the one with the least cost_false_yes * false yes + cost_false_no * false no; without costs the best F1.
 * Reasons   of each column, in log odds: SHAP for trees; for linear models and networks what the score loses when the inputs go
 *           to their mean one by one, averaged over doing so from the first and from the last. With the base they add up to
 *           the log odds of the probability; what an isotonic calibration adds is in the base.
 * Promise   a fit is a function of (table, options): the same bytes on the same machine, build and number of threads.
 * Threads   a fitted one may be asked for probabilities by any number of threads, for reasons by one.
 * Memory    owns its parts. */
#ifndef FR_TARGET_PROPENSITY_H
#define FR_TARGET_PROPENSITY_H

#include "freshet/base/buf.h"
#include "freshet/learn/calibration.h"
#include "freshet/learn/forest.h"
#include "freshet/learn/table.h"

#define FR_PROPENSITY_MAP(X) \
    X(LOGISTIC, "logistic")  \
    X(FOREST, "forest")      \
    X(BOOSTING, "boosting")  \
    X(MLP, "mlp")            \
    X(ENSEMBLE, "ensemble")

enum fr_propensity_kind {
#define FR_PROPENSITY_ENUM(name, text) FR_PROPENSITY_##name,
    FR_PROPENSITY_MAP(FR_PROPENSITY_ENUM)
#undef FR_PROPENSITY_ENUM
        FR_PROPENSITY_KINDS
};

const char *fr_propensity_kind_name(enum fr_propensity_kind kind);
bool fr_propensity_kind_find(struct fr_str name, enum fr_propensity_kind *kind);

enum { FR_PROPENSITY_TASK_BYTES = 128, FR_PROPENSITY_VERSION_BYTES = 32 };
enum { FR_PROPENSITY_COLUMNS_MAX = 512 };

struct fr_propensity_options {
    enum fr_propensity_kind kind;
    enum fr_imbalance imbalance;
    enum fr_calibration_kind calibration;
    uint32_t inner_folds;                 /* 2 to 20 */
    double cost_false_yes, cost_false_no; /* both 0: the threshold of the best F1 */
    unsigned threads;
    uint64_t seed;
    const uint32_t *
        groups; /* [row_n] rows of a group, as those of a user, stay in one inner fold; NULL: each by itself */
    const char *task, *version; /* kept with it; NULL: none */
    /* done in 0..1; false: give up (FR_TIMEOUT). NULL: not called. */
    bool (*progress)(void *context, const char *step, double done);
    void *context;
};

#define FR_PROPENSITY_DEFAULTS       \
    ((struct fr_propensity_options){ \
        .kind = FR_PROPENSITY_ENSEMBLE, .inner_folds = 4, .threads = 1, .seed = 1})

struct fr_propensity;

/* gives; NULL with msg: FR_CONFIG, FR_LIMIT when a kind of label has fewer rows than there are inner folds, FR_IO without a
 * library, FR_TIMEOUT. */
struct fr_propensity *fr_propensity_fit(const struct fr_table *rows,
                                        const struct fr_propensity_options *options, struct fr_errmsg *msg);
void fr_propensity_free(struct fr_propensity *p);

const struct fr_str *fr_propensity_columns(const struct fr_propensity *p, uint32_t *n); /* lent */
const char *fr_propensity_task(const struct fr_propensity *p);
const char *fr_propensity_version(const struct fr_propensity *p);
double fr_propensity_threshold(const struct fr_propensity *p);

/* values[n][columns] to probabilities[n]. */
enum fr_err fr_propensity_score(const struct fr_propensity *p, const float *values, uint32_t n,
                                double *probabilities, struct fr_errmsg *msg) FR_MUST_USE;

/* high: at or above the threshold; medium: at or above half of it. */
enum fr_segment { FR_SEGMENT_LOW, FR_SEGMENT_MEDIUM, FR_SEGMENT_HIGH };
enum fr_segment fr_propensity_segment(const struct fr_propensity *p, double probability);
const char *fr_segment_name(enum fr_segment segment);

struct fr_propensity_reason {
    uint32_t column;
    double log_odds;
};

/* Of one row: the n columns that moved it most, largest first in size, and *base for what all others and the mean row give.
 * Returns how many there are; 0 with msg when the library refuses. */
uint32_t fr_propensity_explain(const struct fr_propensity *p, const float *values,
                               struct fr_propensity_reason *out, uint32_t n, double *base,
                               struct fr_errmsg *msg);
/* "boosting 0.6 forest 0.2 mlp 0.2; 214 rounds" */
void fr_propensity_describe(const struct fr_propensity *p, struct fr_buf *out);

/* Appends bytes: safetensors, docs/TARGETING.md. FR_IO. */
enum fr_err fr_propensity_save(const struct fr_propensity *p, struct fr_buf *out,
                               struct fr_errmsg *msg) FR_MUST_USE;
/* bytes aligned to 8. gives; NULL with msg: FR_STATE_CORRUPT, FR_IO without a library. */
struct fr_propensity *fr_propensity_load(struct fr_str bytes, struct fr_errmsg *msg);

#endif
