/* The campaigns stage: each record that is no campaign is rejected once, with every fault, whoever dies; and compaction, which takes
 * records away, stops nobody. */
#include "freshet/base/log.h"
#include "stage_pipeline.h"
#include <stdlib.h>

enum { CAMPAIGNS = 1000 };

static int click(struct fr_rng *rng, uint32_t n, char text[256]) {
    return snprintf(text, 256,
                    "{\"event_type\":\"click\",\"user_id\":\"u\",\"item_id\":\"q%u\",\"timestamp\":%lld}",
                    fr_rng_below(rng, 20), 1700000000000 + (long long)n * 40000);
}

static void put(struct pipeline *p, const char *key, const char *value) {
    struct fr_out out = {.topic = FR_TOPIC_CAMPAIGNS,
                         .timestamp_ms = 1700000000000,
                         .key = fr_str_of(key),
                         .value = value ? fr_str_of(value) : (struct fr_str){0}};
    fr_bus_memory_produce(p->bus, &out);
}

/* Every fifth is bad, every seventh of the others a tombstone. Returns how many are bad. */
static int put_campaigns(struct pipeline *p) {
    int bad = 0;
    for (int n = 0; n < CAMPAIGNS; n++) {
        char key[16], text[128];
        bool is_bad = n % 5 == 0;
        snprintf(key, sizeof key, "c%d", n);
        snprintf(text, sizeof text, "{\"id\":\"%s\",\"pays\":{\"price\":%d},\"rule\":\"%s\"}", key,
                 is_bad ? -1 : 1, is_bad ? "purchse( > 1" : "");
        put(p, key, !is_bad && n % 7 == 0 ? NULL : text);
        bad += is_bad;
    }
    return bad;
}

struct seen {
    int records[CAMPAIGNS];
    int n, whole;
};

static bool has_header(const struct fr_record *r, const char *name, const char *part) {
    for (uint32_t i = 0; i < r->header_n; i++) {
        char text[512];
        snprintf(text, sizeof text, "%.*s", FR_STR_ARG(r->headers[i].value));
        if (fr_str_eq(r->headers[i].name, fr_str_of(name))) return strstr(text, part) != NULL;
    }
    return false;
}

static bool look(void *context, const struct fr_record *r) {
    struct seen *seen = context;
    seen->n++;
    seen->records[atoi(r->key.ptr + 1)]++;
    seen->whole += has_header(r, "__freshet.errors.topic", "freshet.campaigns") &&
                   has_header(r, "__freshet.errors.stage", "campaigns") &&
                   has_header(r, "__freshet.errors.code", "bad_campaign") &&
                   has_header(r, "__freshet.errors.message", "pays.price: ") &&
                   has_header(r, "__freshet.errors.message", "; rule: ");
    return true;
}

static void check_rejects(struct pipeline *p, int bad) {
    struct seen seen = {0};
    fr_bus_memory_read(p->bus, FR_TOPIC_REJECTS, 0, 0, look, &seen);
    CHECK_INT(seen.n, bad);
    CHECK_INT(seen.whole, bad);
    for (int n = 0; n < CAMPAIGNS; n += 5) CHECK_INT(seen.records[n], 1);
}

/* Only the campaigns stage runs, and dies often: between its transactions and its commits too. */
static void run_and_die(struct pipeline *p) {
    for (int i = 0; i < 3000; i++) {
        struct fr_errmsg msg = {0};
        p->now += 5;
        fr_bus_memory_set_time(p->bus, p->now);
        CHECK_INT(fr_worker_step(p->workers[FR_STAGE_CAMPAIGNS], p->now, 0, &msg), FR_OK);
        if (fr_rng_below(&p->rng, 70)) continue;
        fr_worker_crash(&p->workers[FR_STAGE_CAMPAIGNS], fr_bus_memory_crash, fr_store_memory_crash);
        p->batch = 1 + fr_rng_below(&p->rng, 50); /* so that a batch has records of before and of after */
        open_worker(p, FR_STAGE_CAMPAIGNS);
    }
}

static void test_each_bad_record_is_rejected_once(void) {
    for (uint32_t batch = 1; batch <= 100; batch *= 10) {
        struct pipeline p;
        start(&p, 11 + batch, batch, click);
        int bad = put_campaigns(&p);
        run_and_die(&p);
        drive(&p, batch > 1);
        check_rejects(&p, bad);
        stop(&p);
    }
}

/* The record before the next one is another one now, or gone. */
static void test_compaction_stops_nobody(void) {
    struct pipeline p;
    start(&p, 5, 50, click);
    int bad = put_campaigns(&p);
    drive(&p, false);
    fr_bus_memory_rewrite(p.bus, FR_TOPIC_CAMPAIGNS, 0, CAMPAIGNS - 1);
    fr_worker_crash(&p.workers[FR_STAGE_CAMPAIGNS], fr_bus_memory_crash, fr_store_memory_crash);
    open_worker(&p, FR_STAGE_CAMPAIGNS);
    put(&p, "c0", "[]");
    drive(&p, false);
    struct seen seen = {0};
    fr_bus_memory_read(p.bus, FR_TOPIC_REJECTS, 0, 0, look, &seen);
    CHECK_INT(seen.n, bad + 1);
    CHECK_INT(seen.records[0], 2);
    stop(&p);
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_each_bad_record_is_rejected_once);
    RUN(test_compaction_stops_nobody);
    return check_done();
}
