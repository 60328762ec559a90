#include "freshet/recommend/shown.h"
#include "freshet/base/err.h"
#include "freshet/recommend/source.h"
#include <stdlib.h>

void fr_shown_init(struct fr_shown *s) {
    *s = (struct fr_shown){0};
    fr_places_init(&s->places, FR_SHOWN_USERS);
}

void fr_shown_fini(struct fr_shown *s) {
    fr_places_fini(&s->places);
    free(s->rows);
}

static void reserve(struct fr_shown *s, uint32_t n) {
    if (n <= s->row_cap) return;
    s->row_cap = n + n / 2 + 64;
    s->rows = fr_realloc(s->rows, s->row_cap * sizeof *s->rows);
}

void fr_shown_learn(struct fr_shown *s, const struct fr_example *e) {
    if (e->weight > 0 || e->dislike || e->before.user == (uint32_t)FR_DICT_NONE) return;
    bool fresh;
    uint32_t place = fr_places_take(&s->places, e->before.user, &fresh);
    reserve(s, place + 1);
    struct fr_shown_row *row = &s->rows[place];
    if (fresh) row->n = row->next = 0;
    row->items[row->next] = e->item;
    row->next = (row->next + 1) % FR_SHOWN_ITEMS;
    if (row->n < FR_SHOWN_ITEMS) row->n++;
}

const struct fr_shown_row *fr_shown_to(const struct fr_shown *s, uint32_t user) {
    uint32_t place = fr_places_find(&s->places, user);
    return place == (uint32_t)FR_PLACE_NONE ? NULL : &s->rows[place];
}

size_t fr_shown_bytes(const struct fr_shown *s) {
    return fr_places_bytes(&s->places) + s->row_cap * sizeof *s->rows;
}

void fr_shown_save(const struct fr_shown *s, struct fr_tensors_writer *w) {
    fr_places_save(&s->places, w, "shown.users");
    uint32_t n = s->places.n, *rows = fr_alloc_zero((size_t)n + 1, sizeof *s->rows);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t *row = rows + (size_t)i * (FR_SHOWN_ITEMS + 2);
        row[0] = s->rows[i].n;
        row[1] = s->rows[i].next;
        memcpy(row + 2, s->rows[i].items, s->rows[i].n * sizeof *row); /* what is beyond n was never set */
    }
    uint64_t shape[2] = {n, FR_SHOWN_ITEMS + 2};
    fr_tensors_put(w, "shown.items", FR_TENSOR_U32, shape, 2, rows);
    free(rows);
}

enum fr_err fr_shown_load(struct fr_shown *s, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    enum fr_err err = fr_places_load(&s->places, f, "shown.users", msg);
    const struct fr_tensor *rows = fr_tensors_get(f, "shown.items", FR_TENSOR_U32);
    if (err != FR_OK) return err;
    bool ok = rows && rows->dimension_n == 2 && rows->shape[0] == s->places.n &&
              rows->shape[1] == FR_SHOWN_ITEMS + 2;
    if (ok) reserve(s, s->places.n);
    uint32_t ids_n = fr_source_ids_in(f);
    for (uint32_t i = 0; ok && i < s->places.n; i++) {
        const uint32_t *row = (const uint32_t *)rows->data + (size_t)i * (FR_SHOWN_ITEMS + 2);
        ok = row[0] <= FR_SHOWN_ITEMS && row[1] < FR_SHOWN_ITEMS;
        for (uint32_t k = 0; ok && k < row[0]; k++) ok = row[k + 2] < ids_n;
        if (ok) s->rows[i] = (struct fr_shown_row){.n = row[0], .next = row[1]};
        if (ok) memcpy(s->rows[i].items, row + 2, row[0] * sizeof *row);
    }
    return ok ? FR_OK : fr_err_set(msg, FR_STATE_CORRUPT, "shown: its rows cannot be read");
}
