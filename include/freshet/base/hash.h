/* hash.h - the door to xxHash: hashes for tables, ids and fingerprints. Stable over versions and machines
 * (XXH3). */
#ifndef FR_BASE_HASH_H
#define FR_BASE_HASH_H

#include "freshet/base/str.h"

struct fr_hash128 {
    uint64_t low, high;
};

uint64_t fr_hash64(const void *bytes, size_t n, uint64_t seed);
struct fr_hash128 fr_hash128(const void *bytes, size_t n, uint64_t seed);
static inline uint64_t fr_hash_str(struct fr_str s) { return fr_hash64(s.ptr, s.len, 0); }

/* A well-mixed 64-bit function of a 64-bit key (splitmix64's finaliser), for tables keyed by numbers. */
static inline uint64_t fr_hash_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Kafka's murmur2 (the Java client's default partitioner), made positive: partition = fr_murmur2(key) %
 * partitions. */
uint32_t fr_murmur2(struct fr_str key);
/* CRC16 (XMODEM) as Redis Cluster uses it: slot = fr_crc16(tag) % 16384. */
uint16_t fr_crc16(struct fr_str s);

/* 32 lower-case hex digits in the 8-4-4-4-12 shape of a UUID (version 8: made from a hash), and a NUL. */
void fr_hash_uuid(struct fr_hash128 h, char out[37]);

#endif
