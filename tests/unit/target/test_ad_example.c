#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/base/rng.h"
#include "freshet/target/ad_example.h"

enum { ENTRIES = 200 };

static uint64_t some_id(struct fr_rng *rng) {
    uint32_t dice = fr_rng_below(rng, 8);
    return dice ? fr_hash_mix(dice) : 0;
}

static uint32_t some_attributes(struct fr_rng *rng, uint32_t *out, uint32_t most) {
    uint32_t n = fr_rng_below(rng, most + 1);
    for (uint32_t i = 0; i < n; i++) out[i] = (uint32_t)fr_hash_mix(fr_rng_below(rng, 40));
    return n;
}

/* What its kind has, and nothing else. */
static struct fr_ad_example some_entry(struct fr_rng *rng) {
    struct fr_ad_example e = {.kind = (enum fr_ad_example_kind)fr_rng_below(rng, FR_AD_EXAMPLE_KINDS),
                              .of.user = fr_hash_mix(1 + fr_rng_below(rng, 9))};
    if (e.kind == FR_AD_FORGET) return e;
    e.ad = some_id(rng);
    e.of.creative = some_id(rng);
    e.of.campaign = some_id(rng);
    e.of.time_ms = 1700000000000 + (fr_time_ms)fr_rng_below(rng, 100000) - 50000;
    if (e.kind != FR_AD_SHOWN) return e;
    e.of.advertiser = some_id(rng);
    e.of.topic = some_id(rng);
    e.of.surface = some_id(rng);
    e.of.position = (int32_t)fr_rng_below(rng, 300) - 1;
    e.of.age_days = fr_rng_below(rng, 2) ? -1 : INT32_MAX;
    e.of.user_attribute_n = some_attributes(rng, e.of.user_attributes, FR_IMPRESSION_USER_ATTRIBUTES);
    e.of.item_attribute_n = some_attributes(rng, e.of.item_attributes, FR_IMPRESSION_ITEM_ATTRIBUTES);
    return e;
}

static bool same(const struct fr_ad_example *a, const struct fr_ad_example *b) {
    const struct fr_impression *x = &a->of, *y = &b->of;
    return a->kind == b->kind && a->ad == b->ad && x->time_ms == y->time_ms && x->user == y->user &&
           x->creative == y->creative && x->campaign == y->campaign && x->advertiser == y->advertiser &&
           x->topic == y->topic && x->surface == y->surface && x->position == y->position &&
           x->age_days == y->age_days && x->user_attribute_n == y->user_attribute_n &&
           x->item_attribute_n == y->item_attribute_n &&
           memcmp(x->user_attributes, y->user_attributes, sizeof x->user_attributes) == 0 &&
           memcmp(x->item_attributes, y->item_attributes, sizeof x->item_attributes) == 0;
}

static void test_what_is_read_is_what_was_written(void) {
    struct fr_ad_writer *w = fr_ad_writer_new();
    struct fr_ad_example entries[ENTRIES];
    struct fr_arena arena = {0};
    struct fr_rng rng = {5};
    for (int round = 0; round < 3; round++) { /* a writer begins anew with each record */
        struct fr_buf out = {0};
        struct fr_ad_batch batch;
        for (uint32_t i = 0; i < ENTRIES; i++) {
            entries[i] = some_entry(&rng);
            fr_ad_writer_add(w, &entries[i]);
        }
        CHECK_INT(fr_ad_writer_count(w), ENTRIES);
        CHECK(fr_ad_writer_bytes(w) > 0);
        fr_ad_writer_finish(w, &out);
        CHECK_INT(fr_ad_writer_count(w), 0);
        CHECK(fr_ad_batch_read(fr_buf_slice(&out), &arena, &batch));
        CHECK_INT(batch.n, ENTRIES);
        for (uint32_t i = 0; i < batch.n; i++) CHECK(same(&batch.at[i], &entries[i]));
        fr_buf_fini(&out);
    }
    fr_arena_fini(&arena);
    fr_ad_writer_free(w);
}

/* Of the same batch again and again: hashes stand in it once. */
static void test_an_impression_more_of_the_same_people_and_campaigns_is_small(void) {
    struct fr_ad_writer *w = fr_ad_writer_new();
    struct fr_ad_example e = {.kind = FR_AD_SHOWN,
                              .of = {.user = 1, .creative = 2, .campaign = 3, .advertiser = 4, .topic = 5}};
    e.of.user_attribute_n = 10;
    for (uint32_t i = 0; i < 10; i++) e.of.user_attributes[i] = i;
    e.of.time_ms = 1700000000000;
    fr_ad_writer_add(w, &e);
    size_t one = fr_ad_writer_bytes(w);
    e.of.time_ms += 30;
    fr_ad_writer_add(w, &e);
    CHECK_INT(fr_ad_writer_bytes(w) - one, 23);
    fr_ad_writer_free(w);
}

static struct fr_str written(const struct fr_ad_example *e, struct fr_buf *out) {
    struct fr_ad_writer *w = fr_ad_writer_new();
    fr_buf_clear(out);
    fr_ad_writer_add(w, e);
    fr_ad_writer_finish(w, out);
    fr_ad_writer_free(w);
    return fr_buf_slice(out);
}

static bool reads(struct fr_str bytes) {
    struct fr_arena arena = {0};
    struct fr_ad_batch batch;
    bool ok = fr_ad_batch_read(bytes, &arena, &batch);
    CHECK(ok || (batch.n == 0 && !batch.at));
    fr_arena_fini(&arena);
    return ok;
}

static void test_what_is_no_batch_is_refused(void) {
    struct fr_buf out = {0};
    struct fr_rng rng = {9};
    struct fr_ad_example e = some_entry(&rng);
    while (e.kind != FR_AD_SHOWN || !e.of.user_attribute_n || !e.of.surface) e = some_entry(&rng);
    struct fr_str whole = written(&e, &out);
    CHECK(reads(whole));
    for (uint32_t n = 0; n < whole.len; n++) {
        bool no_entry_yet = n > 0 && reads((struct fr_str){whole.ptr, n});
        CHECK(!no_entry_yet || out.data[n] == FR_AD_SHOWN);
    }
    out.data[0] ^= 1;
    CHECK(!reads(whole));
    CHECK(!reads(FR_STR("\x61\x00\x00\x03\x00")));     /* nobody is to be forgotten */
    CHECK(!reads(FR_STR("\x61\x00\x00\x03\x01")));     /* an id that is not there */
    CHECK(!reads(FR_STR("\x61\x00\x00\x04\x01")));     /* no such kind */
    CHECK(!reads(FR_STR("\x61\xff\xff\xff\xff\x7f"))); /* more ids than bytes */
    e.of.time_ms = FR_AD_TIME_MOST_MS + 1;
    CHECK(!reads(written(&e, &out)));
    e.of.time_ms = -FR_AD_TIME_MOST_MS;
    CHECK(reads(written(&e, &out)));
    fr_buf_fini(&out);
}

/* The first key of `answer` is the one among those of `shown` at this place; -1: it is none. */
static int joins(const struct fr_ad_example *shown, struct fr_ad_example answer) {
    uint64_t keys[FR_ATTRIBUTION_KEYS];
    uint32_t n = fr_ad_keys(shown, keys);
    for (uint32_t i = 0; i < n; i++)
        if (keys[i] == fr_ad_key(&answer)) return (int)i;
    return -1;
}

static void test_an_answer_joins_by_the_most_exact_that_it_names(void) {
    struct fr_ad_example shown = {.ad = 7, .of = {.user = 1, .campaign = 2, .creative = 3}};
    CHECK_INT(joins(&shown, (struct fr_ad_example){.ad = 7, .of = {.user = 1}}), 0);
    CHECK_INT(joins(&shown, (struct fr_ad_example){.ad = 7, .of = {.user = 1, .creative = 3}}), 0);
    CHECK_INT(joins(&shown, (struct fr_ad_example){.of = {.user = 1, .campaign = 2, .creative = 3}}), 1);
    CHECK_INT(joins(&shown, (struct fr_ad_example){.of = {.user = 1, .campaign = 2}}), 2);
    CHECK_INT(joins(&shown, (struct fr_ad_example){.ad = 8, .of = {.user = 1, .campaign = 2}}), -1);
    CHECK_INT(joins(&shown, (struct fr_ad_example){.of = {.user = 1, .campaign = 2, .creative = 4}}), -1);
    CHECK_INT(joins(&shown, (struct fr_ad_example){.ad = 7, .of = {.user = 9}}), -1);
    CHECK_INT(joins(&shown, (struct fr_ad_example){.of = {.user = 9, .campaign = 2}}), -1);
    shown.ad = 0;
    CHECK_INT(joins(&shown, (struct fr_ad_example){.of = {.user = 1, .campaign = 2, .creative = 3}}), 0);
}

int main(void) {
    RUN(test_what_is_read_is_what_was_written);
    RUN(test_an_impression_more_of_the_same_people_and_campaigns_is_small);
    RUN(test_what_is_no_batch_is_refused);
    RUN(test_an_answer_joins_by_the_most_exact_that_it_names);
    return check_done();
}
