#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/base/rng.h"
#include "freshet/learn/binary_quality.h"
#include "freshet/target/click_model.h"
#include <stdlib.h>

enum { ROWS = 12000, USERS = 60, CREATIVES = 40, HOUR_MS = 3600000, T0 = 1000000000 };

static struct fr_click_model_params small(void) {
    struct fr_click_model_params p = fr_click_model_defaults();
    p.counts.rates.bits = 15;
    p.counts.user_bits = 9;
    p.wide.bits = 16;
    p.dense.bits = 10;
    return p;
}

static uint64_t id(uint64_t kind, uint64_t number) { return fr_hash_mix(kind << 32 | (number + 1)); }

/* Users and creatives each have a taste of their own; a surface doubles the odds. */
static double truth[ROWS]; /* of the rows made last: their true log-odds */

static struct fr_impression impression(struct fr_rng *rng, uint32_t i, bool *yes) {
    uint32_t user = fr_rng_below(rng, USERS), creative = fr_rng_below(rng, CREATIVES),
             surface = fr_rng_below(rng, 2);
    double logit = -2 + .06 * user - .05 * creative + .7 * surface;
    truth[i] = logit;
    *yes = fr_rng_uniform(rng) < 1 / (1 + exp(-logit));
    return (struct fr_impression){.time_ms = (fr_time_ms)T0 + 20000 * (fr_time_ms)i,
                                  .user = id(1, user),
                                  .creative = id(2, creative),
                                  .campaign = id(3, creative / 4),
                                  .advertiser = id(4, creative / 8),
                                  .topic = id(5, creative % 3),
                                  .surface = id(6, surface),
                                  .position = -1,
                                  .age_days = (int32_t)creative,
                                  .user_attribute_n = 1,
                                  .user_attributes = {user % 5},
                                  .item_attribute_n = 1,
                                  .item_attributes = {creative % 7}};
}

struct fold {
    struct fr_click_context context;
    struct fr_click_features features;
    double *predicted;
    bool *labels;
};

static double one(struct fr_click_model *m, struct fold *f, const struct fr_impression *s, bool yes) {
    fr_click_model_look(m, s, &f->context);
    fr_click_model_features(m, &f->context, &f->features);
    double p = fr_click_model_predict(m, &f->features);
    fr_click_model_shown(m, &f->context);
    CHECK_NEAR(fr_click_model_learn(m, &f->context, &f->features, yes, 1), p, 0);
    return p;
}

static struct fold *fold_new(void) {
    struct fold *f = fr_alloc_zero(1, sizeof *f);
    f->predicted = fr_alloc_zero(ROWS, sizeof *f->predicted);
    f->labels = fr_alloc_zero(ROWS, sizeof *f->labels);
    return f;
}

static void fold_free(struct fold *f) {
    free(f->predicted);
    free(f->labels);
    free(f);
}

static void run(struct fr_click_model *m, struct fold *f, struct fr_rng *rng, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        struct fr_impression s = impression(rng, i, &f->labels[i]);
        f->predicted[i] = one(m, f, &s, f->labels[i]);
    }
}

/* It orders pairs nearly as well as the true odds do, which nobody can beat, and is true on average. */
static void test_learns_who_answers_what(void) {
    struct fr_click_model_params params = small();
    struct fr_click_model *m = fr_click_model_new(&params);
    struct fold *f = fold_new();
    struct fr_rng rng = {4};
    run(m, f, &rng, 0, ROWS);
    double predicted = 0, seen = 0;
    for (int i = ROWS / 2; i < ROWS; i++) {
        predicted += f->predicted[i];
        seen += f->labels[i];
    }
    size_t half = ROWS / 2;
    double best = fr_binary_auc(truth + half, f->labels + half, half);
    double got = fr_binary_auc(f->predicted + half, f->labels + half, half);
    CHECK(best > .7 && got > best - .015 && got < best + .003);
    CHECK_NEAR(predicted / seen, 1, .05);
    CHECK(fr_binary_calibration_error(f->predicted + ROWS / 2, f->labels + ROWS / 2, ROWS / 2) < .02);
    CHECK_INT(fr_click_model_learnt(m), ROWS);
    fold_free(f);
    fr_click_model_free(m);
}

static void test_reasons_add_up_to_the_logit(void) {
    struct fr_click_model_params params = small();
    struct fr_click_model *m = fr_click_model_new(&params);
    struct fold *f = fold_new();
    struct fr_rng rng = {4};
    bool yes;
    int used = 0;
    run(m, f, &rng, 0, 3000);
    for (uint32_t i = 3000; i < 3100; i++) {
        struct fr_impression s = impression(&rng, i, &yes);
        struct fr_click_reasons reasons;
        fr_click_model_look(m, &s, &f->context);
        fr_click_model_features(m, &f->context, &f->features);
        double p = fr_click_model_explain(m, &f->features, &reasons), sum = 0;
        for (int field = 0; field < FR_CLICK_FIELDS; field++) {
            sum += reasons.fields[field];
            used += fabs(reasons.fields[field]) > .01;
        }
        CHECK_NEAR(sum, reasons.logit, 1e-6);
        CHECK_NEAR(p, 1 / (1 + exp(-reasons.logit)), 1e-12);
        CHECK_NEAR(p, fr_click_model_predict(m, &f->features), 0);
    }
    CHECK(used > 500); /* most fields have a say */
    fold_free(f);
    fr_click_model_free(m);
}

static void test_a_new_creative_begins_as_its_campaign(void) {
    struct fr_click_model_params params = small();
    struct fr_click_model *m = fr_click_model_new(&params);
    struct fold *f = fold_new();
    for (uint32_t i = 0; i < 400; i++) {
        struct fr_impression s = {.time_ms = (fr_time_ms)T0 + i,
                                  .creative = id(2, i % 4),
                                  .campaign = id(3, i % 2),
                                  .advertiser = id(4, 0),
                                  .position = -1,
                                  .age_days = -1};
        one(m, f, &s, i % 2 == 0); /* one campaign is always answered, the other never */
    }
    struct fr_impression fresh = {.time_ms = (fr_time_ms)T0 + 500,
                                  .creative = id(2, 99),
                                  .campaign = id(3, 0),
                                  .advertiser = id(4, 0),
                                  .position = -1,
                                  .age_days = -1};
    fr_click_model_look(m, &fresh, &f->context);
    CHECK_NEAR(f->context.rates[FR_CLICK_CREATIVE], f->context.rates[FR_CLICK_CAMPAIGN], 0);
    CHECK(f->context.rates[FR_CLICK_CAMPAIGN] > 1);
    CHECK_NEAR(f->context.rates[FR_CLICK_ADVERTISER], 0, .1); /* half of them, as of all */
    fr_click_model_features(m, &f->context, &f->features);
    CHECK(fr_click_model_predict(m, &f->features) > .8);
    fresh.campaign = id(3, 77); /* new too: as the advertiser */
    fr_click_model_look(m, &fresh, &f->context);
    CHECK_NEAR(f->context.rates[FR_CLICK_CREATIVE], f->context.rates[FR_CLICK_ADVERTISER], 0);
    fold_free(f);
    fr_click_model_free(m);
}

/* By hand: 3 shown and 1 yes of a user among 10 and 2 of all. */
static void test_rates_are_smoothed_and_age(void) {
    struct fr_click_counts_params params = small().counts;
    params.first_rate = .5;
    params.strength = 2;
    params.days_strength = 4;
    struct fr_click_counts c;
    struct fr_click_context x;
    fr_click_counts_init(&c, &params);
    struct fr_impression s = {.time_ms = T0, .position = -1, .age_days = -1};
    for (int i = 0; i < 10; i++) {
        s.user = i < 3 ? id(1, 1) : id(1, 2);
        fr_click_counts_look(&c, &s, &x);
        fr_click_counts_shown(&c, &x);
        fr_click_counts_answer(&c, &x, i == 0 || i == 9);
    }
    s.user = id(1, 1);
    s.time_ms = T0 + 48 * (fr_time_ms)HOUR_MS; /* the half-life of days */
    fr_click_counts_look(&c, &s, &x);
    double all = (2 + 2 * .5) / 12, user = (1 + 2 * all) / 5, days = (.5 + 4 * user) / 5.5;
    CHECK_NEAR(x.base, log(all / (1 - all)), 1e-9);
    CHECK_NEAR(x.rates[FR_CLICK_USER], log(user / (1 - user)) - x.base, 1e-6);
    CHECK_NEAR(x.days[FR_CLICK_USER], log(days / (1 - days)) - x.base, 1e-6);
    CHECK_NEAR(x.seen[FR_CLICK_USER], log(4), 1e-6);
    CHECK_NEAR(x.rates[FR_CLICK_USER_SURFACE], x.rates[FR_CLICK_USER], 0); /* no surface: the parent's */
    CHECK_NEAR(x.gap, log(1 + 48 * 3600.), 1e-5);
    CHECK_INT(x.answers.place, 0);
    CHECK_INT(x.answers.history, 4); /* yes, no, no */
    fr_click_counts_late_yes(&c, &x);
    fr_click_counts_look(&c, &s, &x);
    all = (3 + 2 * .5) / 12, user = (2 + 2 * all) / 5;
    CHECK_NEAR(x.rates[FR_CLICK_USER], log(user / (1 - user)) - log(all / (1 - all)), 1e-6);
    fr_click_counts_fini(&c);
}

/* The answer to the very impression is in nothing that is asked with: yes or no, the same question. */
static void test_no_answer_leaks_into_its_own_question(void) {
    struct fr_click_model_params params = small();
    struct fr_click_model *a = fr_click_model_new(&params), *b = fr_click_model_new(&params);
    struct fold *f = fold_new(), *g = fold_new();
    struct fr_rng rng = {4};
    bool yes;
    for (uint32_t i = 0; i < 500; i++) {
        struct fr_impression s = impression(&rng, i, &yes);
        one(a, f, &s, yes);
        one(b, g, &s, i == 499 ? !yes : yes);
        CHECK(memcmp(&f->features.wide, &g->features.wide, f->features.wide_n * sizeof *f->features.wide) ==
              0);
        CHECK(memcmp(&f->context, &g->context, sizeof f->context) == 0);
    }
    struct fr_impression next = impression(&rng, 500, &yes);
    fr_click_model_look(a, &next, &f->context);
    fr_click_model_look(b, &next, &g->context);
    CHECK(f->context.base != g->context.base); /* but in the next one it is */
    fold_free(f);
    fold_free(g);
    fr_click_model_free(a);
    fr_click_model_free(b);
}

/* By hand: nothing known, so p is the first rate, .1. After a no g = .1 and the constant moves by -rate g / sqrt(1 + g^2). */
static void test_the_mix_takes_a_step(void) {
    struct fr_click_model_params params = small();
    params.dense.initial = 0;
    struct fr_click_model *m = fr_click_model_new(&params);
    struct fold *f = fold_new();
    struct fr_buf bytes = {0};
    struct fr_tensors_file *file;
    struct fr_impression s = {.time_ms = T0, .user = id(1, 1), .position = -1, .age_days = -1};
    CHECK_NEAR(one(m, f, &s, false), .1, 1e-12);
    fr_click_model_save(m, &bytes);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &file, NULL), FR_OK);
    const double *mix = fr_tensors_get(file, "mix.above", FR_TENSOR_F64)->data;
    CHECK_NEAR(mix[0], -.02 * .1 / sqrt(1.01), 1e-12);
    CHECK_NEAR(mix[1], .5, 0);
    fr_tensors_close(file);
    fr_buf_fini(&bytes);
    fold_free(f);
    fr_click_model_free(m);
}

/* Afterwards the user is a stranger to the model, in what is asked and in what is kept. */
static void test_who_is_forgotten_is_new(void) {
    struct fr_click_model_params params = small();
    struct fr_click_model *m = fr_click_model_new(&params);
    struct fold *f = fold_new();
    struct fr_rng rng = {4};
    bool yes;
    run(m, f, &rng, 0, 3000);
    struct fr_impression s = impression(&rng, 3000, &yes);
    struct fr_click_context known, forgotten, stranger;
    fr_click_model_look(m, &s, &known);
    fr_click_model_forget(m, s.user);
    fr_click_model_look(m, &s, &forgotten);
    s.user = id(1, 9999);
    fr_click_model_look(m, &s, &stranger);
    CHECK(known.seen[FR_CLICK_USER] > 1 && known.answers.answered > 10 &&
          known.seen[FR_CLICK_USER_TOPIC] > 1);
    CHECK(memcmp(forgotten.rates, stranger.rates, sizeof stranger.rates) == 0);
    CHECK(memcmp(forgotten.seen, stranger.seen, sizeof stranger.seen) == 0);
    CHECK(memcmp(forgotten.days, stranger.days, sizeof stranger.days) == 0);
    CHECK(memcmp(&forgotten.answers, &stranger.answers, sizeof stranger.answers) == 0);
    CHECK_NEAR(forgotten.seen[FR_CLICK_CREATIVE], known.seen[FR_CLICK_CREATIVE], 0);
    int others = 0;
    for (uint32_t user = 0; user < USERS; user++) {
        s.user = id(1, user);
        fr_click_model_look(m, &s, &known);
        others += known.seen[FR_CLICK_USER] > 1 && known.answers.answered > 10;
    }
    CHECK_INT(others, USERS - 1); /* they are as before */
    fold_free(f);
    fr_click_model_free(m);
}

static void test_goes_on_with_the_same_bits(void) {
    struct fr_click_model_params params = small();
    struct fr_click_model *m = fr_click_model_new(&params), *again = fr_click_model_new(&params);
    struct fold *f = fold_new();
    struct fr_rng rng = {9}, same;
    struct fr_buf half = {0}, whole = {0}, other = {0};
    run(m, f, &rng, 0, 2000);
    fr_click_model_save(m, &half);
    same = rng;
    CHECK_INT(fr_click_model_load(again, fr_buf_slice(&half), NULL), FR_OK);
    run(m, f, &rng, 2000, 4000);
    run(again, f, &same, 2000, 4000);
    fr_click_model_late_yes(m, &f->context, &f->features);
    fr_click_model_late_yes(again, &f->context, &f->features);
    fr_click_model_save(m, &whole);
    fr_click_model_save(again, &other);
    CHECK(fr_str_eq(fr_buf_slice(&whole), fr_buf_slice(&other)));
    CHECK(!fr_str_eq(fr_buf_slice(&whole), fr_buf_slice(&half)));
    CHECK_INT(fr_click_model_load(again, (struct fr_str){half.data, (uint32_t)half.len / 16 * 8}, NULL),
              FR_STATE_CORRUPT);
    fr_buf_fini(&half);
    fr_buf_fini(&whole);
    fr_buf_fini(&other);
    fold_free(f);
    fr_click_model_free(m);
    fr_click_model_free(again);
}

/* One number of one array is not one: refused, and told which array. */
static void test_refuses_what_makes_no_sense(void) {
    static const struct {
        const char *array, *told;
        enum fr_tensor_type type;
    } cases[] = {{"rates.values", "rates:", FR_TENSOR_U8},
                 {"answers.values", "answers:", FR_TENSOR_U8},
                 {"ftrl.states", "ftrl:", FR_TENSOR_F32},
                 {"fm.rows", "fm:", FR_TENSOR_F32},
                 {"mix.above", "click model:", FR_TENSOR_F64}};
    struct fr_click_model_params params = small();
    struct fold *f = fold_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fr_click_model *m = fr_click_model_new(&params), *again = fr_click_model_new(&params);
        struct fr_rng rng = {9};
        struct fr_buf bytes = {0};
        struct fr_tensors_file *file;
        struct fr_errmsg msg = {0};
        run(m, f, &rng, 0, 50);
        fr_click_model_save(m, &bytes);
        CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &file, NULL), FR_OK);
        const struct fr_tensor *t = fr_tensors_get(file, cases[i].array, cases[i].type);
        size_t at = (size_t)((const char *)t->data - bytes.data);
        size_t size = cases[i].type == FR_TENSOR_F32 ? 4 : cases[i].type == FR_TENSOR_F64 ? 8 : 1;
        memset(bytes.data + at, 0xff, t->count * size); /* NaN, all of it */
        fr_tensors_close(file);
        CHECK_INT(fr_click_model_load(again, fr_buf_slice(&bytes), &msg), FR_STATE_CORRUPT);
        CHECK(strncmp(msg.text, cases[i].told, strlen(cases[i].told)) == 0);
        fr_buf_fini(&bytes);
        fr_click_model_free(m);
        fr_click_model_free(again);
    }
    fold_free(f);
}

int main(void) {
    RUN(test_learns_who_answers_what);
    RUN(test_reasons_add_up_to_the_logit);
    RUN(test_a_new_creative_begins_as_its_campaign);
    RUN(test_rates_are_smoothed_and_age);
    RUN(test_no_answer_leaks_into_its_own_question);
    RUN(test_the_mix_takes_a_step);
    RUN(test_who_is_forgotten_is_new);
    RUN(test_goes_on_with_the_same_bits);
    RUN(test_refuses_what_makes_no_sense);
    return check_done();
}
