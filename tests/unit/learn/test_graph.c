/* What graph.h promises beside the models' own tests: degrees, and that rows which do not fit together are refused. */
#include "check.h"
#include "freshet/learn/graph.h"
#include <stdlib.h>

static const uint32_t shape_2x3[] = {2, 3};
static const uint64_t good_start[] = {0, 2, 3};
static const uint32_t good_columns[] = {0, 2, 1};
static const float good_values[] = {1, 2, 3};

static enum fr_err load(const uint32_t *shape, const uint64_t *start, const uint32_t *columns,
                        const float *values, struct fr_rows *out) {
    struct fr_buf file = {0};
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_put_vector(w, "r.shape", FR_TENSOR_U32, 2, shape);
    fr_tensors_put_vector(w, "r.start", FR_TENSOR_U64, 3, start);
    fr_tensors_put_vector(w, "r.columns", FR_TENSOR_U32, 3, columns);
    if (values) fr_tensors_put_vector(w, "r.values", FR_TENSOR_F32, 3, values);
    fr_tensors_finish(w, &file);
    fr_tensors_writer_free(w);
    struct fr_tensors_file *f = NULL;
    struct fr_errmsg msg = {0};
    CHECK(fr_tensors_open(fr_buf_slice(&file), &f, &msg) == FR_OK);
    enum fr_err err = fr_rows_load(f, "r", out, &msg);
    CHECK(err == FR_OK || (*msg.text && !out->start));
    fr_tensors_close(f);
    fr_buf_fini(&file);
    return err;
}

static void test_good_rows_come_back(void) {
    struct fr_rows r;
    CHECK_INT(load(shape_2x3, good_start, good_columns, good_values, &r), FR_OK);
    CHECK_INT(r.column_n, 3);
    CHECK_NEAR(r.values[2], 3, 0);
    fr_rows_fini(&r);
    CHECK_INT(load(shape_2x3, good_start, good_columns, NULL, &r), FR_OK);
    CHECK_NEAR(r.values[2], 1, 0);
    fr_rows_fini(&r);
}

static void test_rows_that_do_not_fit_are_refused(void) {
    struct fr_rows r;
    const uint64_t backward[] = {0, 3, 2}, short_one[] = {0, 1, 2}, late[] = {1, 2, 3}, far[] = {0, 9, 3};
    const uint32_t twice[] = {2, 2, 1}, descending[] = {2, 0, 1}, outside[] = {0, 3, 1}, tall[] = {3, 3};
    const float not_finite[] = {1, INFINITY, 3};
    CHECK_INT(load(shape_2x3, backward, good_columns, good_values, &r), FR_STATE_CORRUPT);
    CHECK_INT(load(shape_2x3, short_one, good_columns, good_values, &r), FR_STATE_CORRUPT);
    CHECK_INT(load(shape_2x3, late, good_columns, good_values, &r), FR_STATE_CORRUPT);
    CHECK_INT(load(shape_2x3, far, good_columns, good_values, &r), FR_STATE_CORRUPT);
    CHECK_INT(load(shape_2x3, good_start, twice, good_values, &r), FR_STATE_CORRUPT);
    CHECK_INT(load(shape_2x3, good_start, descending, good_values, &r), FR_STATE_CORRUPT);
    CHECK_INT(load(shape_2x3, good_start, outside, good_values, &r), FR_STATE_CORRUPT);
    CHECK_INT(load(tall, good_start, good_columns, good_values, &r), FR_STATE_CORRUPT);
    CHECK_INT(load(shape_2x3, good_start, good_columns, not_finite, &r), FR_STATE_CORRUPT);
}

static void test_powers_of_degrees(void) {
    size_t start[] = {0, 2, 2};
    uint32_t columns[] = {0, 1};
    float values[] = {1, 3};
    struct fr_rows r = {2, 2, start, columns, values};
    float *powers = fr_degree_powers(&r, -.5);
    CHECK_NEAR(powers[0], .5, 1e-7);
    CHECK_NEAR(powers[1], 0, 0);
    free(powers);
    r.values = NULL;
    powers = fr_degree_powers(&r, 1);
    CHECK_NEAR(powers[0], 2, 0);
    free(powers);
}

int main(void) {
    RUN(test_good_rows_come_back);
    RUN(test_rows_that_do_not_fit_are_refused);
    RUN(test_powers_of_degrees);
    return check_done();
}
