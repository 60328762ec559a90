/* What the catalogue says, in the columns of a fit: so that a fitted model of content knows items that nobody touched. */
#include "refit_internal.h"
#include <stdlib.h>

uint32_t refit_catalog_items(struct refit *s, uint32_t **out) {
    const struct fr_catalog_version *c = s->r->catalog;
    uint32_t n = 0;
    *out = fr_alloc(((c ? c->catalog.n : 0) + (size_t)1) * sizeof **out);
    for (uint32_t i = c ? fr_catalog_next(&c->catalog, 0) : (uint32_t)FR_DICT_NONE;
         i != (uint32_t)FR_DICT_NONE; i = fr_catalog_next(&c->catalog, i + 1))
        (*out)[n++] = fr_dict_intern(&s->histories.ids, fr_dict_str(&c->ids, i));
    return n;
}

/* The catalogue's number of a column, FR_DICT_NONE: it has none. */
static uint32_t number_of(const struct refit *s, uint32_t column) {
    return fr_dict_find(&s->r->catalog->ids, fr_dict_str(&s->histories.ids, s->split.columns[column]));
}

void refit_features(struct refit *s) {
    if (!s->r->catalog || s->r->catalog->catalog.n == 0) return;
    const struct fr_rows *all = &s->r->catalog->features->rows;
    uint32_t n = s->split.train->by_user.column_n;
    struct fr_rows rows = fr_rows_new(n, all->column_n, all->start[all->row_n]);
    for (uint32_t c = 0; c < n; c++) {
        uint32_t number = number_of(s, c);
        size_t length = number < all->row_n ? fr_rows_length(all, number) : 0;
        if (length) {
            memcpy(rows.columns + rows.start[c], all->columns + all->start[number],
                   length * sizeof *rows.columns);
            memcpy(rows.values + rows.start[c], all->values + all->start[number],
                   length * sizeof *rows.values);
        }
        rows.start[c + 1] = rows.start[c] + length;
    }
    s->features = rows;
}

uint32_t refit_families(const struct refit *s, struct fr_refit_family *families, uint32_t n) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!families[i].ops->needs_features || s->features.row_n) families[kept++] = families[i];
    return kept;
}
