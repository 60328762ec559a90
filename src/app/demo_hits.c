/* Hits and their yardstick.
 *
 * The most popular items at any moment: order[] holds all items by falling count, place[] where each stands. An item's
 * count grows by one, so it changes places with the first of those that had the same count: a binary search and a swap.
 *
 *   counts  9 7 7 7 4        the last 7 becomes 8:    9 8 7 7 4
 *             ^   |                                     |   ^
 *             +---+ swap                                +---+ */
#include "freshet/app/demo_hits.h"
#include "freshet/base/err.h"
#include "freshet/base/map.h"
#include <stdlib.h>
#include <string.h>

struct ranking {
    uint32_t items[FR_HITS_LIST], n;
};

struct shown {
    struct ranking list, popular; /* popular: when the list was published */
    bool any;
};

struct fr_hits {
    struct shown *shown; /* [user_cap], by user */
    uint32_t user_cap;
    struct fr_map seen;       /* user and item */
    uint32_t *counts, *place; /* [item_cap], by item */
    uint32_t *order;          /* [item_n] */
    uint32_t item_n, item_cap;
    struct fr_hits_score score;
};

struct fr_hits *fr_hits_new(void) {
    return fr_alloc_zero(1, sizeof(struct fr_hits));
}

void fr_hits_free(struct fr_hits **hits) {
    struct fr_hits *h = *hits;
    if (!h) return;
    free(h->shown);
    fr_map_fini(&h->seen);
    free(h->counts);
    free(h->place);
    free(h->order);
    free(h);
    *hits = NULL;
}

static struct shown *shown_to(struct fr_hits *h, uint32_t user) {
    if (user >= h->user_cap) {
        uint32_t cap = user < 512 ? 1024 : user * 2;
        h->shown = fr_realloc(h->shown, cap * sizeof *h->shown);
        memset(h->shown + h->user_cap, 0, (cap - h->user_cap) * sizeof *h->shown);
        h->user_cap = cap;
    }
    return &h->shown[user];
}

/* Every item up to this one has a place; new ones stand last, with a count of 0. */
static void know_item(struct fr_hits *h, uint32_t item) {
    if (item >= h->item_cap) {
        h->item_cap = item < 512 ? 1024 : item * 2;
        h->counts = fr_realloc(h->counts, h->item_cap * sizeof *h->counts);
        h->place = fr_realloc(h->place, h->item_cap * sizeof *h->place);
        h->order = fr_realloc(h->order, h->item_cap * sizeof *h->order);
    }
    for (; h->item_n <= item; h->item_n++) {
        h->counts[h->item_n] = 0;
        h->order[h->item_n] = h->place[h->item_n] = h->item_n;
    }
}

static uint64_t pair_of(uint32_t user, uint32_t item) { return (uint64_t)user << 32 | item; }

static void count(struct fr_hits *h, uint32_t item) {
    uint32_t low = 0, high = h->place[item];
    while (low < high) { /* the first with this count */
        uint32_t middle = low + (high - low) / 2;
        if (h->counts[h->order[middle]] > h->counts[item])
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t other = h->order[low];
    h->order[h->place[item]] = other;
    h->place[other] = h->place[item];
    h->order[low] = item;
    h->place[item] = low;
    h->counts[item]++;
}

static struct ranking popular_for(const struct fr_hits *h, uint32_t user) {
    struct ranking r = {.n = 0};
    for (uint32_t i = 0; i < h->item_n && r.n < FR_HITS_LIST; i++) {
        uint32_t item = h->order[i];
        if (h->counts[item] == 0) break;
        if (!fr_map_get(&h->seen, pair_of(user, item))) r.items[r.n++] = item;
    }
    return r;
}

void fr_hits_list(struct fr_hits *h, uint32_t user, const uint32_t *items, uint32_t n) {
    struct shown *s = shown_to(h, user);
    s->any = true;
    s->popular = popular_for(h, user);
    s->list.n = n < FR_HITS_LIST ? n : FR_HITS_LIST;
    for (uint32_t i = 0; i < s->list.n; i++) s->list.items[i] = items[i];
}

static bool judge(const struct ranking *r, uint32_t item, uint64_t *few, uint64_t *list) {
    uint32_t rank = 0;
    while (rank < r->n && r->items[rank] != item) rank++;
    bool hit = rank < r->n;
    *few += hit && rank < FR_HITS_FEW;
    *list += hit;
    return hit;
}

static bool judge_all(struct fr_hits *h, uint32_t user, uint32_t item) {
    const struct shown *s = shown_to(h, user);
    struct fr_hits_score *score = &h->score;
    if (!s->any) {
        score->without_list++;
        return false;
    }
    score->cases++;
    struct ranking now = popular_for(h, user);
    judge(&now, item, &score->now_few, &score->now_list);
    judge(&s->popular, item, &score->popular_few, &score->popular_list);
    return judge(&s->list, item, &score->few, &score->list);
}

bool fr_hits_event(struct fr_hits *h, uint32_t user, uint32_t item) {
    if (h->seen.n >= FR_HITS_PAIRS_MAX || fr_map_get(&h->seen, pair_of(user, item))) return false;
    know_item(h, item);
    bool hit = judge_all(h, user, item);
    bool was_there;
    *fr_map_put(&h->seen, pair_of(user, item), &was_there) = 1;
    count(h, item);
    return hit;
}

struct fr_hits_score fr_hits_score(const struct fr_hits *h) {
    return h->score;
}
