#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/la.h"
#include "freshet/learn/rank_mlp.h"
#include <stdlib.h>

enum { GROUPS = 200, SIZE = 8, FEATURES = 4, ROWS = GROUPS * SIZE };

struct lists {
    float features[ROWS * FEATURES], labels[ROWS];
    uint32_t starts[GROUPS + 1];
};

/* What is taken is what is nearest to the list's own target: the product of two features, which no linear score knows. */
static struct lists *lists_new(uint64_t seed) {
    struct lists *l = calloc(1, sizeof *l);
    struct fr_rng rng = {seed};
    for (uint32_t g = 0; g < GROUPS; g++) {
        double best = -1e9;
        uint32_t taken = 0;
        l->starts[g + 1] = l->starts[g] + SIZE;
        float side = fr_rng_below(&rng, 2) ? 1.f : -1.f;
        for (uint32_t i = l->starts[g]; i < l->starts[g + 1]; i++) {
            float *row = l->features + i * FEATURES;
            row[0] = 1000 + 50 * side; /* the same for all of the list, in its own units */
            for (int f = 1; f < FEATURES; f++) row[f] = (float)fr_rng_uniform(&rng) - .5f;
            double worth = (double)(side * row[1]);
            if (worth > best) best = worth, taken = i;
        }
        l->labels[taken] = 1;
    }
    return l;
}

static struct fr_rank_rows rows_of(const struct lists *l) {
    return (struct fr_rank_rows){.features = l->features,
                                 .labels = l->labels,
                                 .starts = l->starts,
                                 .feature_n = FEATURES,
                                 .group_n = GROUPS};
}

static struct fr_rank_mlp *fit(const struct lists *l, const struct fr_rank_mlp_options *o) {
    struct fr_rank_rows rows = rows_of(l);
    struct fr_errmsg msg = {0};
    struct fr_rank_mlp *r = fr_rank_mlp_fit(&rows, o, &msg);
    CHECK_STR(msg.text, "");
    return r;
}

static struct fr_rank_mlp_options options_of(enum fr_rank_loss loss) {
    struct fr_rank_mlp_options o = FR_RANK_MLP_DEFAULTS;
    o.loss = loss;
    o.hidden[0] = 16;
    o.hidden[1] = 0;
    o.epochs = 60;
    o.batch_groups = 20;
    o.rate = .01;
    return o;
}

/* Share of lists whose taken item is first. */
static double first_share(const struct fr_rank_mlp *r, const struct lists *l) {
    float scores[ROWS];
    unsigned hits = 0;
    fr_rank_mlp_score(r, l->features, ROWS, scores);
    for (uint32_t g = 0; g < GROUPS; g++) {
        uint32_t best = l->starts[g];
        for (uint32_t i = best; i < l->starts[g + 1]; i++)
            if (scores[i] > scores[best]) best = i;
        hits += l->labels[best] > 0;
    }
    return hits / (double)GROUPS;
}

static void check_learns(const struct fr_rank_mlp_options *o, double at_least, double at_most) {
    struct lists *seen = lists_new(1), *unseen = lists_new(2);
    struct fr_rank_mlp *r = fit(seen, o);
    double share = first_share(r, unseen);
    CHECK(share >= at_least);
    CHECK(share <= at_most);
    fr_rank_mlp_free(r);
    free(seen);
    free(unseen);
}

static void test_learns_what_is_taken(void) {
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    check_learns(&o, .85, 1);
    o = options_of(FR_RANK_LOGISTIC);
    check_learns(&o, .85, 1);
}

static void test_without_hidden_units_it_is_linear(void) {
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    o.hidden[0] = 0;
    check_learns(&o, 0, .5);
}

static void test_options_still_learn(void) {
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    o.dropout = .2;
    o.epsilon = .05;
    o.decay = .01;
    check_learns(&o, .75, 1);
}

static void test_missing_and_wild_features(void) {
    struct lists *l = lists_new(1);
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    struct fr_rank_mlp *r = fit(l, &o);
    float rows[3][FEATURES] = {
        {NAN, .1f, .1f, .1f}, {1e30f, -.2f, .2f, .2f}, {-INFINITY, .1f, INFINITY, .1f}};
    float rows_cut[FEATURES] = {1e9f, -.2f, .2f, .2f};
    double sum = 0;
    for (int i = 0; i < ROWS; i++) sum += (double)l->features[i * FEATURES];
    float mean[FEATURES] = {(float)(sum / ROWS), .1f, .1f, .1f}, scores[3], other;
    fr_rank_mlp_score(r, rows[0], 3, scores);
    for (int i = 0; i < 3; i++) CHECK(isfinite(scores[i]));
    fr_rank_mlp_score(r, mean, 1, &other);
    CHECK_NEAR(scores[0], other, 1e-4);
    fr_rank_mlp_score(r, rows_cut, 1, &other);
    CHECK_NEAR(scores[1], other, 0);
    fr_rank_mlp_free(r);
    free(l);
}

static void test_trained_with_missing_features(void) {
    struct lists *l = lists_new(1);
    for (int i = 0; i < ROWS; i += 40) l->features[i * FEATURES + 1] = NAN;
    l->features[FEATURES + 3] = INFINITY;
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    struct fr_rank_mlp *r = fit(l, &o);
    CHECK(first_share(r, l) > .85);
    fr_rank_mlp_free(r);
    free(l);
}

static void test_a_constant_feature_says_nothing(void) {
    struct lists *l = lists_new(1);
    for (int i = 0; i < ROWS; i++) l->features[i * FEATURES + 3] = 1e6f;
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    struct fr_rank_mlp *r = fit(l, &o);
    float row[FEATURES] = {1000, .1f, .1f, 1e6f}, a, b;
    fr_rank_mlp_score(r, row, 1, &a);
    row[3] = 0;
    fr_rank_mlp_score(r, row, 1, &b);
    CHECK_NEAR(a, b, 0);
    fr_rank_mlp_free(r);
    free(l);
}

static void test_a_row_scores_the_same_in_any_block(void) {
    struct lists *l = lists_new(1);
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    o.epochs = 2;
    struct fr_rank_mlp *r = fit(l, &o), *again = fit(l, &o);
    float block[ROWS], alone[ROWS], same[ROWS];
    fr_rank_mlp_score(r, l->features, ROWS, block);
    fr_rank_mlp_score(again, l->features, ROWS, same);
    for (uint32_t i = 0; i < ROWS; i++) fr_rank_mlp_score(r, l->features + i * FEATURES, 1, &alone[i]);
    CHECK(memcmp(block, alone, sizeof block) == 0);
    CHECK(memcmp(block, same, sizeof block) == 0); /* the same seed */
    fr_rank_mlp_free(r);
    fr_rank_mlp_free(again);
    free(l);
}

struct watch {
    double losses[60];
    uint32_t n, most;
};

static bool watch_loss(void *context, uint32_t epoch, double loss) {
    struct watch *w = context;
    CHECK_INT(epoch, w->n);
    w->losses[w->n++] = loss;
    return w->n < w->most;
}

/* Rows that say nothing of their label: the score is the log odds of the weighted share of yes, 1 in 8 or 7 times that. */
static void test_weights_count(void) {
    struct lists *l = lists_new(1);
    float weights[ROWS], before, after;
    for (uint32_t i = 0; i < ROWS; i++) {
        weights[i] = l->labels[i] > 0 ? 7 : 1;
        for (uint32_t f = 0; f < FEATURES; f++) l->features[i * FEATURES + f] = 0;
    }
    struct fr_rank_mlp_options o = options_of(FR_RANK_LOGISTIC);
    o.hidden[0] = 0;
    o.batch_groups = GROUPS; /* all rows at once: every step goes the same way */
    o.epochs = 2000;
    struct fr_rank_rows rows = rows_of(l);
    struct fr_rank_mlp *plain = fr_rank_mlp_fit(&rows, &o, NULL);
    rows.weights = weights;
    struct fr_rank_mlp *weighted = fr_rank_mlp_fit(&rows, &o, NULL);
    fr_rank_mlp_score(plain, l->features, 1, &before);
    fr_rank_mlp_score(weighted, l->features, 1, &after);
    CHECK_NEAR(before, log(1. / 7), 1e-3);
    CHECK_NEAR(after, 0, 1e-3);
    fr_rank_mlp_free(plain);
    fr_rank_mlp_free(weighted);
    free(l);
}

static void test_loss_falls_and_progress_stops(void) {
    struct lists *l = lists_new(1);
    struct watch w = {.most = 30};
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    o.progress = watch_loss;
    o.context = &w;
    fr_rank_mlp_free(fit(l, &o));
    CHECK_INT(w.n, 30);
    CHECK_NEAR(w.losses[0], log(SIZE), .3);
    CHECK(w.losses[29] < .5 * w.losses[0]);
    free(l);
}

static void test_what_cannot_be_fitted(void) {
    struct lists *l = lists_new(1);
    struct fr_rank_rows rows = rows_of(l);
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    struct fr_errmsg msg = {0};
    o.dropout = .95;
    CHECK(!fr_rank_mlp_fit(&rows, &o, &msg));
    CHECK_INT(msg.code, FR_CONFIG);
    o.dropout = 0;
    memset(l->labels, 0, sizeof l->labels);
    msg = (struct fr_errmsg){0};
    CHECK(!fr_rank_mlp_fit(&rows, &o, &msg));
    CHECK_INT(msg.code, FR_LIMIT);
    free(l);
}

static struct fr_rank_mlp *reload(const struct fr_rank_mlp *r, struct fr_errmsg *msg) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f = NULL;
    if (r) fr_rank_mlp_save(r, w);
    fr_tensors_finish(w, &bytes);
    fr_tensors_writer_free(w);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, msg), FR_OK);
    struct fr_rank_mlp *loaded = fr_rank_mlp_load(f, msg);
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    return loaded;
}

static void test_saved_and_loaded(void) {
    struct lists *l = lists_new(1);
    struct fr_rank_mlp_options o = options_of(FR_RANK_LISTWISE);
    o.epochs = 2;
    struct fr_errmsg msg = {0};
    struct fr_rank_mlp *r = fit(l, &o), *loaded = reload(r, &msg);
    float scores[ROWS], same[ROWS];
    CHECK_INT(fr_rank_mlp_features(loaded), FEATURES);
    fr_rank_mlp_score(r, l->features, ROWS, scores);
    fr_rank_mlp_score(loaded, l->features, ROWS, same);
    CHECK(memcmp(scores, same, sizeof scores) == 0);
    fr_rank_mlp_free(r);
    fr_rank_mlp_free(loaded);
    CHECK(!reload(NULL, &msg));
    CHECK_INT(msg.code, FR_STATE_CORRUPT);
    free(l);
}

int main(void) {
    fr_la_threads(1); /* products this small only wait for each other */
    RUN(test_learns_what_is_taken);
    RUN(test_without_hidden_units_it_is_linear);
    RUN(test_options_still_learn);
    RUN(test_missing_and_wild_features);
    RUN(test_trained_with_missing_features);
    RUN(test_a_constant_feature_says_nothing);
    RUN(test_a_row_scores_the_same_in_any_block);
    RUN(test_weights_count);
    RUN(test_loss_falls_and_progress_stops);
    RUN(test_what_cannot_be_fitted);
    RUN(test_saved_and_loaded);
    return check_done();
}
