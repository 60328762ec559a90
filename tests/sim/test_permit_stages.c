/* Hard budgets through the real stages, with an ad server that uses what it is told, late and often: whoever dies, no day and no
 * campaign costs more than was agreed, by a count of the log. The same campaigns with soft budgets are shown beside them. */
#include "freshet/base/log.h"
#include "freshet/target/campaign_set.h"
#include "freshet/target/ledger.h"
#include "freshet/target/permit.h"
#include "stage_pipeline.h"
#include <stdlib.h>

enum { USERS = 60, STEP_MS = 250, WINDOW_MS = 240000, MINUTES = 32, SHOWN_MOST = 200000 };
enum { IMPRESSION, CLICK, CONVERSION, KINDS };

/* Half of it before midnight. */
static const fr_time_ms midnight_ms = 1700092800000;
static const fr_time_ms begin_ms = 1700092800000 - MINUTES * 60000 / 2;

/* Each runs for a short time, in which its users would spend several budgets; those with a day's budget around midnight. */
struct plan {
    const char *id;
    unsigned pays;
    bool hard, daily;
    int64_t price_micros, budget_micros;
    int64_t from_ms; /* since begin_ms */
    int64_t for_ms;
};
static const struct plan plans[] = {
    {"hard0", IMPRESSION, true, false, 250000, 30000000, 60000, WINDOW_MS},
    {"hard1", IMPRESSION, true, false, 700000, 20000000, 400000, WINDOW_MS},
    {"hard2", IMPRESSION, true, true, 250000, 10000000, MINUTES * 30000 - WINDOW_MS / 2, WINDOW_MS},
    {"hard3", CLICK, true, false, 1000000, 60000000, 60000, WINDOW_MS},
    {"hard4", CLICK, true, true, 1000000, 20000000, MINUTES * 30000 - WINDOW_MS / 2, WINDOW_MS},
    {"hard5", CONVERSION, true, false, 2000000, 100000000, 200000, WINDOW_MS},
    {"hard6", IMPRESSION, true, false, 250000, 60000000, 0, MINUTES * 60000},
    {"hard7", CLICK, true, false, 1000000, 60000000, 0, MINUTES * 60000},
    {"soft0", IMPRESSION, false, false, 250000, 30000000, 60000, WINDOW_MS},
    {"soft1", IMPRESSION, false, false, 700000, 20000000, 400000, WINDOW_MS},
    {"soft2", IMPRESSION, false, true, 250000, 10000000, MINUTES * 30000 - WINDOW_MS / 2, WINDOW_MS},
};
enum { PLANS = sizeof plans / sizeof *plans };

static int backlog_text(struct fr_rng *rng, uint32_t n, char text[256]) {
    return snprintf(text, 256,
                    "{\"event_type\":\"click\",\"user_id\":\"u%u\",\"item_id\":\"p1\",\"timestamp\":%lld}",
                    fr_rng_below(rng, USERS), 1700000000000LL + n * 40000LL);
}

static void put_campaign(struct fr_campaign_book *book, const struct plan *plan) {
    static const char *const pays[] = {"impression", "click", "conversion"};
    struct fr_campaign_faults faults;
    char text[400];
    long long from = begin_ms + plan->from_ms;
    snprintf(text, sizeof text,
             "{\"id\":\"%s\",\"pays\":{\"for\":\"%s\",\"price\":%g},\"budget\":{\"mode\":\"%s\",\"%s\":%g},"
             "\"start\":%lld,\"end\":%lld}",
             plan->id, pays[plan->pays], (double)plan->price_micros * 1e-6, plan->hard ? "hard" : "soft",
             plan->daily ? "daily" : "total", (double)plan->budget_micros * 1e-6, from,
             from + (plan->for_ms ? plan->for_ms : WINDOW_MS));
    CHECK(fr_campaign_book_put(book, (struct fr_str){0}, fr_str_of(text), 1, &faults));
}

static struct fr_campaign_set *campaigns(void) {
    struct fr_campaign_book *book = fr_campaign_book_new();
    for (unsigned i = 0; i < PLANS; i++) put_campaign(book, &plans[i]);
    struct fr_campaign_set *set = fr_campaign_book_version(book, 1);
    fr_campaign_book_free(book);
    return set;
}

/* ---- the ad server, and who sees its ads ---- */

struct coming {
    fr_time_ms at_ms, arrives_ms; /* when it happens, when it is in the log */
    unsigned plan, user, kind;
};

struct server {
    struct pipeline *p;
    struct fr_rng rng;
    int64_t read[PARTITIONS]; /* of the scores */
    struct coming *coming;    /* [coming_n] */
    uint32_t coming_n, event_n;
};

static fr_time_ms below(struct server *s, fr_time_ms ms) {
    return ms > 0 ? fr_rng_below(&s->rng, (uint32_t)ms) : 0;
}

static void add_told(struct server *s, fr_time_ms at_ms, fr_time_ms late_ms, unsigned plan, unsigned user,
                     unsigned kind) {
    FR_ASSERT(s->coming_n < SHOWN_MOST);
    s->coming[s->coming_n++] = (struct coming){at_ms, at_ms + late_ms, plan, user, kind};
}

static void add(struct server *s, fr_time_ms at_ms, unsigned plan, unsigned user, unsigned kind) {
    fr_time_ms late_ms = kind == IMPRESSION ? below(s, FR_PERMIT_ARRIVE_MS - 2 * STEP_MS) : below(s, 5000);
    if (at_ms < s->p->now) late_ms -= s->p->now - at_ms; /* it is told now */
    add_told(s, at_ms, late_ms, plan, user, kind);
}

/* One showing of what a score allows, at any instant until its permit ends. */
static void use(struct server *s, unsigned plan, unsigned user, fr_time_ms until_ms) {
    fr_time_ms left_ms = until_ms - s->p->now;
    if (left_ms <= 0 || fr_rng_below(&s->rng, 10) < 3) return;
    fr_time_ms at_ms = s->p->now + (fr_rng_below(&s->rng, 2) ? below(s, left_ms) : 0);
    add(s, at_ms, plan, user, IMPRESSION);
    if (fr_rng_below(&s->rng, 2)) add(s, at_ms + below(s, 800000), plan, user, CLICK);
    if (fr_rng_below(&s->rng, 4) == 0) /* by somebody who is impatient; all of it is told later */
        for (int i = 1; i < 20; i++) add_told(s, at_ms + 1000 * i, 120000, plan, user, CLICK);
    if (fr_rng_below(&s->rng, 3) == 0) add(s, at_ms + below(s, 1500000), plan, user, CONVERSION);
}

static fr_time_ms time_in(const char *from, const char *key, fr_time_ms otherwise) {
    const char *end = strchr(from, '}'), *at = strstr(from, key);
    fr_time_ms t = otherwise;
    if (!at || at > end) return otherwise;
    at += strlen(key);
    CHECK(fr_time_parse_rfc3339((struct fr_str){at, (uint32_t)strcspn(at, "\"")}, &t));
    return t;
}

static bool take_scores(void *context, const struct fr_record *r) {
    struct server *s = context;
    char text[8192];
    unsigned user = 0;
    s->read[r->partition] = r->offset + 1;
    if (!r->value.ptr) return true;
    snprintf(text, sizeof text, "%.*s", (int)r->value.len, r->value.ptr);
    CHECK_INT(sscanf(strstr(text, "\"user_id\":\"u"), "\"user_id\":\"u%u", &user), 1);
    for (unsigned i = 0; i < PLANS; i++) {
        char entry[64];
        snprintf(entry, sizeof entry, "\"campaign_id\":\"%s\",\"eligible\":true", plans[i].id);
        const char *at = strstr(text, entry);
        if (!at) continue;
        fr_time_ms until_ms = time_in(at, "\"show_until\":\"", 0);
        CHECK((until_ms > 0) == plans[i].hard);
        use(s, i, user, plans[i].hard ? until_ms : s->p->now + FR_PERMIT_SHOW_MS);
    }
    return true;
}

static void produce(struct server *s, const char *type, unsigned user, const char *what, fr_time_ms at_ms) {
    char text[256], key[8];
    snprintf(key, sizeof key, "u%u", user);
    int len =
        snprintf(text, sizeof text,
                 "{\"event_id\":\"x%u\",\"event_type\":\"%s\",\"user_id\":\"u%u\",%s,\"timestamp\":%lld}",
                 s->event_n++, type, user, what, (long long)at_ms);
    struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                         .partition = -1,
                         .timestamp_ms = s->p->now,
                         .key = fr_str_of(key),
                         .value = {text, (uint32_t)len}};
    fr_bus_memory_produce(s->p->bus, &out);
}

static void serve(struct server *s) {
    static const char *const types[] = {"ad_impression", "ad_click", "ad_conversion"};
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        fr_bus_memory_read(s->p->bus, FR_TOPIC_AD_SCORES, partition, s->read[partition], take_scores, s);
    for (uint32_t i = 0; i < s->coming_n;) {
        struct coming c = s->coming[i];
        if (c.arrives_ms > s->p->now) {
            i++;
            continue;
        }
        char what[64];
        snprintf(what, sizeof what, "\"campaign_id\":\"%s\"%s", plans[c.plan].id,
                 plans[c.plan].hard ? ",\"price\":9" : ""); /* more than was agreed */
        produce(s, types[c.kind], c.user, what, c.at_ms);
        s->coming[i] = s->coming[--s->coming_n];
    }
}

/* ---- judgement ---- */

/* False: there is none yet. */
static bool ledger_of(struct pipeline *p, const char *id, struct fr_ledger *out) {
    struct fr_keys keys;
    struct fr_arena arena = {0};
    struct fr_str value = {0};
    char key[16];
    snprintf(key, sizeof key, "l:%s", id);
    fr_keys_init(&keys, "t", "aggregate", PARTITIONS, 1);
    for (int32_t partition = 0; partition < PARTITIONS && !value.len; partition++)
        value = fr_store_memory_get(p->store, fr_keys_state(&keys, partition, fr_str_of(key), &arena));
    struct fr_reader r = fr_reader_of(value);
    bool is_there = value.len > 0 && fr_pack_read_array(&r) == 2;
    fr_pack_read_int(&r);
    if (is_there)
        CHECK(fr_ledger_decode(out, FR_LEDGER_HOURS,
                               (struct fr_str){(const char *)r.at, (uint32_t)(r.end - r.at)}));
    fr_keys_fini(&keys);
    fr_arena_fini(&arena);
    return is_there;
}

struct counted {
    int64_t impressions[PLANS][2]; /* before and after midnight */
};

static bool count_record(void *context, const struct fr_record *r) {
    struct counted *c = context;
    char text[256];
    long long t;
    snprintf(text, sizeof text, "%.*s", (int)r->value.len, r->value.ptr);
    const char *id = strstr(text, "\"campaign_id\":\""), *at = strstr(text, "\"timestamp\":");
    if (!id || !at || !strstr(text, "ad_impression") || sscanf(at, "\"timestamp\":%lld", &t) != 1)
        return true;
    for (unsigned i = 0; i < PLANS; i++)
        if (strncmp(id + 15, plans[i].id, 5) == 0) c->impressions[i][t >= midnight_ms]++;
    return true;
}

struct verdict {
    double spent[PLANS]; /* of the budget of a day or the total, the most */
    int64_t unbilled;    /* impressions of campaigns that pay for them */
    int64_t late_clicks; /* not billed, of hard campaigns that pay for clicks */
};

static double share(int64_t micros, const struct plan *plan) {
    return (double)micros / (double)plan->budget_micros;
}

static void judge(struct pipeline *p, struct verdict *v) {
    struct counted counted = {0};
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        fr_bus_memory_read(p->bus, FR_TOPIC_EVENTS, partition, 0, count_record, &counted);
    for (unsigned i = 0; i < PLANS; i++) {
        struct fr_ledger l = {0};
        const struct plan *plan = &plans[i];
        int32_t day = fr_ledger_day(fr_ledger_hour(midnight_ms));
        CHECK(ledger_of(p, plan->id, &l));
        int64_t days[] = {fr_ledger_spent_on_day(&l, day - 1), fr_ledger_spent_on_day(&l, day)};
        int64_t total = fr_ledger_total(&l, FR_LEDGER_SPEND_MICROS);
        CHECK_INT(total, days[0] + days[1]);
        v->spent[i] = share(plan->daily ? days[days[1] > days[0]] : total, plan);
        for (int d = 0; d < 2 && plan->pays == IMPRESSION; d++)
            v->unbilled += counted.impressions[i][d] - days[d] / plan->price_micros;
        if (plan->hard && plan->pays == CLICK)
            v->late_clicks += fr_ledger_total(&l, FR_LEDGER_CLICKS) - fr_ledger_total(&l, FR_LEDGER_BILLED);
        fr_ledger_fini(&l);
    }
}

/* What is spent and what may still be, as it is stored. */
static void check_books(struct pipeline *p) {
    int32_t day = fr_ledger_day(fr_ledger_hour(p->now));
    for (unsigned i = 0; i < PLANS; i++) {
        struct fr_ledger l = {0};
        if (!plans[i].hard || !ledger_of(p, plans[i].id, &l)) continue;
        int64_t spent =
            plans[i].daily ? fr_ledger_spent_on_day(&l, day) : fr_ledger_total(&l, FR_LEDGER_SPEND_MICROS);
        CHECK(spent + fr_permit_book_open(&l.permits) <= plans[i].budget_micros);
        fr_ledger_fini(&l);
    }
}

static void free_set(void *set) { fr_campaign_set_free(set); }

static void open_all(struct pipeline *p, uint64_t seed) {
    start(p, seed, 50, backlog_text);
    p->rules.ads.models.model_bits = 10;
    p->feeds.campaigns = fr_slot_new(free_set);
    fr_slot_put(p->feeds.campaigns, campaigns());
    snprintf(p->rules.topic_prefix, sizeof p->rules.topic_prefix, "t");
    drive(p, false);
    p->now = begin_ms;
    for (unsigned kind = 0; kind < FR_STAGE_N; kind++) {
        fr_worker_free(&p->workers[kind]);
        open_worker(p, (enum fr_stage_kind)kind);
    }
}

/* Until everything is stored. Pacing's views go on being written, so nobody ever rests for long. */
static void settle(struct pipeline *p) {
    struct fr_worker_status status;
    for (int i = 0; i < 3000; i++) {
        p->now += 5;
        fr_bus_memory_set_time(p->bus, p->now);
        for (unsigned kind = 0; kind < FR_STAGE_N; kind++)
            CHECK_INT(fr_worker_step(p->workers[kind], p->now, 0, NULL), FR_OK);
    }
    for (unsigned kind = 0; kind < FR_STAGE_N; kind++) {
        fr_worker_status(p->workers[kind], &status);
        CHECK_INT(status.behind_records, 0);
        CHECK_INT(status.live, partitions_of((enum fr_stage_kind)kind));
    }
}

/* kill_ms: a worker dies that often, or its store loses its last writes; 0: never. */
static struct verdict run(uint64_t seed, uint32_t kill_ms) {
    struct pipeline p;
    struct server s = {.p = &p, .rng = {seed}, .coming = fr_alloc(SHOWN_MOST * sizeof *s.coming)};
    struct verdict v = {0};
    open_all(&p, seed);
    for (int i = 0; i < MINUTES * 60000 / STEP_MS; i++) {
        p.now += STEP_MS;
        fr_bus_memory_set_time(p.bus, p.now);
        produce(&s, "click", fr_rng_below(&s.rng, USERS), "\"item_id\":\"p2\"", p.now);
        serve(&s);
        if (kill_ms && fr_rng_below(&p.rng, kill_ms / STEP_MS) == 0) {
            enum fr_stage_kind kind = (enum fr_stage_kind)fr_rng_below(&p.rng, 2);
            fr_worker_crash(&p.workers[kind], fr_bus_memory_crash, fr_store_memory_crash);
            open_worker(&p, kind);
            if (fr_rng_below(&p.rng, 2)) fr_store_memory_roll_back(p.store, 1 + fr_rng_below(&p.rng, 4));
        }
        if (i % 40 == 0) check_books(&p);
        for (int round = 0; round < 3; round++)
            for (unsigned kind = 0; kind < FR_STAGE_N; kind++) {
                CHECK_INT(fr_worker_step(p.workers[kind], p.now, 0, NULL), FR_OK);
            }
    }
    settle(&p);
    judge(&p, &v);
    struct fr_slot *slot = p.feeds.campaigns;
    stop(&p);
    fr_slot_free(&slot);
    free(s.coming);
    return v;
}

static void say(const char *what, const struct verdict *v) {
    printf("%s: share of the budget spent", what);
    for (unsigned i = 0; i < PLANS; i++) printf(" %s %.3f", plans[i].id, v->spent[i]);
    printf("; not billed: impressions %lld, clicks %lld\n", (long long)v->unbilled,
           (long long)v->late_clicks);
}

static const struct plan *plan_of(const char *id) {
    for (unsigned i = 0; i < PLANS; i++)
        if (strcmp(plans[i].id, id) == 0) return &plans[i];
    return NULL;
}

static double spent_by(const struct verdict *v, const char *id) { return v->spent[plan_of(id) - plans]; }

/* Soft ones show what this ad server does to a budget. */
static void check_spent(const struct verdict *v) {
    for (unsigned i = 0; i < PLANS; i++)
        if (plans[i].hard) CHECK(v->spent[i] <= 1);
    CHECK(spent_by(v, "soft2") > 1.3);
    CHECK(spent_by(v, "hard6") > .9);
    CHECK(spent_by(v, "hard7") > .2);
    CHECK_INT(v->unbilled, 0);
    CHECK(v->late_clicks > 0); /* some come later than is reserved for */
}

static void test_no_budget_is_exceeded(void) {
    struct verdict v = run(1, 0);
    say("quiet", &v);
    check_spent(&v);
}

static void test_no_budget_is_exceeded_whoever_dies(void) {
    struct verdict v = run(2, 60000);
    say("a death a minute", &v);
    check_spent(&v);
    v = run(3, 10000);
    say("a death in ten seconds", &v);
    check_spent(&v);
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_no_budget_is_exceeded);
    RUN(test_no_budget_is_exceeded_whoever_dies);
    return check_done();
}
