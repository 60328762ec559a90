#include "check.h"
#include "freshet/base/arena.h"
#include "freshet/base/rng.h"
#include "freshet/base/tensors.h"
#include <stdlib.h>

static void write_sample(struct fr_buf *out) {
    static const float factors[] = {1.5f, -2, 3, 4, 5, 6};
    static const double loss[] = {0.1, -1e300};
    static const uint64_t big[] = {UINT64_MAX, 0, 7};
    static const int32_t small[] = {-5};
    static const struct fr_str ids[] = {{"a", 1}, {"", 0}, {"\xc3\xa9t\xc3\xa9", 5}};
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_meta(w, "made by", FR_STR("a \"test\"\n\\ \x01"));
    fr_tensors_meta(w, "empty", FR_STR(""));
    fr_tensors_put_strings(w, "ids", ids, 3);
    fr_tensors_put(w, "factors", FR_TENSOR_F32, (const uint64_t[]){2, 3}, 2, factors);
    fr_tensors_put(w, "scalar", FR_TENSOR_I32, NULL, 0, small);
    fr_tensors_put_vector(w, "loss", FR_TENSOR_F64, 2, loss);
    fr_tensors_put(w, "nothing", FR_TENSOR_I64, (const uint64_t[]){0, 4}, 2, NULL);
    fr_tensors_put_vector(w, "big", FR_TENSOR_U64, 3, big);
    fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
}

static void test_round_trip(void) {
    struct fr_buf b = {0}, again = {0};
    write_sample(&b);
    write_sample(&again);
    CHECK(fr_str_eq(fr_buf_slice(&b), fr_buf_slice(&again)));
    struct fr_tensors_file *f = NULL;
    CHECK_INT(fr_tensors_open(fr_buf_slice(&b), &f, NULL), FR_OK);
    if (!f) return;
    CHECK_INT(fr_tensors_count(f), 7);
    const struct fr_tensor *t = fr_tensors_get(f, "factors", FR_TENSOR_F32);
    CHECK(t && t->dimension_n == 2 && t->shape[0] == 2 && t->shape[1] == 3 && t->count == 6);
    CHECK_NEAR(((const float *)t->data)[5], 6, 0);
    CHECK(fr_tensors_get(f, "factors", FR_TENSOR_F64) == NULL);
    CHECK(fr_tensors_get(f, "factor", FR_TENSOR_F32) == NULL);
    t = fr_tensors_get(f, "scalar", FR_TENSOR_I32);
    CHECK(t && t->dimension_n == 0 && t->count == 1 && *(const int32_t *)t->data == -5);
    t = fr_tensors_get(f, "loss", FR_TENSOR_F64);
    CHECK(t && ((const double *)t->data)[1] == -1e300);
    t = fr_tensors_get(f, "nothing", FR_TENSOR_I64);
    CHECK(t && t->count == 0 && t->shape[1] == 4);
    t = fr_tensors_get(f, "big", FR_TENSOR_U64);
    CHECK(t && *(const uint64_t *)t->data == UINT64_MAX);
    CHECK(fr_str_eq(fr_tensors_get_meta(f, "made by"), FR_STR("a \"test\"\n\\ \x01")));
    CHECK(fr_tensors_get_meta(f, "empty").ptr != NULL && fr_tensors_get_meta(f, "empty").len == 0);
    CHECK(fr_tensors_get_meta(f, "absent").ptr == NULL);
    fr_tensors_close(f);
    fr_buf_fini(&b);
    fr_buf_fini(&again);
}

static void test_strings(void) {
    struct fr_buf b = {0};
    struct fr_arena arena = {0};
    write_sample(&b);
    struct fr_tensors_file *f = NULL;
    CHECK_INT(fr_tensors_open(fr_buf_slice(&b), &f, NULL), FR_OK);
    uint32_t n = 9;
    const struct fr_str *ids = fr_tensors_get_strings(f, "ids", &n, &arena);
    CHECK(ids && n == 3 && fr_str_eq(ids[0], FR_STR("a")) && ids[1].len == 0);
    CHECK(ids && fr_str_eq(ids[2], FR_STR("\xc3\xa9t\xc3\xa9")));
    CHECK(fr_tensors_get_strings(f, "big", &n, &arena) == NULL && n == 0);
    const struct fr_tensor *ends = fr_tensors_get(f, "ids.ends", FR_TENSOR_U32);
    uint32_t *end = (uint32_t *)(uintptr_t)ends->data;
    end[0] = 2; /* past the next */
    CHECK(fr_tensors_get_strings(f, "ids", &n, &arena) == NULL);
    end[0] = 1, end[2] = 7; /* past the text */
    CHECK(fr_tensors_get_strings(f, "ids", &n, &arena) == NULL);
    fr_tensors_close(f);
    fr_arena_fini(&arena);
    fr_buf_fini(&b);
}

static void test_arrays_are_aligned(void) {
    struct fr_rng r = {7};
    for (int round = 0; round < 200; round++) {
        struct fr_tensors_writer *w = fr_tensors_writer_new();
        struct fr_buf b = {0};
        static const uint64_t zeros[9];
        for (int i = 0; i < 12; i++) {
            char name[16];
            snprintf(name, sizeof name, "%.*s%d", (int)fr_rng_below(&r, 7), "aaaaaaa", i);
            fr_tensors_put_vector(w, name, (enum fr_tensor_type)fr_rng_below(&r, 7), fr_rng_below(&r, 9),
                                  zeros);
        }
        fr_tensors_finish(w, &b);
        struct fr_tensors_file *f = NULL;
        CHECK_INT(fr_tensors_open(fr_buf_slice(&b), &f, NULL), FR_OK); /* refuses what is not aligned */
        fr_tensors_close(f);
        fr_tensors_writer_free(w);
        fr_buf_fini(&b);
    }
}

/* Whether a copy of exactly these bytes is read: the sanitizer sees any step past them. */
static bool opens(const char *bytes, size_t n) {
    char *copy = malloc(n ? n : 1);
    struct fr_tensors_file *f = NULL;
    struct fr_errmsg msg = {0};
    if (n) memcpy(copy, bytes, n);
    enum fr_err err = fr_tensors_open((struct fr_str){copy, (uint32_t)n}, &f, &msg);
    CHECK(err == FR_OK ? f != NULL : err == FR_STATE_CORRUPT && f == NULL && msg.text[0] != '\0');
    fr_tensors_close(f);
    free(copy);
    return err == FR_OK;
}

static void test_cut_anywhere(void) {
    struct fr_buf b = {0};
    write_sample(&b);
    CHECK(opens(b.data, b.len));
    for (size_t n = 0; n < b.len; n++) CHECK(!opens(b.data, n));
    fr_buf_byte(&b, 0);
    CHECK(!opens(b.data, b.len));
    fr_buf_fini(&b);
}

/* Every byte of the header changed to others: never a crash, never an array outside (the sanitizer runs over them). */
static void test_changed_anywhere(void) {
    struct fr_buf b = {0};
    write_sample(&b);
    static const char others[] = "\0\"\\{}[]:,0 9u\x80\xff";
    for (size_t at = 0; at < b.len; at++) {
        char was = b.data[at];
        for (size_t i = 0; i < sizeof others; i++) {
            b.data[at] = others[i];
            opens(b.data, b.len);
        }
        b.data[at] = was;
    }
    fr_buf_fini(&b);
}

static bool header_opens(const char *header, size_t data_n) {
    struct fr_buf b = {0};
    uint64_t n = strlen(header);
    fr_buf_append(&b, &n, 8);
    fr_buf_append(&b, header, n);
    for (size_t i = 0; i < data_n; i++) fr_buf_byte(&b, 0);
    bool good = opens(b.data, b.len);
    fr_buf_fini(&b);
    return good;
}

#define U8(name, n, from, to) \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" n "],\"data_offsets\":[" from "," to "]}"

static void test_accepted_headers(void) {
    CHECK(header_opens("{}", 0));
    CHECK(header_opens(" { } \n\t", 0));
    CHECK(header_opens("{" U8("a", "2", "0", "2") "," U8("b", "1", "2", "3") "}", 3));
    CHECK(header_opens("{" U8("b", "1", "2", "3") "," U8("a", "2", "0", "2") "}", 3));
    CHECK(header_opens("{" U8("e", "0", "2", "2") "," U8("a", "2", "0", "2") "}", 2));
    CHECK(header_opens("{\"a\" : { \"shape\":[1 , 2],\"data_offsets\": [ 0, 2],\"dtype\":\"U8\" } }  ", 2));
    CHECK(header_opens("{\"__metadata__\":{\"\\ud83d\\ude00\\/\":\"\\u00e9\"}}", 0));
}

static void test_refused_headers(void) {
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{}x",
        "{,}",
        "{\"a\":1}",
        "{\"a\":{}}",
        "{\"__metadata__\":{\"a\":1}}",
        "{\"__metadata__\":{},\"__metadata__\":{}}",
        "{\"__metadata__\":{\"\\ud83d\":\"\"}}",
        "{\"__metadata__\":{\"\\x\":\"\"}}",
        "{\"__metadata__\":{\"\x80\":\"\"}}",
        "{\"__metadata__\":{\"\n\":\"\"}}",
        "{" U8("a", "3", "0", "3") ",}",
        "{" U8("a", "03", "0", "3") "}",
        "{" U8("a", "-3", "0", "3") "}",
        "{" U8("a", "3.0", "0", "3") "}",
        "{" U8("a", "", "0", "3") "}",
        "{" U8("a", "3,", "0", "3") "}",
        "{" U8("a", "4", "0", "4") "}",
        "{" U8("a", "2", "0", "2") "}",
        "{" U8("a", "2", "1", "3") "}",
        "{" U8("a", "2", "0", "3") "}",
        "{" U8("a", "3", "3", "0") "}",
        "{" U8("a", "2", "0", "2") "," U8("b", "2", "1", "3") "}",
        "{" U8("a", "1", "0", "1") "," U8("a", "2", "1", "3") "}",
        "{" U8("a", "1,1,1,1,3", "0", "3") "}",
        "{" U8("a", "18446744073709551616", "0", "0") "," U8("b", "3", "0", "3") "}",
        "{" U8("a", "4294967296,4294967296", "0", "0") "," U8("b", "3", "0", "3") "}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3],\"dtype\":\"U8\"}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3],\"more\":\"\"}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3,3]}}",
        "{\"a\":{\"dtype\":\"F8\",\"shape\":[3],\"data_offsets\":[0,3]}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0]}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (header_opens(bad[i], 3)) fprintf(stderr, "accepted: %s\n", bad[i]);
        CHECK(!header_opens(bad[i], 3));
    }
    CHECK(header_opens("{" U8("a", "3", "0", "3") "}", 3)); /* what they are variations of */
    CHECK(!header_opens("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]},"
                        "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
                        5)); /* not aligned */
}

static void test_long_header_length(void) {
    static const char huge[16] = {0, 0, 0, 0, 0, 0, 0, (char)0x80, '{', '}'};
    CHECK(!opens(huge, sizeof huge));
}

int main(void) {
    RUN(test_round_trip);
    RUN(test_strings);
    RUN(test_arrays_are_aligned);
    RUN(test_cut_anywhere);
    RUN(test_changed_anywhere);
    RUN(test_accepted_headers);
    RUN(test_refused_headers);
    RUN(test_long_header_length);
    return check_done();
}
