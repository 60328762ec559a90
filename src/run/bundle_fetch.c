#include "bundle_head.h"
#include <stdio.h>

void fr_bundle_fetch_init(struct fr_bundle_fetch *f, const char *prefix, struct fr_str version) {
    *f = (struct fr_bundle_fetch){.prefix = prefix};
    snprintf(f->version, sizeof f->version, "%.*s", FR_STR_ARG(version));
}

void fr_bundle_fetch_fini(struct fr_bundle_fetch *f) {
    fr_buf_fini(&f->bytes);
    fr_bundle_free(f->bundle);
    *f = (struct fr_bundle_fetch){0};
}

uint32_t fr_bundle_fetch_keys(const struct fr_bundle_fetch *f, struct fr_arena *arena,
                              const struct fr_str **keys) {
    if (f->done) return 0;
    char text[BUNDLE_KEY_BYTES];
    struct fr_str *key = fr_arena_alloc(arena, sizeof *key);
    *key = fr_arena_copy(arena, f->chunks ? bundle_chunk_key(f->prefix, f->version, f->next, text)
                                          : bundle_head_key(f->prefix, f->version, text));
    *keys = key;
    return 1;
}

static void fail(struct fr_bundle_fetch *f, enum fr_err err, const char *what) {
    f->done = true;
    f->err = fr_err_set(&f->why, err, "bundle %s %s", f->version, what);
    fr_buf_fini(&f->bytes);
}

static void take_head(struct fr_bundle_fetch *f, struct fr_str value) {
    struct bundle_head head;
    if (!value.len) {
        fail(f, FR_LIMIT, "does not exist");
    } else if (!bundle_head_read(value, &head)) {
        fail(f, FR_STATE_CORRUPT, "has a head that cannot be read");
    } else {
        f->chunks = head.chunks;
        f->byte_n = head.bytes;
        f->hash = head.hash;
        fr_buf_reserve(&f->bytes, head.bytes);
    }
}

static void finish(struct fr_bundle_fetch *f) {
    struct fr_errmsg msg = {0};
    f->done = true;
    if (f->bytes.len != f->byte_n || bundle_hash(fr_buf_slice(&f->bytes)) != f->hash)
        fail(f, FR_STATE_CORRUPT, "is not what was written");
    else if (fr_bundle_read(fr_buf_slice(&f->bytes), &f->bundle, &msg) != FR_OK)
        fail(f, FR_STATE_CORRUPT, msg.text);
    fr_buf_fini(&f->bytes);
}

void fr_bundle_fetch_values(struct fr_bundle_fetch *f, const struct fr_str *values, uint32_t n) {
    if (f->done || n != 1) return;
    if (!f->chunks) {
        take_head(f, values[0]);
        return;
    }
    if (f->bytes.len + values[0].len <= f->byte_n) fr_buf_str(&f->bytes, values[0]);
    if (++f->next == f->chunks) finish(f);
}
