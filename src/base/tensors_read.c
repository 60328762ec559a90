#include "tensors_internal.h"
#include <stdlib.h>

static int compare_places(const void *a, const void *b) {
    const struct fr_tensor *x = a, *y = b;
    const char *p = x->data, *q = y->data;
    if (p != q) return p < q ? -1 : 1;
    if (x->count != y->count) return x->count < y->count ? -1 : 1; /* empty ones first */
    return fr_str_cmp(x->name, y->name);
}

struct named {
    struct fr_str name;
    uint32_t number;
};

static int compare_names(const void *a, const void *b) {
    const struct named *x = a, *y = b;
    return fr_str_cmp(x->name, y->name);
}

/* Fills by_name; false: two arrays have one name. */
static bool index_names(struct fr_tensors_file *f) {
    struct named *names = fr_alloc((f->n + 1) * sizeof *names);
    for (uint32_t i = 0; i < f->n; i++) names[i] = (struct named){f->tensors[i].name, i};
    qsort(names, f->n, sizeof *names, compare_names);
    f->by_name = fr_alloc((f->n + 1) * sizeof *f->by_name);
    bool unique = true;
    for (uint32_t i = 0; i < f->n; i++) {
        f->by_name[i] = names[i].number;
        if (i && fr_str_eq(names[i - 1].name, names[i].name)) unique = false;
    }
    free(names);
    return unique;
}

/* The arrays must cover the data, one after the other: what the reference implementation asks too, so that no byte of a
 * file goes unread and none is read twice. */
static const char *check_places(const struct fr_tensors_file *f, struct fr_str data) {
    const char *next = data.ptr;
    for (uint32_t i = 0; i < f->n; i++) {
        const struct fr_tensor *t = &f->tensors[i];
        uint32_t bytes = fr_tensor_types[t->type].bytes;
        if ((const char *)t->data != next) return "arrays overlap or leave a hole";
        if (t->count && (uintptr_t)t->data % bytes) return "an array is not aligned for its type";
        next += t->count * bytes;
    }
    return next == data.ptr + data.len ? NULL : "bytes after the last array";
}

static const char *read_file(struct fr_tensors_file *f, struct fr_str bytes) {
    uint64_t header_bytes;
    if (bytes.len < FR_TENSORS_PREFIX_BYTES) return "too short";
    memcpy(&header_bytes, bytes.ptr, sizeof header_bytes);
    uint32_t rest = bytes.len - FR_TENSORS_PREFIX_BYTES;
    if (header_bytes > rest || header_bytes > FR_TENSORS_HEADER_MAX_BYTES)
        return "the header ends past the file";
    struct fr_str header = {bytes.ptr + FR_TENSORS_PREFIX_BYTES, (uint32_t)header_bytes};
    struct fr_str data = {header.ptr + header.len, rest - header.len};
    const char *fault = fr_tensors_header_parse(f, header, data);
    if (fault) return fault;
    qsort(f->tensors, f->n, sizeof *f->tensors, compare_places);
    if (!index_names(f)) return "two arrays have one name";
    return check_places(f, data);
}

enum fr_err fr_tensors_open(struct fr_str bytes, struct fr_tensors_file **out, struct fr_errmsg *msg) {
    FR_ASSERT((uintptr_t)bytes.ptr % 8 == 0);
    struct fr_tensors_file *f = fr_alloc_zero(1, sizeof *f);
    f->tensors = fr_alloc((f->cap = 8) * sizeof *f->tensors);
    const char *fault = read_file(f, bytes);
    if (fault) {
        fr_tensors_close(f);
        *out = NULL;
        return fr_err_set(msg, FR_STATE_CORRUPT, "not a tensors file: %s", fault);
    }
    *out = f;
    return FR_OK;
}

void fr_tensors_close(struct fr_tensors_file *f) {
    if (!f) return;
    fr_arena_fini(&f->arena);
    free(f->tensors);
    free(f->by_name);
    free(f->metas);
    free(f);
}

uint32_t fr_tensors_count(const struct fr_tensors_file *f) { return f->n; }

const struct fr_tensor *fr_tensors_at(const struct fr_tensors_file *f, uint32_t i) {
    FR_ASSERT(i < f->n);
    return &f->tensors[i];
}

static const struct fr_tensor *find(const struct fr_tensors_file *f, struct fr_str name,
                                    enum fr_tensor_type type) {
    uint32_t low = 0, high = f->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct fr_tensor *t = &f->tensors[f->by_name[middle]];
        int order = fr_str_cmp(t->name, name);
        if (order == 0) return t->type == type ? t : NULL;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct fr_tensor *fr_tensors_get(const struct fr_tensors_file *f, const char *name,
                                       enum fr_tensor_type type) {
    return find(f, fr_str_of(name), type);
}

struct fr_str fr_tensors_get_meta(const struct fr_tensors_file *f, const char *key) {
    struct fr_str wanted = fr_str_of(key);
    for (uint32_t i = 0; i < f->meta_n; i++)
        if (fr_str_eq(f->metas[i].key, wanted)) return f->metas[i].text;
    return (struct fr_str){0};
}

static const struct fr_tensor *get_part(const struct fr_tensors_file *f, const char *name, const char *part,
                                        enum fr_tensor_type type) {
    struct fr_buf full = {0};
    fr_buf_printf(&full, "%s.%s", name, part);
    const struct fr_tensor *t = find(f, fr_buf_slice(&full), type);
    fr_buf_fini(&full);
    return t && t->dimension_n == 1 ? t : NULL;
}

const struct fr_str *fr_tensors_get_strings(const struct fr_tensors_file *f, const char *name, uint32_t *n,
                                            struct fr_arena *arena) {
    *n = 0;
    const struct fr_tensor *ends = get_part(f, name, "ends", FR_TENSOR_U32);
    const struct fr_tensor *text = get_part(f, name, "text", FR_TENSOR_U8);
    if (!ends || !text) return NULL;
    const uint32_t *end = ends->data;
    uint32_t count = (uint32_t)ends->count; /* the file is below 4 GiB */
    struct fr_str *strings = fr_arena_alloc(arena, (count + (size_t)1) * sizeof *strings);
    uint32_t start = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (end[i] < start || end[i] > text->count) return NULL;
        strings[i] = (struct fr_str){(const char *)text->data + start, end[i] - start};
        start = end[i];
    }
    *n = count;
    return strings;
}
