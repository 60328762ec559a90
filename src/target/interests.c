#include "freshet/target/interests.h"
#include <stdlib.h>

/* One name of one item. */
struct mention {
    struct fr_str name;
    uint32_t entry; /* of the history */
    double worth;
};

static struct fr_str lowered(struct fr_str name, struct fr_arena *arena) {
    uint32_t i = 0;
    while (i < name.len && fr_ascii_lower(name.ptr[i]) == name.ptr[i]) i++;
    if (i == name.len) return name;
    char *copy = fr_arena_alloc(arena, name.len);
    for (i = 0; i < name.len; i++) copy[i] = fr_ascii_lower(name.ptr[i]);
    return (struct fr_str){copy, name.len};
}

/* An entry's record; NULL: not in the catalogue. */
static const struct fr_item_record *record_of(const struct fr_catalog *catalog, const struct fr_dict *ids,
                                              uint32_t item) {
    if (catalog->ids != ids) item = fr_dict_find(catalog->ids, fr_dict_str(ids, item));
    return item == FR_DICT_NONE ? NULL : fr_catalog_get(catalog, item);
}

static uint32_t count_mentions(const struct fr_history *h, const struct fr_dict *ids,
                               const struct fr_catalog *catalog) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        const struct fr_item_record *record = record_of(catalog, ids, h->ids[i]);
        if (record) n += record->category_n + record->tag_n;
    }
    return n;
}

static int compare_mentions(const void *a, const void *b) {
    const struct mention *x = a, *y = b;
    int order = fr_str_cmp(x->name, y->name);
    return order ? order : (x->entry > y->entry) - (x->entry < y->entry);
}

static uint32_t mention(struct mention *at, const struct fr_str *names, uint32_t n, uint32_t entry,
                        double worth, struct fr_arena *arena) {
    for (uint32_t i = 0; i < n; i++) at[i] = (struct mention){lowered(names[i], arena), entry, worth};
    return n;
}

/* Sums in the order of the entries, as the whole was summed: a part is never more than the whole. */
static uint32_t sum_names(const struct mention *mentions, uint32_t n, double whole, struct fr_interest *out) {
    uint32_t names = 0;
    for (uint32_t i = 0, end; i < n; i = end) {
        double sum = 0;
        for (end = i; end < n && fr_str_eq(mentions[end].name, mentions[i].name); end++)
            if (end == i || mentions[end].entry != mentions[end - 1].entry) sum += mentions[end].worth;
        out[names++] = (struct fr_interest){mentions[i].name, sum / whole};
    }
    return names;
}

struct fr_interests fr_interests_of(const struct fr_user *u, const struct fr_profile_rules *rules,
                                    const struct fr_decay *decay, const struct fr_dict *ids,
                                    const struct fr_catalog *catalog, fr_time_ms now_ms,
                                    struct fr_arena *arena) {
    const struct fr_history *h = &u->history;
    uint32_t most = catalog ? count_mentions(h, ids, catalog) : 0, n = 0;
    if (!most) return (struct fr_interests){0};
    struct mention *mentions = fr_arena_alloc(arena, most * sizeof *mentions);
    int32_t now = fr_epoch_of(rules, now_ms);
    double whole = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        const struct fr_item_record *record = record_of(catalog, ids, h->ids[i]);
        struct fr_strength strength = h->entries[i].strength;
        double worth = strength.weight * (double)fr_decay_at(decay, now, strength.epoch) * 0x1p-32;
        if (!record || !(worth > 0)) continue;
        whole += worth;
        n += mention(mentions + n, record->category, record->category_n, i, worth, arena);
        n += mention(mentions + n, record->tags, record->tag_n, i, worth, arena);
    }
    if (!n) return (struct fr_interests){0};
    qsort(mentions, n, sizeof *mentions, compare_mentions);
    struct fr_interest *at = fr_arena_alloc(arena, n * sizeof *at);
    return (struct fr_interests){at, sum_names(mentions, n, whole, at)};
}

/* name in any case against one in lower case. */
static int compare_name(struct fr_str name, struct fr_str known) {
    uint32_t n = name.len < known.len ? name.len : known.len;
    for (uint32_t i = 0; i < n; i++) {
        unsigned char a = (unsigned char)fr_ascii_lower(name.ptr[i]), b = (unsigned char)known.ptr[i];
        if (a != b) return a < b ? -1 : 1;
    }
    return (name.len > known.len) - (name.len < known.len);
}

double fr_interests_share(const struct fr_interests *i, struct fr_str name) {
    uint32_t low = 0, high = i->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_name(name, i->at[middle].name);
        if (order == 0) return i->at[middle].share;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}
