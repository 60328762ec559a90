/* Propensities through the real stages, at the topic: said when they have moved, withdrawn from who refuses or is gone, asked by the
 * rules of segments, whoever dies. */
#include "freshet/base/log.h"
#include "freshet/run/propensity_follow.h"
#include "freshet/target/campaign_set.h"
#include "propensity_log.h"
#include "stage_pipeline.h"
#include <stdlib.h>

enum { USERS = 10 };
#define CHANGE .05

static const fr_time_ms start_ms = 1700000000000;

/* Users below 4 buy, the others look; even ones refuse ads half-way, user 3 is deleted at the end. */
static int event_text(struct fr_rng *rng, uint32_t n, char text[256]) {
    long long at = start_ms + (long long)n * 40000;
    uint32_t user = n < EVENTS - 1 ? fr_rng_below(rng, USERS) : 3;
    if (n == EVENTS - 1)
        return snprintf(text, 256, "{\"event_type\":\"user_delete\",\"user_id\":\"u%u\",\"timestamp\":%lld}",
                        user, at);
    if (user % 2 == 0 && n >= EVENTS / 2)
        return snprintf(text, 256,
                        "{\"event_type\":\"user_upsert\",\"user_id\":\"u%u\",\"timestamp\":%lld,"
                        "\"consent\":{\"ads\":false}}",
                        user, at);
    return snprintf(text, 256,
                    "{\"event_type\":\"%s\",\"user_id\":\"u%u\",\"item_id\":\"q%u\",\"timestamp\":%lld}",
                    user < 4 && fr_rng_below(rng, 3) ? "purchase" : "click", user, fr_rng_below(rng, 20), at);
}

struct seen {
    double last[USERS]; /* -1: withdrawn; NAN: never said */
    char segment[USERS][8];
    uint32_t records, after_refusal, too_close;
    bool withdrawn[USERS];
};

static bool look(void *context, const struct fr_record *r) {
    struct seen *seen = context;
    int user = r->key.ptr[1] - '0';
    seen->records++;
    if (!r->value.ptr) {
        seen->last[user] = -1;
        seen->withdrawn[user] = true;
        return true;
    }
    char text[512], segment[8] = "";
    double p = -2;
    snprintf(text, sizeof text, "%.*s", FR_STR_ARG(r->value));
    const char *at = strstr(text, "\"task\":\"purchase\",\"probability\":");
    CHECK(at &&
          sscanf(at, "\"task\":\"purchase\",\"probability\":%lf,\"segment\":\"%7[a-z]", &p, segment) == 2);
    CHECK(strstr(text, "\"model_version\":\"v1\"}]}"));
    bool moved = isnan(seen->last[user]) || fabs(p - seen->last[user]) >= CHANGE - 1e-5 ||
                 strcmp(segment, seen->segment[user]) != 0;
    seen->too_close += !moved;
    seen->after_refusal += seen->withdrawn[user];
    seen->last[user] = p;
    memcpy(seen->segment[user], segment, sizeof segment);
    return true;
}

static bool note_segment(void *context, const struct fr_record *r) {
    bool *in = context;
    in[r->key.ptr[1] - '0'] = r->value.ptr && memmem(r->value.ptr, r->value.len, "[\"buyers\"]", 10);
    return true;
}

static void free_set(void *set) { fr_campaign_set_free(set); }

static struct fr_campaign_set *segments(void) {
    struct fr_campaign_book *book = fr_campaign_book_new();
    struct fr_campaign_faults faults;
    CHECK(fr_campaign_book_put(
        book, (struct fr_str){0},
        FR_STR("{\"id\":\"buyers\",\"kind\":\"segment\",\"rule\":\"propensity(\\\"purchase\\\") > 0.5\"}"), 1,
        &faults));
    struct fr_campaign_set *set = fr_campaign_book_version(book, 1);
    fr_campaign_book_free(book);
    return set;
}

static struct fr_live_propensities *models(uint64_t number) {
    struct fr_live_propensities *p = fr_alloc_zero(1, sizeof *p);
    p->number = number;
    fr_propensity_features_init(&p->features, NULL, FR_STR(""), &p->names);
    p->at[p->n++] =
        (struct fr_live_propensity){{.task = "purchase", .version = "v1"}, log_model("purchase", "v1")};
    return p;
}

static struct seen run(uint32_t batch, bool faults, bool in_segment[USERS]) {
    struct pipeline p;
    struct seen seen = {0};
    for (int u = 0; u < USERS; u++) seen.last[u] = (double)NAN;
    start(&p, 9, batch, event_text);
    p.rules.ads.models.model_bits = 10;
    p.rules.propensities.change = CHANGE;
    p.feeds.campaigns = fr_slot_new(free_set);
    p.feeds.propensities = fr_slot_new(fr_live_propensities_free);
    fr_slot_put(p.feeds.campaigns, segments());
    fr_slot_put(p.feeds.propensities, models(1));
    fr_worker_free(&p.workers[FR_STAGE_USER]);
    open_worker(&p, FR_STAGE_USER);
    drive(&p, faults);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        fr_bus_memory_read(p.bus, FR_TOPIC_PROPENSITIES, partition, 0, look, &seen);
        fr_bus_memory_read(p.bus, FR_TOPIC_AUDIENCES, partition, 0, note_segment, in_segment);
    }
    struct fr_slot *slots[] = {p.feeds.campaigns, p.feeds.propensities};
    stop(&p);
    for (int i = 0; i < 2; i++) fr_slot_free(&slots[i]);
    return seen;
}

static void check(const struct seen *seen, const bool *in_segment) {
    CHECK_INT(seen->after_refusal, 0);
    for (int u = 0; u < USERS; u++) {
        bool gone = u % 2 == 0 || u == 3;
        CHECK_INT(seen->withdrawn[u], gone);
        if (gone) CHECK(!in_segment[u]);
        if (gone) continue;
        CHECK(seen->last[u] > 0 && seen->last[u] < 1);
        CHECK_INT(seen->last[u] > .5, u < 4); /* who buys will buy */
        CHECK_INT(in_segment[u], u < 4);
    }
}

static void test_what_the_topic_says(void) {
    bool in_segment[USERS] = {false};
    struct seen seen = run(1, false, in_segment);
    check(&seen, in_segment);
    CHECK_INT(seen.too_close, 0);
    CHECK(seen.records > USERS && seen.records < EVENTS / 2);
}

/* After a restart what was said may be said once more, and nothing else. */
static void test_whoever_dies(void) {
    for (uint32_t batch = 7; batch <= 100; batch *= 5) {
        bool in_segment[USERS] = {false};
        struct seen seen = run(batch, true, in_segment);
        check(&seen, in_segment);
    }
}

static bool count_record(void *context, const struct fr_record *r) {
    (void)r;
    ++*(uint32_t *)context;
    return true;
}

static uint32_t said_in_all(struct pipeline *p) {
    uint32_t n = 0;
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        fr_bus_memory_read(p->bus, FR_TOPIC_PROPENSITIES, partition, 0, count_record, &n);
    return n;
}

static void click(struct pipeline *p, long long n) {
    char text[160];
    int len = snprintf(text, sizeof text,
                       "{\"event_type\":\"click\",\"user_id\":\"u5\",\"item_id\":\"q1\",\"timestamp\":%lld}",
                       start_ms + EVENTS * 40000LL + n);
    struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                         .partition = -1,
                         .timestamp_ms = start_ms + EVENTS * 40000LL + 2000000,
                         .key = FR_STR("u5"),
                         .value = {text, (uint32_t)len}};
    fr_bus_memory_produce(p->bus, &out);
    drive(p, false);
}

/* The same probability by another model is said again, once. */
static void test_another_model_is_said(void) {
    struct pipeline p;
    start(&p, 9, 50, event_text);
    p.feeds.propensities = fr_slot_new(fr_live_propensities_free);
    fr_slot_put(p.feeds.propensities, models(1));
    fr_worker_free(&p.workers[FR_STAGE_USER]);
    open_worker(&p, FR_STAGE_USER);
    drive(&p, false);
    uint32_t before = said_in_all(&p);
    click(&p, 1);
    CHECK_INT(said_in_all(&p), before);
    fr_slot_put(p.feeds.propensities, models(2));
    click(&p, 2);
    CHECK_INT(said_in_all(&p), before + 1);
    click(&p, 3);
    CHECK_INT(said_in_all(&p), before + 1);
    struct fr_slot *slot = p.feeds.propensities;
    stop(&p);
    fr_slot_free(&slot);
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_what_the_topic_says);
    RUN(test_whoever_dies);
    RUN(test_another_model_is_said);
    return check_done();
}
