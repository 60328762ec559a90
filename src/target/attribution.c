/* A ring of impressions in order of arrival, numbered for ever:
 *
 *      oldest            next            end
 *        | decided, kept   |  undecided,  |
 *        | for late ones   |  some a yes  |
 *
 * A map has the number of each key's last impression. Whoever takes a key over takes it from the one that had it, so a
 * key stands in one entry at most, and the map follows from the entries. */
#include "freshet/target/attribution.h"
#include "freshet/base/map.h"
#include <stdlib.h>

enum state { WAITING, IS_YES, IS_NO, IS_FORGOTTEN };

struct entry {
    uint64_t keys[FR_ATTRIBUTION_KEYS], owner; /* keys: 0 where there is none, or no longer */
    fr_time_ms time_ms;
    uint64_t state;
};

struct fr_attribution {
    struct fr_attribution_params params;
    struct entry *entries;      /* [capacity] by number % capacity */
    unsigned char *payloads;    /* [capacity][payload_bytes] */
    uint64_t oldest, next, end; /* numbers */
    struct fr_map last;         /* key -> number */
    struct fr_attribution_counts counts;
};

struct fr_attribution *fr_attribution_new(const struct fr_attribution_params *params) {
    FR_ASSERT(params->capacity > 0 && params->payload_bytes % 8 == 0);
    struct fr_attribution *a = fr_alloc_zero(1, sizeof *a);
    a->params = *params;
    a->entries = fr_alloc_zero(params->capacity, sizeof *a->entries);
    a->payloads = fr_alloc_zero(params->capacity, params->payload_bytes);
    return a;
}

void fr_attribution_free(struct fr_attribution *a) {
    if (!a) return;
    free(a->entries);
    free(a->payloads);
    fr_map_fini(&a->last);
    free(a);
}

static struct entry *entry_of(const struct fr_attribution *a, uint64_t number) {
    return &a->entries[number % a->params.capacity];
}

static void *payload_of(const struct fr_attribution *a, uint64_t number) {
    return a->payloads + number % a->params.capacity * a->params.payload_bytes;
}

static void clear_key(struct fr_attribution *a, uint64_t number, uint64_t key) {
    struct entry *e = entry_of(a, number);
    for (unsigned i = 0; i < FR_ATTRIBUTION_KEYS; i++)
        if (e->keys[i] == key) e->keys[i] = 0;
}

static void take_key(struct fr_attribution *a, uint64_t key, uint64_t number) {
    bool was_there;
    uint64_t *last = fr_map_put(&a->last, key, &was_there);
    if (was_there && *last != number) clear_key(a, *last, key);
    *last = number;
}

static void remove_keys(struct fr_attribution *a, const struct entry *e) {
    for (unsigned i = 0; i < FR_ATTRIBUTION_KEYS; i++)
        if (e->keys[i]) fr_map_remove(&a->last, e->keys[i]);
}

static void drop_oldest(struct fr_attribution *a) {
    const struct entry *e = entry_of(a, a->oldest);
    remove_keys(a, e);
    if (a->oldest == a->next && e->state != IS_FORGOTTEN) a->counts.lost++;
    a->oldest++;
    if (a->next < a->oldest) a->next = a->oldest;
}

static void append(struct fr_attribution *a, const struct entry *entry, const void *payload) {
    if (a->end - a->oldest == a->params.capacity) drop_oldest(a);
    *entry_of(a, a->end) = *entry;
    memcpy(payload_of(a, a->end), payload, a->params.payload_bytes);
    for (unsigned i = 0; i < FR_ATTRIBUTION_KEYS; i++)
        if (entry->keys[i]) take_key(a, entry->keys[i], a->end);
    a->end++;
}

void fr_attribution_shown(struct fr_attribution *a, uint64_t key, uint64_t owner, fr_time_ms time_ms,
                          const void *payload) {
    append(a, &(struct entry){{key}, owner, time_ms, WAITING}, payload);
    a->counts.shown++;
}

void fr_attribution_also(struct fr_attribution *a, uint64_t key) {
    struct entry *e = entry_of(a, a->end - 1);
    unsigned i = 1;
    while (i < FR_ATTRIBUTION_KEYS && e->keys[i]) i++;
    FR_ASSERT(a->end > a->next && i < FR_ATTRIBUTION_KEYS);
    e->keys[i] = key;
    take_key(a, key, a->end - 1);
}

void fr_attribution_passed(struct fr_attribution *a, uint64_t key) {
    const uint64_t *last = fr_map_get(&a->last, key);
    if (!last) return;
    clear_key(a, *last, key);
    fr_map_remove(&a->last, key);
}

enum fr_attribution_answer fr_attribution_yes(struct fr_attribution *a, uint64_t key, const void **payload) {
    const uint64_t *last = fr_map_get(&a->last, key);
    if (!last) {
        a->counts.unknown++;
        return FR_ANSWER_UNKNOWN;
    }
    struct entry *e = entry_of(a, *last);
    if (e->state == IS_YES) {
        a->counts.repeated++;
        return FR_ANSWER_REPEATED;
    }
    bool late = e->state == IS_NO;
    e->state = IS_YES;
    a->counts.late += late;
    if (!late) return FR_ANSWER_YES;
    *payload = payload_of(a, *last);
    return FR_ANSWER_LATE;
}

static bool is_over(const struct fr_attribution *a, uint64_t number, fr_time_ms span_ms, fr_time_ms now_ms) {
    return entry_of(a, number)->time_ms < now_ms - span_ms;
}

const void *fr_attribution_decided(struct fr_attribution *a, fr_time_ms now_ms, bool *yes) {
    while (a->oldest < a->next && is_over(a, a->oldest, a->params.window_ms + a->params.late_ms, now_ms))
        drop_oldest(a);
    while (a->next < a->end && is_over(a, a->next, a->params.window_ms, now_ms)) {
        struct entry *e = entry_of(a, a->next);
        const void *payload = payload_of(a, a->next++);
        if (e->state == IS_FORGOTTEN) continue;
        *yes = e->state == IS_YES;
        if (!*yes) e->state = IS_NO;
        a->counts.yes += *yes;
        a->counts.no += !*yes;
        return payload;
    }
    return NULL;
}

void fr_attribution_forget(struct fr_attribution *a, uint64_t owner) {
    for (uint64_t number = a->oldest; number < a->end; number++) {
        struct entry *e = entry_of(a, number);
        if (e->owner != owner || e->state == IS_FORGOTTEN) continue;
        remove_keys(a, e);
        *e = (struct entry){.time_ms = e->time_ms, .state = IS_FORGOTTEN};
        memset(payload_of(a, number), 0, a->params.payload_bytes);
        a->counts.forgotten++;
    }
}

/* Places that were never used are not in memory yet. */
size_t fr_attribution_bytes(const struct fr_attribution *a) {
    uint64_t used = a->end < a->params.capacity ? a->end : a->params.capacity;
    return sizeof *a + used * (sizeof(struct entry) + a->params.payload_bytes) +
           a->last.cap * (sizeof(struct fr_map_entry) + 1);
}

uint32_t fr_attribution_pending(const struct fr_attribution *a) { return (uint32_t)(a->end - a->next); }

struct fr_attribution_counts fr_attribution_counts(const struct fr_attribution *a) {
    return a->counts;
}

/* ---- saving: the ring from its oldest on; the map follows from it ---- */

enum { ENTRY_WORDS = sizeof(struct entry) / 8, COUNT_WORDS = sizeof(struct fr_attribution_counts) / 8 };

void fr_attribution_save(const struct fr_attribution *a, struct fr_tensors_writer *w) {
    uint64_t n = a->end - a->oldest, undecided = a->end - a->next;
    struct entry *entries = fr_alloc((n + 1) * sizeof *entries);
    unsigned char *payloads = fr_alloc((n + 1) * a->params.payload_bytes);
    for (uint64_t i = 0; i < n; i++) {
        entries[i] = *entry_of(a, a->oldest + i);
        memcpy(payloads + i * a->params.payload_bytes, payload_of(a, a->oldest + i), a->params.payload_bytes);
    }
    uint64_t shape[2] = {n, ENTRY_WORDS}, payload_shape[2] = {n, a->params.payload_bytes};
    fr_tensors_put(w, "attribution.entries", FR_TENSOR_U64, shape, 2, entries);
    fr_tensors_put(w, "attribution.payloads", FR_TENSOR_U8, payload_shape, 2, payloads);
    fr_tensors_put_vector(w, "attribution.undecided", FR_TENSOR_U64, 1, &undecided);
    fr_tensors_put_vector(w, "attribution.counts", FR_TENSOR_U64, COUNT_WORDS, &a->counts);
    free(entries);
    free(payloads);
}

enum fr_err fr_attribution_load(struct fr_attribution *a, const struct fr_tensors_file *file,
                                struct fr_errmsg *msg) {
    const struct fr_tensor *entries = fr_tensors_get(file, "attribution.entries", FR_TENSOR_U64);
    const struct fr_tensor *payloads = fr_tensors_get(file, "attribution.payloads", FR_TENSOR_U8);
    const struct fr_tensor *undecided = fr_tensors_get(file, "attribution.undecided", FR_TENSOR_U64);
    const struct fr_tensor *counts = fr_tensors_get(file, "attribution.counts", FR_TENSOR_U64);
    if (!entries || !payloads || !undecided || !counts || undecided->count != 1 ||
        counts->count != COUNT_WORDS)
        return fr_err_set(msg, FR_STATE_CORRUPT, "attribution: its arrays are missing");
    uint64_t n = entries->count / ENTRY_WORDS, waiting = *(const uint64_t *)undecided->data;
    if (n > a->params.capacity || waiting > n || payloads->count != n * a->params.payload_bytes)
        return fr_err_set(msg, FR_STATE_CORRUPT, "attribution: its arrays are of another shape");
    const struct entry *entry = entries->data;
    for (uint64_t i = 0; i < n; i++) {
        if (entry[i].state > IS_FORGOTTEN)
            return fr_err_set(msg, FR_STATE_CORRUPT, "attribution: an impression is in no known state");
        append(a, &entry[i], (const unsigned char *)payloads->data + i * a->params.payload_bytes);
    }
    a->next = a->end - waiting;
    memcpy(&a->counts, counts->data, sizeof a->counts);
    return FR_OK;
}
