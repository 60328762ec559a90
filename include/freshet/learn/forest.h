/* forest.h - ensembles of decision trees for a yes or no: random forest and gradient boosting; the one door to XGBoost.
 *
 * Rows      [row_n][column_n] floats, row-major; NaN is missing: each split learns which way such rows go.
 * Score     log odds. Boosting adds trees one by one (Friedman 2001, Chen and Guestrin 2016). A random forest (Breiman 2001) is
 *           one round of many trees, each on a share of the rows, with a share of the columns at each split; its score is one
 *           Newton step of the logistic loss from the share of yes, a straight line in the mean share of yes of its leaves:
 *           right in order, not in size. Calibrate both (learn/calibration.h).
 * Members   `members` fits that differ in their seed; the score is their mean.
 * Imbalance weights: rows with yes count as much together as those with no. Balanced: each member learns from all rows of the
 *           rarer kind and as many of the other, drawn anew without replacement (Liu 2009, EasyEnsemble). Both move the base
 *           rate of the scores to a half.
 * Promise   a fit is a function of (rows, parameters): the same bytes on the same machine, build and number of threads.
 * Library   libxgboost, loaded when it is first needed: what never asks for trees does not need it. FR_IO with the package to
 *           install when it is not there. Idle threads of its OpenMP sleep (OMP_WAIT_POLICY, unless the operator set it).
 * Threads   fit and score use up to params.threads; what was loaded scores with one. Any number of threads may score the same
 *           forest; explain: one at a time.
 * Memory    a forest owns its trees; a fit holds another copy of the rows, binned. */
#ifndef FR_LEARN_FOREST_H
#define FR_LEARN_FOREST_H

#include "freshet/base/buf.h"

enum fr_forest_kind { FR_FOREST_BAGGED, FR_FOREST_BOOSTED };
enum fr_imbalance { FR_IMBALANCE_NONE, FR_IMBALANCE_WEIGHTS, FR_IMBALANCE_BALANCED };

enum { FR_FOREST_MEMBERS_MAX = 64, FR_FOREST_TREES_MAX = 20000, FR_FOREST_COLUMNS_MAX = 65536 };

struct fr_forest_rows {
    const float *values; /* finite or NaN */
    const bool *labels;
    uint32_t row_n, column_n;
};

struct fr_forest_params {
    enum fr_forest_kind kind;
    enum fr_imbalance imbalance;
    uint32_t trees; /* BAGGED: of a member; BOOSTED: rounds, the most with patience */
    uint32_t
        patience; /* BOOSTED with rows to validate: end after so many rounds without a lower log loss; 0: never */
    uint32_t depth;           /* 1 to 30 */
    double rate;              /* BOOSTED: what each tree is multiplied by, above 0 to 1 */
    double row_share;         /* of each tree, above 0 to 1 */
    double column_share;      /* BAGGED: at each split; BOOSTED: of each tree; above 0 to 1 */
    double leaf_weight_least; /* sum of p (1 - p) over a leaf's rows */
    double l2;                /* of leaf values */
    uint32_t members;         /* 1 to FR_FOREST_MEMBERS_MAX */
    unsigned threads;
    uint64_t seed;
    /* Called after each round from the fitting thread, done in 0..1; false: give up (FR_TIMEOUT). NULL: not called. */
    bool (*progress)(void *context, double done);
    void *context;
};

#define FR_FOREST_BAGGED_DEFAULTS                        \
    ((struct fr_forest_params){.kind = FR_FOREST_BAGGED, \
                               .trees = 400,             \
                               .depth = 14,              \
                               .rate = 1,                \
                               .row_share = .632,        \
                               .column_share = .3,       \
                               .leaf_weight_least = .5,  \
                               .members = 1,             \
                               .threads = 1,             \
                               .seed = 1})
#define FR_FOREST_BOOSTED_DEFAULTS                        \
    ((struct fr_forest_params){.kind = FR_FOREST_BOOSTED, \
                               .trees = 400,              \
                               .depth = 4,                \
                               .rate = .03,               \
                               .row_share = .8,           \
                               .column_share = .6,        \
                               .leaf_weight_least = 1,    \
                               .l2 = 1,                   \
                               .members = 1,              \
                               .threads = 1,              \
                               .seed = 1})

struct fr_forest;

/* valid: rows that only say when to stop, with as many columns; NULL: none. gives; NULL with msg: FR_CONFIG for a parameter
 * that is out of range, FR_LIMIT when all labels are the same, FR_IO without the library. */
struct fr_forest *fr_forest_fit(const struct fr_forest_rows *rows, const struct fr_forest_rows *valid,
                                const struct fr_forest_params *params, struct fr_errmsg *msg);
void fr_forest_free(struct fr_forest *f);
uint32_t fr_forest_columns(const struct fr_forest *f);
/* Rounds that a member kept, their mean: what patience chose; 1 of a random forest. */
double fr_forest_rounds(const struct fr_forest *f);

/* log_odds[n] of values[n][columns]. FR_IO: the library refused. */
enum fr_err fr_forest_score(const struct fr_forest *f, const float *values, uint32_t n, double *log_odds,
                            struct fr_errmsg *msg) FR_MUST_USE;
/* SHAP (Lundberg 2020, path-dependent): contributions[n][columns + 1], the last one what a row without any would get; each
 * row's add up to its log odds, but for rounding in float. FR_IO. */
enum fr_err fr_forest_explain(const struct fr_forest *f, const float *values, uint32_t n,
                              double *contributions, struct fr_errmsg *msg) FR_MUST_USE;

/* Appends bytes: safetensors with "forest.shape" (U32: 1, columns, members), "forest.check" (U64: XXH3 of the members) and
 * each member as UBJSON of XGBoost, "forest.<i>". FR_IO. */
enum fr_err fr_forest_save(const struct fr_forest *f, struct fr_buf *out, struct fr_errmsg *msg) FR_MUST_USE;
/* bytes aligned to 8. gives; NULL with msg: FR_STATE_CORRUPT, FR_IO without the library. */
struct fr_forest *fr_forest_load(struct fr_str bytes, struct fr_errmsg *msg);

#endif
