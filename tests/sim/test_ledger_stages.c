/* Ledgers through the real stages: each is what a plain count of the log gives, whoever dies, and pacing's views follow them. */
#include "freshet/base/log.h"
#include "freshet/run/live_ads.h"
#include "freshet/target/pacing_view.h"
#include "freshet/target/campaign_set.h"
#include "freshet/target/lift.h"
#include "stage_pipeline.h"
#include <stdlib.h>

enum { USERS = 10, CAMPAIGNS = 3 };

static const fr_time_ms start_ms = 1700000000000;

#define CONTROL_SHARE 0.4 /* of c0 */

static bool is_control(unsigned campaign, unsigned user) {
    char id[8];
    snprintf(id, sizeof id, "u%u", user);
    return campaign == 0 && fr_is_control(fr_str_of(id), FR_STR("c0"), 0, CONTROL_SHARE);
}

/* c0 pays for impressions and has a control group, c1 for conversions, whatever these say of a price; c2 is not known. One in seven says what was paid. Some come twice. Nobody of the
 * control group is shown c0. */
static int event_text(struct fr_rng *rng, uint32_t n, char text[256]) {
    static const char *const types[] = {"ad_impression", "ad_click", "ad_conversion"};
    uint32_t id = fr_rng_below(rng, 20) ? n : n - (n > 0);
    uint32_t type = fr_rng_below(rng, 3), user = fr_rng_below(rng, USERS),
             campaign = fr_rng_below(rng, CAMPAIGNS);
    if (is_control(campaign, user)) campaign = 2;
    return snprintf(text, 256,
                    "{\"event_id\":\"e%u\",\"event_type\":\"%s\",\"user_id\":\"u%u\",\"campaign_id\":\"c%u\","
                    "\"timestamp\":%lld%s}",
                    id, types[type], user, campaign, (long long)start_ms + (long long)n * 40000,
                    fr_rng_below(rng, 7) ? "" : ",\"price\":0.1");
}

/* What a person would count by hand, from the texts of the log. */
struct counted {
    struct fr_ledger ledgers[CAMPAIGNS];
    bool touched[CAMPAIGNS][USERS], reached[CAMPAIGNS][USERS], converted[CAMPAIGNS][USERS];
    char ids[USERS][64][12]; /* a user's last event ids */
    uint32_t id_n[USERS], withheld_n;
};

static bool is_again(struct counted *c, uint32_t user, const char *id) {
    uint32_t n = c->id_n[user];
    for (uint32_t i = 0; i < n && i < 64; i++)
        if (strcmp(c->ids[user][i], id) == 0) return true;
    snprintf(c->ids[user][n % 64], 12, "%s", id);
    c->id_n[user]++;
    return false;
}

static void count_one(struct counted *c, uint32_t campaign, fr_time_ms t, enum fr_ledger_measure measure,
                      int64_t n) {
    struct fr_ledger_delta d = {.hour = fr_ledger_hour(t)};
    d.add.of[measure] = n;
    fr_ledger_apply(&c->ledgers[campaign], FR_LEDGER_HOURS, &d);
}

/* People: whom it reached, or could have, and who of them converted. */
static void count_people(struct counted *c, unsigned campaign, unsigned user, fr_time_ms t, char kind) {
    bool control = is_control(campaign, user), *touched = &c->touched[campaign][user];
    bool *reached = &c->reached[campaign][user], *converted = &c->converted[campaign][user];
    if (kind == 'i' && !*reached) count_one(c, campaign, t, FR_LEDGER_REACHED, 1);
    if (kind == 'w' && !*touched && control) count_one(c, campaign, t, FR_LEDGER_CONTROL_REACHED, 1);
    if (kind == 'v' && !*converted && *touched && *reached == !control)
        count_one(c, campaign, t, control ? FR_LEDGER_CONTROL_CONVERTED : FR_LEDGER_CONVERTED, 1);
    *touched = true;
    *reached |= kind == 'i';
    *converted |= kind == 'v';
}

static void count_ad(struct counted *c, unsigned campaign, unsigned user, fr_time_ms t, char kind,
                     const char *text) {
    bool withheld = is_control(campaign, user) && kind == 'v';
    count_people(c, campaign, user, t, kind);
    if (kind == 'w') return;
    count_one(c, campaign, t,
              kind == 'i'   ? FR_LEDGER_IMPRESSIONS
              : kind == 'c' ? FR_LEDGER_CLICKS
              : withheld    ? FR_LEDGER_CONTROL_CONVERSIONS
                            : FR_LEDGER_CONVERSIONS,
              1);
    if ((campaign == 0 && kind == 'i') || (campaign == 1 && kind == 'v')) {
        int64_t price = campaign == 1 ? 2000000 : strstr(text, "price") ? 100000 : 250000;
        count_one(c, campaign, t, FR_LEDGER_BILLED, 1);
        count_one(c, campaign, t, FR_LEDGER_SPEND_MICROS, price);
    }
}

static bool count_record(void *context, const struct fr_record *r) {
    struct counted *c = context;
    char text[256], id[12], type[24];
    unsigned user, campaign;
    long long t;
    snprintf(text, sizeof text, "%.*s", (int)r->value.len, r->value.ptr);
    if (sscanf(
            text,
            "{\"event_type\":\"ad_withheld\",\"user_id\":\"u%u\",\"campaign_id\":\"c%u\",\"timestamp\":%lld",
            &user, &campaign, &t) == 3) {
        c->withheld_n++;
        count_ad(c, campaign, user, t, 'w', text);
        return true;
    }
    int n = sscanf(text,
                   "{\"event_id\":\"%11[^\"]\",\"event_type\":\"%23[^\"]\",\"user_id\":\"u%u\","
                   "\"campaign_id\":\"c%u\",\"timestamp\":%lld",
                   id, type, &user, &campaign, &t);
    CHECK_INT(n, 5);
    if (n != 5 || is_again(c, user, id)) return true;
    count_ad(c, campaign, user, t, strcmp(type, "ad_conversion") == 0 ? 'v' : type[3], text);
    return true;
}

static void free_set(void *set) { fr_campaign_set_free(set); }

static struct fr_campaign_set *campaigns(uint64_t number) {
    static const char *const records[] = {
        "{\"id\":\"c0\",\"pays\":{\"for\":\"impression\",\"price\":0.25},\"budget\":{\"total\":5},"
        "\"control_share\":0.4}",
        "{\"id\":\"c1\",\"pays\":{\"for\":\"conversion\",\"price\":2},\"budget\":{\"total\":1000000},"
        "\"rule\":\"clicks() == 0\"}"};
    struct fr_campaign_book *book = fr_campaign_book_new();
    struct fr_campaign_faults faults;
    for (int i = 0; i < 2; i++)
        CHECK(fr_campaign_book_put(book, (struct fr_str){0}, fr_str_of(records[i]), 1, &faults));
    struct fr_campaign_set *set = fr_campaign_book_version(book, number);
    fr_campaign_book_free(book);
    return set;
}

/* Everybody converts, shown or not, when the log is over. */
static void produce_conversions(struct pipeline *p) {
    for (unsigned user = 0; user < USERS; user++) {
        char text[256], key[8];
        fr_time_ms t = start_ms + EVENTS * 40000LL + user;
        int len = snprintf(text, sizeof text,
                           "{\"event_id\":\"v%u\",\"event_type\":\"ad_conversion\",\"user_id\":\"u%u\","
                           "\"campaign_id\":\"c0\",\"timestamp\":%lld}",
                           user, user, (long long)t);
        snprintf(key, sizeof key, "u%u", user);
        struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                             .partition = -1,
                             .timestamp_ms = t + 2000000,
                             .key = fr_str_of(key),
                             .value = {text, (uint32_t)len}};
        fr_bus_memory_produce(p->bus, &out);
    }
}

static struct fr_str stored(struct pipeline *p, const char *key, struct fr_arena *arena) {
    struct fr_keys keys;
    struct fr_str value = {0};
    fr_keys_init(&keys, "t", "aggregate", PARTITIONS, 1);
    for (int32_t partition = 0; partition < PARTITIONS && !value.len; partition++)
        value = fr_store_memory_get(p->store, fr_keys_state(&keys, partition, fr_str_of(key), arena));
    fr_keys_fini(&keys);
    return value;
}

/* Opportunities are scorings, which are not in the log: they are left out on both sides. */
static void without_opportunities(struct fr_ledger *l) {
    static const enum fr_ledger_measure made[] = {FR_LEDGER_OPPORTUNITIES, FR_LEDGER_CONTROL_OPPORTUNITIES};
    for (int m = 0; m < 2; m++) {
        l->totals.of[made[m]] = 0;
        for (uint32_t i = 0; i < l->hours.n; i++) l->hours.buckets[i].sums.of[made[m]] = 0;
        for (uint32_t i = 0; i < l->days.n; i++) l->days.buckets[i].sums.of[made[m]] = 0;
    }
}

static void check_ledger(struct pipeline *p, struct fr_ledger *wanted, unsigned campaign) {
    char key[8];
    struct fr_arena arena = {0};
    struct fr_ledger got = {0};
    struct fr_buf a = {0}, b = {0};
    snprintf(key, sizeof key, "l:c%u", campaign);
    struct fr_reader r = fr_reader_of(stored(p, key, &arena));
    CHECK_INT(fr_pack_read_array(&r), 2);
    fr_pack_read_int(&r);
    CHECK(r.ok && fr_ledger_decode(&got, FR_LEDGER_HOURS,
                                   (struct fr_str){(const char *)r.at, (uint32_t)(r.end - r.at)}));
    CHECK_INT(fr_ledger_total(&got, FR_LEDGER_OPPORTUNITIES) > 0, campaign < 2); /* c2 is not known */
    without_opportunities(&got);
    fr_ledger_encode(&got, &a);
    fr_ledger_encode(wanted, &b);
    CHECK(fr_str_eq(fr_buf_slice(&a), fr_buf_slice(&b)));
    CHECK(fr_ledger_total(wanted, FR_LEDGER_IMPRESSIONS) > 50);
    fr_ledger_fini(&got);
    fr_buf_fini(&a);
    fr_buf_fini(&b);
    fr_arena_fini(&arena);
}

static void test_each_ledger_is_a_count_of_the_log(void) {
    for (uint32_t batch = 1; batch <= 100; batch *= 10) {
        struct pipeline p;
        struct counted counted = {0};
        start(&p, 31, batch, event_text);
        p.rules.ads.models.model_bits = 10;
        p.feeds.campaigns = fr_slot_new(free_set);
        fr_slot_put(p.feeds.campaigns, campaigns(1));
        fr_worker_free(&p.workers[FR_STAGE_USER]);
        open_worker(&p, FR_STAGE_USER);
        drive(&p, batch != 1);
        produce_conversions(&p);
        drive(&p, false);
        for (int32_t partition = 0; partition < PARTITIONS; partition++)
            fr_bus_memory_read(p.bus, FR_TOPIC_EVENTS, partition, 0, count_record, &counted);
        for (unsigned c = 0; c < CAMPAIGNS; c++) check_ledger(&p, &counted.ledgers[c], c);
        CHECK(counted.withheld_n > 0 && counted.withheld_n < 50); /* of 500 events of theirs */
        CHECK(fr_ledger_total(&counted.ledgers[0], FR_LEDGER_CONTROL_CONVERTED) > 1);
        CHECK(fr_ledger_total(&counted.ledgers[0], FR_LEDGER_CONVERTED) > 0);
        for (unsigned c = 0; c < CAMPAIGNS; c++) fr_ledger_fini(&counted.ledgers[c]);
        struct fr_slot *slot = p.feeds.campaigns;
        stop(&p);
        fr_slot_free(&slot);
    }
}

/* ---- pacing ---- */

static void step(struct pipeline *p, int rounds) {
    for (int i = 0; i < rounds; i++) {
        p->now += 5;
        fr_bus_memory_set_time(p->bus, p->now);
        for (unsigned kind = 0; kind < FR_STAGE_N; kind++)
            CHECK_INT(fr_worker_step(p->workers[kind], p->now, 0, NULL), FR_OK);
    }
}

/* The entry of a campaign; all 0 if its partition has no view. */
static struct fr_pacing_entry pace_of(struct pipeline *p, const char *id) {
    struct fr_keys keys;
    struct fr_arena arena = {0};
    struct fr_pacing_entry entries[CAMPAIGNS], found = {0};
    fr_time_ms at_ms;
    fr_keys_init(&keys, "t", "aggregate", PARTITIONS, 1);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        struct fr_str view =
            fr_store_memory_get(p->store, fr_keys_view(&keys, "pacing", partition, FR_STR(""), &arena));
        int64_t n = fr_pacing_view_decode(view, &at_ms, entries, CAMPAIGNS);
        for (int64_t i = 0; i < n; i++)
            if (fr_str_eq(entries[i].campaign_id, fr_str_of(id))) found = entries[i];
    }
    fr_keys_fini(&keys);
    fr_arena_fini(&arena);
    return found;
}

static void click(struct pipeline *p, int n) {
    char text[160];
    int len = snprintf(text, sizeof text,
                       "{\"event_type\":\"click\",\"user_id\":\"u1\",\"item_id\":\"p%d\",\"timestamp\":%lld}",
                       n, (long long)start_ms + EVENTS * 40000LL + n);
    struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                         .partition = -1,
                         .timestamp_ms = start_ms + EVENTS * 40000LL + 2000000 + n,
                         .key = FR_STR("u1"),
                         .value = {text, (uint32_t)len}};
    fr_bus_memory_produce(p->bus, &out);
}

/* The stages with campaigns, and views where the stage looks for them; the log has been read. */
static void open_paced(struct pipeline *p) {
    start(p, 31, 50, event_text);
    p->feeds.campaigns = fr_slot_new(free_set);
    fr_slot_put(p->feeds.campaigns, campaigns(1));
    snprintf(p->rules.topic_prefix, sizeof p->rules.topic_prefix, "t");
    fr_worker_free(&p->workers[FR_STAGE_USER]);
    fr_worker_free(&p->workers[FR_STAGE_AGGREGATE]);
    open_worker(p, FR_STAGE_USER);
    open_worker(p, FR_STAGE_AGGREGATE);
    step(p, 4000);
}

static int64_t total(struct pipeline *p, const char *key, enum fr_ledger_measure measure) {
    struct fr_arena arena = {0};
    struct fr_ledger l = {0};
    struct fr_reader r = fr_reader_of(stored(p, key, &arena));
    fr_pack_read_array(&r);
    fr_pack_read_int(&r);
    CHECK(r.ok && fr_ledger_decode(&l, FR_LEDGER_HOURS,
                                   (struct fr_str){(const char *)r.at, (uint32_t)(r.end - r.at)}));
    int64_t n = fr_ledger_total(&l, measure);
    fr_ledger_fini(&l);
    fr_arena_fini(&arena);
    return n;
}

/* When campaigns change everybody is scored anew, and nobody was there to be shown anything. */
static void test_a_sweep_is_no_opportunity(void) {
    struct pipeline p;
    open_paced(&p);
    int64_t before = total(&p, "l:c0", FR_LEDGER_OPPORTUNITIES);
    fr_slot_put(p.feeds.campaigns, campaigns(2));
    step(&p, 1000);
    CHECK(before > 100);
    CHECK_INT(total(&p, "l:c0", FR_LEDGER_OPPORTUNITIES), before);
    struct fr_slot *slot = p.feeds.campaigns;
    stop(&p);
    fr_slot_free(&slot);
}

/* What the views say is what the ledgers say, also after a restart that has read no record of the campaign. */
static void test_pacing_follows_the_ledgers(void) {
    struct pipeline p;
    struct counted counted = {0};
    open_paced(&p);
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        fr_bus_memory_read(p.bus, FR_TOPIC_EVENTS, partition, 0, count_record, &counted);
    struct fr_pacing_entry gone = pace_of(&p, "c0"), runs = pace_of(&p, "c1");
    CHECK(gone.exhausted && gone.multiplier <= 0);
    CHECK_INT(gone.spent_total_micros, fr_ledger_total(&counted.ledgers[0], FR_LEDGER_SPEND_MICROS));
    CHECK(!runs.exhausted && runs.multiplier > 0 && runs.control.started);
    CHECK_INT(runs.spent_total_micros, fr_ledger_total(&counted.ledgers[1], FR_LEDGER_SPEND_MICROS));
    CHECK_INT(runs.conversions, fr_ledger_total(&counted.ledgers[1], FR_LEDGER_CONVERSIONS));
    fr_worker_crash(&p.workers[FR_STAGE_AGGREGATE], fr_bus_memory_crash, fr_store_memory_crash);
    open_worker(&p, FR_STAGE_AGGREGATE);
    step(&p, 400);
    for (int n = 0; n < 20; n++) {
        click(&p, n); /* traffic, and nothing of c1, which is not for who clicked */
        step(&p, 100);
    }
    struct fr_pacing_entry again = pace_of(&p, "c0"), goes_on = pace_of(&p, "c1");
    CHECK(again.exhausted && again.multiplier <= 0);
    CHECK_INT(again.spent_total_micros, gone.spent_total_micros);
    CHECK(goes_on.control.at > runs.control.at &&
          goes_on.control.spent_micros > runs.control.spent_micros / 2); /* not anew */
    CHECK_INT(goes_on.spent_total_micros, runs.spent_total_micros);
    for (unsigned c = 0; c < CAMPAIGNS; c++) fr_ledger_fini(&counted.ledgers[c]);
    struct fr_slot *slot = p.feeds.campaigns;
    stop(&p);
    fr_slot_free(&slot);
}

/* A stored ledger that nobody can read stops its partition's views, for a budget must not be spent anew; and it is counted. */
static void test_an_unreadable_ledger_stops_pacing_and_is_counted(void) {
    struct pipeline p;
    struct fr_keys keys;
    struct fr_arena arena = {0};
    open_paced(&p);
    fr_time_ms at_before = pace_of(&p, "c1").control.at;
    fr_worker_crash(&p.workers[FR_STAGE_AGGREGATE], fr_bus_memory_crash, fr_store_memory_crash);
    fr_keys_init(&keys, "t", "aggregate", PARTITIONS, 1);
    struct fr_store *s = fr_store_memory_open(p.store);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        struct fr_pair pair = {fr_keys_state(&keys, partition, FR_STR("l:c1"), &arena), FR_STR("rubbish")};
        if (!fr_store_memory_get(p.store, pair.key).len) continue;
        CHECK_INT(s->ops->put_start(s, &pair, 1, 0, NULL), FR_OK);
        while (s->ops->put_poll(s, NULL) == FR_PENDING) continue;
    }
    s->ops->close(s);
    p.stat = fr_stat_block_new();
    open_worker(&p, FR_STAGE_AGGREGATE);
    step(&p, 400);
    for (int n = 0; n < 20; n++) {
        click(&p, n);
        step(&p, 100);
    }
    CHECK(fr_stat_get(p.stat, FR_STAT_LEDGERS_UNREADABLE, 0) > 0);
    CHECK_INT(pace_of(&p, "c1").control.at, at_before);
    struct fr_slot *slot = p.feeds.campaigns;
    fr_keys_fini(&keys);
    fr_arena_fini(&arena);
    struct fr_stat_block *stat = p.stat;
    stop(&p);
    fr_stat_block_free(&stat);
    fr_slot_free(&slot);
}

/* ---- predictions ---- */

static void free_live_ads(void *ads) {
    fr_live_ads_fini(ads);
    free(ads);
}

/* Three in ten were clicked of what it has seen; of conversions it has seen nothing. */
static struct fr_live_ads *taught_models(void) {
    struct fr_live_ads_params params = FR_LIVE_ADS_DEFAULTS;
    struct fr_live_ads *ads = fr_alloc_zero(1, sizeof *ads);
    struct fr_click_context *x = fr_alloc(sizeof *x);
    struct fr_click_features *f = fr_alloc(sizeof *f);
    struct fr_rng rng = {8};
    params.model_bits = 10;
    fr_live_ads_init(ads, &params, FR_LIVE_ADS_ASKED);
    for (unsigned i = 0; i < 6000; i++) {
        struct fr_impression shown = {.user = i % 997 + 1,
                                      .campaign = i % 50 + 1,
                                      .creative = i % 50 + 1,
                                      .time_ms = start_ms + i * 1000,
                                      .position = -1};
        fr_click_model_look(ads->click.model, &shown, x);
        fr_click_model_features(ads->click.model, x, f);
        fr_click_model_shown(ads->click.model, x);
        fr_click_model_learn(ads->click.model, x, f, fr_rng_below(&rng, 10) < 3, 1);
    }
    free(x);
    free(f);
    return ads;
}

static void test_predictions_are_added_up(void) {
    struct pipeline p;
    start(&p, 31, 20, event_text);
    p.feeds.campaigns = fr_slot_new(free_set);
    p.feeds.ads = fr_slot_new(free_live_ads);
    fr_slot_put(p.feeds.campaigns, campaigns(1));
    fr_slot_put(p.feeds.ads, taught_models());
    fr_worker_free(&p.workers[FR_STAGE_USER]);
    open_worker(&p, FR_STAGE_USER);
    drive(&p, true);
    for (unsigned c = 0; c < CAMPAIGNS; c++) {
        char key[8];
        snprintf(key, sizeof key, "l:c%u", c);
        int64_t judged = total(&p, key, FR_LEDGER_CLICK_JUDGED);
        CHECK_INT(judged, total(&p, key, FR_LEDGER_IMPRESSIONS));
        CHECK_INT(total(&p, key, FR_LEDGER_CONVERSION_JUDGED), 0);
        CHECK_INT(total(&p, key, FR_LEDGER_CONVERSION_PREDICTED_MICROS), 0);
        double mean = 1e-6 * (double)total(&p, key, FR_LEDGER_CLICK_PREDICTED_MICROS) / (double)judged;
        CHECK_NEAR(mean, .3, .1);
    }
    struct fr_slot *slots[] = {p.feeds.campaigns, p.feeds.ads};
    stop(&p);
    for (int i = 0; i < 2; i++) fr_slot_free(&slots[i]);
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_each_ledger_is_a_count_of_the_log);
    RUN(test_pacing_follows_the_ledgers);
    RUN(test_a_sweep_is_no_opportunity);
    RUN(test_an_unreadable_ledger_stops_pacing_and_is_counted);
    RUN(test_predictions_are_added_up);
    return check_done();
}
