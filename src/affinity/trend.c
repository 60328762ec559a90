/* Tables of candidates. The problem: the best k of a group by two measures that fade at different speeds, kept up
 * while counts go up and down, without looking at all items. The choice: hold up to 3k candidates a group; when
 * that is full, keep the k best by each measure, which leaves room for at least k newcomers, so the work for one
 * update is constant on average. Fading keeps the order of two items that do not change (but for buckets that
 * leave the window), so only changes need to be looked at.
 * Rejected: a heap for each measure (a changed value must be found and moved in both). */
#include "freshet/affinity/trend.h"
#include "freshet/base/map.h"
#include <stdlib.h>

struct candidate {
    double popularity, trend; /* at epoch */
    uint32_t item;
    int32_t epoch;
};

struct table {
    uint32_t group, n;
    struct candidate *at; /* [3 * k] */
};

struct fr_trends {
    const struct fr_decay *popularity, *trend;
    uint32_t k, groups_max, groups_n;
    struct table *tables;   /* [groups_max], in the order in which groups came */
    uint32_t *groups;       /* [groups_max], theirs */
    struct fr_map table_of; /* group -> index */
    struct fr_map place_of; /* table << 32 | item -> index in the table */
    uint64_t groups_ignored;
};

struct fr_trends *fr_trends_new(const struct fr_decay *popularity, const struct fr_decay *trend, uint32_t k,
                                uint32_t groups_max) {
    struct fr_trends *t = fr_alloc_zero(1, sizeof *t);
    t->popularity = popularity;
    t->trend = trend;
    t->k = k ? k : FR_TREND_K;
    t->groups_max = groups_max ? groups_max : FR_TREND_GROUPS_MAX;
    t->tables = fr_alloc_zero(t->groups_max, sizeof *t->tables);
    t->groups = fr_alloc_zero(t->groups_max, sizeof *t->groups);
    return t;
}

void fr_trends_free(struct fr_trends **trends) {
    struct fr_trends *t = *trends;
    *trends = NULL;
    if (!t) return;
    for (uint32_t i = 0; i < t->groups_n; i++) free(t->tables[i].at);
    free(t->tables);
    free(t->groups);
    fr_map_fini(&t->table_of);
    fr_map_fini(&t->place_of);
    free(t);
}

static double faded(const struct fr_decay *decay, double value, int32_t from, int32_t to) {
    return value * (double)fr_decay_at(decay, to, from) * 0x1p-32;
}

static void fade(const struct fr_trends *t, struct candidate *c, int32_t to) {
    c->popularity = faded(t->popularity, c->popularity, c->epoch, to);
    c->trend = faded(t->trend, c->trend, c->epoch, to);
    c->epoch = to;
}

/* --- tables ------------------------------------------------------------------------------------------- */

static uint64_t place_key(const struct fr_trends *t, const struct table *table, uint32_t item) {
    return (uint64_t)(table - t->tables) << 32 | item;
}

/* The group's table, or NULL when there are too many groups. */
static struct table *table_of(struct fr_trends *t, uint32_t group) {
    uint64_t *known = fr_map_get(&t->table_of, group);
    if (known) return &t->tables[*known];
    if (t->groups_n == t->groups_max) {
        t->groups_ignored++;
        return NULL;
    }
    struct table *table = &t->tables[t->groups_n];
    *table = (struct table){group, 0, fr_alloc((size_t)3 * t->k * sizeof *table->at)};
    t->groups[t->groups_n] = group;
    *fr_map_put(&t->table_of, group, NULL) = t->groups_n++;
    return table;
}

static int by_popularity(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (x->popularity > y->popularity || x->popularity < y->popularity)
        return x->popularity > y->popularity ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static int by_trend(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (x->trend > y->trend || x->trend < y->trend) return x->trend > y->trend ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* Keeps the k most popular and, of the others, the k most trending. */
static void shrink(struct fr_trends *t, struct table *table) {
    int32_t now = INT32_MIN;
    for (uint32_t i = 0; i < table->n; i++)
        if (table->at[i].epoch > now) now = table->at[i].epoch;
    for (uint32_t i = 0; i < table->n; i++) fade(t, &table->at[i], now);
    qsort(table->at, table->n, sizeof *table->at, by_popularity);
    qsort(table->at + t->k, table->n - t->k, sizeof *table->at, by_trend);
    for (uint32_t i = 2 * t->k; i < table->n; i++)
        fr_map_remove(&t->place_of, place_key(t, table, table->at[i].item));
    table->n = 2 * t->k;
    for (uint32_t i = 0; i < table->n; i++)
        *fr_map_put(&t->place_of, place_key(t, table, table->at[i].item), NULL) = i;
}

static void remove_candidate(struct fr_trends *t, struct table *table, uint32_t place) {
    fr_map_remove(&t->place_of, place_key(t, table, table->at[place].item));
    struct candidate last = table->at[--table->n];
    if (place == table->n) return;
    table->at[place] = last;
    *fr_map_put(&t->place_of, place_key(t, table, last.item), NULL) = place;
}

static void put_candidate(struct fr_trends *t, uint32_t group, struct candidate c) {
    struct table *table = table_of(t, group);
    if (!table) return;
    const uint64_t *place = fr_map_get(&t->place_of, place_key(t, table, c.item));
    if (place && c.popularity > 0) {
        table->at[*place] = c;
    } else if (place) {
        remove_candidate(t, table, (uint32_t)*place);
    } else if (c.popularity > 0) {
        if (table->n == 3 * t->k) shrink(t, table);
        *fr_map_put(&t->place_of, place_key(t, table, c.item), NULL) = table->n;
        table->at[table->n++] = c;
    }
}

void fr_trends_update(struct fr_trends *trends, uint32_t item_number, const struct fr_item *item,
                      const struct fr_delta *deltas, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t code = deltas[i].code;
        enum fr_code_kind kind = fr_code_kind(code);
        if (kind == FR_CODE_IS_PAIR || (i > 0 && deltas[i - 1].code == code)) continue;
        struct candidate c = {.item = item_number, .epoch = item->newest};
        uint32_t group = kind == FR_CODE_IS_GROUP ? fr_code_number(code) : (uint32_t)FR_TREND_ALL;
        if (kind == FR_CODE_IS_GROUP) {
            c.popularity = fr_item_group_count(item, trends->popularity, item->newest, group);
            c.trend = fr_item_group_count(item, trends->trend, item->newest, group);
        } else {
            c.popularity = fr_item_count(item, trends->popularity, item->newest);
            c.trend = fr_item_count(item, trends->trend, item->newest);
        }
        put_candidate(trends, group, c);
    }
}

void fr_trends_seed(struct fr_trends *trends, uint32_t group, int32_t epoch, const struct fr_trend *entries,
                    uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        put_candidate(trends, group,
                      (struct candidate){entries[i].popularity, entries[i].trend, entries[i].item, epoch});
}

uint32_t fr_trends_groups(const struct fr_trends *trends, const uint32_t **groups) {
    *groups = trends->groups;
    return trends->groups_n;
}

uint64_t fr_trends_groups_ignored(const struct fr_trends *trends) { return trends->groups_ignored; }

uint32_t fr_trends_read(struct fr_trends *trends, uint32_t group, int32_t epoch, const struct fr_dict *dict,
                        struct fr_trend *out) {
    const uint64_t *known = fr_map_get(&trends->table_of, group);
    if (!known) return 0;
    struct table *table = &trends->tables[*known];
    if (table->n > 2 * trends->k) shrink(trends, table);
    uint32_t n = 0;
    for (uint32_t i = 0; i < table->n; i++) {
        struct candidate c = table->at[i];
        fade(trends, &c, epoch);
        if (c.popularity > 0) out[n++] = (struct fr_trend){c.item, c.popularity, c.trend};
    }
    return fr_trend_best(out, n, n, false, dict);
}
