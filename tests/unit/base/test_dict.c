#include "check.h"
#include "freshet/base/dict.h"
#include <stdio.h>

static struct fr_str name_of(unsigned i, char out[16]) {
    return (struct fr_str){out, (uint32_t)snprintf(out, 16, "id%u", i)};
}

static void test_numbers_count_up_and_stay(void) {
    struct fr_dict d;
    char text[16];
    fr_dict_init(&d);
    for (unsigned i = 0; i < 50000; i++) CHECK_INT(fr_dict_intern(&d, name_of(i, text)), i);
    for (unsigned i = 0; i < 50000; i++) {
        struct fr_str name = name_of(i, text);
        CHECK_INT(fr_dict_intern(&d, name), i);
        CHECK_INT(fr_dict_find(&d, name), i);
        CHECK(fr_str_eq(fr_dict_str(&d, i), name));
    }
    CHECK_INT(d.n, 50000);
    CHECK_INT(fr_dict_find(&d, FR_STR("id50000")), FR_DICT_NONE);
    CHECK(fr_dict_bytes(&d) > 50000 * 8);
    fr_dict_fini(&d);
}

static void test_bytes_matter(void) {
    struct fr_dict d;
    fr_dict_init(&d);
    CHECK_INT(fr_dict_intern(&d, FR_STR("")), 0);
    CHECK_INT(fr_dict_intern(&d, FR_STR("\0")), 1);
    CHECK_INT(fr_dict_intern(&d, FR_STR("a\0b")), 2);
    CHECK_INT(fr_dict_intern(&d, FR_STR("a\0c")), 3);
    CHECK_INT(fr_dict_intern(&d, (struct fr_str){NULL, 0}), 0);
    fr_dict_fini(&d);
}

/* New strings, known ones and the same one twice, over several blocks and while the table grows. */
static void test_many_at_once_get_the_same_numbers(void) {
    enum { N = 3000 };
    static struct fr_str names[N];
    static char texts[N][16];
    static uint32_t numbers[N];
    struct fr_dict together, one_by_one;
    fr_dict_init(&together);
    fr_dict_init(&one_by_one);
    for (unsigned n = 0; n <= N; n = n < 70 ? n + 1 : n * 2 + 3) {
        for (unsigned i = 0; i < n; i++) names[i] = name_of(i * 7 % (n / 2 + 1) + n / 3, texts[i]);
        fr_dict_intern_all(&together, names, n, numbers);
        for (unsigned i = 0; i < n; i++) CHECK_INT(numbers[i], fr_dict_intern(&one_by_one, names[i]));
        CHECK_INT(together.n, one_by_one.n);
    }
    fr_dict_fini(&together);
    fr_dict_fini(&one_by_one);
}

int main(void) {
    RUN(test_numbers_count_up_and_stay);
    RUN(test_bytes_matter);
    RUN(test_many_at_once_get_the_same_numbers);
    return check_done();
}
