#include "freshet/learn/table.h"
#include "freshet/base/err.h"
#include <stdlib.h>

struct fr_table fr_table_take(const struct fr_table *t, const uint32_t *chosen, uint32_t n) {
    struct fr_table out = {.row_n = n, .column_n = t->column_n, .names = t->names};
    size_t width = t->column_n;
    out.values = fr_alloc(((size_t)n * width + 1) * sizeof *out.values);
    out.labels = fr_alloc(((size_t)n + 1) * sizeof *out.labels);
    for (uint32_t i = 0; i < n; i++) {
        memcpy(out.values + i * width, t->values + chosen[i] * width, width * sizeof *out.values);
        out.labels[i] = t->labels[chosen[i]];
    }
    return out;
}

struct fr_table fr_table_fold(const struct fr_table *t, const uint32_t *fold, uint32_t held, bool others) {
    uint32_t *chosen = fr_alloc(((size_t)t->row_n + 1) * sizeof *chosen), n = 0;
    for (uint32_t i = 0; i < t->row_n; i++)
        if ((fold[i] != held) == others) chosen[n++] = i;
    struct fr_table out = fr_table_take(t, chosen, n);
    free(chosen);
    return out;
}

void fr_table_fini(struct fr_table *t) {
    free(t->values);
    free(t->labels);
    *t = (struct fr_table){0};
}
