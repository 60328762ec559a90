/* Any bytes as a tensors file: refused, or one whose arrays lie within it, and which reads back the same after it was
 * written again. */
#include "freshet/base/arena.h"
#include "freshet/base/hash.h"
#include "freshet/base/tensors.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t bytes_of(const struct fr_tensor *t) {
    static const unsigned char bytes[] = {4, 8, 4, 4, 8, 8, 1};
    return (size_t)t->count * bytes[t->type];
}

static bool has_plain_name(const struct fr_tensor *t) { return memchr(t->name.ptr, 0, t->name.len) == NULL; }

static void name_of(const struct fr_tensor *t, struct fr_buf *out) {
    fr_buf_clear(out);
    fr_buf_str(out, t->name);
    fr_buf_byte(out, 0);
}

static void write_again(const struct fr_tensors_file *f, struct fr_buf *out) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf name = {0};
    for (uint32_t i = 0; i < fr_tensors_count(f); i++) {
        const struct fr_tensor *t = fr_tensors_at(f, i);
        if (!has_plain_name(t)) continue;
        name_of(t, &name);
        fr_tensors_put(w, name.data, t->type, t->shape, t->dimension_n, t->data);
    }
    fr_tensors_finish(w, out);
    fr_buf_fini(&name);
    fr_tensors_writer_free(w);
}

static void compare(const struct fr_tensors_file *f, const struct fr_tensors_file *again) {
    struct fr_buf name = {0};
    for (uint32_t i = 0; i < fr_tensors_count(f); i++) {
        const struct fr_tensor *t = fr_tensors_at(f, i);
        if (!has_plain_name(t)) continue;
        name_of(t, &name);
        const struct fr_tensor *same = fr_tensors_get(again, name.data, t->type);
        FR_ASSERT(same && same->dimension_n == t->dimension_n && same->count == t->count);
        FR_ASSERT(bytes_of(t) == 0 || memcmp(same->data, t->data, bytes_of(t)) == 0);
    }
    fr_buf_fini(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_tensors_file *f, *again;
    struct fr_arena arena = {0};
    struct fr_buf out = {0};
    char *copy = fr_alloc(size ? size : 1); /* aligned, and the sanitizer knows its end */
    if (size) memcpy(copy, data, size);
    if (fr_tensors_open((struct fr_str){copy, (uint32_t)size}, &f, NULL) == FR_OK) {
        uint32_t n;
        const struct fr_str *ids = fr_tensors_get_strings(f, "ids", &n, &arena);
        for (uint32_t i = 0; ids && i < n; i++) fr_arena_copy(&arena, ids[i]);
        write_again(f, &out);
        enum fr_err err = fr_tensors_open(fr_buf_slice(&out), &again, NULL);
        FR_ASSERT(err == FR_OK);
        compare(f, again);
        fr_tensors_close(again);
        fr_tensors_close(f);
    }
    fr_arena_fini(&arena);
    fr_buf_fini(&out);
    free(copy);
    return 0;
}
