/* One sorted array of 12-byte buckets holds everything an item knows: its count first, then pairs, then
 * groups.
 *
 * A record's entries for the item come in the same order, so adding them is a merge: search for each
 * from the place of the one before on, add in place where the bucket exists, and insert all new ones in one
 * backward pass. Rejected: a hash table keyed by (other, epoch) (two thirds more memory, a cache miss each
 * delta, and neighbours, pruning and encoding all want the buckets of one other side by side).
 *
 * newest is a high-water mark, not the newest bucket that is left: were it to fall back after an undo, what
 * was removed from the window would be wanted again. */
#include "item_runs.h"
#include <stdlib.h>

void fr_item_scratch_fini(struct fr_item_scratch *scratch) {
    free(scratch->places);
    free(scratch->values);
    *scratch = (struct fr_item_scratch){0};
}

void fr_item_fini(struct fr_item *item) {
    free(item->buckets);
    *item = (struct fr_item){0};
}

/* Epochs up to this one are outside the window. */
static int64_t cutoff_of(const struct fr_item *item, const struct fr_item_rules *rules) {
    return item->touched ? (int64_t)item->newest - rules->decay->window : INT64_MIN;
}

static inline uint64_t order_of(uint32_t code, int32_t epoch) {
    return (uint64_t)code << 32 | ((uint32_t)epoch ^ 0x80000000u);
}

/* The first bucket at or after `from` that is not before (code, epoch). No branch depends on the buckets: where a delta
 * goes is nothing that a processor can guess. */
static uint32_t seek(const struct fr_item *item, uint32_t from, uint32_t code, int32_t epoch) {
    uint64_t wanted = order_of(code, epoch);
    uint32_t n = item->n - from;
    if (n == 0) return from;
    const struct fr_bucket *at = item->buckets + from;
    while (n > 1) {
        uint32_t half = n / 2;
        at += half * (order_of(at[half - 1].code, at[half - 1].epoch) < wanted);
        n -= half;
    }
    return (uint32_t)(at - item->buckets) + (order_of(at->code, at->epoch) < wanted);
}

/* --- adding ------------------------------------------------------------------------------------------- */

/* Whether sums of this kind can be short of the truth, because something of it was dropped. */
static bool is_short(const struct fr_item *item, enum fr_code_kind kind) {
    if (kind == FR_CODE_IS_PAIR) return item->dropped;
    return kind == FR_CODE_IS_GROUP && item->groups_dropped > 0;
}

/* Whether the delta at `before` is the first bucket of its pair or group. */
static bool is_first(const struct fr_item *item, const struct fr_delta *deltas,
                     const struct fr_item_place *last, uint32_t code, uint32_t before) {
    if (last && deltas[last->delta].code == code) return false;
    if (before > 0 && item->buckets[before - 1].code == code) return false;
    return before == item->n || item->buckets[before].code != code;
}

struct merge {
    struct fr_item *item;
    const struct fr_delta *deltas;
    struct fr_item_place *places;
    uint32_t places_n;
    unsigned changes;
    uint32_t first_zero; /* the first bucket that became 0, UINT32_MAX: none */
};

/* Plans a new bucket, or ignores the delta: a decrement of what is not there once something was dropped, a
 * group beyond the bound. Keeps pairs_at, groups_at and the numbers of others and groups right as it goes. */
static void plan_insert(struct merge *m, uint32_t i, uint32_t before) {
    struct fr_item *item = m->item;
    uint32_t code = m->deltas[i].code;
    enum fr_code_kind kind = fr_code_kind(code);
    if (m->deltas[i].weight < 0 && is_short(item, kind)) return;
    const struct fr_item_place *last = m->places_n ? &m->places[m->places_n - 1] : NULL;
    bool first = is_first(item, m->deltas, last, code, before);
    if (kind == FR_CODE_IS_GROUP && first && item->groups_n >= FR_ITEM_GROUPS_MAX) {
        item->groups_dropped += item->groups_dropped < INT32_MAX;
        return;
    }
    item->pairs_at += kind == FR_CODE_IS_COUNT;
    item->groups_at += kind != FR_CODE_IS_GROUP;
    item->others_n += first && kind == FR_CODE_IS_PAIR;
    item->groups_n += first && kind == FR_CODE_IS_GROUP;
    m->changes |= kind == FR_CODE_IS_PAIR ? FR_ITEM_PAIRS : FR_ITEM_COUNTS;
    m->places[m->places_n++] = (struct fr_item_place){i, before};
}

static void add_in_place(struct merge *m, uint32_t at, int32_t weight) {
    struct fr_bucket *bucket = &m->item->buckets[at];
    enum fr_code_kind kind = fr_code_kind(bucket->code);
    bucket->weight = fr_delta_add(bucket->weight, weight);
    if (bucket->weight < 0 && is_short(m->item, kind)) bucket->weight = 0;
    if (bucket->weight == 0 && at < m->first_zero) m->first_zero = at;
    m->changes |= kind == FR_CODE_IS_PAIR ? FR_ITEM_PAIRS : FR_ITEM_COUNTS;
}

static void resize(struct fr_item *item, uint32_t cap) {
    item->buckets = fr_realloc(item->buckets, (size_t)cap * sizeof *item->buckets);
    item->cap = cap;
}

/* From the end, so that each bucket moves once. */
static void insert_planned(struct merge *m) {
    struct fr_item *item = m->item;
    uint32_t from = item->n, to = item->n + m->places_n;
    if (to > item->cap) resize(item, to + to / 8 + 2);
    for (uint32_t i = m->places_n; i-- > 0;) {
        uint32_t moved = from - m->places[i].before;
        memmove(item->buckets + to - moved, item->buckets + from - moved, moved * sizeof *item->buckets);
        from -= moved;
        to -= moved + 1;
        const struct fr_delta *d = &m->deltas[m->places[i].delta];
        item->buckets[to] = (struct fr_bucket){d->code, d->epoch, d->weight};
    }
    item->n += m->places_n;
}

void fr_item_recount(struct fr_item *item) {
    item->others_n = item->groups_n = item->pairs_at = item->groups_at = 0;
    for (uint32_t i = 0; i < item->n; i++) {
        uint32_t code = item->buckets[i].code;
        bool first = i == 0 || item->buckets[i - 1].code != code;
        enum fr_code_kind kind = fr_code_kind(code);
        item->pairs_at += kind == FR_CODE_IS_COUNT;
        item->groups_at += kind != FR_CODE_IS_GROUP;
        item->others_n += first && kind == FR_CODE_IS_PAIR;
        item->groups_n += first && kind == FR_CODE_IS_GROUP;
    }
}

/* Bucket i is left out, `kept` before it are not: counts it off, and its pair or group when that was the last of it. */
static void note_removed(struct fr_item *item, uint32_t kept, uint32_t i) {
    uint32_t code = item->buckets[i].code;
    enum fr_code_kind kind = fr_code_kind(code);
    bool last = i + 1 == item->n || item->buckets[i + 1].code != code;
    bool gone = last && (kept == 0 || item->buckets[kept - 1].code != code);
    item->pairs_at -= kind == FR_CODE_IS_COUNT;
    item->groups_at -= kind != FR_CODE_IS_GROUP;
    item->others_n -= gone && kind == FR_CODE_IS_PAIR;
    item->groups_n -= gone && kind == FR_CODE_IS_GROUP;
}

/* From bucket `from` on, leaves out those without weight or outside the window, and gives back memory that few need. */
static void compact(struct fr_item *item, uint32_t from, int64_t cutoff) {
    uint32_t kept = from;
    for (uint32_t i = from; i < item->n; i++) {
        if (item->buckets[i].weight && item->buckets[i].epoch > cutoff)
            item->buckets[kept++] = item->buckets[i];
        else
            note_removed(item, kept, i);
    }
    item->n = kept;
    if (item->cap > 2 * kept + 64) resize(item, kept + kept / 8 + 2);
}

/* --- pruning ------------------------------------------------------------------------------------------ */

static int64_t add_clipped(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

static void value_pairs(const struct fr_item *item, const struct fr_decay *decay, const struct fr_dict *dict,
                        struct fr_item_value *values) {
    struct fr_item_value *value = values;
    for (uint32_t i = item->pairs_at; i < item->groups_at; i++) {
        const struct fr_bucket *b = &item->buckets[i];
        if (i == item->pairs_at || b[-1].code != b->code) {
            value += i > item->pairs_at;
            *value = (struct fr_item_value){.other = fr_code_number(b->code), .first = i};
            __builtin_prefetch(&dict->strings[value->other]);
        }
        int64_t worth = b->weight * (int64_t)fr_decay_at(decay, item->newest, b->epoch);
        value->value = add_clipped(value->value, worth);
    }
}

/* Ids are looked up once here, and not in each comparison: most values are equal, and an id is a cache miss. */
static void look_up_ids(const struct fr_dict *dict, struct fr_item_value *values, uint32_t n) {
    enum { AHEAD = 8 };
    for (uint32_t i = 0; i < n; i++) {
        if (i + AHEAD < n) __builtin_prefetch(fr_dict_str(dict, values[i + AHEAD].other).ptr);
        values[i].prefix = fr_item_id_prefix(fr_dict_str(dict, values[i].other));
    }
}

static inline bool is_better(const struct fr_dict *dict, const struct fr_item_value *a,
                             const struct fr_item_value *b) {
    if (a->value != b->value) return a->value > b->value;
    if (a->prefix != b->prefix) return a->prefix < b->prefix;
    return a->other != b->other && fr_str_cmp(fr_dict_str(dict, a->other), fr_dict_str(dict, b->other)) < 0;
}

static void swap_values(struct fr_item_value *a, struct fr_item_value *b) {
    struct fr_item_value saved = *a;
    *a = *b;
    *b = saved;
}

/* Quickselect: afterwards the `keep` best are in front. */
static void select_best(const struct fr_dict *dict, struct fr_item_value *v, uint32_t n, uint32_t keep) {
    uint32_t low = 0, high = n;
    while (high - low > 1 && keep > low && keep < high) {
        struct fr_item_value pivot = v[low + (high - low - 1) / 2];
        uint32_t left = low, right = high - 1;
        for (;;) {
            while (is_better(dict, &v[left], &pivot)) left++;
            while (is_better(dict, &pivot, &v[right])) right--;
            if (left >= right) break;
            swap_values(&v[left++], &v[right--]);
        }
        uint32_t split = right + 1;
        if (keep < split)
            high = split;
        else
            low = split;
    }
}

static void drop_pair(struct fr_item *item, uint32_t first) {
    uint32_t code = item->buckets[first].code;
    for (uint32_t i = first; i < item->groups_at && item->buckets[i].code == code; i++)
        item->buckets[i].weight = 0;
}

static void prune(struct fr_item *item, const struct fr_item_rules *rules, const struct fr_dict *dict,
                  struct fr_item_scratch *scratch) {
    uint32_t n = item->others_n, keep = rules->pairs_per_item * 3 / 4;
    if (n > scratch->values_cap) {
        scratch->values_cap = n + n / 2;
        free(scratch->values);
        scratch->values = fr_alloc(scratch->values_cap * sizeof *scratch->values);
    }
    struct fr_item_value *values = scratch->values;
    value_pairs(item, rules->decay, dict, values);
    look_up_ids(dict, values, n);
    select_best(dict, values, n, keep);
    int64_t largest = 0;
    for (uint32_t i = keep; i < n; i++) {
        if (values[i].value > largest) largest = values[i].value;
        drop_pair(item, values[i].first);
    }
    int64_t carried = fr_decay_carry(rules->decay, item->missed, item->missed_epoch, item->newest);
    item->missed = add_clipped(carried, largest);
    item->missed_epoch = item->newest;
    item->dropped = true;
}

/* After the first drop a sum below 0 would be a decrement of something dropped. */
static void drop_negative(struct fr_item *item) {
    for (uint32_t i = item->pairs_at; i < item->groups_at; i++)
        if (item->buckets[i].weight < 0) item->buckets[i].weight = 0;
}

/* --- one record ---------------------------------------------------------------------------------------- */

static void advance(struct fr_item *item, const struct fr_delta *deltas, uint32_t n) {
    if (!item->touched) item->newest = deltas[0].epoch;
    item->touched = true;
    for (uint32_t i = 0; i < n; i++)
        if (deltas[i].epoch > item->newest) item->newest = deltas[i].epoch;
}

unsigned fr_item_apply(struct fr_item *item, const struct fr_item_rules *rules, const struct fr_dict *dict,
                       const struct fr_delta *deltas, uint32_t n, struct fr_item_scratch *scratch) {
    if (n == 0) return FR_ITEM_SAME;
    if (n > scratch->places_cap) {
        scratch->places_cap = (size_t)n + n / 2;
        free(scratch->places);
        scratch->places = fr_alloc(scratch->places_cap * sizeof *scratch->places);
    }
    int32_t newest_before = item->newest;
    advance(item, deltas, n);
    int64_t cutoff = cutoff_of(item, rules);
    struct merge m = {.item = item, .deltas = deltas, .places = scratch->places, .first_zero = UINT32_MAX};
    for (uint32_t i = 0, at = 0; i < n; i++) {
        if (deltas[i].epoch <= cutoff) continue;
        at = seek(item, at, deltas[i].code, deltas[i].epoch);
        bool there = at < item->n && item->buckets[at].code == deltas[i].code &&
                     item->buckets[at].epoch == deltas[i].epoch;
        if (there)
            add_in_place(&m, at, deltas[i].weight);
        else
            plan_insert(&m, i, at);
    }
    if (m.places_n) insert_planned(&m);
    if (item->newest != newest_before) m.first_zero = 0;
    if (m.first_zero != UINT32_MAX) compact(item, m.first_zero, cutoff); /* insertions moved it no nearer */
    if (item->others_n <= rules->pairs_per_item) return m.changes;
    prune(item, rules, dict, scratch);
    drop_negative(item);
    compact(item, 0, cutoff);
    return m.changes | FR_ITEM_PRUNED;
}

bool fr_item_is_empty(const struct fr_item *item) {
    return item->n == 0 && !item->dropped && item->groups_dropped == 0;
}

bool fr_item_is_expired(const struct fr_item *item, const struct fr_item_rules *rules, int32_t epoch) {
    return (int64_t)epoch - rules->decay->window >= item->newest;
}

const char *fr_item_check(const struct fr_item *item, const struct fr_item_rules *rules) {
    struct fr_item counted = *item;
    fr_item_recount(&counted);
    if (counted.others_n != item->others_n || counted.groups_n != item->groups_n) return "numbers of others";
    if (counted.pairs_at != item->pairs_at || counted.groups_at != item->groups_at) return "parts";
    if (item->others_n > rules->pairs_per_item || item->groups_n > FR_ITEM_GROUPS_MAX) return "bounds";
    if (item->missed < 0 || (item->missed > 0 && !item->dropped)) return "missed";
    if (item->n && !item->touched) return "touched";
    for (uint32_t i = 0; i < item->n; i++) {
        const struct fr_bucket *b = &item->buckets[i];
        if (b->weight == 0) return "a bucket of 0";
        if (b->weight < 0 && is_short(item, fr_code_kind(b->code))) return "a bucket below 0 after a drop";
        if (b->epoch > item->newest || b->epoch <= cutoff_of(item, rules))
            return "a bucket outside the window";
        if (i && order_of(b[-1].code, b[-1].epoch) >= order_of(b->code, b->epoch)) return "order";
    }
    return NULL;
}

size_t fr_item_bytes(const struct fr_item *item) {
    return sizeof *item + (size_t)item->cap * sizeof *item->buckets;
}
