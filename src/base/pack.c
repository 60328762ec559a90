/* MessagePack (github.com/msgpack/msgpack spec.md). Own code because states are read and written on the hot
 * path without allocation, from bytes that must never crash us; a kept library (Python's msgpack) is the
 * reference in the tests. */
#include "freshet/base/pack.h"

static void put_be(struct fr_buf *b, unsigned char tag, uint64_t v, unsigned bytes) {
    fr_buf_byte(b, tag);
    for (unsigned i = bytes; i-- > 0;) fr_buf_byte(b, (unsigned char)(v >> (8 * i)));
}

void fr_pack_nil(struct fr_buf *b) { fr_buf_byte(b, 0xc0); }
void fr_pack_bool(struct fr_buf *b, bool v) { fr_buf_byte(b, v ? 0xc3 : 0xc2); }

static void pack_unsigned(struct fr_buf *b, uint64_t u) {
    if (u < 0x80)
        fr_buf_byte(b, (unsigned char)u);
    else if (u <= 0xff)
        put_be(b, 0xcc, u, 1);
    else if (u <= 0xffff)
        put_be(b, 0xcd, u, 2);
    else if (u <= 0xffffffff)
        put_be(b, 0xce, u, 4);
    else
        put_be(b, 0xcf, u, 8);
}

void fr_pack_int(struct fr_buf *b, int64_t v) {
    if (v >= 0)
        pack_unsigned(b, (uint64_t)v);
    else if (v >= -32)
        fr_buf_byte(b, (unsigned char)v);
    else if (v >= INT8_MIN)
        put_be(b, 0xd0, (uint64_t)v, 1);
    else if (v >= INT16_MIN)
        put_be(b, 0xd1, (uint64_t)v, 2);
    else if (v >= INT32_MIN)
        put_be(b, 0xd2, (uint64_t)v, 4);
    else
        put_be(b, 0xd3, (uint64_t)v, 8);
}

void fr_pack_double(struct fr_buf *b, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_be(b, 0xcb, bits, 8);
}

void fr_pack_str(struct fr_buf *b, struct fr_str s) {
    if (s.len < 32)
        fr_buf_byte(b, (unsigned char)(0xa0 | s.len));
    else if (s.len <= 0xff)
        put_be(b, 0xd9, s.len, 1);
    else if (s.len <= 0xffff)
        put_be(b, 0xda, s.len, 2);
    else
        put_be(b, 0xdb, s.len, 4);
    fr_buf_str(b, s);
}

void fr_pack_bin(struct fr_buf *b, struct fr_str s) {
    if (s.len <= 0xff)
        put_be(b, 0xc4, s.len, 1);
    else if (s.len <= 0xffff)
        put_be(b, 0xc5, s.len, 2);
    else
        put_be(b, 0xc6, s.len, 4);
    fr_buf_str(b, s);
}

void fr_pack_array(struct fr_buf *b, uint32_t n) {
    if (n < 16)
        fr_buf_byte(b, (unsigned char)(0x90 | n));
    else if (n <= 0xffff)
        put_be(b, 0xdc, n, 2);
    else
        put_be(b, 0xdd, n, 4);
}

void fr_pack_map(struct fr_buf *b, uint32_t n) {
    if (n < 16)
        fr_buf_byte(b, (unsigned char)(0x80 | n));
    else if (n <= 0xffff)
        put_be(b, 0xde, n, 2);
    else
        put_be(b, 0xdf, n, 4);
}

enum fr_pack_type fr_pack_peek(const struct fr_reader *r) {
    if (!r->ok || r->at >= r->end) return FR_PACK_END;
    unsigned char t = *r->at;
    if (t < 0x80 || t >= 0xe0 || (t >= 0xcc && t <= 0xd3)) return FR_PACK_INT;
    if (t < 0x90 || t == 0xde || t == 0xdf) return FR_PACK_MAP;
    if (t < 0xa0 || t == 0xdc || t == 0xdd) return FR_PACK_ARRAY;
    if (t < 0xc0 || (t >= 0xd9 && t <= 0xdb)) return FR_PACK_STR;
    if (t >= 0xc4 && t <= 0xc6) return FR_PACK_BIN;
    if (t == 0xc0) return FR_PACK_NIL;
    if (t == 0xc2 || t == 0xc3) return FR_PACK_BOOL;
    return t == 0xca || t == 0xcb ? FR_PACK_DOUBLE : FR_PACK_BAD;
}

static uint64_t fail(struct fr_reader *r) {
    r->ok = false;
    r->at = r->end;
    return 0;
}

static uint64_t get_be(struct fr_reader *r, unsigned bytes) {
    if ((size_t)(r->end - r->at) < bytes) return fail(r);
    uint64_t v = 0;
    for (; bytes; bytes--) v = v << 8 | *r->at++;
    return v;
}

bool fr_pack_read_bool(struct fr_reader *r) {
    if (fr_pack_peek(r) != FR_PACK_BOOL) return fail(r);
    return *r->at++ == 0xc3;
}

int64_t fr_pack_read_int(struct fr_reader *r) {
    if (fr_pack_peek(r) != FR_PACK_INT) return (int64_t)fail(r);
    unsigned char t = *r->at++;
    if (t < 0x80) return t;
    if (t >= 0xe0) return (int8_t)t;
    uint64_t v = get_be(r, 1u << (t & 3));
    switch (t) {
    case 0xd0: return (int8_t)v;
    case 0xd1: return (int16_t)v;
    case 0xd2: return (int32_t)v;
    case 0xcf: return v > INT64_MAX ? (int64_t)fail(r) : (int64_t)v;
    default: return (int64_t)v;
    }
}

double fr_pack_read_double(struct fr_reader *r) {
    if (fr_pack_peek(r) == FR_PACK_INT) return (double)fr_pack_read_int(r);
    if (fr_pack_peek(r) != FR_PACK_DOUBLE) return (double)fail(r);
    if (*r->at++ == 0xcb) {
        uint64_t bits = get_be(r, 8);
        double v;
        memcpy(&v, &bits, sizeof v);
        return v;
    }
    uint32_t bits = (uint32_t)get_be(r, 4);
    float v;
    memcpy(&v, &bits, sizeof v);
    return (double)v;
}

static struct fr_str take(struct fr_reader *r, uint64_t n) {
    if (!r->ok || n > (uint64_t)(r->end - r->at)) return fail(r), (struct fr_str){"", 0};
    struct fr_str s = {(const char *)r->at, (uint32_t)n};
    r->at += n;
    return s;
}

struct fr_str fr_pack_read_str(struct fr_reader *r) {
    enum fr_pack_type type = fr_pack_peek(r);
    if (type != FR_PACK_STR && type != FR_PACK_BIN) return fail(r), (struct fr_str){"", 0};
    unsigned char t = *r->at++;
    if (t < 0xc0) return take(r, t & 31);
    unsigned width = type == FR_PACK_BIN ? 1u << (t - 0xc4) : 1u << (t - 0xd9);
    return take(r, get_be(r, width));
}

static uint32_t count(struct fr_reader *r, enum fr_pack_type type, unsigned per_element) {
    if (fr_pack_peek(r) != type) return (uint32_t)fail(r);
    unsigned char t = *r->at++;
    uint64_t n = t < 0xa0 ? t & 15 : get_be(r, t & 1 ? 4 : 2);
    if (n * per_element > (uint64_t)(r->end - r->at)) return (uint32_t)fail(r);
    return (uint32_t)n;
}

uint32_t fr_pack_read_array(struct fr_reader *r) { return count(r, FR_PACK_ARRAY, 1); }
uint32_t fr_pack_read_map(struct fr_reader *r) { return count(r, FR_PACK_MAP, 2); }

static void skip_scalar(struct fr_reader *r, enum fr_pack_type type) {
    if (type == FR_PACK_INT)
        fr_pack_read_int(r);
    else if (type == FR_PACK_DOUBLE)
        fr_pack_read_double(r);
    else if (type == FR_PACK_STR || type == FR_PACK_BIN)
        fr_pack_read_str(r);
    else if (type == FR_PACK_NIL || type == FR_PACK_BOOL)
        r->at++;
    else
        fail(r);
}

static void skip(struct fr_reader *r, unsigned depth) {
    enum fr_pack_type type = fr_pack_peek(r);
    if (type != FR_PACK_ARRAY && type != FR_PACK_MAP) {
        skip_scalar(r, type);
        return;
    }
    if (depth == 0) {
        fail(r);
        return;
    }
    uint64_t n = type == FR_PACK_ARRAY ? fr_pack_read_array(r) : 2ull * fr_pack_read_map(r);
    for (; n && r->ok; n--) skip(r, depth - 1);
}

void fr_pack_skip(struct fr_reader *r) { skip(r, 32); }
