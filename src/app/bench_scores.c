/* What it costs to say of a user what each of 500 campaigns is worth: rules, caps, models, and the record. */
#include "bench_scores.h"
#include "freshet/target/ad_scores.h"
#include "freshet/target/segment_lookup.h"
#include <stdio.h>
#include <stdlib.h>

enum { CAMPAIGNS = 500, COUNTRIES = 10, USERS = 200, EVENTS_A_USER = 30, ROUNDS = 10, DAY_MS = 86400000 };

struct scores_bench {
    const struct fr_rules *rules;
    const struct fr_live_ads *ads;
    struct fr_campaign_set *set;
    struct fr_dict ids;
    struct fr_user users[USERS];
    struct fr_ad_scorer *scorer;
    struct fr_arena arena;
    struct fr_buf record;
    uint64_t scored, targeted, bytes;
    int64_t judge_ns, write_ns;
};

static const fr_time_ms now_ms = 1800000000000;

/* One in ten is for everybody, each other one for a country's users who clicked lately; four creatives each, and caps. */
static void make_campaigns(struct scores_bench *b) {
    struct fr_campaign_book *book = fr_campaign_book_new();
    struct fr_campaign_faults faults;
    struct fr_buf json = {0};
    for (uint32_t i = 0; i < CAMPAIGNS; i++) {
        char rule[96] = "";
        if (i % 10) snprintf(rule, sizeof rule, "country == \\\"c%u\\\" and clicks(30d) >= 1", i % COUNTRIES);
        fr_bench_campaign(&json, i, rule);
        bool good = fr_campaign_book_put(book, (struct fr_str){0}, fr_buf_slice(&json), 1, &faults);
        FR_ASSERT(good);
    }
    b->set = fr_campaign_book_version(book, 1);
    fr_campaign_book_free(book);
    fr_buf_fini(&json);
}

static void make_user(struct scores_bench *b, uint32_t n, struct fr_rng *rng) {
    struct fr_user_effects effects = {0};
    char country[8], item[16];
    int length = snprintf(country, sizeof country, "c%u", n % COUNTRIES);
    const struct fr_attribute said = {FR_STR("country"), FR_ATTRIBUTE_STRING, {country, (uint32_t)length}, 0};
    struct fr_event e = {.type = FR_EVENT_USER_UPSERT,
                         .attributes = &said,
                         .attribute_n = 1,
                         .time_ms = now_ms - 40 * (fr_time_ms)DAY_MS};
    fr_user_init(&b->users[n]);
    fr_user_apply(&b->users[n], &e, &b->rules->profile, &b->ids, &effects);
    for (uint32_t i = 0; i < EVENTS_A_USER; i++) {
        length = snprintf(item, sizeof item, "i%u", fr_rng_below(rng, 1000));
        e = (struct fr_event){.type = fr_rng_below(rng, 10) ? FR_EVENT_CLICK : FR_EVENT_PURCHASE,
                              .item_id = {item, (uint32_t)length},
                              .time_ms = now_ms - (fr_time_ms)(EVENTS_A_USER - i) * DAY_MS};
        fr_user_apply(&b->users[n], &e, &b->rules->profile, &b->ids, &effects);
    }
    fr_user_effects_fini(&effects);
}

static void score_user(struct scores_bench *b, uint32_t n) {
    static const struct fr_pacing_entry *paces[CAMPAIGNS];
    char id[16];
    int length = snprintf(id, sizeof id, "u%u", n);
    struct fr_rule_facts facts = {
        .user = &b->users[n], .rules = &b->rules->profile, .ids = &b->ids, .now_ms = now_ms};
    fr_arena_clear(&b->arena);
    fr_segment_lookup_init(&facts, b->set, &b->arena);
    struct fr_ad_question q = {.user_id = {id, (uint32_t)length},
                               .facts = &facts,
                               .campaigns = b->set,
                               .paces = paces,
                               .clicks = b->ads->click.model,
                               .conversions = b->ads->conversion.model,
                               .model_number = 1,
                               .surface = FR_STR("home"),
                               .bought_ms = b->rules->ads.bought_ms,
                               .most = b->rules->ads.scores_most,
                               .draw = n};
    int64_t start_ns = fr_clock_cpu_ns();
    struct fr_ad_scores scores = fr_ad_scores_of(b->scorer, &q, &b->arena);
    int64_t judged_ns = fr_clock_cpu_ns();
    struct fr_ad_scores_head head = {q.user_id, now_ms, now_ms + 1, now_ms + 1, FR_STR("e1"), 1};
    fr_buf_clear(&b->record);
    fr_ad_scores_write(&b->record, &head, &scores, b->set);
    b->write_ns += fr_clock_cpu_ns() - judged_ns;
    b->judge_ns += judged_ns - start_ns;
    b->scored += scores.scored_n;
    b->targeted += scores.n + scores.unscored;
    b->bytes += b->record.len;
}

static void report_on(const struct scores_bench *b, double users, struct fr_bench_report *report) {
    fr_bench_section(report, "scoring");
    fr_bench_value(report, "campaigns", CAMPAIGNS);
    fr_bench_value(report, "targeted_per_user", (double)b->targeted / users);
    fr_bench_value(report, "scored_per_user", (double)b->scored / users);
    fr_bench_value(report, "us_per_user", (double)b->judge_ns * 1e-3 / users);
    fr_bench_value(report, "us_per_scored_campaign", (double)b->judge_ns * 1e-3 / (double)b->scored);
    fr_bench_value(report, "us_per_record_written", (double)b->write_ns * 1e-3 / users);
    fr_bench_value(report, "record_bytes", (double)b->bytes / users);
}

void bench_scores(const struct fr_rules *rules, const struct fr_live_ads *ads, uint64_t seed,
                  struct fr_bench_report *report) {
    struct scores_bench b = {.rules = rules, .ads = ads, .scorer = fr_ad_scorer_new()};
    struct fr_rng rng = {seed};
    fr_dict_init(&b.ids);
    make_campaigns(&b);
    for (uint32_t n = 0; n < USERS; n++) make_user(&b, n, &rng);
    for (uint32_t n = 0; n < USERS; n++) score_user(&b, n); /* what is worked out once for a version */
    b.judge_ns = b.write_ns = 0;
    b.scored = b.targeted = b.bytes = 0;
    for (uint32_t n = 0; n < ROUNDS * USERS; n++) score_user(&b, n % USERS);
    report_on(&b, ROUNDS * USERS, report);
    for (uint32_t n = 0; n < USERS; n++) fr_user_fini(&b.users[n]);
    fr_ad_scorer_free(b.scorer);
    fr_campaign_set_free(b.set);
    fr_dict_fini(&b.ids);
    fr_arena_fini(&b.arena);
    fr_buf_fini(&b.record);
}
