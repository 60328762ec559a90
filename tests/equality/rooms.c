/* The pure rooms in a row, without Kafka, Redis or the runtime: native events in, the lines of `freshet dump` out, to be
 * compared with naive.py's. Every event goes through decode, clean, profile, delta, the packed record and the item; batch
 * edges, partitions of the second stage and encoding of states in between are chosen by a seed and must not matter.
 *
 *   rooms LOG USERS ITEMS SEED PARTITIONS HISTORY [GROUP_BY...]
 */
#include "freshet/affinity/delta.h"
#include "freshet/affinity/item_json.h"
#include "freshet/affinity/record.h"
#include "freshet/base/hash.h"
#include "freshet/base/rng.h"
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include "freshet/profile/codec.h"
#include <stdio.h>
#include <stdlib.h>

enum { PARTITIONS_MAX = 64, NEIGHBORS = 50, HALF_LIFE = 14, WINDOW = 60, ID_MAX = 1 << 20 };

static struct fr_dict ids;
static struct fr_event_rules event_rules;
static struct fr_profile_rules rules;
static struct fr_decay decay;
static struct fr_item_rules item_rules = {&decay, 1000000};
static struct fr_user *users[ID_MAX]; /* by number of ids; NULL: none */
static struct fr_item items[ID_MAX];
static struct fr_delta_sink *sink;
static struct fr_delta_record record;
static struct fr_item_scratch scratch;
static struct fr_user_effects effects;
static fr_time_ms watermark[PARTITIONS_MAX], latest_ms = INT64_MIN;

static void fail(const char *what) {
    fprintf(stderr, "rooms: %s\n", what);
    exit(1);
}

static struct fr_user *user_of(struct fr_str id) {
    uint32_t number = fr_dict_intern(&ids, id);
    if (number >= ID_MAX) fail("too many ids");
    if (!users[number]) {
        users[number] = fr_alloc(sizeof **users);
        fr_user_init(users[number]);
    }
    return users[number];
}

/* The end of a batch: what was collected travels as records and is added to the items. */
static void finish_batch(void) {
    uint32_t n = fr_delta_finish(sink);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_str bytes;
        fr_delta_sink_record(sink, i, &bytes);
        if (!fr_delta_record_read(&record, bytes, &ids)) fail("a record cannot be read back");
        for (uint32_t k = 0; k < record.items_n; k++) {
            struct fr_delta_record_item run = record.items[k];
            fr_item_apply(&items[run.item], &item_rules, &ids, record.entries.at + run.first, run.n,
                          &scratch);
        }
    }
    fr_delta_sink_clear(sink);
}

/* A state that went to the store and came back. */
static void store_and_load(struct fr_user *u) {
    struct fr_buf bytes = {0};
    struct fr_errmsg msg;
    fr_user_encode(u, &rules, &ids, &bytes);
    fr_user_fini(u);
    if (fr_user_decode(u, fr_buf_slice(&bytes), &rules, &ids, &msg) != FR_OK)
        fail("a user cannot be read back");
    fr_buf_fini(&bytes);
}

static void apply(struct fr_event *event, struct fr_arena *arena, uint32_t partitions, struct fr_rng *rng) {
    struct fr_str key = event->user_id.len ? event->user_id : event->anonymous_id;
    fr_time_ms *mark = &watermark[fr_murmur2(key) % partitions];
    if (fr_clean(&event_rules, arena, event->time_ms, *mark, event, NULL) != FR_REJECT_NONE) return;
    *mark = fr_watermark_advance(*mark, event);
    latest_ms = fr_watermark_advance(latest_ms, event);
    struct fr_user *u = user_of(event->user_id);
    fr_user_apply(u, event, &rules, &ids, &effects);
    const struct fr_history_changes *changes = &effects.changes;
    fr_delta_emit(sink, &rules, &u->history, changes->at, changes->n, effects.group_before,
                  effects.group_after);
    const char *broken = fr_user_check(u, &rules, &ids);
    if (broken) fail(broken);
    if (fr_rng_below(rng, 20) == 0) store_and_load(u);
}

static void read_log(FILE *log, uint32_t partitions, uint64_t seed) {
    struct fr_decoder *decoder = fr_decoder_new(&event_rules);
    struct fr_arena arena = {0};
    struct fr_rng rng = {seed};
    char *line = NULL;
    size_t cap = 0;
    for (ssize_t n; (n = getline(&line, &cap, log)) > 0;) {
        struct fr_event event;
        struct fr_str text = {line, (uint32_t)n - 1};
        if (fr_decode_native(decoder, text, &arena, &event, NULL) == FR_REJECT_NONE)
            apply(&event, &arena, partitions, &rng);
        if (fr_rng_below(&rng, 1 + (uint32_t)(seed % 500)) == 0) {
            finish_batch();
            fr_arena_clear(&arena);
        }
    }
    finish_batch();
    free(line);
    fr_arena_fini(&arena);
    fr_decoder_free(&decoder);
}

static double count_of(void *self, uint32_t item) {
    return fr_item_count(&items[item], &decay, *(int32_t *)self);
}

static void write_line(FILE *out, struct fr_buf *line) {
    fr_buf_byte(line, '\n');
    fwrite(line->data, 1, line->len, out);
    fr_buf_clear(line);
}

static void write_states(FILE *to_users, FILE *to_items) {
    int32_t epoch = fr_epoch_of(&rules, latest_ms);
    struct fr_buf line = {0};
    for (uint32_t i = 0; i < ids.n; i++) {
        if (users[i] && users[i]->events) {
            fr_user_json(&line, fr_dict_str(&ids, i), users[i], &rules, &ids, false);
            write_line(to_users, &line);
        }
        const char *broken = fr_item_check(&items[i], &item_rules);
        if (broken) fail(broken);
        if (fr_item_is_empty(&items[i])) continue;
        struct fr_counts counts = {count_of, &epoch};
        fr_item_json(&items[i], &decay, &ids, fr_dict_str(&ids, i), epoch, counts, NEIGHBORS, &line);
        write_line(to_items, &line);
    }
    fr_buf_fini(&line);
}

static void set_up(uint32_t history, char **group_by, int groups) {
    fr_dict_init(&ids);
    fr_event_rules_init(&event_rules);
    fr_profile_rules_default(&rules, &event_rules);
    rules.history_items = history;
    for (int i = 0; i < groups && i < FR_PROFILE_GROUP_BY_MAX; i++)
        rules.group_by[rules.group_by_n++] = fr_str_of(group_by[i]);
    struct fr_errmsg msg;
    if (fr_profile_rules_prepare(&rules, &msg) != FR_OK) fail("the rules are refused");
    fr_decay_init(&decay, HALF_LIFE, WINDOW);
    for (int i = 0; i < PARTITIONS_MAX; i++) watermark[i] = INT64_MIN;
}

int main(int argc, char **argv) {
    if (argc < 7) fail("usage: rooms LOG USERS ITEMS SEED PARTITIONS HISTORY [GROUP_BY...]");
    uint32_t partitions = (uint32_t)strtoul(argv[5], NULL, 10);
    set_up((uint32_t)strtoul(argv[6], NULL, 10), argv + 7, argc - 7);
    FILE *log = fopen(argv[1], "r"), *to_users = fopen(argv[2], "w"), *to_items = fopen(argv[3], "w");
    if (!log || !to_users || !to_items || partitions == 0 || partitions > PARTITIONS_MAX)
        fail("bad arguments");
    sink = fr_delta_sink_new(&ids, partitions, 0);
    read_log(log, partitions, strtoull(argv[4], NULL, 10));
    write_states(to_users, to_items);
    if (fclose(to_users) || fclose(to_items)) fail("cannot write");
    fclose(log);
    for (uint32_t i = 0; i < ids.n; i++) {
        if (users[i]) fr_user_fini(users[i]);
        free(users[i]);
        fr_item_fini(&items[i]);
    }
    fr_user_effects_fini(&effects);
    fr_delta_sink_free(&sink);
    fr_delta_record_fini(&record);
    fr_item_scratch_fini(&scratch);
    fr_decay_fini(&decay);
    fr_event_rules_fini(&event_rules);
    fr_dict_fini(&ids);
    return 0;
}
