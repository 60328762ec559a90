/* Ad scores through the real stages, at the topic: who is scored and who never is, what stops an ad at once, and that each record
 * is said once, whoever dies. */
#include "freshet/base/log.h"
#include "freshet/target/campaign_set.h"
#include "stage_pipeline.h"

enum { USERS = 10 };

static const fr_time_ms start_ms = 1700000000000;

/* Users of even numbers refuse ads half-way; the last event of user 1 buys what "one" promotes; user 3 is deleted at the end. */
static int event_text(struct fr_rng *rng, uint32_t n, char text[256]) {
    long long at = start_ms + (long long)n * 40000;
    uint32_t user = n < EVENTS - 2 ? fr_rng_below(rng, USERS) : n == EVENTS - 2 ? 1 : 3;
    if (n == EVENTS - 2)
        return snprintf(
            text, 256,
            "{\"event_type\":\"purchase\",\"user_id\":\"u%u\",\"item_id\":\"p1\",\"timestamp\":%lld}", user,
            at);
    if (n == EVENTS - 1)
        return snprintf(text, 256, "{\"event_type\":\"user_delete\",\"user_id\":\"u%u\",\"timestamp\":%lld}",
                        user, at);
    if (user % 2 == 0 && n >= EVENTS / 2)
        return snprintf(text, 256,
                        "{\"event_type\":\"user_upsert\",\"user_id\":\"u%u\",\"timestamp\":%lld,"
                        "\"consent\":{\"ads\":false}}",
                        user, at);
    if (fr_rng_below(rng, 4) == 0)
        return snprintf(text, 256,
                        "{\"event_type\":\"ad_impression\",\"user_id\":\"u%u\",\"campaign_id\":\"capped\","
                        "\"timestamp\":%lld}",
                        user, at);
    return snprintf(text, 256,
                    "{\"event_type\":\"click\",\"user_id\":\"u%u\",\"item_id\":\"q%u\",\"timestamp\":%lld}",
                    user, fr_rng_below(rng, 20), at);
}

struct seen {
    char last[USERS][2048]; /* values, the latest of each user; "gone": a tombstone */
    uint32_t records, refused, scored_after_refusal;
    bool has_refused[USERS];
};

static bool look(void *context, const struct fr_record *r) {
    struct seen *seen = context;
    int user = r->key.ptr[1] - '0';
    snprintf(seen->last[user], sizeof seen->last[user], "%.*s", r->value.ptr ? (int)r->value.len : 4,
             r->value.ptr ? r->value.ptr : "gone");
    bool refused = strstr(seen->last[user], "\"consent\":false");
    seen->records++;
    seen->refused += refused;
    seen->scored_after_refusal += seen->has_refused[user] && strstr(seen->last[user], "\"eligible\"");
    seen->has_refused[user] |= refused;
    return true;
}

static void free_set(void *set) { fr_campaign_set_free(set); }

/* more: with a campaign that was not there before. */
static struct fr_campaign_set *campaigns(bool more) {
    static const char *const records[] = {
        "{\"id\":\"one\",\"pays\":{\"price\":1},\"items\":[\"p1\"]}",
        "{\"id\":\"capped\",\"pays\":{\"price\":2},\"caps\":{\"life\":3}}",
        "{\"id\":\"buyers\",\"pays\":{\"price\":3},\"rule\":\"purchases(30d) >= 1\"}",
        "{\"id\":\"new\",\"pays\":{\"price\":4}}"};
    struct fr_campaign_book *book = fr_campaign_book_new();
    struct fr_campaign_faults faults;
    for (int i = 0; i < (more ? 4 : 3); i++)
        CHECK(fr_campaign_book_put(book, (struct fr_str){0}, fr_str_of(records[i]), 1, &faults));
    struct fr_campaign_set *set = fr_campaign_book_version(book, more ? 2 : 1);
    fr_campaign_book_free(book);
    return set;
}

static struct seen run(uint32_t batch, bool faults, bool enabled) {
    struct pipeline p;
    struct seen seen = {0};
    start(&p, 9, batch, event_text);
    p.rules.ads.enabled = enabled;
    p.rules.ads.models.model_bits = 10;
    p.feeds.campaigns = fr_slot_new(free_set);
    fr_slot_put(p.feeds.campaigns, campaigns(false));
    fr_worker_free(&p.workers[FR_STAGE_USER]);
    open_worker(&p, FR_STAGE_USER);
    drive(&p, faults);
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        fr_bus_memory_read(p.bus, FR_TOPIC_AD_SCORES, partition, 0, look, &seen);
    struct fr_slot *slot = p.feeds.campaigns;
    stop(&p);
    fr_slot_free(&slot); /* nobody holds it any more */
    return seen;
}

static void check_what_is_said(const struct seen *seen) {
    CHECK_INT(seen->refused, USERS / 2); /* once each */
    CHECK_INT(seen->scored_after_refusal, 0);
    for (int u = 0; u < USERS; u += 2) CHECK(strstr(seen->last[u], "\"consent\":false,\"scores\":[]}"));
    CHECK_STR(seen->last[3], "gone");
    CHECK(strstr(seen->last[1], "{\"campaign_id\":\"one\",\"eligible\":false,\"reason\":\"just_bought\"}"));
    CHECK(strstr(seen->last[1], "{\"campaign_id\":\"buyers\",\"eligible\":true"));
    CHECK(strstr(seen->last[5], "{\"campaign_id\":\"one\",\"eligible\":true"));
    CHECK(
        strstr(seen->last[5], "{\"campaign_id\":\"capped\",\"eligible\":false,\"reason\":\"capped_life\"}"));
    CHECK(strstr(seen->last[5], "\"not_targeted\":1,\"exploration\":{\"new_campaigns\":"));
}

static void test_what_the_topic_says(void) {
    struct seen one_by_one = run(1, false, true);
    check_what_is_said(&one_by_one);
    for (uint32_t batch = 7; batch <= 100; batch *= 5) {
        struct seen seen = run(batch, true, true);
        check_what_is_said(&seen);
    }
}

/* A campaign that comes is said of everybody who was active, without an event, and of nobody who refused or is gone. */
static void test_a_new_campaign_is_said_of_all(void) {
    struct pipeline p;
    struct seen seen = {0};
    start(&p, 9, 50, event_text);
    p.rules.ads.models.model_bits = 10;
    p.feeds.campaigns = fr_slot_new(free_set);
    fr_slot_put(p.feeds.campaigns, campaigns(false));
    fr_worker_free(&p.workers[FR_STAGE_USER]);
    open_worker(&p, FR_STAGE_USER);
    drive(&p, false);
    fr_slot_put(p.feeds.campaigns, campaigns(true));
    drive(&p, false);
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        fr_bus_memory_read(p.bus, FR_TOPIC_AD_SCORES, partition, 0, look, &seen);
    for (int u = 0; u < USERS; u++) {
        bool is_told = strstr(seen.last[u], "{\"campaign_id\":\"new\",\"eligible\":true");
        CHECK_INT(is_told, u % 2 == 1 && u != 3);
    }
    check_what_is_said(&seen);
    struct fr_slot *slot = p.feeds.campaigns;
    stop(&p);
    fr_slot_free(&slot);
}

/* No campaigns: nothing is said, and nothing goes on for ever. */
static void test_nothing_is_said_without_campaigns(void) {
    struct pipeline p;
    struct seen seen = {0};
    struct fr_campaign_book *none = fr_campaign_book_new();
    start(&p, 9, 50, event_text);
    p.feeds.campaigns = fr_slot_new(free_set);
    fr_slot_put(p.feeds.campaigns, fr_campaign_book_version(none, 1));
    fr_worker_free(&p.workers[FR_STAGE_USER]);
    open_worker(&p, FR_STAGE_USER);
    drive(&p, false);
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        fr_bus_memory_read(p.bus, FR_TOPIC_AD_SCORES, partition, 0, look, &seen);
    CHECK_INT(seen.records, 0);
    struct fr_slot *slot = p.feeds.campaigns;
    stop(&p);
    fr_slot_free(&slot);
    fr_campaign_book_free(none);
}

static void test_nothing_is_said_without_ads(void) {
    struct seen seen = run(50, false, false);
    CHECK_INT(seen.records, 0);
}

/* ---- segments ---- */

/* A user's segments as a reader keeps them: one bit for "buyers", one for "busy". */
struct kept {
    unsigned in[USERS];
    bool gone[USERS];
    uint32_t entered, left, wrong, records;
};

static unsigned bits_of(const char *text, const char *key) {
    const char *at = strstr(text, key), *end = at ? strchr(at, ']') : NULL;
    char list[128];
    if (!at) return 0;
    snprintf(list, sizeof list, "%.*s", (int)(end - at), at);
    return (strstr(list, "\"buyers\"") ? 1u : 0u) | (strstr(list, "\"busy\"") ? 2u : 0u);
}

/* What is entered was not there, what is left was; together they give what is said to be there now. */
static bool keep_segments(void *context, const struct fr_record *r) {
    struct kept *k = context;
    char text[512];
    int user = r->key.ptr[1] - '0';
    k->records++;
    k->gone[user] = r->value.ptr == NULL;
    if (!r->value.ptr) {
        k->in[user] = 0;
        return true;
    }
    snprintf(text, sizeof text, "%.*s", (int)r->value.len, r->value.ptr);
    unsigned now = bits_of(text, "\"segments\":["), entered = bits_of(text, "\"entered\":["),
             left = bits_of(text, "\"left\":[");
    bool is_change = strstr(text, "\"entered\":[");
    if (is_change)
        k->wrong += (k->in[user] & entered) || (left & ~k->in[user]) ||
                    ((k->in[user] | entered) & ~left) != now || !(entered | left);
    k->in[user] = now;
    k->entered += entered != 0;
    k->left += left != 0;
    return true;
}

static struct fr_campaign_set *segments(void) {
    static const char *const records[] = {
        "{\"id\":\"buyers\",\"kind\":\"segment\",\"rule\":\"purchases() > 0\"}",
        "{\"id\":\"busy\",\"kind\":\"segment\",\"rule\":\"clicks(1h) >= 4\"}"};
    struct fr_campaign_book *book = fr_campaign_book_new();
    struct fr_campaign_faults faults;
    for (int i = 0; i < 2; i++)
        CHECK(fr_campaign_book_put(book, (struct fr_str){0}, fr_str_of(records[i]), 1, &faults));
    struct fr_campaign_set *set = fr_campaign_book_version(book, 1);
    fr_campaign_book_free(book);
    return set;
}

static void test_segments_are_entered_and_left_once(void) {
    for (uint32_t batch = 1; batch <= 64; batch *= 8) {
        struct pipeline p;
        struct kept kept = {0};
        struct seen scores = {0};
        start(&p, 9, batch, event_text);
        p.rules.ads.models.model_bits = 10;
        p.feeds.campaigns = fr_slot_new(free_set);
        fr_slot_put(p.feeds.campaigns, segments());
        fr_worker_free(&p.workers[FR_STAGE_USER]);
        open_worker(&p, FR_STAGE_USER);
        drive(&p, true);
        for (int32_t partition = 0; partition < PARTITIONS; partition++) {
            fr_bus_memory_read(p.bus, FR_TOPIC_AUDIENCES, partition, 0, keep_segments, &kept);
            fr_bus_memory_read(p.bus, FR_TOPIC_AD_SCORES, partition, 0, look, &scores);
        }
        CHECK_INT(kept.wrong, 0);
        CHECK(kept.entered > 5 && kept.left > 5);
        CHECK_INT(kept.in[1] & 1, 1);
        for (int u = 0; u < USERS; u++) CHECK_INT(kept.gone[u], u % 2 == 0 || u == 3);
        CHECK_INT(scores.records, 0); /* there are no campaigns */
        struct fr_slot *slot = p.feeds.campaigns;
        stop(&p);
        fr_slot_free(&slot);
    }
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_what_the_topic_says);
    RUN(test_a_new_campaign_is_said_of_all);
    RUN(test_nothing_is_said_without_campaigns);
    RUN(test_nothing_is_said_without_ads);
    RUN(test_segments_are_entered_and_left_once);
    return check_done();
}
