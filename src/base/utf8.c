#include "freshet/base/utf8.h"

static bool continues(unsigned char c) { return (c & 0xc0) == 0x80; }

uint32_t fr_utf8_length(struct fr_str s, uint32_t at) {
    const unsigned char *p = (const unsigned char *)s.ptr + at;
    uint32_t left = s.len - at;
    if (left == 0) return 0;
    if (p[0] < 0x80) return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4) return 0;
    uint32_t n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (left < n) return 0;
    for (uint32_t i = 1; i < n; i++)
        if (!continues(p[i])) return 0;
    if (p[0] == 0xe0 && p[1] < 0xa0) return 0; /* overlong */
    if (p[0] == 0xed && p[1] > 0x9f) return 0; /* surrogates */
    if (p[0] == 0xf0 && p[1] < 0x90) return 0; /* overlong */
    if (p[0] == 0xf4 && p[1] > 0x8f) return 0; /* past U+10FFFF */
    return n;
}

bool fr_utf8_valid(struct fr_str s) {
    for (uint32_t at = 0; at < s.len;) {
        if (s.len - at >= 8) { /* eight ASCII bytes at a time */
            uint64_t eight;
            memcpy(&eight, s.ptr + at, 8);
            if ((eight & 0x8080808080808080u) == 0) {
                at += 8;
                continue;
            }
        }
        uint32_t n = fr_utf8_length(s, at);
        if (n == 0) return false;
        at += n;
    }
    return true;
}
