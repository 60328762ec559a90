#include "check.h"
#include "freshet/run/meta.h"

static void test_round_trip(void) {
    struct fr_meta m = {.topic = 0xfedcba9876543210u,
                        .partitions = 8,
                        .code = 1,
                        .epoch = 300,
                        .next_offset = 123456789012,
                        .fingerprint = 0x8000000000000002u},
                   back;
    struct fr_meta_bytes bytes;
    fr_meta_encode(&m, &bytes);
    CHECK(fr_meta_decode(fr_meta_slice(&bytes), &back));
    CHECK_INT(back.topic, m.topic);
    CHECK_INT(back.partitions, 8);
    CHECK_INT(back.epoch, 300);
    CHECK_INT(back.next_offset, 123456789012);
    CHECK_INT(back.fingerprint, m.fingerprint);
    for (uint32_t n = 0; n < bytes.len; n++) CHECK(!fr_meta_decode((struct fr_str){bytes.data, n}, &back));
}

static void test_nothing_stored_yet(void) {
    struct fr_meta m = {.next_offset = -1}, back;
    struct fr_meta_bytes bytes;
    fr_meta_encode(&m, &bytes);
    CHECK(fr_meta_decode(fr_meta_slice(&bytes), &back));
    CHECK_INT(back.next_offset, -1);
}

static void test_fingerprint_sees_every_part(void) {
    struct fr_record r = {.offset = 5, .timestamp_ms = 9, .key = FR_STR("k"), .value = FR_STR("v")}, o = r;
    CHECK_INT(fr_meta_fingerprint(&r), fr_meta_fingerprint(&o));
    o.offset = 6;
    CHECK(fr_meta_fingerprint(&r) != fr_meta_fingerprint(&o));
    o = r, o.timestamp_ms = 10;
    CHECK(fr_meta_fingerprint(&r) != fr_meta_fingerprint(&o));
    o = r, o.key = FR_STR("K");
    CHECK(fr_meta_fingerprint(&r) != fr_meta_fingerprint(&o));
    o = r, o.value = FR_STR("w");
    CHECK(fr_meta_fingerprint(&r) != fr_meta_fingerprint(&o));
}

int main(void) {
    RUN(test_round_trip);
    RUN(test_nothing_stored_yet);
    RUN(test_fingerprint_sees_every_part);
    return check_done();
}
