/* graph.h - a sparse matrix as a graph: its degrees, scores along its edges, and its place in a file of tensors.
 *
 * Threads   read-only; any number. Scratch is the caller's. */
#ifndef FR_LEARN_GRAPH_H
#define FR_LEARN_GRAPH_H

#include "freshet/base/err.h"
#include "freshet/base/tensors.h"
#include "freshet/learn/interactions.h"

/* A history: columns ascending, values NULL: ones. */
struct fr_history_row {
    const uint32_t *columns;
    const float *values;
    uint32_t n;
};

static inline struct fr_history_row fr_history_row(const struct fr_rows *r, uint32_t row) {
    return (struct fr_history_row){r->columns + r->start[row], r->values ? r->values + r->start[row] : NULL,
                                   fr_rows_length(r, row)};
}
static inline float fr_history_value(const struct fr_history_row *h, uint32_t at) {
    return h->values ? h->values[at] : 1;
}

/* (sum of the row's values)^exponent for each row; 0 for empty ones. gives */
float *fr_degree_powers(const struct fr_rows *r, double exponent);

/* out[j] += weight * sum over i in h of value_i scale[i] graph[i][j]; scale NULL: ones. */
void fr_graph_add(const struct fr_rows *graph, const struct fr_history_row *h, const float *scale,
                  float weight, float *out);
/* The same for the columns wanted[m] alone: out[w] is for wanted[w]. The same bits where out started the same. */
void fr_graph_add_some(const struct fr_rows *graph, const struct fr_history_row *h, const float *scale,
                       float weight, const uint32_t *wanted, uint32_t m, float *out);
size_t fr_rows_bytes(const struct fr_rows *r);

/* As name.start (U64), name.columns (U32), name.values (F32, absent: ones), name.shape (U32: row_n, column_n). */
void fr_rows_save(const struct fr_rows *r, const char *name, struct fr_tensors_writer *w);
/* Checks all that struct fr_rows promises. gives */
enum fr_err fr_rows_load(const struct fr_tensors_file *f, const char *name, struct fr_rows *out,
                         struct fr_errmsg *msg) FR_MUST_USE;

#endif
