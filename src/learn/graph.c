#include "freshet/learn/graph.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

float *fr_degree_powers(const struct fr_rows *r, double exponent) {
    float *powers = fr_alloc(((size_t)r->row_n + 1) * sizeof *powers);
    for (uint32_t row = 0; row < r->row_n; row++) {
        double sum = 0;
        for (size_t at = r->start[row]; at < r->start[row + 1]; at++)
            sum += r->values ? (double)r->values[at] : 1;
        powers[row] = sum > 0 ? (float)pow(sum, exponent) : 0;
    }
    return powers;
}

static void add_row(const struct fr_rows *graph, uint32_t row, float z, float *out) {
    const float *values = graph->values;
    for (size_t at = graph->start[row]; at < graph->start[row + 1]; at++)
        out[graph->columns[at]] += z * (values ? values[at] : 1);
}

void fr_graph_add(const struct fr_rows *graph, const struct fr_history_row *h, const float *scale,
                  float weight, float *out) {
    for (uint32_t i = 0; i < h->n; i++) {
        float z = weight * fr_history_value(h, i) * (scale ? scale[h->columns[i]] : 1);
        if (z != 0) add_row(graph, h->columns[i], z, out);
    }
}

/* Where column stands in the row, or the row's end. */
static size_t find(const struct fr_rows *graph, uint32_t row, uint32_t column) {
    size_t low = graph->start[row], end = graph->start[row + 1], high = end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (graph->columns[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && graph->columns[low] == column ? low : end;
}

void fr_graph_add_some(const struct fr_rows *graph, const struct fr_history_row *h, const float *scale,
                       float weight, const uint32_t *wanted, uint32_t m, float *out) {
    for (uint32_t i = 0; i < h->n; i++) {
        uint32_t row = h->columns[i];
        float z = weight * fr_history_value(h, i) * (scale ? scale[row] : 1);
        if (z == 0) continue;
        for (uint32_t w = 0; w < m; w++) {
            size_t at = find(graph, row, wanted[w]);
            if (at < graph->start[row + 1]) out[w] += z * (graph->values ? graph->values[at] : 1);
        }
    }
}

size_t fr_rows_bytes(const struct fr_rows *r) {
    return ((size_t)r->row_n + 1) * sizeof *r->start +
           r->start[r->row_n] * (sizeof *r->columns + (r->values ? sizeof *r->values : 0));
}

enum { NAME_BYTES = 64 };

static const char *part(char *text, const char *name, const char *suffix) {
    snprintf(text, NAME_BYTES, "%s.%s", name, suffix);
    return text;
}

void fr_rows_save(const struct fr_rows *r, const char *name, struct fr_tensors_writer *w) {
    static_assert(sizeof(size_t) == sizeof(uint64_t), "starts are written as U64");
    char text[NAME_BYTES];
    uint32_t shape[2] = {r->row_n, r->column_n};
    fr_tensors_put_vector(w, part(text, name, "shape"), FR_TENSOR_U32, 2, shape);
    fr_tensors_put_vector(w, part(text, name, "start"), FR_TENSOR_U64, (uint64_t)r->row_n + 1, r->start);
    fr_tensors_put_vector(w, part(text, name, "columns"), FR_TENSOR_U32, r->start[r->row_n], r->columns);
    if (r->values)
        fr_tensors_put_vector(w, part(text, name, "values"), FR_TENSOR_F32, r->start[r->row_n], r->values);
}

static bool is_ascending(const struct fr_rows *r, uint64_t n) {
    if (r->start[0] != 0 || r->start[r->row_n] != n) return false;
    for (uint32_t row = 0; row < r->row_n; row++)
        if (r->start[row] > r->start[row + 1] || r->start[row + 1] > n) return false;
    for (uint32_t row = 0; row < r->row_n; row++)
        for (size_t at = r->start[row]; at < r->start[row + 1]; at++) {
            if (r->columns[at] >= r->column_n) return false;
            if (at > r->start[row] && r->columns[at] <= r->columns[at - 1]) return false;
        }
    return true;
}

static bool are_finite(const float *values, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(values[i])) return false;
    return true;
}

/* The array of n elements, n = UINT64_MAX: any. */
static const struct fr_tensor *get(const struct fr_tensors_file *f, const char *name, const char *suffix,
                                   enum fr_tensor_type type, uint64_t n) {
    char text[NAME_BYTES];
    const struct fr_tensor *t = fr_tensors_get(f, part(text, name, suffix), type);
    return t && t->dimension_n == 1 && (n == UINT64_MAX || t->count == n) ? t : NULL;
}

enum fr_err fr_rows_load(const struct fr_tensors_file *f, const char *name, struct fr_rows *out,
                         struct fr_errmsg *msg) {
    *out = (struct fr_rows){0};
    const struct fr_tensor *shape = get(f, name, "shape", FR_TENSOR_U32, 2);
    const struct fr_tensor *columns = get(f, name, "columns", FR_TENSOR_U32, UINT64_MAX);
    if (!shape || !columns)
        return fr_err_set(msg, FR_STATE_CORRUPT, "%s: its shape or columns are missing", name);
    const uint32_t *sizes = shape->data;
    const struct fr_tensor *start = get(f, name, "start", FR_TENSOR_U64, (uint64_t)sizes[0] + 1);
    const struct fr_tensor *values = get(f, name, "values", FR_TENSOR_F32, columns->count);
    if (!start)
        return fr_err_set(msg, FR_STATE_CORRUPT, "%s: its start is missing or has another length", name);
    struct fr_rows r = fr_rows_new(sizes[0], sizes[1], columns->count);
    memcpy(r.start, start->data, ((size_t)r.row_n + 1) * sizeof *r.start);
    if (columns->count) memcpy(r.columns, columns->data, columns->count * sizeof *r.columns);
    for (uint64_t i = 0; i < columns->count; i++) r.values[i] = values ? ((const float *)values->data)[i] : 1;
    if (is_ascending(&r, columns->count) && are_finite(r.values, columns->count)) {
        *out = r;
        return FR_OK;
    }
    fr_rows_fini(&r);
    return fr_err_set(msg, FR_STATE_CORRUPT, "%s: its rows do not fit together", name);
}
