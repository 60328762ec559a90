/* Deltas, records and item states together: whatever users did, the added-up deltas are the co-occurrence of the
 * histories as they stand. The recomputation here knows strengths and nothing else. */
#include "check.h"
#include "freshet/affinity/item.h"
#include "freshet/affinity/record.h"
#include "freshet/base/hash.h"
#include "freshet/base/rng.h"
#include "freshet/profile/history.h"
#include <stdlib.h>

enum { USERS = 40, ITEMS = 60, GROUPS = 3, PARTITIONS = 4, NUMBERS_MAX = ITEMS + GROUPS };

struct world {
    struct fr_dict writer, reader; /* interned in opposite orders */
    struct fr_event_rules events;
    struct fr_profile_rules rules;
    struct fr_decay decay;
    struct fr_item_rules item_rules;
    struct fr_history histories[USERS];
    uint32_t groups[USERS];
    struct fr_history_changes changes;
    struct fr_delta_sink *sink;
    struct fr_delta_record record;
    struct fr_item items[NUMBERS_MAX]; /* by the reader's number */
    struct fr_item_scratch scratch;
    struct fr_rng rng;
    fr_time_ms now;
};

static struct fr_str name_of(uint32_t i, char text[16]) {
    int n = snprintf(text, 16, i < ITEMS ? "item-%u" : "group-%u", i);
    return (struct fr_str){text, (uint32_t)n};
}

static void world_init(struct world *w, uint64_t seed, size_t max_bytes) {
    char text[16];
    memset(w, 0, sizeof *w);
    fr_dict_init(&w->writer);
    fr_dict_init(&w->reader);
    for (uint32_t i = 0; i < NUMBERS_MAX; i++) fr_dict_intern(&w->writer, name_of(i, text));
    for (uint32_t i = NUMBERS_MAX; i-- > 0;) fr_dict_intern(&w->reader, name_of(i, text));
    fr_event_rules_init(&w->events);
    fr_profile_rules_default(&w->rules, &w->events);
    w->rules.history_items = 8;
    w->rules.epoch_ms = 1000;
    fr_decay_init(&w->decay, 14, 100000);
    w->item_rules = (struct fr_item_rules){&w->decay, 10000};
    w->sink = fr_delta_sink_new(&w->writer, PARTITIONS, max_bytes);
    w->rng.state = seed;
    w->now = 1000000;
    for (uint32_t u = 0; u < USERS; u++) w->groups[u] = FR_DICT_NONE;
}

static void world_fini(struct world *w) {
    for (uint32_t u = 0; u < USERS; u++) fr_history_fini(&w->histories[u]);
    for (uint32_t i = 0; i < NUMBERS_MAX; i++) fr_item_fini(&w->items[i]);
    fr_history_changes_fini(&w->changes);
    fr_delta_sink_free(&w->sink);
    fr_delta_record_fini(&w->record);
    fr_item_scratch_fini(&w->scratch);
    fr_event_rules_fini(&w->events);
    fr_decay_fini(&w->decay);
    fr_dict_fini(&w->writer);
    fr_dict_fini(&w->reader);
}

static struct fr_history_use use_of(struct world *w) {
    return (struct fr_history_use){.rules = &w->rules,
                                   .ids = &w->writer,
                                   .items = w->rules.history_items,
                                   .weighed = true,
                                   .floor_ms = w->now - 5000,
                                   .changes = &w->changes};
}

static void act(struct world *w) {
    static const enum fr_event_type types[] = {FR_EVENT_CLICK, FR_EVENT_LIKE, FR_EVENT_PURCHASE,
                                               FR_EVENT_SHARE};
    uint32_t user = fr_rng_below(&w->rng, USERS), item = fr_rng_below(&w->rng, ITEMS);
    uint32_t kind = fr_rng_below(&w->rng, 100);
    enum fr_event_type type = types[fr_rng_below(&w->rng, 4)];
    struct fr_history_use use = use_of(w);
    fr_time_ms t = w->now - (fr_time_ms)fr_rng_below(&w->rng, 4000);
    uint32_t group_before = w->groups[user];
    w->changes.n = 0;
    if (kind < 75)
        fr_history_touch(&w->histories[user], &use, item, type, t);
    else if (kind < 90)
        fr_history_undo(&w->histories[user], &use, item, type, t);
    else if (kind < 93)
        fr_history_forget(&w->histories[user], &use);
    if (kind >= 90 && kind < 97) w->groups[user] = ITEMS + fr_rng_below(&w->rng, GROUPS);
    if (kind == 97) w->groups[user] = FR_DICT_NONE;
    fr_delta_emit(w->sink, &w->rules, &w->histories[user], w->changes.at, w->changes.n, group_before,
                  w->groups[user]);
    w->now += fr_rng_below(&w->rng, 300);
}

static void commit(struct world *w) {
    uint32_t n = fr_delta_finish(w->sink);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_str bytes;
        uint32_t partition = fr_delta_sink_record(w->sink, i, &bytes);
        CHECK(fr_delta_record_read(&w->record, bytes, &w->reader));
        for (uint32_t k = 0; k < w->record.items_n; k++) {
            struct fr_delta_record_item run = w->record.items[k];
            CHECK_INT(fr_murmur2(fr_dict_str(&w->reader, run.item)) % PARTITIONS, partition);
            fr_item_apply(&w->items[run.item], &w->item_rules, &w->reader, w->record.entries.at + run.first,
                          run.n, &w->scratch);
            const char *wrong = fr_item_check(&w->items[run.item], &w->item_rules);
            CHECK_STR(wrong ? wrong : "", "");
        }
    }
    fr_delta_sink_clear(w->sink);
}

/* --- the naive side ------------------------------------------------------------------------------------ */

static int compare_deltas(const void *a, const void *b) {
    const struct fr_delta *x = a, *y = b;
    if (x->item != y->item) return x->item < y->item ? -1 : 1;
    if (x->code != y->code) return x->code < y->code ? -1 : 1;
    return (x->epoch > y->epoch) - (x->epoch < y->epoch);
}

/* qsort and one loop: what fr_delta_sort and fr_delta_sum must agree with. */
static void naive_sum(struct fr_delta_list *list) {
    size_t kept = 0;
    if (list->n) qsort(list->at, list->n, sizeof *list->at, compare_deltas);
    for (size_t i = 0, end; i < list->n; i = end) {
        struct fr_delta sum = list->at[i];
        for (end = i + 1; end < list->n && compare_deltas(&list->at[i], &list->at[end]) == 0; end++)
            sum.weight += list->at[end].weight;
        if (sum.weight) list->at[kept++] = sum;
    }
    list->n = kept;
}

static uint32_t reader_number(const struct world *w, uint32_t writer_number) {
    return fr_dict_find(&w->reader, fr_dict_str(&w->writer, writer_number));
}

static void recompute(const struct world *w, struct fr_delta_list *out) {
    for (uint32_t u = 0; u < USERS; u++) {
        const struct fr_history *h = &w->histories[u];
        for (uint32_t i = 0; i < h->n; i++) {
            struct fr_strength own = h->entries[i].strength;
            uint32_t item = reader_number(w, h->ids[i]);
            if (own.weight == 0) continue;
            fr_delta_push(out, (struct fr_delta){item, FR_CODE_COUNT, own.epoch, own.weight});
            if (w->groups[u] != FR_DICT_NONE)
                fr_delta_push(out, (struct fr_delta){item, fr_code_group(reader_number(w, w->groups[u])),
                                                     own.epoch, own.weight});
            for (uint32_t j = 0; j < h->n; j++) {
                struct fr_strength other = h->entries[j].strength;
                if (i == j || other.weight == 0) continue;
                struct fr_strength least = fr_strength_cmp(&w->rules, own, other) < 0 ? own : other;
                fr_delta_push(out, (struct fr_delta){item, fr_code_pair(reader_number(w, h->ids[j])),
                                                     least.epoch, least.weight});
            }
        }
    }
    naive_sum(out);
}

static void check_equal(const struct world *w) {
    struct fr_delta_list want = {0}, got = {0};
    recompute(w, &want);
    for (uint32_t item = 0; item < NUMBERS_MAX; item++)
        for (uint32_t i = 0; i < w->items[item].n; i++) {
            const struct fr_bucket *b = &w->items[item].buckets[i];
            fr_delta_push(&got, (struct fr_delta){item, b->code, b->epoch, b->weight});
        }
    CHECK_INT(got.n, want.n);
    CHECK(got.n == want.n && (got.n == 0 || memcmp(got.at, want.at, got.n * sizeof *got.at) == 0));
    fr_delta_list_fini(&want);
    fr_delta_list_fini(&got);
}

/* --- cases --------------------------------------------------------------------------------------------- */

static void test_streamed_equals_recomputed(void) {
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct world w;
        world_init(&w, seed, 0);
        for (uint32_t event = 0; event < 1500; event++) {
            act(&w);
            if (fr_rng_below(&w.rng, 40) < seed) commit(&w);
            if (event % 500 == 0) {
                commit(&w);
                check_equal(&w);
            }
        }
        commit(&w);
        check_equal(&w);
        world_fini(&w);
    }
}

static void test_forgetting_everybody_empties_all_items(void) {
    struct world w;
    world_init(&w, 99, 0);
    for (uint32_t event = 0; event < 600; event++) act(&w);
    commit(&w);
    for (uint32_t u = 0; u < USERS; u++) {
        struct fr_history_use use = use_of(&w);
        w.changes.n = 0;
        fr_history_forget(&w.histories[u], &use);
        fr_delta_emit(w.sink, &w.rules, &w.histories[u], w.changes.at, w.changes.n, w.groups[u],
                      FR_DICT_NONE);
    }
    commit(&w);
    for (uint32_t i = 0; i < NUMBERS_MAX; i++) CHECK(fr_item_is_empty(&w.items[i]));
    world_fini(&w);
}

static void test_what_cancels_in_a_batch_sends_nothing(void) {
    struct world w;
    world_init(&w, 5, 0);
    struct fr_delta there = {1, fr_code_pair(2), 7, 3}, back = {2, fr_code_pair(1), 7, -3};
    fr_delta_sink_add(w.sink, there);
    fr_delta_sink_add(w.sink, back);
    CHECK_INT(fr_delta_finish(w.sink), 0);
    world_fini(&w);
}

static void test_a_pair_goes_both_ways(void) {
    struct world w;
    world_init(&w, 5, 0);
    fr_delta_sink_add(w.sink, (struct fr_delta){9, fr_code_pair(2), -7, 3});
    commit(&w);
    const struct fr_item *nine = &w.items[reader_number(&w, 9)], *two = &w.items[reader_number(&w, 2)];
    CHECK_INT(nine->n, 1);
    CHECK_INT(two->n, 1);
    CHECK_INT(nine->buckets[0].code, fr_code_pair(reader_number(&w, 2)));
    CHECK_INT(two->buckets[0].code, fr_code_pair(reader_number(&w, 9)));
    CHECK_INT(two->buckets[0].epoch, -7);
    CHECK_INT(two->buckets[0].weight, 3);
    world_fini(&w);
}

static void add_all_pairs(struct world *w, int32_t epochs) {
    for (uint32_t a = 0; a < ITEMS; a++)
        for (uint32_t b = a + 1; b < ITEMS; b++)
            for (int32_t epoch = 0; epoch < epochs; epoch++)
                fr_delta_sink_add(w->sink, (struct fr_delta){a, fr_code_pair(b), epoch, 1 + epoch % 3});
}

static void test_records_are_cut_and_the_sums_do_not_care(void) {
    enum { EPOCHS = 20 };
    struct world w;
    world_init(&w, 17, 1);
    add_all_pairs(&w, EPOCHS);
    uint32_t n = fr_delta_finish(w.sink), of_first = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct fr_str bytes;
        of_first += fr_delta_sink_record(w.sink, i, &bytes) == 0;
        CHECK(bytes.len <= 8192);
    }
    CHECK(of_first > 1);
    commit(&w);
    for (uint32_t i = 0; i < ITEMS; i++) {
        const struct fr_item *item = &w.items[reader_number(&w, i)];
        CHECK_INT(item->n, (ITEMS - 1) * EPOCHS);
        for (uint32_t k = 0; k < item->n; k++)
            CHECK_INT(item->buckets[k].weight, 1 + item->buckets[k].epoch % 3);
    }
    world_fini(&w);
}

static void test_sort_and_sum_agree_with_qsort(void) {
    static const size_t sizes[] = {0, 1, 2, 47, 48, 300, 5000, 70000};
    struct fr_rng rng = {3};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct fr_delta_list list = {0}, naive = {0}, spare = {0};
        uint32_t items = 1 + fr_rng_below(&rng, 3000), epochs = 1 + fr_rng_below(&rng, 100);
        for (size_t i = 0; i < sizes[s]; i++) {
            struct fr_delta d = {fr_rng_below(&rng, items) * 1001, fr_rng_below(&rng, 40),
                                 (int32_t)fr_rng_below(&rng, epochs) - 50,
                                 (int32_t)fr_rng_below(&rng, 5) - 2};
            if (i % 7 == 0) d.code |= 0x80000000u;
            fr_delta_push(&list, d);
            fr_delta_push(&naive, d);
        }
        fr_delta_sort(&list, &spare);
        fr_delta_sum(&list);
        naive_sum(&naive);
        CHECK_INT(list.n, naive.n);
        CHECK(list.n == 0 || memcmp(list.at, naive.at, list.n * sizeof *list.at) == 0);
        fr_delta_list_fini(&list);
        fr_delta_list_fini(&naive);
        fr_delta_list_fini(&spare);
    }
}

/* A record of known bytes, as docs/AFFINITY.md section 8 has it. */
static void test_record_bytes(void) {
    struct fr_dict dict;
    fr_dict_init(&dict);
    uint32_t a = fr_dict_intern(&dict, FR_STR("a")), b = fr_dict_intern(&dict, FR_STR("b"));
    uint32_t g = fr_dict_intern(&dict, FR_STR("g"));
    struct fr_delta_sink *sink = fr_delta_sink_new(&dict, 1, 0);
    fr_delta_sink_add(sink, (struct fr_delta){a, fr_code_pair(b), 10, -2});
    fr_delta_sink_add(sink, (struct fr_delta){a, fr_code_group(g), 11, 3});
    fr_delta_sink_add(sink, (struct fr_delta){a, FR_CODE_COUNT, 10, 1});
    fr_delta_sink_add(sink, (struct fr_delta){a, FR_CODE_COUNT, 11, 3});
    static const unsigned char want[] = {1,         3, 1, 'a', 1, 'b', 1, 'g', 2,
                                         /* a */ 0, 4, 0, 20,  2, 0,   2, 6,   2, 1, 3, 4, 2, 6,
                                         /* b */ 1, 1, 1, 20,  3};
    struct fr_str got;
    CHECK_INT(fr_delta_finish(sink), 1);
    fr_delta_sink_record(sink, 0, &got);
    CHECK_INT(got.len, sizeof want);
    CHECK(got.len == sizeof want && memcmp(got.ptr, want, sizeof want) == 0);
    fr_delta_sink_free(&sink);
    fr_dict_fini(&dict);
}

static void test_a_cut_or_lengthened_record_is_refused(void) {
    struct world w;
    world_init(&w, 8, 0);
    for (uint32_t event = 0; event < 100; event++) act(&w);
    CHECK(fr_delta_finish(w.sink) > 0);
    struct fr_str bytes;
    fr_delta_sink_record(w.sink, 0, &bytes);
    for (uint32_t len = 0; len < bytes.len; len++) {
        char *copy = malloc(len + 1); /* so that a sanitizer sees a read past the end */
        memcpy(copy, bytes.ptr, len);
        CHECK(!fr_delta_record_read(&w.record, (struct fr_str){copy, len}, &w.reader));
        CHECK_INT(w.record.items_n, 0);
        free(copy);
    }
    struct fr_buf longer = {0};
    fr_buf_str(&longer, bytes);
    fr_buf_byte(&longer, 0);
    CHECK(!fr_delta_record_read(&w.record, fr_buf_slice(&longer), &w.reader));
    fr_buf_fini(&longer);
    world_fini(&w);
}

static void check_refused(const unsigned char *bytes, uint32_t n) {
    struct fr_dict dict;
    struct fr_delta_record record = {0};
    fr_dict_init(&dict);
    CHECK(!fr_delta_record_read(&record, (struct fr_str){(const char *)bytes, n}, &dict));
    fr_delta_record_fini(&record);
    fr_dict_fini(&dict);
}

static void test_bad_records_are_refused(void) {
    static const unsigned char other_version[] = {2, 1, 1, 'a', 1, 0, 1, 0, 2, 2};
    static const unsigned char zero_weight[] = {1, 1, 1, 'a', 1, 0, 1, 0, 2, 0};
    static const unsigned char pair_with_itself[] = {1, 1, 1, 'a', 1, 0, 1, 1, 2, 2};
    static const unsigned char code_too_large[] = {1, 1, 1, 'a', 1, 0, 1, 3, 2, 2};
    static const unsigned char same_twice[] = {1, 1, 1, 'a', 1, 0, 2, 0, 2, 2, 0, 0, 2};
    static const unsigned char name_twice[] = {1, 2, 1, 'a', 1, 'a', 2, 0, 1, 0, 2, 2, 1, 1, 0, 2, 2};
    static const unsigned char no_entries[] = {1, 1, 1, 'a', 1, 0, 0};
#define REFUSED(x) check_refused(x, sizeof x)
    REFUSED(other_version);
    REFUSED(zero_weight);
    REFUSED(pair_with_itself);
    REFUSED(code_too_large);
    REFUSED(same_twice);
    REFUSED(name_twice);
    REFUSED(no_entries);
}

int main(void) {
    RUN(test_streamed_equals_recomputed);
    RUN(test_forgetting_everybody_empties_all_items);
    RUN(test_what_cancels_in_a_batch_sends_nothing);
    RUN(test_a_pair_goes_both_ways);
    RUN(test_records_are_cut_and_the_sums_do_not_care);
    RUN(test_sort_and_sum_agree_with_qsort);
    RUN(test_record_bytes);
    RUN(test_a_cut_or_lengthened_record_is_refused);
    RUN(test_bad_records_are_refused);
    return check_done();
}
