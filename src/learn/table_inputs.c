#include "freshet/learn/table_inputs.h"
#include <math.h>
#include <stdlib.h>

struct column {
    double sum, least, most;
    uint32_t present;
};

static struct column measure(const struct fr_table *t, uint32_t c) {
    struct column m = {.least = HUGE_VAL, .most = -HUGE_VAL};
    for (uint32_t i = 0; i < t->row_n; i++) {
        double x = (double)t->values[(size_t)i * t->column_n + c];
        if (isnan(x)) continue;
        m.sum += x;
        m.least = fmin(m.least, x);
        m.most = fmax(m.most, x);
        m.present++;
    }
    return m;
}

/* A column of 0 and 1 is left as it is, however rare its 1 is. */
static bool wants_log(const struct column *m) {
    return m->present && m->least >= 0 && m->most > 1 && m->most > FR_INPUTS_SKEW * m->sum / m->present;
}

void fr_table_inputs_fit(struct fr_table_inputs *in, const struct fr_table *t) {
    uint32_t missing_n = 0;
    in->column_n = t->column_n;
    in->logs = fr_alloc(t->column_n * sizeof *in->logs + 1);
    in->missing = fr_alloc(t->column_n * sizeof *in->missing + 1);
    for (uint32_t c = 0; c < t->column_n; c++) {
        struct column m = measure(t, c);
        in->logs[c] = wants_log(&m);
        if (m.present < t->row_n) in->missing[missing_n++] = c;
    }
    in->input_n = t->column_n + missing_n;
}

void fr_table_inputs_fini(struct fr_table_inputs *in) {
    free(in->logs);
    free(in->missing);
    *in = (struct fr_table_inputs){0};
}

void fr_table_inputs_apply(const struct fr_table_inputs *in, const float *values, uint32_t n, float *out) {
    for (uint32_t i = 0; i < n; i++, values += in->column_n, out += in->input_n) {
        for (uint32_t c = 0; c < in->column_n; c++)
            out[c] = in->logs[c] && values[c] >= 0 ? log1pf(values[c]) : values[c];
        for (uint32_t m = in->column_n; m < in->input_n; m++)
            out[m] = isnan(values[in->missing[m - in->column_n]]) ? 1.f : 0.f;
    }
}

uint32_t fr_table_inputs_column(const struct fr_table_inputs *in, uint32_t input) {
    return input < in->column_n ? input : in->missing[input - in->column_n];
}

void fr_table_inputs_save(const struct fr_table_inputs *in, struct fr_tensors_writer *w) {
    fr_tensors_put_vector(w, "inputs.logs", FR_TENSOR_U8, in->column_n, in->logs);
    fr_tensors_put_vector(w, "inputs.missing", FR_TENSOR_U32, in->input_n - in->column_n, in->missing);
}

bool fr_table_inputs_load(struct fr_table_inputs *in, const struct fr_tensors_file *f) {
    const struct fr_tensor *logs = fr_tensors_get(f, "inputs.logs", FR_TENSOR_U8);
    const struct fr_tensor *missing = fr_tensors_get(f, "inputs.missing", FR_TENSOR_U32);
    *in = (struct fr_table_inputs){0};
    if (!logs || !missing || missing->count > logs->count || logs->count > UINT32_MAX / 2) return false;
    const uint32_t *columns = missing->data;
    for (uint64_t i = 0; i < missing->count; i++)
        if (columns[i] >= logs->count) return false;
    in->column_n = (uint32_t)logs->count;
    in->input_n = in->column_n + (uint32_t)missing->count;
    in->logs = fr_alloc(in->column_n * sizeof *in->logs + 1);
    in->missing = fr_alloc(in->column_n * sizeof *in->missing + 1);
    for (uint32_t c = 0; c < in->column_n; c++) in->logs[c] = ((const uint8_t *)logs->data)[c] != 0;
    if (missing->count) memcpy(in->missing, columns, missing->count * sizeof *columns);
    return true;
}
