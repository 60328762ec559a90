#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/base/varint.h"

static void test_round_trip(void) {
    struct fr_buf b = {0};
    struct fr_rng r = {5};
    for (int i = 0; i < 100000; i++) {
        uint64_t v = fr_rng_next(&r) >> fr_rng_below(&r, 64);
        fr_buf_clear(&b);
        fr_varint_write(&b, v);
        struct fr_reader in = fr_reader_of(fr_buf_slice(&b));
        CHECK(fr_varint_read(&in) == v && in.ok && in.at == in.end);
        CHECK(fr_unzigzag(fr_zigzag((int64_t)v)) == (int64_t)v);
        in = fr_reader_of((struct fr_str){b.data, (uint32_t)b.len - 1});
        CHECK(fr_varint_read(&in) == 0 && !in.ok);
    }
    CHECK_INT(fr_zigzag(-1), 1);
    CHECK_INT(fr_zigzag(1), 2);
    CHECK(fr_unzigzag(fr_zigzag(INT64_MIN)) == INT64_MIN);
    fr_buf_fini(&b);
}

static bool readable(struct fr_str bytes) {
    struct fr_reader in = fr_reader_of(bytes);
    fr_varint_read(&in);
    return in.ok;
}

static void test_too_long(void) {
    CHECK(readable(FR_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")));
    CHECK(!readable(FR_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")));
    CHECK(!readable(FR_STR("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")));
    CHECK(!readable(FR_STR("")));
}

static void test_strings(void) {
    struct fr_buf b = {0};
    fr_varint_write_str(&b, FR_STR("a\0b"));
    fr_varint_write_str(&b, FR_STR(""));
    struct fr_reader in = fr_reader_of(fr_buf_slice(&b));
    CHECK(fr_str_eq(fr_varint_read_str(&in), FR_STR("a\0b")));
    CHECK_INT(fr_varint_read_str(&in).len, 0);
    CHECK(in.ok);
    CHECK_INT(fr_varint_read_str(&in).len, 0);
    CHECK(!in.ok);
    in = fr_reader_of(FR_STR("\x05xxxx"));
    CHECK_INT(fr_varint_read_str(&in).len, 0);
    CHECK(!in.ok && in.at == in.end);
    fr_buf_fini(&b);
}

int main(void) {
    RUN(test_round_trip);
    RUN(test_too_long);
    RUN(test_strings);
    return check_done();
}
