#include "freshet/learn/folds.h"
#include "propensity_internal.h"
#include <math.h>
#include <stdlib.h>

/* Hand-set. Trees: shapes of the size that published results on tables of some ten thousand rows use; how many rounds is
 * measured. Networks: two small layers, regularised in three ways, since rows are few. */
enum {
    FOREST_TREES = 400,
    FOREST_DEPTH = 12,
    FOREST_LEAF_ROWS = 8,
    BOOSTING_ROUNDS = 1500,
    BOOSTING_PATIENCE = 50,
    BOOSTING_DEPTH = 4,
    BOOSTING_MEMBERS = 3,
    BALANCED_MEMBERS = 5, /* each sees few rows: more of them */
    MLP_MEMBERS = 3,
    RANKER_STEPS = 2500, /* of the optimiser, however many epochs they are */
    RANKER_EPOCHS = 5,   /* but no fewer */
    BATCH_ROWS = 128
};

void part_fini(struct part *part) {
    fr_forest_free(part->forest);
    for (uint32_t i = 0; i < part->ranker_n; i++) fr_rank_mlp_free(part->rankers[i]);
    fr_table_inputs_fini(&part->inputs);
    fr_calibration_fini(&part->platt);
    *part = (struct part){0};
}

/* ---- trees ---- */

static double base_of(const struct fr_table *rows, const struct fr_propensity_options *o) {
    if (o->imbalance != FR_IMBALANCE_NONE) return .5;
    return (double)fr_count_yes(rows->labels, rows->row_n) / rows->row_n;
}

#define SHARE_LEAST .001 /* no forest of some hundred trees is surer */

static struct fr_forest_params bagged_params(double share, const struct fr_propensity_options *o) {
    struct fr_forest_params p = FR_FOREST_BAGGED_DEFAULTS;
    p.trees = o->imbalance == FR_IMBALANCE_BALANCED ? FOREST_TREES / BALANCED_MEMBERS : FOREST_TREES;
    p.depth = FOREST_DEPTH;
    p.leaf_weight_least = FOREST_LEAF_ROWS * share * (1 - share);
    return p;
}

static struct fr_forest_params boosted_params(uint32_t rounds, bool draft) {
    struct fr_forest_params p = FR_FOREST_BOOSTED_DEFAULTS;
    p.trees = rounds ? rounds : BOOSTING_ROUNDS;
    p.patience = BOOSTING_PATIENCE;
    p.depth = BOOSTING_DEPTH;
    p.members = draft ? 1 : BOOSTING_MEMBERS;
    return p;
}

static struct fr_forest_rows rows_of(const struct fr_table *t) {
    return (struct fr_forest_rows){t->values, t->labels, t->row_n, t->column_n};
}

static enum fr_err fit_forest(struct part *part, const struct fr_table *rows, const struct fr_table *valid,
                              uint32_t rounds, bool draft, const struct fr_propensity_options *o,
                              struct fr_errmsg *msg) {
    part->base = base_of(rows, o);
    struct fr_forest_params p =
        part->kind == FR_PROPENSITY_FOREST ? bagged_params(part->base, o) : boosted_params(rounds, draft);
    struct fr_forest_rows learnt = rows_of(rows), held = {0};
    if (valid) held = rows_of(valid);
    if (o->imbalance == FR_IMBALANCE_BALANCED && !(draft && part->kind == FR_PROPENSITY_BOOSTING))
        p.members = BALANCED_MEMBERS;
    p.imbalance = o->imbalance;
    p.threads = o->threads;
    p.seed = o->seed;
    part->forest = fr_forest_fit(&learnt, valid ? &held : NULL, &p, msg);
    return part->forest ? FR_OK : msg ? msg->code : FR_LIMIT;
}

/* ---- networks ---- */

static struct fr_rank_mlp_options ranker_options(const struct part *part, uint32_t row_n, uint64_t seed) {
    uint32_t epochs = (uint32_t)((uint64_t)RANKER_STEPS * BATCH_ROWS / row_n) + 1;
    struct fr_rank_mlp_options o = FR_RANK_MLP_DEFAULTS;
    o.loss = FR_RANK_LOGISTIC;
    o.batch_groups = BATCH_ROWS;
    o.epochs = epochs > RANKER_EPOCHS ? epochs : RANKER_EPOCHS;
    o.seed = seed;
    if (part->kind == FR_PROPENSITY_LOGISTIC) {
        o.hidden[0] = 0;
        o.rate = .005;
        return o;
    }
    o.dropout = .3;
    o.decay = .01;
    o.epsilon = .05;
    return o;
}

/* The rows of one ranker, as it wants them: each a group of its own. */
struct ranker_rows {
    float *features, *labels, *weights;
    uint32_t *starts;
};

static struct ranker_rows ranker_rows_of(const struct part *part, const struct fr_table *t, bool weighted) {
    struct ranker_rows r;
    double yes = fr_count_yes(t->labels, t->row_n), no = t->row_n - yes;
    r.features = fr_alloc(((size_t)t->row_n * part->inputs.input_n + 1) * sizeof(float));
    r.labels = fr_alloc(((size_t)t->row_n + 1) * sizeof(float));
    r.weights = fr_alloc(((size_t)t->row_n + 1) * sizeof(float));
    r.starts = fr_alloc(((size_t)t->row_n + 1) * sizeof *r.starts);
    fr_table_inputs_apply(&part->inputs, t->values, t->row_n, r.features);
    for (uint32_t i = 0; i < t->row_n; i++) {
        r.labels[i] = t->labels[i];
        r.weights[i] = weighted ? (float)(t->row_n / (2 * (t->labels[i] ? yes : no))) : 1;
        r.starts[i] = i;
    }
    r.starts[t->row_n] = t->row_n;
    return r;
}

static void ranker_rows_fini(struct ranker_rows *r) {
    free(r->features);
    free(r->labels);
    free(r->weights);
    free(r->starts);
}

static enum fr_err fit_ranker(struct part *part, const struct fr_table *t,
                              const struct fr_propensity_options *o, uint64_t seed, struct fr_errmsg *msg) {
    struct ranker_rows r = ranker_rows_of(part, t, o->imbalance == FR_IMBALANCE_WEIGHTS);
    struct fr_rank_rows rows = {.features = r.features,
                                .labels = r.labels,
                                .weights = r.weights,
                                .starts = r.starts,
                                .feature_n = part->inputs.input_n,
                                .group_n = t->row_n};
    struct fr_rank_mlp_options options = ranker_options(part, t->row_n, seed);
    struct fr_rank_mlp *ranker = fr_rank_mlp_fit(&rows, &options, msg);
    ranker_rows_fini(&r);
    if (!ranker) return msg ? msg->code : FR_LIMIT;
    part->rankers[part->ranker_n++] = ranker;
    return FR_OK;
}

static enum fr_err fit_balanced_ranker(struct part *part, const struct fr_table *t,
                                       const struct fr_propensity_options *o, uint64_t seed,
                                       struct fr_errmsg *msg) {
    uint32_t *chosen = fr_alloc(((size_t)t->row_n + 1) * sizeof *chosen);
    struct fr_table balanced = fr_table_take(t, chosen, fr_balanced_rows(t->labels, t->row_n, seed, chosen));
    enum fr_err err = fit_ranker(part, &balanced, o, seed, msg);
    fr_table_fini(&balanced);
    free(chosen);
    return err;
}

static enum fr_err fit_rankers(struct part *part, const struct fr_table *t, bool draft,
                               const struct fr_propensity_options *o, struct fr_errmsg *msg) {
    bool is_balanced = o->imbalance == FR_IMBALANCE_BALANCED;
    uint32_t n = draft                             ? 1
                 : is_balanced                     ? BALANCED_MEMBERS
                 : part->kind == FR_PROPENSITY_MLP ? MLP_MEMBERS
                                                   : 1;
    enum fr_err err = FR_OK;
    fr_table_inputs_fit(&part->inputs, t);
    for (uint32_t i = 0; i < n && err == FR_OK; i++) {
        uint64_t seed = o->seed * 1000 + i * 10; /* rank_mlp takes the next ones, too */
        err = is_balanced ? fit_balanced_ranker(part, t, o, seed, msg) : fit_ranker(part, t, o, seed, msg);
    }
    return err;
}

enum fr_err part_fit(struct part *part, enum fr_propensity_kind kind, const struct fr_table *rows,
                     const struct fr_table *valid, uint32_t rounds, bool draft,
                     const struct fr_propensity_options *options, struct fr_errmsg *msg) {
    *part = (struct part){.kind = kind, .weight = 1};
    if (kind == FR_PROPENSITY_FOREST || kind == FR_PROPENSITY_BOOSTING)
        return fit_forest(part, rows, kind == FR_PROPENSITY_BOOSTING ? valid : NULL, rounds, draft, options,
                          msg);
    return fit_rankers(part, rows, draft, options, msg);
}

/* ---- asking ---- */

/* A random forest's score is a straight line in the share of yes of its leaves (learn/forest.h). Among other models' it is worth
 * more as the log odds of that share. */
static double log_odds_of_share(const struct part *part, double score) {
    double share = part->base + (score - fr_log_odds(part->base)) * part->base * (1 - part->base);
    return fr_log_odds(fmin(fmax(share, SHARE_LEAST), 1 - SHARE_LEAST));
}

static enum fr_err score_forest(const struct part *part, const float *values, uint32_t n, double *out,
                                struct fr_errmsg *msg) {
    enum fr_err err = fr_forest_score(part->forest, values, n, out, msg);
    for (uint32_t i = 0; i < n && err == FR_OK && part->kind == FR_PROPENSITY_FOREST; i++)
        out[i] = log_odds_of_share(part, out[i]);
    return err;
}

static void score_rankers(const struct part *part, const float *inputs, uint32_t n, double *out) {
    float *scores = fr_alloc(((size_t)n + 1) * sizeof *scores);
    for (uint32_t i = 0; i < n; i++) out[i] = 0;
    for (uint32_t r = 0; r < part->ranker_n; r++) {
        fr_rank_mlp_score(part->rankers[r], inputs, n, scores);
        for (uint32_t i = 0; i < n; i++) out[i] += (double)scores[i] / part->ranker_n;
    }
    free(scores);
}

enum fr_err part_score(const struct part *part, const float *values, uint32_t n, uint32_t column_n,
                       double *out, struct fr_errmsg *msg) {
    if (part->forest) return score_forest(part, values, n, out, msg);
    FR_ASSERT(part->inputs.column_n == column_n);
    float *inputs = fr_alloc(((size_t)n * part->inputs.input_n + 1) * sizeof *inputs);
    fr_table_inputs_apply(&part->inputs, values, n, inputs);
    score_rankers(part, inputs, n, out);
    free(inputs);
    return FR_OK;
}

/* What the straight line's parts are multiplied by so that they add up to the log odds. */
static double stretch_of(const struct part *part, const double *parts, uint32_t column_n) {
    double moved = 0, mean = parts[column_n];
    for (uint32_t c = 0; c < column_n; c++) moved += parts[c];
    if (fabs(moved) < 1e-9) return 1;
    return (log_odds_of_share(part, mean + moved) - log_odds_of_share(part, mean)) / moved;
}

static enum fr_err explain_forest(const struct part *part, const float *values, uint32_t column_n,
                                  double factor, double *sums, struct fr_errmsg *msg) {
    double *parts = fr_alloc(((size_t)column_n + 1) * sizeof *parts);
    enum fr_err err = fr_forest_explain(part->forest, values, 1, parts, msg);
    if (err == FR_OK && part->kind == FR_PROPENSITY_FOREST) factor *= stretch_of(part, parts, column_n);
    for (uint32_t c = 0; c < column_n && err == FR_OK; c++) sums[c] += factor * parts[c];
    free(parts);
    return err;
}

/* Row k of block has the inputs that come before k, from the first or from the last, at their mean: NaN. */
static void take_away(const float *inputs, uint32_t n, bool from_last, float *block) {
    for (uint32_t k = 0; k <= n; k++)
        for (uint32_t i = 0; i < n; i++) {
            uint32_t turn = from_last ? n - 1 - i : i;
            block[(size_t)k * n + i] = turn < k ? NAN : inputs[i];
        }
}

/* What was lost between two rows of the block is what the input between them gave: the parts add up to the score less the mean
 * row's. */
static void explain_rankers(const struct part *part, const float *values, double factor, double *sums) {
    uint32_t n = part->inputs.input_n;
    float *inputs = fr_alloc(n * sizeof *inputs), *block = fr_alloc((size_t)(n + 1) * n * sizeof *block);
    double *scores = fr_alloc((n + 1) * sizeof *scores);
    fr_table_inputs_apply(&part->inputs, values, 1, inputs);
    for (int from_last = 0; from_last <= 1; from_last++) {
        take_away(inputs, n, from_last, block);
        score_rankers(part, block, n + 1, scores);
        for (uint32_t k = 0; k < n; k++) {
            uint32_t input = from_last ? n - 1 - k : k;
            sums[fr_table_inputs_column(&part->inputs, input)] += factor * (scores[k] - scores[k + 1]) / 2;
        }
    }
    free(inputs);
    free(block);
    free(scores);
}

enum fr_err part_explain(const struct part *part, const float *values, uint32_t column_n, double factor,
                         double *sums, struct fr_errmsg *msg) {
    if (part->forest) return explain_forest(part, values, column_n, factor, sums, msg);
    explain_rankers(part, values, factor, sums);
    return FR_OK;
}
