#include "check.h"
#include "freshet/base/pack.h"
#include "freshet/base/rng.h"
#include <stdlib.h>
#include <sys/wait.h>

static void write_sample(struct fr_buf *b) {
    fr_pack_map(b, 3);
    fr_pack_str(b, FR_STR("a"));
    fr_pack_array(b, 17);
    for (int i = 0; i < 17; i++) fr_pack_int(b, (int64_t)1 << (i * 3));
    fr_pack_bin(b, FR_STR("\0\1\2"));
    fr_pack_double(b, -1.5);
    fr_pack_bool(b, true);
    fr_pack_nil(b);
}

static void test_every_int_width(void) {
    struct fr_buf b = {0};
    struct fr_rng r = {19};
    for (int i = 0; i < 200000; i++) {
        int64_t v = (int64_t)fr_rng_next(&r) >> fr_rng_below(&r, 64);
        fr_buf_clear(&b);
        fr_pack_int(&b, v);
        struct fr_reader in = fr_reader_of(fr_buf_slice(&b));
        CHECK(fr_pack_read_int(&in) == v && in.ok && in.at == in.end);
    }
    struct fr_reader huge = fr_reader_of(FR_STR("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"));
    CHECK_INT(fr_pack_read_int(&huge), 0);
    CHECK(!huge.ok);
    fr_buf_fini(&b);
}

static void test_other_types(void) {
    struct fr_reader in = fr_reader_of(FR_STR("\xc3\xc2\xca\x3f\xc0\x00\x00\x05\xa2hi\xc4\x01x"));
    CHECK(fr_pack_read_bool(&in));
    CHECK(!fr_pack_read_bool(&in));
    CHECK_NEAR(fr_pack_read_double(&in), 1.5, 0);
    CHECK_NEAR(fr_pack_read_double(&in), 5, 0);
    CHECK(fr_str_eq(fr_pack_read_str(&in), FR_STR("hi")));
    CHECK(fr_str_eq(fr_pack_read_str(&in), FR_STR("x")));
    CHECK(in.ok);
    CHECK_INT(fr_pack_peek(&in), FR_PACK_END);
    CHECK(!fr_pack_read_bool(&in) && !in.ok);
}

static void test_wrong_type_fails_for_good(void) {
    struct fr_reader in = fr_reader_of(FR_STR("\xa1x\x05"));
    CHECK_INT(fr_pack_read_int(&in), 0);
    CHECK(!in.ok);
    CHECK_INT(fr_pack_read_str(&in).len, 0);
    in = fr_reader_of(FR_STR("\xc1"));
    fr_pack_skip(&in);
    CHECK(!in.ok);
}

static void test_cut_anywhere(void) {
    struct fr_buf b = {0};
    write_sample(&b);
    struct fr_reader whole = fr_reader_of(fr_buf_slice(&b));
    fr_pack_skip(&whole);
    CHECK(whole.ok && whole.at == whole.end);
    for (uint32_t n = 0; n < b.len; n++) {
        char *copy = malloc(n ? n : 1); /* so that the sanitizer sees a read past the end */
        memcpy(copy, b.data, n);
        struct fr_reader in = fr_reader_of((struct fr_str){copy, n});
        fr_pack_skip(&in);
        CHECK(!in.ok);
        free(copy);
    }
    fr_buf_fini(&b);
}

static void test_counts_and_depth_are_bounded(void) {
    struct fr_reader in = fr_reader_of(FR_STR("\xdd\xff\xff\xff\xff\x01"));
    CHECK_INT(fr_pack_read_array(&in), 0);
    CHECK(!in.ok);
    in = fr_reader_of(FR_STR("\x82\x01\x02\x03"));
    CHECK_INT(fr_pack_read_map(&in), 0);
    CHECK(!in.ok);
    char deep[64];
    memset(deep, 0x91, sizeof deep);
    deep[63] = 1;
    in = fr_reader_of((struct fr_str){deep, sizeof deep});
    fr_pack_skip(&in);
    CHECK(!in.ok);
    in = fr_reader_of((struct fr_str){deep + 31, 33});
    fr_pack_skip(&in);
    CHECK(in.ok);
}

/* Reads a value and writes it again. */
static void transcode(struct fr_reader *in, struct fr_buf *out) {
    enum fr_pack_type type = fr_pack_peek(in);
    uint64_t children = 0;
    if (type == FR_PACK_NIL) {
        fr_pack_skip(in);
        fr_pack_nil(out);
    } else if (type == FR_PACK_BOOL) {
        fr_pack_bool(out, fr_pack_read_bool(in));
    } else if (type == FR_PACK_INT) {
        fr_pack_int(out, fr_pack_read_int(in));
    } else if (type == FR_PACK_DOUBLE) {
        fr_pack_double(out, fr_pack_read_double(in));
    } else if (type == FR_PACK_STR) {
        fr_pack_str(out, fr_pack_read_str(in));
    } else if (type == FR_PACK_BIN) {
        fr_pack_bin(out, fr_pack_read_str(in));
    } else if (type == FR_PACK_ARRAY) {
        children = fr_pack_read_array(in);
        fr_pack_array(out, (uint32_t)children);
    } else if (type == FR_PACK_MAP) {
        uint32_t n = fr_pack_read_map(in);
        fr_pack_map(out, n);
        children = 2ull * n;
    } else {
        in->ok = false;
    }
    for (; children && in->ok; children--) transcode(in, out);
}

static void from_hex(struct fr_buf *out, const char *line) {
    unsigned byte;
    fr_buf_clear(out);
    for (; sscanf(line, "%2x", &byte) == 1; line += 2) fr_buf_byte(out, (unsigned char)byte);
}

static void test_same_bytes_as_python(void) {
    FILE *python = popen("python3 tests/pack_reference.py", "r");
    CHECK(python != NULL);
    if (!python) return;
    struct fr_buf in = {0}, out = {0};
    char *line = NULL;
    size_t cap = 0;
    unsigned values = 0;
    while (getline(&line, &cap, python) > 0) {
        from_hex(&in, line);
        fr_buf_clear(&out);
        struct fr_reader r = fr_reader_of(fr_buf_slice(&in));
        transcode(&r, &out);
        CHECK(r.ok && r.at == r.end && fr_str_eq(fr_buf_slice(&in), fr_buf_slice(&out)));
        values++;
    }
    int status = pclose(python);
    bool missing = WIFEXITED(status) && WEXITSTATUS(status) == 77;
    if (missing) printf("     (python3-msgpack is not installed: not compared)\n");
    CHECK(missing || (status == 0 && values == 1501));
    free(line);
    fr_buf_fini(&in);
    fr_buf_fini(&out);
}

int main(void) {
    RUN(test_every_int_width);
    RUN(test_other_types);
    RUN(test_wrong_type_fails_for_good);
    RUN(test_cut_anywhere);
    RUN(test_counts_and_depth_are_bounded);
    RUN(test_same_bytes_as_python);
    return check_done();
}
