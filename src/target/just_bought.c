#include "freshet/target/just_bought.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

/* Letters of ASCII in lower case; what is longer than any category's text cannot occur. */
static uint64_t hash_folded(struct fr_str text) {
    char folded[FR_ITEM_TEXT_BYTES];
    uint32_t n = text.len < sizeof folded ? text.len : (uint32_t)sizeof folded;
    for (uint32_t i = 0; i < n; i++) folded[i] = fr_ascii_lower(text.ptr[i]);
    return fr_hash64(folded, n, 1);
}

static uint32_t promoted_n(const struct fr_campaign_set *set) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < set->campaign_n; i++)
        n += set->campaigns[i].record.item_n + set->campaigns[i].record.category_n;
    return n;
}

void fr_promoted_init(struct fr_promoted *p, const struct fr_campaign_set *set) {
    uint32_t at = 0;
    p->hashes = fr_alloc((promoted_n(set) + 1) * sizeof *p->hashes);
    p->item_at = fr_alloc((set->campaign_n + 1) * sizeof *p->item_at);
    p->category_at = fr_alloc((set->campaign_n + 1) * sizeof *p->category_at);
    for (uint32_t i = 0; i < set->campaign_n; i++) {
        const struct fr_campaign *c = &set->campaigns[i].record;
        p->item_at[i] = at;
        for (uint32_t k = 0; k < c->item_n; k++) p->hashes[at++] = fr_hash_str(c->items[k]);
        p->category_at[i] = at;
        for (uint32_t k = 0; k < c->category_n; k++) p->hashes[at++] = hash_folded(c->categories[k]);
    }
    p->item_at[set->campaign_n] = at;
}

void fr_promoted_fini(struct fr_promoted *p) {
    free(p->hashes);
    free(p->item_at);
    free(p->category_at);
    *p = (struct fr_promoted){0};
}

static bool bought_lately(const struct fr_history *h, uint32_t i, fr_time_ms now_ms, int64_t window_ms) {
    fr_time_ms last_ms;
    return fr_history_count(h, i, FR_EVENT_PURCHASE, &last_ms) > 0 && last_ms > now_ms - window_ms;
}

/* Levels of an item's category behind those found so far. */
static uint32_t add_levels(uint64_t *out, uint32_t n, const struct fr_catalog *catalog, struct fr_str item) {
    const struct fr_item_record *r = fr_catalog_get(catalog, fr_dict_find(catalog->ids, item));
    for (uint32_t k = 0; r && k < r->category_n; k++) out[n++] = hash_folded(r->category[k]);
    return n;
}

struct fr_bought fr_bought_of(const struct fr_user *u, const struct fr_dict *ids,
                              const struct fr_catalog *catalog, fr_time_ms now_ms, int64_t window_ms,
                              struct fr_arena *arena) {
    const struct fr_history *h = &u->history;
    struct fr_bought b = {0};
    if (u->counts[FR_EVENT_PURCHASE] == 0) return b; /* most users, most of the time */
    uint64_t *items = fr_arena_alloc(arena, (h->n + 1) * sizeof *items);
    uint64_t *categories = fr_arena_alloc(arena, (h->n * FR_ITEM_LEVELS + 1) * sizeof *categories);
    for (uint32_t i = 0; i < h->n; i++) {
        if (!bought_lately(h, i, now_ms, window_ms)) continue;
        struct fr_str item = fr_dict_str(ids, h->ids[i]);
        items[b.item_n++] = fr_hash_str(item);
        if (catalog) b.category_n = add_levels(categories, b.category_n, catalog, item);
    }
    b.items = items;
    b.categories = categories;
    return b;
}

static bool is_among(uint64_t hash, const uint64_t *hashes, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (hashes[i] == hash) return true;
    return false;
}

bool fr_bought_has(const struct fr_bought *bought, const struct fr_promoted *p, uint32_t campaign) {
    uint32_t item = p->item_at[campaign], category = p->category_at[campaign];
    uint32_t end = p->item_at[campaign + 1];
    if (bought->item_n == 0) return false;
    for (uint32_t i = item; i < category; i++)
        if (!is_among(p->hashes[i], bought->items, bought->item_n)) return false;
    if (category > item) return true; /* each of the items */
    for (uint32_t i = category; i < end; i++)
        if (is_among(p->hashes[i], bought->categories, bought->category_n)) return true;
    return false;
}
