/* The click and conversion models of a log of examples: what they learn, that they go on after a restart with the same bits,
 * what they forget, and what they do when more is shown than can wait. */
#include "freshet/run/live_ads.h"
#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/base/rng.h"

enum { USERS = 40, CAMPAIGNS = 4, SECOND_MS = 1000, BATCH = 50 };

static const fr_time_ms start_ms = 1700000000000;
static const struct fr_live_ads_params small = {.model_bits = 12,
                                                .click_window_ms = 60 * SECOND_MS,
                                                .conversion_window_ms = 600 * SECOND_MS,
                                                .late_ms = 60 * SECOND_MS,
                                                .waiting_most = 4096};

struct bench {
    struct fr_live_ads ads;
    struct fr_ad_writer *writer;
    struct fr_arena arena;
    struct fr_rng rng;
    struct fr_buf record;
    struct fr_live_ads_taught sum;
    fr_time_ms now_ms;
};

static void open_bench(struct bench *b, const struct fr_live_ads_params *params) {
    *b = (struct bench){.writer = fr_ad_writer_new(), .rng = {3}, .now_ms = start_ms};
    fr_live_ads_init(&b->ads, params, FR_LIVE_ADS_TAUGHT);
}

static void close_bench(struct bench *b) {
    fr_live_ads_fini(&b->ads);
    fr_ad_writer_free(b->writer);
    fr_arena_fini(&b->arena);
    fr_buf_fini(&b->record);
}

static uint64_t user_id(uint32_t user) { return fr_hash_mix(user + 1); }
static uint64_t campaign_id(uint32_t campaign) { return fr_hash_mix(1000 + campaign); }

static struct fr_ad_example entry(const struct bench *b, enum fr_ad_example_kind kind, uint32_t user,
                                  uint32_t campaign) {
    return (struct fr_ad_example){.kind = kind,
                                  .of = {.user = user_id(user),
                                         .campaign = campaign_id(campaign),
                                         .creative = campaign_id(campaign),
                                         .time_ms = b->now_ms,
                                         .position = -1,
                                         .age_days = -1}};
}

static void tell(struct bench *b, enum fr_ad_example_kind kind, uint32_t user, uint32_t campaign) {
    struct fr_ad_example e = entry(b, kind, user, campaign);
    if (kind == FR_AD_FORGET) e.of = (struct fr_impression){.user = user_id(user)};
    fr_ad_writer_add(b->writer, &e);
}

static void teach(struct bench *b) {
    fr_buf_clear(&b->record);
    fr_ad_writer_finish(b->writer, &b->record);
    struct fr_live_ads_taught t = fr_live_ads_teach(&b->ads, fr_buf_slice(&b->record), &b->arena);
    CHECK(!t.bad);
    b->sum.shown += t.shown;
    b->sum.learnt += t.learnt;
    b->sum.late += t.late;
    b->sum.unknown += t.unknown;
    b->sum.left_out += t.left_out;
    b->sum.forgotten += t.forgotten;
}

/* An impression every gap_ms; of campaign c one in 2 (c + 1) is clicked, of those one in four converts. */
static void run_for(struct bench *b, uint32_t impressions, fr_time_ms gap_ms) {
    for (uint32_t i = 1; i <= impressions; i++) {
        uint32_t user = fr_rng_below(&b->rng, USERS), campaign = fr_rng_below(&b->rng, CAMPAIGNS);
        b->now_ms += gap_ms;
        tell(b, FR_AD_SHOWN, user, campaign);
        if (fr_rng_below(&b->rng, 2 * (campaign + 1)) == 0) {
            tell(b, FR_AD_CLICK, user, campaign);
            if (fr_rng_below(&b->rng, 4) == 0) tell(b, FR_AD_CONVERSION, user, campaign);
        }
        if (i % BATCH == 0) teach(b);
    }
    teach(b);
}

static double ask(const struct bench *b, const struct fr_live_ads_model *m, uint32_t user,
                  uint32_t campaign) {
    struct fr_ad_example e = entry(b, FR_AD_SHOWN, user, campaign);
    struct fr_click_context x;
    struct fr_click_features f;
    fr_click_model_look(m->model, &e.of, &x);
    fr_click_model_features(m->model, &x, &f);
    return fr_click_model_predict(m->model, &f);
}

static double mean(const struct bench *b, const struct fr_live_ads_model *m, uint32_t campaign) {
    double sum = 0;
    for (uint32_t user = 0; user < USERS; user++) sum += ask(b, m, user, campaign);
    return sum / USERS;
}

static struct fr_str saved(const struct bench *b, enum fr_live_ads_use use, struct fr_buf *out) {
    fr_buf_clear(out);
    fr_live_ads_save(&b->ads, "e7", use, out);
    return fr_buf_slice(out);
}

static void load_again(struct bench *b) {
    struct fr_buf bytes = {0};
    struct fr_live_ads_params params = b->ads.params;
    saved(b, FR_LIVE_ADS_TAUGHT, &bytes);
    fr_live_ads_fini(&b->ads);
    fr_live_ads_init(&b->ads, &params, FR_LIVE_ADS_TAUGHT);
    CHECK_INT(fr_live_ads_load(&b->ads, fr_buf_slice(&bytes), NULL), FR_OK);
    CHECK_STR(b->ads.version, "e7");
    fr_buf_fini(&bytes);
}

static void test_both_models_learn_their_own_answers(void) {
    struct bench b;
    open_bench(&b, &small);
    run_for(&b, 8000, SECOND_MS);
    CHECK_INT(b.sum.shown, 16000);
    CHECK(b.sum.learnt > 15000 && b.sum.left_out == 0);
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        double rate = .5 / (c + 1);
        CHECK_NEAR(mean(&b, &b.ads.click, c), rate, .05);
        CHECK_NEAR(mean(&b, &b.ads.conversion, c), rate / 4, .03);
    }
    close_bench(&b);
}

static void test_a_restart_anywhere_changes_no_bit(void) {
    struct bench through, stopped;
    struct fr_buf a = {0}, c = {0};
    open_bench(&through, &small);
    open_bench(&stopped, &small);
    for (int i = 0; i < 6; i++) {
        run_for(&through, 130, SECOND_MS);
        run_for(&stopped, 130, SECOND_MS);
        load_again(&stopped);
    }
    CHECK(fr_str_eq(saved(&through, FR_LIVE_ADS_TAUGHT, &a), saved(&stopped, FR_LIVE_ADS_TAUGHT, &c)));
    fr_buf_fini(&a);
    fr_buf_fini(&c);
    close_bench(&through);
    close_bench(&stopped);
}

static void test_late_and_unknown_answers_are_told_apart(void) {
    struct bench b;
    open_bench(&b, &small);
    tell(&b, FR_AD_SHOWN, 1, 0);
    b.now_ms += 70 * SECOND_MS;
    tell(&b, FR_AD_CLICK, 1, 0); /* the window is over, the time for late ones is not */
    tell(&b, FR_AD_CLICK, 2, 0); /* nothing was shown */
    teach(&b);
    CHECK(b.sum.learnt == 1 && b.sum.late == 1 && b.sum.unknown == 1);
    struct fr_ad_example e = entry(&b, FR_AD_SHOWN, 1, 0);
    struct fr_click_context x;
    fr_click_model_look(b.ads.click.model, &e.of, &x);
    CHECK_NEAR(x.base, log(3. / 18), 1e-6); /* the yes is counted: (1 + 20 * .1) of 1 + 20 */
    b.now_ms += 540 * SECOND_MS;
    tell(&b, FR_AD_CONVERSION, 1, 0);
    teach(&b);
    CHECK(b.sum.learnt == 2 && b.sum.late == 2);
    close_bench(&b);
}

static void test_who_is_forgotten_is_as_never_met(void) {
    struct bench b;
    open_bench(&b, &small);
    run_for(&b, 2000, SECOND_MS);
    struct fr_click_context x;
    struct fr_ad_example e = entry(&b, FR_AD_SHOWN, 5, 1);
    fr_click_model_look(b.ads.click.model, &e.of, &x);
    CHECK(x.seen[FR_CLICK_USER] > 0 && x.answers.shown_ms > 0);
    tell(&b, FR_AD_SHOWN, 5, 1);
    tell(&b, FR_AD_FORGET, 5, 0);
    tell(&b, FR_AD_CLICK, 5, 1);
    b.sum = (struct fr_live_ads_taught){0};
    teach(&b);
    CHECK(b.sum.unknown == 1 && b.sum.forgotten >= 2);
    for (int i = 0; i < 2; i++) {
        fr_click_model_look(i ? b.ads.conversion.model : b.ads.click.model, &e.of, &x);
        CHECK(x.seen[FR_CLICK_USER] <= 0 && x.seen[FR_CLICK_USER_CAMPAIGN] <= 0);
        CHECK(x.answers.shown_ms == 0 && x.answers.answered == 0);
        CHECK(x.seen[FR_CLICK_CAMPAIGN] > 0); /* sums over people stay */
    }
    close_bench(&b);
}

/* Ten times as many impressions as fit: fewer people are learnt from, and what is predicted stays true. */
static void test_a_crowd_is_thinned_and_not_lost(void) {
    struct fr_live_ads_params narrow = small;
    struct bench b;
    narrow.waiting_most = 60;
    open_bench(&b, &narrow);
    run_for(&b, 20000, SECOND_MS / 10);
    struct fr_attribution_counts counts = fr_attribution_counts(b.ads.click.waiting);
    CHECK(counts.lost == 0 && counts.yes + counts.no > 1000);
    CHECK(b.sum.left_out > 20000);
    for (uint32_t c = 0; c < CAMPAIGNS; c++) CHECK_NEAR(mean(&b, &b.ads.click, c), .5 / (c + 1), .1);
    close_bench(&b);
}

static void test_what_was_made_otherwise_is_refused_and_says_how(void) {
    struct fr_live_ads_params other = small;
    struct fr_errmsg msg = {0};
    struct fr_buf bytes = {0};
    struct fr_live_ads again;
    struct bench b;
    open_bench(&b, &small);
    run_for(&b, 100, SECOND_MS);
    other.model_bits = 13;
    fr_live_ads_init(&again, &other, FR_LIVE_ADS_TAUGHT);
    CHECK_INT(fr_live_ads_load(&again, saved(&b, FR_LIVE_ADS_TAUGHT, &bytes), &msg), FR_STATE_CORRUPT);
    CHECK_STR(msg.text, "ad models: made with 12 bits, windows of 60000 and 600000 ms, 60000 ms for late "
                        "ones, 4096 waiting; now 13 bits, windows of 60000 and 600000 ms, 60000 ms for late "
                        "ones, 4096 waiting");
    fr_live_ads_fini(&again);
    fr_live_ads_init(&again, &small, FR_LIVE_ADS_TAUGHT); /* nothing waits in a snapshot */
    CHECK_INT(fr_live_ads_load(&again, saved(&b, FR_LIVE_ADS_ASKED, &bytes), &msg), FR_STATE_CORRUPT);
    fr_live_ads_fini(&again);
    fr_buf_fini(&bytes);
    close_bench(&b);
}

static void test_a_snapshot_answers_as_the_learner_does(void) {
    struct bench b, reader = {0};
    struct fr_buf bytes = {0};
    open_bench(&b, &small);
    run_for(&b, 1000, SECOND_MS);
    fr_live_ads_init(&reader.ads, &small, FR_LIVE_ADS_ASKED);
    reader.now_ms = b.now_ms;
    size_t whole = saved(&b, FR_LIVE_ADS_TAUGHT, &bytes).len;
    CHECK_INT(fr_live_ads_load(&reader.ads, saved(&b, FR_LIVE_ADS_ASKED, &bytes), NULL), FR_OK);
    CHECK(bytes.len < whole);
    for (uint32_t c = 0; c < CAMPAIGNS; c++) {
        double want = ask(&b, &b.ads.click, 3, c), got = ask(&reader, &reader.ads.click, 3, c);
        CHECK(memcmp(&got, &want, sizeof got) == 0);
    }
    CHECK(fr_live_ads_bytes(&reader.ads) < fr_live_ads_bytes(&b.ads));
    fr_live_ads_fini(&reader.ads);
    fr_buf_fini(&bytes);
    close_bench(&b);
}

static void test_what_is_no_batch_teaches_nothing(void) {
    struct bench b;
    open_bench(&b, &small);
    CHECK(fr_live_ads_teach(&b.ads, FR_STR("\x93\x01"), &b.arena).bad);
    CHECK(fr_live_ads_teach(&b.ads, FR_STR(""), &b.arena).bad);
    CHECK_INT(fr_click_model_learnt(b.ads.click.model), 0);
    close_bench(&b);
}

int main(void) {
    RUN(test_both_models_learn_their_own_answers);
    RUN(test_a_restart_anywhere_changes_no_bit);
    RUN(test_late_and_unknown_answers_are_told_apart);
    RUN(test_who_is_forgotten_is_as_never_met);
    RUN(test_a_crowd_is_thinned_and_not_lost);
    RUN(test_what_was_made_otherwise_is_refused_and_says_how);
    RUN(test_a_snapshot_answers_as_the_learner_does);
    RUN(test_what_is_no_batch_teaches_nothing);
    return check_done();
}
