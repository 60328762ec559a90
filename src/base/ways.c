#include "freshet/base/ways.h"
#include <stdio.h>
#include <stdlib.h>

void fr_ways_init(struct fr_ways *t, uint32_t bits, uint32_t value_bytes) {
    FR_ASSERT(bits >= 3 && bits <= 30 && value_bytes % 8 == 0);
    size_t places = (size_t)1 << bits;
    *t = (struct fr_ways){.bits = bits, .value_bytes = value_bytes};
    t->keys = fr_alloc_zero(places, sizeof *t->keys);
    t->entries = fr_alloc_zero(places, sizeof(fr_time_ms) + value_bytes);
}

void fr_ways_fini(struct fr_ways *t) {
    free(t->keys);
    free(t->entries);
    *t = (struct fr_ways){0};
}

/* The first place of the key's bucket: by the high bits, which a table of hashes has not been ordered by before. */
static size_t bucket_of(const struct fr_ways *t, uint64_t key) {
    return (size_t)(key >> 33) % ((size_t)1 << (t->bits - 3)) * FR_WAYS;
}

size_t fr_ways_find(const struct fr_ways *t, uint64_t key) {
    size_t first = bucket_of(t, key);
    for (size_t i = first; i < first + FR_WAYS; i++)
        if (t->keys[i] == key) return i;
    return FR_WAYS_NONE;
}

void fr_ways_prefetch_keys(const struct fr_ways *t, uint64_t key) {
    __builtin_prefetch(t->keys + bucket_of(t, key));
}

void fr_ways_prefetch_entry(const struct fr_ways *t, uint64_t key) {
    size_t place = fr_ways_find(t, key);
    if (place != FR_WAYS_NONE) __builtin_prefetch(fr_ways_touched_ms(t, place));
}

/* A free place, else the one that gives way. */
static size_t place_for(const struct fr_ways *t, uint64_t key) {
    size_t first = bucket_of(t, key), oldest = first;
    for (size_t i = first; i < first + FR_WAYS; i++) {
        if (!t->keys[i]) return i;
        if (*fr_ways_touched_ms(t, i) < *fr_ways_touched_ms(t, oldest)) oldest = i;
    }
    return oldest;
}

size_t fr_ways_take(struct fr_ways *t, uint64_t key, fr_time_ms now_ms) {
    FR_ASSERT(key);
    size_t place = fr_ways_find(t, key);
    if (place != FR_WAYS_NONE) return place;
    place = place_for(t, key);
    if (t->keys[place]) {
        t->evicted++;
        memset(fr_ways_value(t, place), 0, t->value_bytes);
    } else {
        t->used++;
    }
    t->keys[place] = key;
    *fr_ways_touched_ms(t, place) = now_ms;
    return place;
}

void fr_ways_remove(struct fr_ways *t, size_t place) {
    t->keys[place] = 0;
    memset(fr_ways_value(t, place), 0, t->value_bytes);
    t->used--;
}

/* ---- saving: what is used, by rising place ---- */

struct columns {
    uint32_t *places;
    uint64_t *keys;
    int64_t *touched_ms;
    unsigned char *values;
};

static struct columns columns_of(const struct fr_ways *t) {
    struct columns c = {fr_alloc((t->used + 1) * 4), fr_alloc((t->used + 1) * 8), fr_alloc((t->used + 1) * 8),
                        fr_alloc((t->used + 1) * t->value_bytes)};
    size_t n = 0;
    for (size_t i = 0; i < (size_t)1 << t->bits; i++) {
        if (!t->keys[i]) continue;
        c.places[n] = (uint32_t)i;
        c.keys[n] = t->keys[i];
        c.touched_ms[n] = *fr_ways_touched_ms(t, i);
        memcpy(c.values + n++ * t->value_bytes, fr_ways_value(t, i), t->value_bytes);
    }
    return c;
}

enum { NAME_BYTES = 64 };

static const char *joined(char out[NAME_BYTES], const char *name, const char *part) {
    snprintf(out, NAME_BYTES, "%s.%s", name, part);
    return out;
}

void fr_ways_save(const struct fr_ways *t, const char *name, struct fr_tensors_writer *w) {
    struct columns c = columns_of(t);
    char full[NAME_BYTES];
    uint64_t shape[2] = {t->used, t->value_bytes};
    fr_tensors_put_vector(w, joined(full, name, "places"), FR_TENSOR_U32, t->used, c.places);
    fr_tensors_put_vector(w, joined(full, name, "keys"), FR_TENSOR_U64, t->used, c.keys);
    fr_tensors_put_vector(w, joined(full, name, "touched_ms"), FR_TENSOR_I64, t->used, c.touched_ms);
    fr_tensors_put(w, joined(full, name, "values"), FR_TENSOR_U8, shape, 2, c.values);
    fr_tensors_put_vector(w, joined(full, name, "evicted"), FR_TENSOR_U64, 1, &t->evicted);
    free(c.places);
    free(c.keys);
    free(c.touched_ms);
    free(c.values);
}

static bool put_back(struct fr_ways *t, size_t place, uint64_t key, fr_time_ms touched_ms,
                     const unsigned char *value) {
    if (place >> t->bits || !key || t->keys[place] || bucket_of(t, key) != place / FR_WAYS * FR_WAYS)
        return false;
    t->keys[place] = key;
    *fr_ways_touched_ms(t, place) = touched_ms;
    memcpy(fr_ways_value(t, place), value, t->value_bytes);
    return true;
}

enum fr_err fr_ways_load(struct fr_ways *t, const char *name, const struct fr_tensors_file *file,
                         struct fr_errmsg *msg) {
    char full[NAME_BYTES];
    const struct fr_tensor *places = fr_tensors_get(file, joined(full, name, "places"), FR_TENSOR_U32);
    const struct fr_tensor *keys = fr_tensors_get(file, joined(full, name, "keys"), FR_TENSOR_U64);
    const struct fr_tensor *times = fr_tensors_get(file, joined(full, name, "touched_ms"), FR_TENSOR_I64);
    const struct fr_tensor *values = fr_tensors_get(file, joined(full, name, "values"), FR_TENSOR_U8);
    const struct fr_tensor *evicted = fr_tensors_get(file, joined(full, name, "evicted"), FR_TENSOR_U64);
    if (!places || !keys || !times || !values || !evicted || evicted->count != 1 ||
        keys->count != places->count || times->count != places->count ||
        values->count != places->count * t->value_bytes)
        return fr_err_set(msg, FR_STATE_CORRUPT, "%s: its arrays are missing or of another shape", name);
    const unsigned char *value = values->data;
    for (uint64_t i = 0; i < places->count; i++)
        if (!put_back(t, ((const uint32_t *)places->data)[i], ((const uint64_t *)keys->data)[i],
                      ((const int64_t *)times->data)[i], value + i * t->value_bytes))
            return fr_err_set(msg, FR_STATE_CORRUPT, "%s: entry %llu is not where it belongs", name,
                              (unsigned long long)i);
    t->used = places->count;
    t->evicted = *(const uint64_t *)evicted->data;
    return FR_OK;
}
