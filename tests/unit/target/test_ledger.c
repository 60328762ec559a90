/* The ledger, its records and its codec: whatever the order and the cuts, equal differences are equal bytes. */
#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/base/rng.h"
#include "freshet/target/ledger_record.h"
#include <stdlib.h>

enum { PARTITIONS = 3, CAMPAIGNS = 5, HOUR = 490000 };

static struct fr_ledger_delta delta_of(int32_t hour, int64_t impressions, int64_t spend_micros) {
    struct fr_ledger_delta d = {.hour = hour};
    d.add.of[FR_LEDGER_IMPRESSIONS] = impressions;
    d.add.of[FR_LEDGER_SPEND_MICROS] = spend_micros;
    return d;
}

static void apply(struct fr_ledger *l, struct fr_ledger_delta d) {
    fr_ledger_apply(l, FR_LEDGER_HOURS, &d);
    const char *wrong = fr_ledger_check(l, FR_LEDGER_HOURS);
    CHECK_STR(wrong ? wrong : "", "");
}

static bool same(const struct fr_ledger *a, const struct fr_ledger *b) {
    struct fr_buf x = {0}, y = {0};
    fr_ledger_encode(a, &x);
    fr_ledger_encode(b, &y);
    bool equal = fr_str_eq(fr_buf_slice(&x), fr_buf_slice(&y));
    fr_buf_fini(&x);
    fr_buf_fini(&y);
    return equal;
}

static void test_hours_and_days_are_floors(void) {
    CHECK_INT(fr_ledger_hour(0), 0);
    CHECK_INT(fr_ledger_hour(3599999), 0);
    CHECK_INT(fr_ledger_hour(-1), -1);
    CHECK_INT(fr_ledger_hour(-3600000), -1);
    CHECK_INT(fr_ledger_day(23), 0);
    CHECK_INT(fr_ledger_day(-1), -1);
    CHECK_INT(fr_ledger_day(-24), -1);
    CHECK_INT(fr_ledger_day(-25), -2);
    CHECK_INT(fr_ledger_hour(INT64_MAX), INT32_MAX);
}

static void test_sums_by_hour_day_and_total(void) {
    struct fr_ledger l = {0};
    int32_t day = fr_ledger_day(HOUR), midnight = day * 24;
    apply(&l, delta_of(midnight, 2, 500));
    apply(&l, delta_of(midnight + 23, 1, 250));
    apply(&l, delta_of(midnight + 24, 4, 1000));
    apply(&l, delta_of(midnight + 24, -1, -250));
    CHECK_INT(fr_ledger_spent_on_day(&l, day), 750);
    CHECK_INT(fr_ledger_spent_on_day(&l, day + 1), 750);
    CHECK_INT(fr_ledger_spent_on_day(&l, day + 2), 0);
    CHECK_INT(fr_ledger_total(&l, FR_LEDGER_IMPRESSIONS), 6);
    CHECK_INT(fr_ledger_in_hours(&l, midnight + 1, midnight + 24, FR_LEDGER_IMPRESSIONS), 4);
    CHECK_INT(fr_ledger_in_hours(&l, midnight + 1, midnight + 22, FR_LEDGER_IMPRESSIONS), 0);
    apply(&l, delta_of(midnight, -2, -500));
    CHECK_INT(l.hours.n, 2); /* a bucket of zeros does not exist */
    fr_ledger_fini(&l);
}

static void test_the_windows_move_with_the_newest_hour(void) {
    struct fr_ledger l = {0};
    apply(&l, delta_of(HOUR, 1, 10));
    apply(&l, delta_of(HOUR + FR_LEDGER_HOURS - 1, 1, 10));
    CHECK_INT(l.hours.n, 2);
    apply(&l, delta_of(HOUR + FR_LEDGER_HOURS, 1, 10));
    CHECK_INT(l.hours.n, 2); /* HOUR left */
    CHECK_INT(l.hours.buckets[0].at, HOUR + FR_LEDGER_HOURS - 1);
    apply(&l, delta_of(HOUR, 1, 10)); /* late: no hour, but the day and the total */
    CHECK_INT(l.hours.n, 2);
    CHECK_INT(fr_ledger_spent_on_day(&l, fr_ledger_day(HOUR)), 20);
    apply(&l, delta_of(HOUR + FR_LEDGER_DAYS * 24, 1, 10));
    CHECK_INT(fr_ledger_spent_on_day(&l, fr_ledger_day(HOUR)), 0);
    CHECK_INT(fr_ledger_total(&l, FR_LEDGER_SPEND_MICROS), 50);
    fr_ledger_fini(&l);
}

static void shuffle(struct fr_ledger_delta *deltas, uint32_t n, struct fr_rng *rng) {
    for (uint32_t i = n; i-- > 1;) {
        uint32_t j = fr_rng_below(rng, i + 1);
        struct fr_ledger_delta moved = deltas[i];
        deltas[i] = deltas[j];
        deltas[j] = moved;
    }
}

/* What the user stage and the aggregate stage do: batches of any size, over records, into ledgers. */
struct world {
    struct fr_dict writer, reader; /* interned in opposite orders */
    struct fr_ledger ledgers[CAMPAIGNS];
    struct fr_ledger traffic[PARTITIONS];
    struct fr_ledger_sink sink;
    struct fr_ledger_rows rows;
    uint32_t records_n;
};

static struct fr_str id_of(uint32_t i, char text[16]) {
    int n = snprintf(text, 16, "campaign-%u", i);
    return (struct fr_str){text, (uint32_t)n};
}

static void world_init(struct world *w, size_t max_bytes) {
    char text[16];
    memset(w, 0, sizeof *w);
    fr_dict_init(&w->writer);
    fr_dict_init(&w->reader);
    for (uint32_t i = 0; i < CAMPAIGNS; i++) fr_dict_intern(&w->writer, id_of(i, text));
    for (uint32_t i = CAMPAIGNS; i-- > 0;) fr_dict_intern(&w->reader, id_of(i, text));
    fr_ledger_sink_init(&w->sink, &w->writer, PARTITIONS, max_bytes);
}

static void world_fini(struct world *w) {
    for (uint32_t i = 0; i < CAMPAIGNS; i++) fr_ledger_fini(&w->ledgers[i]);
    for (uint32_t i = 0; i < PARTITIONS; i++) fr_ledger_fini(&w->traffic[i]);
    fr_ledger_sink_fini(&w->sink);
    fr_ledger_rows_fini(&w->rows);
    fr_dict_fini(&w->writer);
    fr_dict_fini(&w->reader);
}

static void commit(struct world *w) {
    uint32_t n = fr_ledger_sink_finish(&w->sink);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_str bytes;
        uint32_t partition = fr_ledger_sink_record(&w->sink, i, &bytes);
        CHECK(fr_ledger_is_record(bytes));
        CHECK(w->sink.max_bytes != 300 || bytes.len <= 300);
        CHECK(fr_ledger_record_read(&w->rows, bytes, &w->reader));
        for (uint32_t k = 0; k < w->rows.n; k++) {
            const struct fr_ledger_delta *d = &w->rows.at[k];
            if (d->campaign == FR_DICT_NONE) {
                fr_ledger_apply(&w->traffic[partition], FR_TRAFFIC_HOURS, d);
                continue;
            }
            struct fr_str id = fr_dict_str(&w->reader, d->campaign);
            CHECK_INT(fr_murmur2(id) % PARTITIONS, partition);
            fr_ledger_apply(&w->ledgers[fr_dict_find(&w->writer, id)], FR_LEDGER_HOURS, d);
        }
    }
    w->records_n += n;
    fr_ledger_sink_clear(&w->sink);
}

static void add(struct world *w, const struct fr_ledger_delta *d) {
    for (unsigned m = 0; m < FR_LEDGER_MEASURES; m++)
        if (d->add.of[m])
            fr_ledger_sink_add(&w->sink, d->campaign, d->hour, (enum fr_ledger_measure)m, d->add.of[m]);
}

static void draw(struct fr_ledger_delta *deltas, uint32_t n, struct fr_rng *rng) {
    for (uint32_t i = 0; i < n; i++) {
        struct fr_ledger_delta d = {.campaign = fr_rng_below(rng, CAMPAIGNS + 1)};
        if (d.campaign == CAMPAIGNS) d.campaign = FR_DICT_NONE;
        d.hour = HOUR + (int32_t)(fr_rng_below(rng, 100) < 90 ? 11950 + fr_rng_below(rng, 90)
                                                              : fr_rng_below(rng, 12000));
        for (unsigned k = 0; k < 3; k++)
            d.add.of[fr_rng_below(rng, FR_LEDGER_MEASURES)] = (int64_t)fr_rng_below(rng, 2000) - 500;
        if (i % 3 == 0 && i > 0) {
            d = deltas[i - 1];
            for (unsigned m = 0; m < FR_LEDGER_MEASURES; m++) d.add.of[m] = -d.add.of[m];
        }
        deltas[i] = d;
    }
}

static void test_order_and_cuts_do_not_matter(void) {
    enum { N = 600, ROUNDS = 40 };
    struct fr_ledger_delta deltas[N];
    struct fr_rng rng = {5};
    struct world first, w;
    draw(deltas, N, &rng);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        world_init(&w, round % 2 ? 300 : 0);
        shuffle(deltas, N, &rng);
        uint32_t batch = round ? 1 + fr_rng_below(&rng, 200) : N;
        for (uint32_t i = 0; i < N; i++) {
            add(&w, &deltas[i]);
            if (i % batch == 0) commit(&w);
        }
        commit(&w);
        if (round == 0) {
            first = w;
            continue;
        }
        for (uint32_t i = 0; i < CAMPAIGNS; i++) CHECK(same(&w.ledgers[i], &first.ledgers[i]));
        for (uint32_t p = 0; p < PARTITIONS; p++) CHECK(same(&w.traffic[p], &first.traffic[0]));
        if (round % 2) CHECK(w.records_n > first.records_n);
        world_fini(&w);
    }
    CHECK(first.ledgers[0].hours.n > 5 && first.ledgers[0].days.n > 5 && first.traffic[0].hours.n > 5);
    world_fini(&first);
}

static void test_totals_are_the_sums(void) {
    enum { N = 500 };
    struct fr_ledger_delta deltas[N];
    struct fr_rng rng = {9};
    struct world w;
    int64_t sums[CAMPAIGNS][FR_LEDGER_MEASURES] = {{0}};
    draw(deltas, N, &rng);
    world_init(&w, 0);
    for (uint32_t i = 0; i < N; i++) {
        add(&w, &deltas[i]);
        for (unsigned m = 0; m < FR_LEDGER_MEASURES && deltas[i].campaign < CAMPAIGNS; m++)
            sums[deltas[i].campaign][m] += deltas[i].add.of[m];
    }
    commit(&w);
    for (uint32_t c = 0; c < CAMPAIGNS; c++)
        for (unsigned m = 0; m < FR_LEDGER_MEASURES; m++)
            CHECK_INT(fr_ledger_total(&w.ledgers[c], (enum fr_ledger_measure)m), sums[c][m]);
    world_fini(&w);
}

static void test_a_sum_of_zero_moves_the_window(void) {
    struct world w;
    world_init(&w, 0);
    fr_ledger_sink_add(&w.sink, 1, HOUR, FR_LEDGER_CLICKS, 2);
    fr_ledger_sink_add(&w.sink, 1, HOUR, FR_LEDGER_CLICKS, -2);
    commit(&w);
    CHECK_INT(w.ledgers[1].newest_hour, HOUR);
    CHECK(w.ledgers[1].touched);
    CHECK_INT(w.ledgers[1].hours.n, 0);
    world_fini(&w);
}

/* --- bytes -------------------------------------------------------------------------------------------- */

static bool reads(struct fr_str bytes) {
    struct fr_dict dict;
    struct fr_ledger_rows rows = {0};
    fr_dict_init(&dict);
    bool ok = fr_ledger_record_read(&rows, bytes, &dict);
    CHECK(ok || rows.n == 0);
    fr_ledger_rows_fini(&rows);
    fr_dict_fini(&dict);
    return ok;
}

/* Campaign a, hour 3, 2 impressions; hour 5, 1 click: the example of docs/AFFINITY.md. */
#define A_RECORD "\x4c\x05\x01\x61\x06\x04\x08\x02\x02"

static void test_the_record_is_as_documented(void) {
    struct fr_dict dict;
    struct fr_ledger_sink sink;
    struct fr_str bytes;
    fr_dict_init(&dict);
    uint32_t a = fr_dict_intern(&dict, FR_STR("a"));
    fr_ledger_sink_init(&sink, &dict, 1, 0);
    fr_ledger_sink_add(&sink, a, 5, FR_LEDGER_CLICKS, 1);
    fr_ledger_sink_add(&sink, a, 3, FR_LEDGER_IMPRESSIONS, 2);
    CHECK_INT(fr_ledger_sink_finish(&sink), 1);
    CHECK_INT(fr_ledger_sink_record(&sink, 0, &bytes), 0);
    CHECK(fr_str_eq(bytes, FR_STR(A_RECORD)));
    fr_ledger_sink_clear(&sink);
    CHECK_INT(fr_ledger_sink_finish(&sink), 0);
    fr_ledger_sink_fini(&sink);
    fr_dict_fini(&dict);
}

static void test_bad_records_are_refused(void) {
    CHECK(reads(FR_STR(A_RECORD)));
    for (uint32_t n = 0; n < sizeof A_RECORD - 1; n++) /* cut short; after its first row it is a record */
        CHECK(reads((struct fr_str){A_RECORD, n}) == (n == 6));
    CHECK(!reads(FR_STR(A_RECORD "\x04")));
    CHECK(!reads(FR_STR("\x01\x05\x01\x61\x06\x04")));                     /* another version */
    CHECK(!reads(FR_STR("\x4c\x04\x02\x02")));                             /* no campaign */
    CHECK(!reads(FR_STR("\x4c\x05\x01\x61\x06\x00")));                     /* a value of 0 */
    CHECK(!reads(FR_STR("\x4c\x05\x01\x61\x06\x04\x08\x00\x02")));         /* no step */
    CHECK(!reads(FR_STR("\x4c\x05\x01\x61\x06\x04\x05\x01\x61\x08\x04"))); /* a campaign again */
    CHECK(!reads(FR_STR("\x4c\x05\x01\x62\x06\x04\x05\x01\x61\x06\x04"))); /* ids descend */
    CHECK(!reads(FR_STR("\x4c\x81\x80\x08\x01\x61\x06\x04")));             /* a measure that there is not */
    CHECK(!reads(FR_STR("\x4c\x05\x01\x61\x80\x80\x80\x80\x10\x04")));     /* an hour beyond 32 bits */
    CHECK(reads(FR_STR("\x4c\x05\x00\x06\x04\x05\x01\x61\x06\x04")));      /* traffic, then a campaign */
}

static bool decodes(struct fr_str bytes) {
    struct fr_ledger l = {0};
    bool ok = fr_ledger_decode(&l, FR_LEDGER_HOURS, bytes);
    CHECK(ok || !l.touched);
    fr_ledger_fini(&l);
    return ok;
}

static void test_states_round_trip_and_bad_ones_are_refused(void) {
    struct fr_ledger l = {0}, again = {0};
    struct fr_buf out = {0};
    apply(&l, delta_of(HOUR, 3, 70000));
    apply(&l, delta_of(HOUR - 30, -1, INT64_MAX));
    fr_ledger_encode(&l, &out);
    CHECK(fr_ledger_decode(&again, FR_LEDGER_HOURS, fr_buf_slice(&out)));
    CHECK(same(&l, &again));
    CHECK_INT(fr_ledger_in_hours(&again, HOUR - 30, HOUR - 30, FR_LEDGER_SPEND_MICROS), INT64_MAX);
    for (int32_t hour = HOUR - 40; hour < HOUR; hour++)
        apply(&again, delta_of(hour, 1, 1)); /* and it grows */
    CHECK_INT(again.hours.n, 41);
    for (uint32_t n = 0; n < out.len; n++) CHECK(!decodes((struct fr_str){out.data, n}));
    CHECK(decodes(FR_STR("\x95\x01\xc0\x91\x00\x90\x90")));                  /* untouched */
    CHECK(!decodes(FR_STR("\x95\x02\xc0\x91\x00\x90\x90")));                 /* another version */
    CHECK(!decodes(FR_STR("\x95\x01\xc0\x92\x02\x01\x90\x90")));             /* untouched, with a total */
    CHECK(decodes(FR_STR("\x95\x01\x30\x92\x02\x01\x93\x00\x02\x01\x90")));  /* 1 impression in hour 48 */
    CHECK(!decodes(FR_STR("\x95\x01\x30\x92\x02\x00\x93\x00\x02\x01\x90"))); /* a value of 0 */
    CHECK(!decodes(FR_STR("\x95\x01\x30\x92\x02\x01\x92\x00\x00\x90")));     /* an hour of zeros */
    CHECK(!decodes(FR_STR("\x95\x01\x30\x92\x02\x01\x93\x48\x02\x01\x90"))); /* an hour of age 72 */
    CHECK(!decodes(FR_STR("\x95\x01\x30\x92\x02\x01\x96\x00\x02\x01\x01\x02\x01\x90"))); /* ages rise */
    fr_ledger_fini(&l);
    fr_ledger_fini(&again);
    fr_buf_fini(&out);
}

static void test_a_state_that_was_read_grows(void) {
    struct fr_ledger l = {0};
    CHECK(fr_ledger_decode(&l, FR_LEDGER_HOURS,
                           FR_STR("\x95\x01\x30\x92\x02\x01\x93\x00\x02\x01\x93\x00\x02\x01")));
    for (int32_t hour = 20; hour < 60; hour++) apply(&l, delta_of(hour, 1, 1));
    CHECK_INT(l.hours.n, 40);
    CHECK_INT(fr_ledger_in_hours(&l, 48, 48, FR_LEDGER_IMPRESSIONS), 2);
    fr_ledger_fini(&l);
}

static void test_json_for_people(void) {
    struct fr_ledger l = {0};
    struct fr_buf out = {0};
    apply(&l, delta_of(fr_ledger_hour(1764151200000), 3, 70000));
    fr_ledger_json(&out, FR_STR("spring"), &l);
    fr_buf_byte(&out, 0);
    CHECK_STR(
        out.data,
        "{\"campaign_id\":\"spring\",\"totals\":{\"opportunities\":0,\"impressions\":3,\"clicks\":0,"
        "\"conversions\":0,\"billed\":0,\"spend_micros\":70000,\"reached\":0,"
        "\"control_opportunities\":0,\"control_reached\":0,\"control_conversions\":0,\"converted\":0,"
        "\"control_converted\":0,\"click_judged\":0,\"click_predicted_micros\":0,"
        "\"conversion_judged\":0,\"conversion_predicted_micros\":0},"
        "\"days\":[{\"day\":\"2025-11-26T00:00:00.000Z\",\"impressions\":3,\"spend_micros\":70000}],"
        "\"hours\":[{\"hour\":\"2025-11-26T10:00:00.000Z\",\"impressions\":3,\"spend_micros\":70000}]}");
    fr_ledger_fini(&l);
    fr_buf_fini(&out);
}

int main(void) {
    RUN(test_hours_and_days_are_floors);
    RUN(test_sums_by_hour_day_and_total);
    RUN(test_the_windows_move_with_the_newest_hour);
    RUN(test_order_and_cuts_do_not_matter);
    RUN(test_totals_are_the_sums);
    RUN(test_a_sum_of_zero_moves_the_window);
    RUN(test_the_record_is_as_documented);
    RUN(test_bad_records_are_refused);
    RUN(test_states_round_trip_and_bad_ones_are_refused);
    RUN(test_a_state_that_was_read_grows);
    RUN(test_json_for_people);
    return check_done();
}
