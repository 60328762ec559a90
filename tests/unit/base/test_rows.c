#include "check.h"
#include "freshet/base/rows.h"

static void test_dot_of_rows(void) {
    size_t start[] = {0, 3, 5, 5};
    uint32_t columns[] = {0, 2, 5, 2, 6};
    float values[] = {1, 2, 3, 4, 5};
    struct fr_rows r = {.row_n = 3, .column_n = 7, .start = start, .columns = columns, .values = values};
    CHECK_INT(fr_rows_length(&r, 1), 2);
    CHECK_NEAR(fr_rows_dot(&r, 0, 1), 8, 0);
    CHECK_NEAR(fr_rows_dot(&r, 0, 0), 14, 0);
    CHECK_NEAR(fr_rows_dot(&r, 0, 2), 0, 0);
    CHECK_NEAR(fr_rows_dot(&r, 0, 3), 0, 0); /* past the last row */
}

static void test_transposed(void) {
    size_t start[] = {0, 2, 3};
    uint32_t columns[] = {0, 2, 2};
    struct fr_rows r = {.row_n = 2, .column_n = 3, .start = start, .columns = columns};
    struct fr_rows t = fr_rows_transposed(&r);
    CHECK_INT(t.row_n, 3);
    CHECK_INT(fr_rows_length(&t, 0), 1);
    CHECK_INT(fr_rows_length(&t, 1), 0);
    CHECK_INT(fr_rows_length(&t, 2), 2);
    CHECK_INT(t.columns[1], 0);
    CHECK_INT(t.columns[2], 1);
    CHECK_NEAR(t.values[2], 1, 0);
    fr_rows_fini(&t);
    CHECK(!t.start);
}

int main(void) {
    RUN(test_transposed);
    RUN(test_dot_of_rows);
    return check_done();
}
