#include "freshet/base/hash.h"
#include <xxhash.h>

uint64_t fr_hash64(const void *bytes, size_t n, uint64_t seed) {
    return XXH3_64bits_withSeed(n ? bytes : "", n, seed);
}

struct fr_hash128 fr_hash128(const void *bytes, size_t n, uint64_t seed) {
    XXH128_hash_t h = XXH3_128bits_withSeed(n ? bytes : "", n, seed);
    return (struct fr_hash128){h.low64, h.high64};
}

static uint32_t tail_of(const unsigned char *p, uint32_t n) {
    uint32_t k = 0;
    if (n >= 3) k ^= (uint32_t)p[2] << 16;
    if (n >= 2) k ^= (uint32_t)p[1] << 8;
    return k ^ p[0];
}

uint32_t fr_murmur2(struct fr_str key) {
    const uint32_t m = 0x5bd1e995;
    const unsigned char *p = (const unsigned char *)key.ptr;
    uint32_t h = 0x9747b28cu ^ key.len, n = key.len;
    for (; n >= 4; p += 4, n -= 4) {
        uint32_t k = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        k *= m;
        k ^= k >> 24;
        h = h * m ^ k * m;
    }
    if (n) h = (h ^ tail_of(p, n)) * m;
    h ^= h >> 13;
    h *= m;
    return (h ^ h >> 15) & 0x7fffffff;
}

uint16_t fr_crc16(struct fr_str s) {
    uint32_t crc = 0;
    for (uint32_t i = 0; i < s.len; i++) {
        crc ^= (uint32_t)(unsigned char)s.ptr[i] << 8;
        for (int bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return (uint16_t)(crc & 0xffff);
}

void fr_hash_uuid(struct fr_hash128 h, char out[37]) {
    static const char hex[] = "0123456789abcdef";
    uint64_t a = (h.high & ~0xf000ull) | 0x8000ull;                        /* version 8 */
    uint64_t b = (h.low & ~0xc000000000000000ull) | 0x8000000000000000ull; /* RFC 9562 variant */
    for (int i = 0, at = 0; i < 16; i++) {
        uint64_t byte = (i < 8 ? a : b) >> (56 - i % 8 * 8) & 0xff;
        if (i == 4 || i == 6 || i == 8 || i == 10) out[at++] = '-';
        out[at++] = hex[byte >> 4];
        out[at++] = hex[byte & 15];
    }
    out[36] = '\0';
}
