/* Against a definition that decodes first and judges the code point afterwards. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/base/utf8.h"

static uint32_t naive_length(const unsigned char *p, uint32_t left) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (left == 0) return 0;
    if (p[0] < 0x80) return 1;
    uint32_t n = p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > left) return 0;
    uint32_t point = p[0] & (0xffu >> (n + 1));
    for (uint32_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2) return 0;
        point = point << 6 | (p[i] & 0x3f);
    }
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point < least[n] || surrogate || point > 0x10ffff ? 0 : n;
}

static bool naive_valid(const unsigned char *p, uint32_t len) {
    for (uint32_t at = 0, n; at < len; at += n) {
        n = naive_length(p + at, len - at);
        if (n == 0) return false;
    }
    return true;
}

static void compare(const unsigned char *p, uint32_t len) {
    struct fr_str s = {(const char *)p, len};
    if (fr_utf8_length(s, 0) == naive_length(p, len) && fr_utf8_valid(s) == naive_valid(p, len)) return;
    char text[40];
    snprintf(text, sizeof text, "%02x %02x %02x %02x (%u)", p[0], p[1], p[2], p[3], len);
    CHECK_STR(text, "judged alike");
}

static void test_every_three_bytes(void) {
    for (uint32_t v = 0; v < 1u << 24; v += v < 1u << 23 ? 5 : 1) {
        unsigned char p[4] = {(unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v, 0};
        compare(p, 3);
        if ((v & 0xff) < 5) compare(p, 2);
    }
    for (unsigned v = 0; v < 65536; v++)
        compare((unsigned char[4]){(unsigned char)(v >> 8), (unsigned char)v}, 2);
    for (unsigned v = 0; v < 256; v++) compare((unsigned char[4]){(unsigned char)v}, 1);
}

static void test_four_bytes_and_long_texts(void) {
    struct fr_rng r = {11};
    for (int i = 0; i < 2000000; i++) {
        uint64_t v = fr_rng_next(&r);
        unsigned char p[4] = {(unsigned char)(0xee + (v & 0x7)), (unsigned char)(v >> 8),
                              (unsigned char)(0x80 | (v >> 16 & 0x3f)),
                              (unsigned char)(0x80 | (v >> 24 & 0x3f))};
        compare(p, 4);
    }
    for (int i = 0; i < 200000; i++) {
        unsigned char text[24];
        for (size_t at = 0; at < sizeof text; at++) text[at] = 'a';
        text[fr_rng_below(&r, 24)] = (unsigned char)fr_rng_next(&r);
        memcpy(text + fr_rng_below(&r, 22), "\xc3\xa9", 2);
        compare(text, 24);
    }
}

int main(void) {
    RUN(test_every_three_bytes);
    RUN(test_four_bytes_and_long_texts);
    return check_done();
}
