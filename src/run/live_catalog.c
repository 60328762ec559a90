#include "freshet/run/live_catalog.h"
#include <stdlib.h>

/* The same rows under other numbers. */
static struct fr_rows renumbered(const struct fr_rows *rows, const struct fr_dict *from,
                                 const struct fr_dict *to) {
    uint32_t *old = fr_alloc((to->n + (size_t)1) * sizeof *old);
    for (uint32_t i = 0; i < to->n; i++) old[i] = FR_DICT_NONE;
    for (uint32_t i = 0; i < rows->row_n; i++)
        if (fr_rows_length(rows, i)) old[fr_dict_find(to, fr_dict_str(from, i))] = i;
    struct fr_rows out = fr_rows_new(to->n, rows->column_n, rows->start[rows->row_n]);
    for (uint32_t i = 0; i < to->n; i++) {
        size_t n = old[i] < rows->row_n ? fr_rows_length(rows, old[i]) : 0, at = out.start[i];
        if (n) {
            memcpy(out.columns + at, rows->columns + rows->start[old[i]], n * sizeof *out.columns);
            memcpy(out.values + at, rows->values + rows->start[old[i]], n * sizeof *out.values);
        }
        out.start[i + 1] = at + n;
    }
    free(old);
    return out;
}

void fr_live_catalog_init(struct fr_live_catalog *l, const struct fr_catalog *catalog,
                          const struct fr_features *features, uint64_t records, struct fr_recommender *r) {
    *l = (struct fr_live_catalog){.known = true, .records = records};
    fr_catalog_copy_onto(&l->catalog, catalog, fr_recommender_ids(r));
    l->content = renumbered(&features->rows, catalog->ids, fr_recommender_names(r));
    fr_recommender_catalog(r, &l->catalog, &l->content);
}

void fr_live_catalog_fini(struct fr_live_catalog *l) {
    if (!l->known) return;
    fr_catalog_fini(&l->catalog);
    fr_rows_fini(&l->content);
    *l = (struct fr_live_catalog){0};
}
