#include "freshet/recommend/places.h"
#include "freshet/base/err.h"
#include <stdlib.h>

void fr_places_init(struct fr_places *p, uint32_t max) {
    FR_ASSERT(max > 0 && max < FR_PLACE_NONE);
    *p = (struct fr_places){.max = max, .newest = FR_PLACE_NONE, .oldest = FR_PLACE_NONE};
}

void fr_places_fini(struct fr_places *p) {
    fr_map_fini(&p->of);
    free(p->at);
    fr_places_init(p, p->max);
}

static void unlink_place(struct fr_places *p, uint32_t place) {
    struct fr_place *x = &p->at[place];
    if (x->newer == FR_PLACE_NONE)
        p->newest = x->older;
    else
        p->at[x->newer].older = x->older;
    if (x->older == FR_PLACE_NONE)
        p->oldest = x->newer;
    else
        p->at[x->older].newer = x->newer;
}

static void link_newest(struct fr_places *p, uint32_t place) {
    p->at[place].newer = FR_PLACE_NONE;
    p->at[place].older = p->newest;
    if (p->newest == FR_PLACE_NONE)
        p->oldest = place;
    else
        p->at[p->newest].newer = place;
    p->newest = place;
}

static uint32_t add_place(struct fr_places *p) {
    if (p->n == p->cap) {
        uint32_t cap = p->cap ? (p->cap > p->max / 2 ? p->max : p->cap * 2) : (p->max < 64 ? p->max : 64);
        p->at = fr_realloc(p->at, cap * sizeof *p->at);
        p->cap = cap;
    }
    return p->n++;
}

/* The place of whoever was used longest ago, or a new one. */
static uint32_t make_room(struct fr_places *p) {
    if (p->n < p->max) return add_place(p);
    uint32_t place = p->oldest;
    fr_map_remove(&p->of, p->at[place].number);
    unlink_place(p, place);
    return place;
}

uint32_t fr_places_take(struct fr_places *p, uint32_t number, bool *fresh) {
    uint32_t place = fr_places_find(p, number);
    *fresh = place == FR_PLACE_NONE;
    if (*fresh) {
        place = make_room(p);
        p->at[place].number = number;
        *fr_map_put(&p->of, number, NULL) = place;
    } else if (place == p->newest)
        return place;
    else
        unlink_place(p, place);
    link_newest(p, place);
    return place;
}

size_t fr_places_bytes(const struct fr_places *p) {
    return p->of.cap * (sizeof *p->of.entries + 1) + p->cap * sizeof *p->at;
}

void fr_places_save(const struct fr_places *p, struct fr_tensors_writer *w, const char *name) {
    fr_tensors_put(w, name, FR_TENSOR_U32, (uint64_t[]){p->n, 3}, 2, p->at);
}

/* The links are one list through all places. */
static bool is_one_list(const struct fr_place *at, uint32_t n, uint32_t newest) {
    uint32_t newer = FR_PLACE_NONE, seen = 0;
    for (uint32_t place = newest; place != FR_PLACE_NONE; place = at[place].older, seen++) {
        if (place >= n || seen == n || at[place].newer != newer) return false;
        newer = place;
    }
    return seen == n;
}

static uint32_t newest_of(const struct fr_place *at, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (at[i].newer == FR_PLACE_NONE) return i;
    return FR_PLACE_NONE;
}

enum fr_err fr_places_load(struct fr_places *p, const struct fr_tensors_file *f, const char *name,
                           struct fr_errmsg *msg) {
    const struct fr_tensor *t = fr_tensors_get(f, name, FR_TENSOR_U32);
    if (!t || t->dimension_n != 2 || t->shape[1] != 3 || t->shape[0] > p->max)
        return fr_err_set(msg, FR_STATE_CORRUPT, "%s: not places", name);
    const struct fr_place *at = t->data;
    uint32_t n = (uint32_t)t->shape[0];
    if (!is_one_list(at, n, newest_of(at, n)))
        return fr_err_set(msg, FR_STATE_CORRUPT, "%s: places in no order", name);
    p->n = p->cap = n;
    p->at = fr_alloc((n ? n : 1) * sizeof *p->at);
    if (n) memcpy(p->at, at, n * sizeof *p->at);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t number = at[i].number;
        if (number >= FR_PLACE_NONE || fr_places_find(p, number) != FR_PLACE_NONE) {
            fr_places_fini(p);
            return fr_err_set(msg, FR_STATE_CORRUPT, "%s: a number twice", name);
        }
        *fr_map_put(&p->of, number, NULL) = i;
        if (at[i].newer == FR_PLACE_NONE) p->newest = i;
        if (at[i].older == FR_PLACE_NONE) p->oldest = i;
    }
    return FR_OK;
}
