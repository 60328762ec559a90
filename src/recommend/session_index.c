/* Sessions in a ring, inverted lists of places.
 *
 * Problem   sessions grow by one item at a time, and the next query must find them; memory must have a bound.
 * Choice    a session's number is never used again, its slot is number modulo `sessions`, and its items are a small ring in
 *           the slot. A place in an inverted list is (number, index of the item in the session). Whether it still means
 *           something is seen when it is read: the slot has this number, and the index is one of the latest `length`. So
 *           what goes away costs nothing.
 * Rejected  lists of sessions that are cleaned when a session goes (a search in each list of each of its items).
 *
 *     item --places--> list  [(s 7, 0) (s 9, 2) (s 9, 4) (s 12, 0)]      oldest .. newest, the latest per_item
 *                                        |
 *     slot of s 9      number 9, appended 5, items [.. a . b]            a = item 2, b = item 4 */
#include "session_index_internal.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include <stdlib.h>

static bool are_sane(const struct fr_session_params *p) {
    return p->sessions > 0 && p->sessions <= 1u << 24 && p->items > 0 && p->items <= 1u << 24 &&
           p->length >= 2 && p->length <= 1000 && p->per_item > 0 && p->per_item <= 65536 && p->sample > 0 &&
           p->neighbors > 0 && p->position_fade > 0 && p->item_fade > 0 && p->common_fade > 0 &&
           p->half_life_ms > 0 && p->rarity >= 0 && p->idf_weight >= 0;
}

static float *fades(double fade, uint32_t n) {
    float *out = fr_alloc(n * sizeof *out);
    for (uint32_t i = 0; i < n; i++) out[i] = (float)fr_exp(-(double)i / fade);
    return out;
}

struct fr_session_index *fr_session_index_new(const struct fr_session_params *p) {
    FR_ASSERT(are_sane(p));
    struct fr_session_index *x = fr_alloc_zero(1, sizeof *x);
    x->p = *p;
    x->position_fades = fades(p->position_fade, FADES);
    x->common_fades = fades(p->common_fade, FADES);
    x->item_fades = fades(p->item_fade, p->length);
    fr_places_init(&x->places, p->items);
    return x;
}

void fr_session_index_free(struct fr_session_index *x) {
    if (!x) return;
    for (uint32_t i = 0; i < x->list_cap; i++) free(x->lists[i].at);
    free(x->lists);
    free(x->sessions);
    free(x->items);
    free(x->position_fades);
    free(x->common_fades);
    free(x->item_fades);
    fr_places_fini(&x->places);
    free(x);
}

static void reserve_session(struct fr_session_index *x, uint32_t slot) {
    if (slot < x->session_cap) return;
    uint32_t cap = x->session_cap ? x->session_cap * 2 : 64;
    if (cap > x->p.sessions) cap = x->p.sessions;
    x->sessions = fr_realloc(x->sessions, cap * sizeof *x->sessions);
    x->items = fr_realloc(x->items, (size_t)cap * x->p.length * sizeof *x->items);
    memset(x->sessions + x->session_cap, 0, (cap - x->session_cap) * sizeof *x->sessions);
    x->session_cap = cap;
}

/* Session number k is in slot (k - 1) % sessions: slots fill up one by one. */
uint64_t fr_session_index_begin(struct fr_session_index *x) {
    uint32_t slot = (uint32_t)(x->begun % x->p.sessions);
    reserve_session(x, slot);
    x->sessions[slot] = (struct session){.number = ++x->begun};
    return x->begun;
}

bool fr_session_index_has(const struct fr_session_index *x, uint64_t session) {
    return session > 0 && session <= x->begun && x->begun - session < x->p.sessions;
}

static struct session *session_of(const struct fr_session_index *x, uint64_t number) {
    return &x->sessions[(number - 1) % x->p.sessions];
}

uint32_t fr_session_index_items(const struct fr_session_index *x, uint64_t session, uint32_t *out) {
    if (!fr_session_index_has(x, session)) return 0;
    const struct session *s = session_of(x, session);
    uint32_t n = 0, slot = (uint32_t)((session - 1) % x->p.sessions);
    for (uint32_t k = fr_session_first(x, s); k < s->appended; k++) out[n++] = *fr_session_item(x, slot, k);
    return n;
}

static struct list *list_of(struct fr_session_index *x, uint32_t item) {
    bool fresh;
    uint32_t place = fr_places_take(&x->places, item, &fresh);
    if (x->places.cap > x->list_cap) {
        x->lists = fr_realloc(x->lists, x->places.cap * sizeof *x->lists);
        memset(x->lists + x->list_cap, 0, (x->places.cap - x->list_cap) * sizeof *x->lists);
        x->list_cap = x->places.cap;
    }
    struct list *list = &x->lists[place];
    if (fresh) list->n = list->start = list->sessions = 0;
    return list;
}

/* As long as a list can grow it begins at 0. */
static void push(const struct fr_session_index *x, struct list *list, struct posting posting) {
    if (list->n == list->cap && list->cap < x->p.per_item) {
        uint32_t cap = list->cap ? list->cap * 2 : 4;
        list->cap = cap < x->p.per_item ? cap : x->p.per_item;
        list->at = fr_realloc(list->at, list->cap * sizeof *list->at);
    }
    if (list->n < list->cap) {
        list->at[list->n++] = posting;
        return;
    }
    list->at[list->start] = posting;
    list->start = list->start + 1 == list->n ? 0 : list->start + 1;
}

static bool has_item(const struct fr_session_index *x, const struct session *s, uint32_t slot,
                     uint32_t item) {
    for (uint32_t k = fr_session_first(x, s); k < s->appended; k++)
        if (*fr_session_item(x, slot, k) == item) return true;
    return false;
}

void fr_session_index_append(struct fr_session_index *x, uint64_t session, uint32_t item,
                             fr_time_ms time_ms) {
    FR_ASSERT(fr_session_index_has(x, session));
    struct session *s = session_of(x, session);
    uint32_t slot = (uint32_t)((session - 1) % x->p.sessions);
    if (time_ms > s->last_ms || s->appended == 0) s->last_ms = time_ms;
    if (s->appended > 0 && *fr_session_item(x, slot, s->appended - 1) == item) return;
    struct list *list = list_of(x, item);
    if (!has_item(x, s, slot, item)) list->sessions++;
    push(x, list, (struct posting){(uint32_t)session, s->appended});
    *fr_session_item(x, slot, s->appended) = item;
    s->appended++;
    if (item >= x->number_end) x->number_end = item + 1;
}

size_t fr_session_index_bytes(const struct fr_session_index *x) {
    size_t sum = sizeof *x + fr_places_bytes(&x->places) + x->list_cap * sizeof *x->lists +
                 x->session_cap * (sizeof *x->sessions + x->p.length * sizeof *x->items);
    for (uint32_t i = 0; i < x->places.n; i++) sum += x->lists[i].cap * sizeof *x->lists[i].at;
    return sum;
}

uint32_t fr_session_index_number_end(const struct fr_session_index *x) { return x->number_end; }

uint64_t fr_session_index_begun(const struct fr_session_index *x) { return x->begun; }

uint32_t fr_session_index_count(const struct fr_session_index *x, uint32_t item) {
    uint32_t place = fr_places_find(&x->places, item);
    return place == FR_PLACE_NONE ? 0 : x->lists[place].sessions;
}
