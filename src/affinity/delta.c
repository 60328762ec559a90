#include "delta_sink.h"
#include "freshet/profile/history.h"
#include <stdlib.h>

enum { DEFAULT_MAX_BYTES = 700000, MIN_BYTES = 8192 };

struct fr_delta_sink *fr_delta_sink_new(const struct fr_dict *dict, uint32_t partitions, size_t max_bytes) {
    FR_ASSERT(partitions > 0);
    struct fr_delta_sink *sink = fr_alloc_zero(1, sizeof *sink);
    sink->dict = dict;
    sink->partitions = partitions;
    sink->max_bytes = max_bytes ? max_bytes : DEFAULT_MAX_BYTES;
    if (sink->max_bytes < MIN_BYTES) sink->max_bytes = MIN_BYTES;
    return sink;
}

void fr_delta_sink_free(struct fr_delta_sink **sink) {
    struct fr_delta_sink *s = *sink;
    *sink = NULL;
    if (!s) return;
    struct fr_delta_list *lists[] = {&s->pairs, &s->singles, &s->spare, &s->locals};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) fr_delta_list_fini(lists[i]);
    free(s->held);
    free(s->local_of.at);
    free(s->partition_of.at);
    free(s->starts.at);
    free(s->by_partition.at);
    free(s->name_of.at);
    free(s->entries);
    free(s->used);
    free(s->pieces);
    free(s->records);
    fr_buf_fini(&s->bytes);
    free(s);
}

void fr_delta_sink_clear(struct fr_delta_sink *sink) {
    sink->pairs.n = sink->singles.n = 0;
    sink->records_n = 0;
    fr_buf_clear(&sink->bytes);
}

size_t fr_delta_sink_bytes(const struct fr_delta_sink *s) {
    size_t lists = s->pairs.cap + s->singles.cap + s->spare.cap + s->locals.cap;
    size_t numbers =
        s->local_of.cap + s->partition_of.cap + s->starts.cap + s->by_partition.cap + s->name_of.cap;
    return sizeof *s + lists * sizeof(struct fr_delta) + numbers * sizeof(uint32_t) +
           s->entries_cap * sizeof(struct fr_sink_entry) + s->used_cap * sizeof(uint64_t) +
           s->pieces_cap * sizeof(struct fr_sink_piece) + s->records_cap * sizeof(struct fr_sink_record) +
           s->bytes.cap + s->held_cap * sizeof(struct fr_sink_held);
}

void fr_delta_sink_add(struct fr_delta_sink *sink, struct fr_delta delta) {
    if (fr_code_kind(delta.code) != FR_CODE_IS_PAIR) {
        fr_delta_push(&sink->singles, delta);
        return;
    }
    uint32_t other = fr_code_number(delta.code);
    if (other < delta.item) {
        delta.code = fr_code_pair(delta.item);
        delta.item = other;
    }
    fr_delta_push(&sink->pairs, delta);
}

/* --- one user's changes -------------------------------------------------------------------------------- */

static void hold(struct fr_delta_sink *sink, size_t *n, uint32_t item, struct fr_strength strength) {
    if (*n == sink->held_cap) {
        sink->held_cap = sink->held_cap ? 2 * sink->held_cap : 64;
        sink->held = fr_realloc(sink->held, sink->held_cap * sizeof *sink->held);
    }
    sink->held[(*n)++] = (struct fr_sink_held){item, strength};
}

static size_t find_held(const struct fr_delta_sink *sink, size_t n, uint32_t item) {
    size_t i = 0;
    while (i < n && sink->held[i].item != item) i++;
    return i;
}

/* The history before the changes: as it stands, with the changes taken back from the last to the first. */
static size_t hold_before(struct fr_delta_sink *sink, const struct fr_history *after,
                          const struct fr_history_change *changes, uint32_t changes_n) {
    size_t n = 0;
    for (uint32_t i = 0; i < after->n; i++) hold(sink, &n, after->ids[i], after->entries[i].strength);
    for (uint32_t i = changes_n; i-- > 0;) {
        size_t at = find_held(sink, n, changes[i].item);
        if (at == n)
            hold(sink, &n, changes[i].item, changes[i].before);
        else
            sink->held[at].strength = changes[i].before;
    }
    return n;
}

/* A contribution changed: one difference when its epoch stays, else out of one bucket and into another. */
static inline void push_change(struct fr_delta_list *list, uint32_t item, uint32_t code,
                               struct fr_strength before, struct fr_strength after) {
    if (fr_strength_eq(before, after)) return;
    if (before.epoch == after.epoch && before.weight && after.weight) {
        fr_delta_push(list, (struct fr_delta){item, code, after.epoch, after.weight - before.weight});
        return;
    }
    if (before.weight) fr_delta_push(list, (struct fr_delta){item, code, before.epoch, -before.weight});
    if (after.weight) fr_delta_push(list, (struct fr_delta){item, code, after.epoch, after.weight});
}

static void push_pairs(struct fr_delta_sink *sink, const struct fr_profile_rules *rules, size_t n,
                       const struct fr_history_change *change) {
    uint32_t item = change->item;
    for (size_t i = 0; i < n; i++) {
        struct fr_sink_held other = sink->held[i];
        if (other.item == item || other.strength.weight == 0) continue;
        struct fr_strength before = fr_strength_min(rules, change->before, other.strength);
        struct fr_strength after = fr_strength_min(rules, change->after, other.strength);
        uint32_t low = item < other.item ? item : other.item, high = item < other.item ? other.item : item;
        push_change(&sink->pairs, low, fr_code_pair(high), before, after);
    }
}

/* All of the user's interest leaves one group (join is false) or joins one. */
static void push_group(struct fr_delta_sink *sink, size_t n, uint32_t group, bool join) {
    if (group == FR_DICT_NONE) return;
    const struct fr_strength nothing = {0};
    for (size_t i = 0; i < n; i++) {
        struct fr_strength s = sink->held[i].strength;
        push_change(&sink->singles, sink->held[i].item, fr_code_group(group), join ? nothing : s,
                    join ? s : nothing);
    }
}

void fr_delta_emit(struct fr_delta_sink *sink, const struct fr_profile_rules *rules,
                   const struct fr_history *after, const struct fr_history_change *changes, uint32_t n,
                   uint32_t group_before, uint32_t group_after) {
    bool moves = group_before != group_after;
    if (n == 0 && !moves) return;
    size_t held_n = hold_before(sink, after, changes, n);
    if (moves) push_group(sink, held_n, group_before, false);
    for (uint32_t i = 0; i < n; i++) {
        const struct fr_history_change *c = &changes[i];
        push_change(&sink->singles, c->item, FR_CODE_COUNT, c->before, c->after);
        if (!moves && group_after != FR_DICT_NONE)
            push_change(&sink->singles, c->item, fr_code_group(group_after), c->before, c->after);
        push_pairs(sink, rules, held_n, c);
        sink->held[find_held(sink, held_n, c->item)].strength = c->after;
    }
    if (moves) push_group(sink, held_n, group_after, true);
}
