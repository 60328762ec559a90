#include "freshet/base/varint.h"

uint64_t fr_varint_read_slow(struct fr_reader *r) {
    uint64_t v = 0;
    for (unsigned shift = 0; r->ok && r->at < r->end && shift < 64; shift += 7) {
        unsigned char byte = *r->at++;
        if (shift == 63 && byte > 1) break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return v;
    }
    r->ok = false;
    r->at = r->end;
    return 0;
}

struct fr_str fr_varint_read_str(struct fr_reader *r) {
    uint64_t n = fr_varint_read(r);
    if (!r->ok || n > (uint64_t)(r->end - r->at)) {
        r->ok = false;
        r->at = r->end;
        return (struct fr_str){"", 0};
    }
    struct fr_str s = {(const char *)r->at, (uint32_t)n};
    r->at += n;
    return s;
}
