#include "check.h"
#include "freshet/base/hash.h"

static void check_murmur2(const char *key, int32_t kafka) {
    CHECK_INT(fr_murmur2(fr_str_of(key)), (uint32_t)kafka & 0x7fffffff);
}

/* The vectors of Kafka's own UtilsTest. */
static void test_murmur2(void) {
    check_murmur2("21", -973932308);
    check_murmur2("foobar", -790332482);
    check_murmur2("a-little-bit-long-string", -985981536);
    check_murmur2("a-little-bit-longer-string", -1486304829);
    check_murmur2("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971);
    check_murmur2("abc", 479470107);
    CHECK_INT(fr_murmur2((struct fr_str){NULL, 0}), 275646681);
}

static void test_crc16(void) {
    CHECK_INT(fr_crc16(FR_STR("123456789")), 0x31c3);
    CHECK_INT(fr_crc16((struct fr_str){NULL, 0}), 0);
    CHECK_INT(fr_crc16(FR_STR("t")) % 16384, 15891); /* CLUSTER KEYSLOT t */
}

static void test_xxh3(void) {
    CHECK(fr_hash64(NULL, 0, 0) == 0x2d06800538d394c2u);
    CHECK(fr_hash_str(FR_STR("a")) != fr_hash_str(FR_STR("b")));
    CHECK(fr_hash64("a", 1, 0) != fr_hash64("a", 1, 1));
    struct fr_hash128 h = fr_hash128(NULL, 0, 0);
    CHECK(h.high == 0x99aa06d3014798d8u && h.low == 0x6001c324468d497fu);
}

static void test_uuid(void) {
    char text[37];
    fr_hash_uuid((struct fr_hash128){~0ull, ~0ull}, text);
    CHECK_STR(text, "ffffffff-ffff-8fff-bfff-ffffffffffff");
    fr_hash_uuid((struct fr_hash128){0, 0}, text);
    CHECK_STR(text, "00000000-0000-8000-8000-000000000000");
    fr_hash_uuid((struct fr_hash128){0x1122334455667788u, 0x99aabbccddeeff00u}, text);
    CHECK_STR(text, "99aabbcc-ddee-8f00-9122-334455667788");
}

int main(void) {
    RUN(test_murmur2);
    RUN(test_crc16);
    RUN(test_xxh3);
    RUN(test_uuid);
    return check_done();
}
