/* buf.h - a growing byte buffer.
 *
 * Promise   amortised O(1) append; contents are contiguous at data[0..len).
 * Memory    owns data; fr_buf_fini frees it. Pointers into it are lent until the next append.
 * Errors    none: the caller bounds what it appends; memory that is gone aborts. */
#ifndef FR_BASE_BUF_H
#define FR_BASE_BUF_H

#include "freshet/base/err.h"
#include "freshet/base/str.h"

struct fr_buf {
    char *data;
    size_t len, cap; /* bytes */
};

void fr_buf_fini(struct fr_buf *b);
/* Room for at least extra more bytes; returns where they start. */
char *fr_buf_reserve(struct fr_buf *b, size_t extra);
void fr_buf_printf(struct fr_buf *b, const char *format, ...) FR_PRINTF(2, 3);

/* What was written into reserved room ends here. */
static inline void fr_buf_end_at(struct fr_buf *b, const char *end) { b->len = (size_t)(end - b->data); }
static inline void fr_buf_clear(struct fr_buf *b) { b->len = 0; }

static inline void fr_buf_byte(struct fr_buf *b, unsigned char byte) {
    if (b->len == b->cap) fr_buf_reserve(b, 1);
    b->data[b->len++] = (char)byte;
}

static inline void fr_buf_append(struct fr_buf *b, const void *bytes, size_t n) {
    if (n == 0) return;
    if (b->cap - b->len < n) fr_buf_reserve(b, n);
    memcpy(b->data + b->len, bytes, n);
    b->len += n;
}

static inline void fr_buf_str(struct fr_buf *b, struct fr_str s) { fr_buf_append(b, s.ptr, s.len); }

static inline struct fr_str fr_buf_slice(const struct fr_buf *b) {
    return (struct fr_str){b->data, (uint32_t)b->len};
}

#endif
