/* Ads through the real stages: what the click and conversion models are told, by whom they may be taught, and that their state is
 * what their log gives, whoever dies. */
#include "freshet/base/hash.h"
#include "freshet/base/log.h"
#include "freshet/target/campaign_set.h"
#include "stage_pipeline.h"

enum { USERS = 12, CAMPAIGNS = 3, MINUTE_MS = 60000 };

static const fr_time_ms start_ms = 1700000000000;
static const struct fr_live_ads_params small = {.model_bits = 10,
                                                .click_window_ms = 30 * MINUTE_MS,
                                                .conversion_window_ms = 120 * MINUTE_MS,
                                                .late_ms = 60 * MINUTE_MS,
                                                .waiting_most = 40};

/* ---- a random log ---- */

static int random_event(struct fr_rng *rng, uint32_t n, char text[256]) {
    static const char *const types[] = {"ad_impression", "ad_impression", "ad_click", "ad_conversion"};
    static const char *const consents[] = {"{\"ads\":false}", "{\"ads\":true}", "false", "true"};
    uint32_t dice = fr_rng_below(rng, 100), user = fr_rng_below(rng, USERS);
    long long at = start_ms + (long long)n * 40000 - fr_rng_below(rng, 600000);
    if (dice == 0)
        return snprintf(text, 256, "{\"event_type\":\"user_delete\",\"user_id\":\"u%u\",\"timestamp\":%lld}",
                        user, at);
    if (dice < 5)
        return snprintf(text, 256,
                        "{\"event_type\":\"user_upsert\",\"user_id\":\"u%u\",\"timestamp\":%lld,"
                        "\"consent\":%s}",
                        user, at, consents[fr_rng_below(rng, 4)]);
    return snprintf(text, 256,
                    "{\"event_id\":\"e%u\",\"event_type\":\"%s\",\"user_id\":\"u%u\",\"timestamp\":%lld,"
                    "\"campaign_id\":\"c%u\"%s}",
                    fr_rng_below(rng, 50) ? n : n / 2, types[fr_rng_below(rng, 4)], user, at,
                    fr_rng_below(rng, CAMPAIGNS), fr_rng_below(rng, 2) ? ",\"surface\":\"home\"" : "");
}

struct relearning {
    struct fr_live_ads ads;
    struct fr_arena arena;
    struct fr_live_ads_taught sum;
    int64_t next_offset;
};

static bool learn_again(void *context, const struct fr_record *r) {
    struct relearning *l = context;
    if (!fr_str_eq(r->key, FR_MODEL_ADS)) return true;
    struct fr_live_ads_taught t = fr_live_ads_teach(&l->ads, r->value, &l->arena);
    CHECK(!t.bad);
    l->sum.learnt += t.learnt;
    l->sum.left_out += t.left_out;
    l->sum.forgotten += t.forgotten;
    l->next_offset = r->offset + 1;
    return true;
}

/* The snapshot in the store is of the state it names, or of an earlier one. */
static void check_snapshot(struct pipeline *p) {
    struct fr_keys keys;
    struct fr_arena arena = {0};
    struct fr_live_ads ads;
    fr_keys_init(&keys, p->rules.topic_prefix, "learner", 1, 1);
    struct fr_str version =
        fr_store_memory_get(p->store, fr_live_version_key(&keys, 0, FR_MODEL_ADS, &arena));
    fr_live_ads_init(&ads, &small, FR_LIVE_ADS_ASKED);
    CHECK_INT(fr_live_ads_load(
                  &ads, fr_store_memory_get(p->store, fr_live_key(&keys, 0, FR_MODEL_ADS, &arena)), NULL),
              FR_OK);
    CHECK(fr_str_eq(version, fr_str_of(ads.version)));
    CHECK(fr_live_version_offset(version) > 0 && fr_click_model_learnt(ads.click.model) > 0);
    fr_live_ads_fini(&ads);
    fr_keys_fini(&keys);
    fr_arena_fini(&arena);
}

/* However the log was cut into batches, whoever died, whatever the store lost: the models, and what waits, are what one pass
 * over the log of examples gives, bit for bit. */
static void test_the_models_are_a_function_of_their_log(void) {
    for (uint32_t batch = 1; batch <= 100; batch *= 10) {
        struct pipeline p;
        start(&p, 21, batch, random_event);
        p.rules.ads.models = small;
        p.rules.ads.snapshot_ms = 100;
        drive(&p, batch != 1);
        struct relearning l = {0};
        fr_live_ads_init(&l.ads, &small, FR_LIVE_ADS_TAUGHT);
        fr_bus_memory_read(p.bus, FR_TOPIC_EXAMPLES, 0, 0, learn_again, &l);
        CHECK(l.sum.learnt > EVENTS / 8 && l.sum.forgotten > 0 && l.sum.left_out > 0);
        struct fr_buf again = {0};
        char version[FR_LIVE_VERSION_BYTES];
        fr_live_version(l.next_offset, version);
        fr_live_ads_save(&l.ads, version, FR_LIVE_ADS_TAUGHT, &again);
        CHECK(fr_str_eq(fr_buf_slice(&again), stored_model(&p, "m:ads")));
        check_snapshot(&p);
        fr_buf_fini(&again);
        fr_arena_fini(&l.arena);
        fr_live_ads_fini(&l.ads);
        stop(&p);
    }
}

/* ---- what stands in the topic ---- */

/* One letter for each entry about a user, in the order of the topic. */
struct told {
    struct fr_arena arena;
    uint64_t user;
    char kinds[32];
    uint32_t n;
};

static bool note_entries(void *context, const struct fr_record *r) {
    static const char letters[FR_AD_EXAMPLE_KINDS] = {
        [FR_AD_SHOWN] = 's', [FR_AD_CLICK] = 'c', [FR_AD_CONVERSION] = 'v', [FR_AD_FORGET] = 'F'};
    struct told *t = context;
    struct fr_ad_batch batch;
    if (!fr_str_eq(r->key, FR_MODEL_ADS)) return true;
    CHECK(fr_ad_batch_read(r->value, &t->arena, &batch));
    for (uint32_t i = 0; i < batch.n; i++)
        if (batch.at[i].of.user == t->user && t->n < sizeof t->kinds - 1)
            t->kinds[t->n++] = letters[batch.at[i].kind];
    return true;
}

static void check_told(struct pipeline *p, const char *user, const char *kinds) {
    struct told t = {.user = fr_hash_str(fr_str_of(user))};
    fr_bus_memory_read(p->bus, FR_TOPIC_EXAMPLES, 0, 0, note_entries, &t);
    CHECK_STR(t.kinds, kinds);
    fr_arena_fini(&t.arena);
}

/* Users and what they do, one letter an event: s shown, c clicked, v converted, - ads refused, + ads agreed to, r profiling
 * refused, g agreed to, d deleted, n shown without a campaign, t shown again under the same event id. */
static const struct {
    const char *user, *does, *told, *told_if_asked; /* told_if_asked: when consent must be given */
} people[] = {
    {"open", "snscv", "sscv", ""},       {"refuses", "sc-scvs", "scF", ""},
    {"returns", "s-s+sc", "sFsc", "sc"}, {"agrees", "s+sc", "ssc", "sc"},
    {"never", "-scv", "F", ""},          {"unprofiled", "grscg+s", "Fs", "Fs"},
    {"deleted", "+sdsc", "sFsc", "sF"},  {"repeats", "+ttc", "sc", "sc"},
};
enum { PEOPLE = sizeof people / sizeof *people, STEPS = 8 };

static const char *step_text(char step) {
    switch (step) {
    case 's': return "\"event_type\":\"ad_impression\",\"campaign_id\":\"c1\"";
    case 't': return "\"event_id\":\"same\",\"event_type\":\"ad_impression\",\"campaign_id\":\"c1\"";
    case 'n': return "\"event_type\":\"ad_impression\"";
    case 'c': return "\"event_type\":\"ad_click\",\"campaign_id\":\"c1\"";
    case 'v': return "\"event_type\":\"ad_conversion\",\"campaign_id\":\"c1\"";
    case '-': return "\"event_type\":\"user_upsert\",\"consent\":{\"ads\":false}";
    case '+': return "\"event_type\":\"user_upsert\",\"consent\":{\"ads\":true}";
    case 'r': return "\"event_type\":\"user_upsert\",\"consent\":false";
    case 'g': return "\"event_type\":\"user_upsert\",\"consent\":true";
    default: return "\"event_type\":\"user_delete\"";
    }
}

/* Event n is step n / PEOPLE of person n % PEOPLE; after the last one a page view of nobody in particular. */
static int scripted_event(struct fr_rng *rng, uint32_t n, char text[256]) {
    (void)rng;
    uint32_t person = n % PEOPLE, step = n / PEOPLE;
    const char *does = people[person].does;
    if (step >= STEPS || step >= strlen(does))
        return snprintf(text, 256, "{\"event_type\":\"search\",\"user_id\":\"else\",\"timestamp\":%lld}",
                        (long long)start_ms + n);
    return snprintf(text, 256, "{\"user_id\":\"%s\",\"timestamp\":%lld,%s}", people[person].user,
                    (long long)start_ms + n * 40000ll, step_text(does[step]));
}

static void run_script(struct pipeline *p, uint32_t batch, bool must_be_given) {
    start(p, 4, batch, scripted_event);
    p->rules.ads.models = small;
    p->rules.ads.consent_must_be_given = must_be_given;
    drive(p, batch > 1);
}

/* Privacy, at the topic: nobody who refused is told of, whoever did is to be forgotten, each once, also after crashes. */
static void test_nobody_is_told_of_who_does_not_allow_it(void) {
    for (uint32_t batch = 1; batch <= 100; batch *= 10)
        for (int given = 0; given < 2; given++) {
            struct pipeline p;
            run_script(&p, batch, given);
            for (uint32_t i = 0; i < PEOPLE; i++)
                check_told(&p, people[i].user, given ? people[i].told_if_asked : people[i].told);
            stop(&p);
        }
}

static struct fr_click_context seen_of(const struct fr_live_ads *ads, const char *user) {
    struct fr_impression shown = {
        .user = fr_hash_str(fr_str_of(user)), .time_ms = start_ms + 2 * EVENTS * 40000ll, .position = -1};
    struct fr_click_context x;
    fr_click_model_look(ads->click.model, &shown, &x);
    return x;
}

static void test_who_refused_is_nowhere_in_the_state(void) {
    struct pipeline p;
    struct fr_live_ads ads;
    run_script(&p, 10, false);
    fr_live_ads_init(&ads, &small, FR_LIVE_ADS_TAUGHT);
    CHECK_INT(fr_live_ads_load(&ads, stored_model(&p, "m:ads"), NULL), FR_OK);
    CHECK(seen_of(&ads, "open").answers.shown_ms > 0);
    CHECK(seen_of(&ads, "refuses").answers.shown_ms == 0);
    CHECK(seen_of(&ads, "never").answers.shown_ms == 0);
    CHECK_INT(fr_attribution_counts(ads.click.waiting).forgotten, 3); /* refuses, returns, deleted */
    fr_live_ads_fini(&ads);
    stop(&p);
}

static void test_nothing_is_told_when_there_are_no_ads(void) {
    struct pipeline p;
    start(&p, 4, 10, scripted_event);
    p.rules.ads.enabled = false;
    drive(&p, false);
    for (uint32_t i = 0; i < PEOPLE; i++) check_told(&p, people[i].user, "");
    stop(&p);
}

/* ---- what campaigns say ---- */

static void keep(void *thing) { (void)thing; }

struct advertisers {
    struct fr_arena arena;
    uint32_t known, unknown;
};

/* Of the script all is of campaign c1. */
static bool count_advertisers(void *context, const struct fr_record *r) {
    struct advertisers *a = context;
    struct fr_ad_batch batch;
    if (!fr_str_eq(r->key, FR_MODEL_ADS)) return true;
    CHECK(fr_ad_batch_read(r->value, &a->arena, &batch));
    for (uint32_t i = 0; i < batch.n; i++) {
        const struct fr_impression *x = &batch.at[i].of;
        if (batch.at[i].kind != FR_AD_SHOWN) continue;
        a->known += x->advertiser == 71 && x->topic == 72 && x->age_days == 2;
        a->unknown += x->advertiser == 0 && x->topic == 0 && x->age_days == -1;
    }
    return true;
}

static struct advertisers advertisers_with(struct fr_campaign_set *set) {
    struct pipeline p;
    struct advertisers a = {0};
    start(&p, 4, 10, scripted_event);
    p.rules.ads.models = small;
    p.feeds.campaigns = fr_slot_new(keep);
    if (set) fr_slot_put(p.feeds.campaigns, set);
    fr_worker_free(&p.workers[FR_STAGE_USER]);
    open_worker(&p, FR_STAGE_USER);
    drive(&p, true);
    fr_bus_memory_read(p.bus, FR_TOPIC_EXAMPLES, 0, 0, count_advertisers, &a);
    fr_arena_fini(&a.arena);
    struct fr_slot *slot = p.feeds.campaigns;
    stop(&p);
    fr_slot_free(&slot); /* nobody may hold anything by now */
    return a;
}

static void test_an_impression_has_what_its_campaign_says(void) {
    struct fr_campaign_entry entries[3] = {
        {.record.id = FR_STR("b9")},
        {.record = {.id = FR_STR("c1"), .start_ms = start_ms - 60 * 3600000},
         .id_hash = fr_hash_str(FR_STR("c1")),
         .advertiser_hash = 71,
         .topic_hash = 72},
        {.record.id = FR_STR("c11")}};
    struct fr_campaign_set set = {.campaigns = entries, .campaign_n = 3, .number = 1};
    struct advertisers with = advertisers_with(&set), none = advertisers_with(NULL);
    CHECK(with.known > 10 && with.unknown == 0);
    CHECK(none.unknown == with.known && none.known == 0);
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_the_models_are_a_function_of_their_log);
    RUN(test_nobody_is_told_of_who_does_not_allow_it);
    RUN(test_who_refused_is_nowhere_in_the_state);
    RUN(test_nothing_is_told_when_there_are_no_ads);
    RUN(test_an_impression_has_what_its_campaign_says);
    return check_done();
}
