#include "check.h"
#include "freshet/learn/table.h"
#include "freshet/learn/table_inputs.h"
#include <stdlib.h>

/* Column 0: skewed counts; 1: with a missing value; 2: rare 0/1; 3: skewed but also negative. */
static float values[] = {0, 1, 0, -1, 0, NAN, 0, 0, 1, 2, 0, 0, 0,  3, 0, 0,
                         2, 1, 0, 0,  0, 2,   0, 0, 0, 1, 1, 0, 99, 4, 0, 99};
static bool labels[] = {false, true, false, true, false, false, true, false};
static const struct fr_str names[] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}};

static struct fr_table table(void) {
    return (struct fr_table){.values = values, .labels = labels, .row_n = 8, .column_n = 4, .names = names};
}

static void test_take_and_fold(void) {
    const uint32_t chosen[] = {7, 1}, fold[] = {0, 1, 2, 0, 1, 2, 0, 1};
    struct fr_table t = table(), two = fr_table_take(&t, chosen, 2);
    CHECK_INT(two.row_n, 2);
    CHECK_NEAR(two.values[0], 99, 0);
    CHECK(isnan(two.values[5]));
    CHECK(!two.labels[0] && two.labels[1]);
    struct fr_table held = fr_table_fold(&t, fold, 1, false), others = fr_table_fold(&t, fold, 1, true);
    CHECK_INT(held.row_n, 3);
    CHECK_INT(others.row_n, 5);
    CHECK_NEAR(held.values[2 * 4 + 3], 99, 0); /* rows 1, 4, 7 */
    CHECK_NEAR(others.values[1 * 4], 1, 0);    /* rows 0, 2, 3, 5, 6 */
    fr_table_fini(&two);
    fr_table_fini(&held);
    fr_table_fini(&others);
}

static void check_inputs(const struct fr_table_inputs *in) {
    float out[2 * 5];
    CHECK_INT(in->input_n, 5);
    CHECK_INT(fr_table_inputs_column(in, 2), 2);
    CHECK_INT(fr_table_inputs_column(in, 4), 1);
    fr_table_inputs_apply(in, values, 2, out);
    CHECK_NEAR(out[4], 0, 0);
    CHECK(isnan(out[5 + 1]));
    CHECK_NEAR(out[5 + 4], 1, 0); /* it is missing, and that is said */
    fr_table_inputs_apply(in, values + 7 * 4, 1, out);
    CHECK_NEAR(out[0], log(100), 1e-6);
    CHECK_NEAR(out[1], 4, 0);
    CHECK_NEAR(out[3], 99, 0); /* has a negative value: no logarithm */
    fr_table_inputs_apply(in, values + 6 * 4, 1, out);
    CHECK_NEAR(out[2], 1, 0); /* 0 and 1 stay */
}

static void test_inputs(void) {
    struct fr_table t = table();
    struct fr_table_inputs in, again;
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f;
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_table_inputs_fit(&in, &t);
    check_inputs(&in);
    fr_table_inputs_save(&in, w);
    fr_tensors_finish(w, &bytes);
    fr_tensors_writer_free(w);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    CHECK(fr_table_inputs_load(&again, f));
    check_inputs(&again);
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    fr_table_inputs_fini(&in);
    fr_table_inputs_fini(&again);
}

static void test_refuses_a_column_that_is_not_there(void) {
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f;
    struct fr_table_inputs in;
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_put_vector(w, "inputs.logs", FR_TENSOR_U8, 2, (uint8_t[]){0, 1});
    fr_tensors_put_vector(w, "inputs.missing", FR_TENSOR_U32, 1, (uint32_t[]){2});
    fr_tensors_finish(w, &bytes);
    fr_tensors_writer_free(w);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    CHECK(!fr_table_inputs_load(&in, f));
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
}

int main(void) {
    RUN(test_take_and_fold);
    RUN(test_inputs);
    RUN(test_refuses_a_column_that_is_not_there);
    return check_done();
}
