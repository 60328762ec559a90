/* Writes safetensors.
 *
 * Problem   an array must be aligned for its type, and the format allows no padding between arrays.
 * Choice    the header is padded with spaces to a multiple of 8, and arrays with larger elements come first (then in the
 *           order of the calls): so each begins where the next smaller type may begin.
 * Rejected  arrays of padding (everybody who reads the file sees them). */
#include "freshet/base/json.h"
#include "tensors_internal.h"
#include <stdlib.h>

struct entry {
    struct fr_tensor t; /* name and data are owned */
    size_t bytes;
};

struct fr_tensors_writer {
    struct fr_arena arena; /* names and texts */
    struct entry *entries;
    struct fr_tensors_pair *metas;
    uint32_t n, cap, meta_n, meta_cap;
};

struct fr_tensors_writer *fr_tensors_writer_new(void) {
    return fr_alloc_zero(1, sizeof(struct fr_tensors_writer));
}

void fr_tensors_writer_free(struct fr_tensors_writer *w) {
    if (!w) return;
    for (uint32_t i = 0; i < w->n; i++) free((void *)(uintptr_t)w->entries[i].t.data);
    free(w->entries);
    free(w->metas);
    fr_arena_fini(&w->arena);
    free(w);
}

static bool has_name(const struct fr_tensors_writer *w, struct fr_str name) {
    for (uint32_t i = 0; i < w->n; i++)
        if (fr_str_eq(w->entries[i].t.name, name)) return true;
    return fr_str_eq(name, FR_STR("__metadata__"));
}

static void put(struct fr_tensors_writer *w, struct fr_tensor t, size_t bytes) {
    FR_ASSERT(!has_name(w, t.name));
    t.name = fr_arena_copy(&w->arena, t.name);
    char *copy = fr_alloc(bytes ? bytes : 1);
    if (bytes) memcpy(copy, t.data, bytes);
    t.data = copy;
    if (w->n == w->cap) w->entries = fr_realloc(w->entries, (w->cap = 2 * w->cap + 8) * sizeof *w->entries);
    w->entries[w->n++] = (struct entry){t, bytes};
}

void fr_tensors_put(struct fr_tensors_writer *w, const char *name, enum fr_tensor_type type,
                    const uint64_t *shape, uint32_t dimension_n, const void *data) {
    FR_ASSERT(dimension_n <= FR_TENSOR_DIMENSIONS && (unsigned)type < FR_TENSOR_TYPES);
    struct fr_tensor t = {
        .name = fr_str_of(name), .type = type, .dimension_n = dimension_n, .count = 1, .data = data};
    for (uint32_t i = 0; i < dimension_n; i++) {
        t.shape[i] = shape[i];
        FR_ASSERT(!__builtin_mul_overflow(t.count, shape[i], &t.count));
    }
    FR_ASSERT(t.count <= UINT32_MAX); /* a file is below 4 GiB */
    put(w, t, (size_t)t.count * fr_tensor_types[type].bytes);
}

void fr_tensors_put_strings(struct fr_tensors_writer *w, const char *name, const struct fr_str *strings,
                            uint32_t n) {
    struct fr_buf text = {0}, full = {0};
    uint32_t *ends = fr_alloc((n + (size_t)1) * sizeof *ends);
    for (uint32_t i = 0; i < n; i++) {
        fr_buf_str(&text, strings[i]);
        FR_ASSERT(text.len <= UINT32_MAX);
        ends[i] = (uint32_t)text.len;
    }
    fr_buf_printf(&full, "%s.ends%c", name, 0);
    fr_tensors_put_vector(w, full.data, FR_TENSOR_U32, n, ends);
    fr_buf_clear(&full);
    fr_buf_printf(&full, "%s.text%c", name, 0);
    fr_tensors_put_vector(w, full.data, FR_TENSOR_U8, text.len, text.data);
    free(ends);
    fr_buf_fini(&text);
    fr_buf_fini(&full);
}

void fr_tensors_meta(struct fr_tensors_writer *w, const char *key, struct fr_str text) {
    if (w->meta_n == w->meta_cap)
        w->metas = fr_realloc(w->metas, (w->meta_cap = 2 * w->meta_cap + 8) * sizeof *w->metas);
    w->metas[w->meta_n++] =
        (struct fr_tensors_pair){fr_arena_copy(&w->arena, fr_str_of(key)), fr_arena_copy(&w->arena, text)};
}

static void describe(struct fr_buf *b, const struct fr_tensor *t, uint64_t begin, uint64_t end) {
    fr_json_key_str(b, t->name);
    fr_json_open(b, '{');
    fr_json_key(b, "dtype");
    fr_json_str(b, fr_tensor_types[t->type].name);
    fr_json_key(b, "shape");
    fr_json_open(b, '[');
    for (uint32_t i = 0; i < t->dimension_n; i++) fr_json_int(b, (int64_t)t->shape[i]);
    fr_json_close(b, ']');
    fr_json_key(b, "data_offsets");
    fr_json_open(b, '[');
    fr_json_int(b, (int64_t)begin);
    fr_json_int(b, (int64_t)end);
    fr_json_close(b, ']');
    fr_json_close(b, '}');
}

static void write_metas(struct fr_buf *b, const struct fr_tensors_writer *w) {
    if (!w->meta_n) return;
    fr_json_key(b, "__metadata__");
    fr_json_open(b, '{');
    for (uint32_t i = 0; i < w->meta_n; i++) {
        fr_json_key_str(b, w->metas[i].key);
        fr_json_str(b, w->metas[i].text);
    }
    fr_json_close(b, '}');
}

/* Numbers of the entries, those with larger elements first. */
static uint32_t *order_entries(const struct fr_tensors_writer *w) {
    uint32_t *order = fr_alloc((w->n + (size_t)1) * sizeof *order), n = 0;
    for (uint32_t bytes = 8; bytes; bytes /= 2)
        for (uint32_t i = 0; i < w->n; i++)
            if (fr_tensor_types[w->entries[i].t.type].bytes == bytes) order[n++] = i;
    FR_ASSERT(n == w->n);
    return order;
}

void fr_tensors_finish(struct fr_tensors_writer *w, struct fr_buf *out) {
    uint32_t *order = order_entries(w);
    struct fr_buf header = {0};
    uint64_t bytes = 0;
    fr_json_open(&header, '{');
    write_metas(&header, w);
    for (uint32_t i = 0; i < w->n; i++) {
        const struct entry *e = &w->entries[order[i]];
        describe(&header, &e->t, bytes, bytes + e->bytes);
        bytes += e->bytes;
    }
    fr_json_close(&header, '}');
    while (header.len % 8) fr_buf_byte(&header, ' ');
    FR_ASSERT(header.len <= FR_TENSORS_HEADER_MAX_BYTES &&
              bytes + header.len + FR_TENSORS_PREFIX_BYTES <= UINT32_MAX);
    uint64_t header_bytes = header.len;
    fr_buf_reserve(out, (size_t)bytes + header.len + FR_TENSORS_PREFIX_BYTES);
    fr_buf_append(out, &header_bytes, sizeof header_bytes);
    fr_buf_append(out, header.data, header.len);
    for (uint32_t i = 0; i < w->n; i++)
        fr_buf_append(out, w->entries[order[i]].t.data, w->entries[order[i]].bytes);
    fr_buf_fini(&header);
    free(order);
}
