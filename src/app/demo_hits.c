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

struct shown {
    uint32_t items[FR_HITS_LIST], n;
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

void fr_hits_list(struct fr_hits *h, uint32_t user, const uint32_t *items, uint32_t n) {
    struct shown *s = shown_to(h, user);
    s->any = true;
    s->n = n < FR_HITS_LIST ? n : FR_HITS_LIST;
    for (uint32_t i = 0; i < s->n; i++) s->items[i] = items[i];
}

/* FR_HITS_LIST when it is not among them. */
static uint32_t rank_in_list(const struct shown *s, uint32_t item) {
    for (uint32_t i = 0; i < s->n; i++)
        if (s->items[i] == item) return i;
    return FR_HITS_LIST;
}

static uint32_t rank_by_popularity(const struct fr_hits *h, uint32_t user, uint32_t item) {
    uint32_t rank = 0;
    for (uint32_t i = 0; i < h->item_n && rank < FR_HITS_LIST; i++) {
        if (h->counts[h->order[i]] == 0) return FR_HITS_LIST;
        if (h->order[i] == item) return rank;
        rank += fr_map_get(&h->seen, pair_of(user, h->order[i])) == NULL;
    }
    return FR_HITS_LIST;
}

static bool judge(struct fr_hits *h, uint32_t user, uint32_t item) {
    const struct shown *s = shown_to(h, user);
    if (!s->any) {
        h->score.without_list++;
        return false;
    }
    uint32_t rank = rank_in_list(s, item), popular = rank_by_popularity(h, user, item);
    h->score.cases++;
    h->score.few += rank < FR_HITS_FEW;
    h->score.list += rank < FR_HITS_LIST;
    h->score.popular_few += popular < FR_HITS_FEW;
    h->score.popular_list += popular < FR_HITS_LIST;
    return rank < FR_HITS_LIST;
}

bool fr_hits_event(struct fr_hits *h, uint32_t user, uint32_t item) {
    if (h->seen.n >= FR_HITS_PAIRS_MAX || fr_map_get(&h->seen, pair_of(user, item))) return false;
    know_item(h, item);
    bool hit = judge(h, user, item);
    bool was_there;
    *fr_map_put(&h->seen, pair_of(user, item), &was_there) = 1;
    count(h, item);
    return hit;
}

struct fr_hits_score fr_hits_score(const struct fr_hits *h) {
    return h->score;
}
