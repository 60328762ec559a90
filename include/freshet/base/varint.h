/* varint.h - little-endian base-128 numbers, as in Protocol Buffers, and zigzag for signed ones. Readers are
 * total: past the end or over-long input sets *ok to false and returns 0. */
#ifndef FR_BASE_VARINT_H
#define FR_BASE_VARINT_H

#include "freshet/base/buf.h"

struct fr_reader {
    const unsigned char *at, *end;
    bool ok; /* false from the first failure on */
};

static inline struct fr_reader fr_reader_of(struct fr_str s) {
    const unsigned char *p = (const unsigned char *)s.ptr;
    return (struct fr_reader){p, s.len ? p + s.len : p, true};
}

static inline void fr_varint_write(struct fr_buf *b, uint64_t v) {
    char *p = b->cap - b->len >= 10 ? b->data + b->len : fr_buf_reserve(b, 10);
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) p[n++] = (char)(v | 0x80);
    p[n++] = (char)v;
    b->len += n;
}

static inline uint64_t fr_zigzag(int64_t v) { return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63); }
static inline int64_t fr_unzigzag(uint64_t v) { return (int64_t)(v >> 1) ^ -(int64_t)(v & 1); }

uint64_t fr_varint_read_slow(struct fr_reader *r);

static inline uint64_t fr_varint_read(struct fr_reader *r) {
    if (r->at < r->end && *r->at < 0x80) return *r->at++;
    if (r->end - r->at >= 2 && r->at[1] < 0x80) {
        r->at += 2;
        return (uint64_t)(r->at[-2] & 0x7f) | (uint64_t)r->at[-1] << 7;
    }
    return fr_varint_read_slow(r);
}

/* A length and that many bytes, lent from the input. */
struct fr_str fr_varint_read_str(struct fr_reader *r);
static inline void fr_varint_write_str(struct fr_buf *b, struct fr_str s) {
    fr_varint_write(b, s.len);
    fr_buf_str(b, s);
}

#endif
