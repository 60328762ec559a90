/* Places from candidates.
 *
 * Problem   for each list: rules, diversity and exploration over some hundred candidates, in the time that a list may take,
 *           with the same outcome on every machine.
 * Choice    one pass makes the entries that may be shown, with a key each; then the places are filled from the top. Each
 *           entry carries its largest similarity to what stands already, so a place costs one similarity an entry and not
 *           one for each pair. Without a rule that changes the order nothing is sorted and nothing compared: the list is the
 *           first candidates.
 * Rejected  determinantal point processes: the greedy one costs a Cholesky update a place and needs a kernel that is
 *           positive definite, which a similarity put together from three sources is not.
 * Invariant entries stand by falling key, ties by id; is_used marks those that have a place. */
#include "freshet/recommend/arrange.h"
#include "explore.h"
#include "freshet/base/hash.h"
#include "freshet/base/rng.h"
#include <stdlib.h>

struct entry {
    uint32_t item, at;
    struct fr_str id;
    double key, nearest; /* nearest: largest similarity to what has a place */
    bool is_used;
};

struct arranging {
    const struct fr_surface *surface;
    const struct fr_arrange_input *in;
    struct entry *entries; /* [n] */
    uint32_t n, first;     /* first: no entry before it is free */
    uint32_t *hidden;      /* [hidden_n] ascending */
    uint32_t hidden_n;
    struct fr_explore_pool pool;
    struct fr_rng coin;
    struct fr_arranged *out;
    uint32_t out_n;
};

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void find_hidden(struct arranging *a, struct fr_arena *arena) {
    const struct fr_query *q = a->in->query;
    a->hidden = fr_arena_alloc(arena, (q->seed_n + 1) * sizeof *a->hidden);
    for (uint32_t i = 0; i < q->seed_n; i++)
        if (fr_surface_hides(a->surface, &q->seeds[i], q->now_ms))
            a->hidden[a->hidden_n++] = q->seeds[i].item;
    qsort(a->hidden, a->hidden_n, sizeof *a->hidden, by_number);
}

static const struct fr_item_record *record_of(const struct arranging *a, uint32_t item) {
    return a->in->catalog ? fr_catalog_get(a->in->catalog, item) : NULL;
}

static bool may_show(const struct arranging *a, uint32_t item) {
    if (a->hidden_n && bsearch(&item, a->hidden, a->hidden_n, sizeof item, by_number)) return false;
    return fr_surface_admits(a->surface, record_of(a, item), a->in->query->now_ms);
}

static double key_of(const struct arranging *a, const struct fr_ranked *r, struct fr_str id) {
    double key = r->score * fr_surface_boost(a->surface, record_of(a, r->item), a->in->query->now_ms);
    if (!(a->surface->rotation > 0)) return key;
    struct fr_rng rng = {fr_hash64(id.ptr, id.len, a->in->query->draw)};
    return key * (1 + a->surface->rotation * (2 * fr_rng_uniform(&rng) - 1));
}

static int by_key(const void *a, const void *b) {
    const struct entry *x = a, *y = b;
    if (x->key > y->key) return -1;
    return x->key < y->key ? 1 : fr_str_cmp(x->id, y->id);
}

static void find_entries(struct arranging *a, struct fr_arena *arena) {
    const struct fr_arrange_input *in = a->in;
    uint32_t most = in->ranked_n < FR_ARRANGE_CANDIDATES ? in->ranked_n : FR_ARRANGE_CANDIDATES;
    a->entries = fr_arena_alloc(arena, (most + 1) * sizeof *a->entries);
    for (uint32_t i = 0; i < in->ranked_n && a->n < most; i++) {
        uint32_t item = in->ranked[i].item;
        if (!may_show(a, item)) continue;
        struct fr_str id = fr_dict_str(in->query->ids, item);
        a->entries[a->n++] =
            (struct entry){.item = item, .at = i, .id = id, .key = key_of(a, &in->ranked[i], id)};
    }
    if (a->surface->boost_n || a->surface->rotation > 0) qsort(a->entries, a->n, sizeof *a->entries, by_key);
}

static void find_fresh(struct arranging *a, struct fr_arena *arena) {
    const struct fr_arrange_input *in = a->in;
    a->pool =
        (struct fr_explore_pool){a->surface->exploring, fr_hash_mix(in->query->draw), in->fresh, NULL, 0};
    if (!(a->surface->exploration > 0)) return;
    a->pool.left = fr_arena_alloc(arena, FR_ARRANGE_FRESH * sizeof *a->pool.left);
    for (uint32_t i = 0; i < in->fresh_n && a->pool.left_n < FR_ARRANGE_FRESH; i++)
        if (may_show(a, in->fresh[i].item)) a->pool.left[a->pool.left_n++] = i;
}

/* ---- diversity ---- */

static double alike_by_category(const struct fr_item_record *x, const struct fr_item_record *y) {
    if (!x || !y || !x->category_n || !y->category_n) return 0;
    uint32_t most = x->category_n > y->category_n ? x->category_n : y->category_n;
    uint32_t least = x->category_n < y->category_n ? x->category_n : y->category_n, same = 0;
    while (same < least && fr_str_eq(x->category[same], y->category[same])) same++;
    return (double)same / most;
}

static bool has_content(const struct fr_rows *content, uint32_t item) {
    return content && item < content->row_n && fr_rows_length(content, item) > 0;
}

static double alike(const struct arranging *a, uint32_t x, uint32_t y) {
    const struct fr_arrange_input *in = a->in;
    if (has_content(in->content, x) && has_content(in->content, y)) return fr_rows_dot(in->content, x, y);
    if (in->similar) return in->similar(in->context, x, y);
    return alike_by_category(record_of(a, x), record_of(a, y));
}

/* The entry for the next place, a->n when all are used. */
static uint32_t next_entry(struct arranging *a) {
    while (a->first < a->n && a->entries[a->first].is_used) a->first++;
    double diversity = a->surface->diversity;
    if (a->first == a->n || !(diversity > 0)) return a->first;
    double largest = a->entries[0].key, best_worth = 0;
    uint32_t best = a->n;
    for (uint32_t i = a->first; i < a->n; i++) {
        const struct entry *e = &a->entries[i];
        if (e->is_used) continue;
        double worth = (1 - diversity) * e->key / largest;
        if (best < a->n && worth < best_worth) break; /* the rest have smaller keys */
        worth -= diversity * e->nearest;
        if (best == a->n || worth > best_worth) best = i, best_worth = worth;
    }
    return best;
}

/* What takes a place is compared with all that may still get one. */
static void note_similar(struct arranging *a, uint32_t item) {
    if (!(a->surface->diversity > 0) || a->out_n == a->surface->items) return;
    for (uint32_t i = a->first; i < a->n; i++) {
        struct entry *e = &a->entries[i];
        double similarity = e->is_used ? 0 : alike(a, e->item, item);
        if (similarity > e->nearest) e->nearest = similarity;
    }
}

/* ---- places ---- */

static uint32_t find_left(const struct arranging *a, uint32_t item) {
    uint32_t at = 0;
    while (at < a->pool.left_n && a->in->fresh[a->pool.left[at]].item != item) at++;
    return at;
}

static uint32_t find_entry(const struct arranging *a, uint32_t item) {
    uint32_t at = 0;
    while (at < a->n && a->entries[at].item != item) at++;
    return at;
}

/* Fills the next place with a candidate or a fresh item. False: there is neither. */
static bool fill(struct arranging *a) {
    uint32_t next = next_entry(a), place = a->out_n;
    double share = a->pool.left_n == 0 ? 0 : next == a->n ? 1 : a->surface->exploration;
    if (next == a->n && !(share > 0)) return false;
    bool is_explored = share > 0 && fr_rng_uniform(&a->coin) < share;
    uint32_t item, left, entry;
    struct fr_arranged *out = &a->out[a->out_n++];
    if (is_explored) {
        left = fr_explore_draw(&a->pool, place);
        item = a->in->fresh[a->pool.left[left]].item;
        entry = find_entry(a, item);
        *out = (struct fr_arranged){.item = item, .at = a->pool.left[left], .is_explored = true};
    } else {
        entry = next;
        item = a->entries[next].item;
        left = find_left(a, item);
        *out = (struct fr_arranged){.item = item, .at = a->entries[next].at};
    }
    out->propensity = entry == next && next < a->n ? 1 - share : 0;
    if (left < a->pool.left_n) {
        out->propensity += share * fr_explore_chance(&a->pool, place, left);
        fr_explore_take(&a->pool, left);
    }
    if (entry < a->n) a->entries[entry].is_used = true;
    note_similar(a, item);
    return true;
}

uint32_t fr_arrange(const struct fr_surface *surface, const struct fr_arrange_input *in,
                    struct fr_arena *arena, struct fr_arranged *out) {
    struct arranging a = {.surface = surface,
                          .in = in,
                          .coin = {fr_hash_mix(in->query->draw ^ UINT64_C(0xe7037ed1a0b428db))},
                          .out = out};
    find_hidden(&a, arena);
    find_entries(&a, arena);
    find_fresh(&a, arena);
    while (a.out_n < surface->items && fill(&a)) {
    }
    return a.out_n;
}
