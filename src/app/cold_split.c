#include "freshet/app/cold_split.h"
#include "freshet/base/err.h"
#include "freshet/base/rng.h"
#include <stdlib.h>

struct part {
    struct fr_interaction *entries;
    size_t n;
};

struct parting {
    const struct fr_interactions *all;
    struct fr_cold_split *out;
    struct part train, histories, known_items, new_items;
};

/* Marks share_n of n, drawn without replacement. */
static bool *draw(uint32_t n, uint32_t share_n, struct fr_rng *rng) {
    bool *drawn = fr_alloc_zero((size_t)n + 1, sizeof *drawn);
    for (uint32_t i = 0; i < n; i++) {
        drawn[i] = fr_rng_below(rng, n - i) < share_n;
        share_n -= drawn[i];
    }
    return drawn;
}

static struct part part_new(size_t n) {
    return (struct part){fr_alloc((n + 1) * sizeof(struct fr_interaction)), 0};
}

static void add(struct part *p, uint32_t user, uint32_t item) {
    p->entries[p->n++] = (struct fr_interaction){user, item, 1};
}

static uint32_t count_known(const struct parting *p, uint32_t user) {
    const struct fr_rows *rows = &p->all->by_user;
    uint32_t n = 0;
    for (size_t e = rows->start[user]; e < rows->start[user + 1]; e++)
        n += !p->out->is_new_item[rows->columns[e]];
    return n;
}

static void part_new_user(struct parting *p, uint32_t user, struct fr_rng *rng) {
    const struct fr_rows *rows = &p->all->by_user;
    uint32_t left = count_known(p, user), shown = left - left / 2;
    for (size_t e = rows->start[user]; e < rows->start[user + 1]; e++) {
        uint32_t item = rows->columns[e];
        if (p->out->is_new_item[item]) continue;
        bool shows = fr_rng_below(rng, left--) < shown;
        shown -= shows;
        add(shows ? &p->histories : &p->known_items, user, item);
    }
}

static void part_known_user(struct parting *p, uint32_t user) {
    const struct fr_rows *rows = &p->all->by_user;
    for (size_t e = rows->start[user]; e < rows->start[user + 1]; e++) {
        if (p->out->is_new_item[rows->columns[e]]) continue;
        add(&p->train, user, rows->columns[e]);
        add(&p->histories, user, rows->columns[e]);
    }
}

static void part_user(struct parting *p, uint32_t user, struct fr_rng *rng) {
    const struct fr_rows *rows = &p->all->by_user;
    if (p->out->is_new_user[user])
        part_new_user(p, user, rng);
    else
        part_known_user(p, user);
    for (size_t e = rows->start[user]; e < rows->start[user + 1]; e++)
        if (p->out->is_new_item[rows->columns[e]]) add(&p->new_items, user, rows->columns[e]);
}

/* Takes the entries. */
static struct fr_rows rows_of(const struct parting *p, struct part *part) {
    const struct fr_rows *rows = &p->all->by_user;
    struct fr_interactions *m = fr_interactions_new(rows->row_n, rows->column_n, part->entries, part->n);
    struct fr_rows out = fr_rows_transposed(&m->by_item);
    fr_interactions_free(m);
    free(part->entries);
    return out;
}

struct fr_cold_split fr_cold_split_new(const struct fr_interactions *all, uint64_t seed) {
    struct fr_cold_split out = {0};
    struct fr_rng rng = {seed};
    const struct fr_rows *rows = &all->by_user;
    size_t n = fr_interactions_count(all);
    struct parting p = {all, &out, part_new(n), part_new(n), part_new(n), part_new(n)};
    out.is_new_user = draw(rows->row_n, rows->row_n / 3, &rng);
    out.is_new_item = draw(rows->column_n, rows->column_n / 2, &rng);
    for (uint32_t u = 0; u < rows->row_n; u++) part_user(&p, u, &rng);
    out.train = fr_interactions_new(rows->row_n, rows->column_n, p.train.entries, p.train.n);
    free(p.train.entries);
    out.histories = rows_of(&p, &p.histories);
    out.known_items = rows_of(&p, &p.known_items);
    out.new_items = rows_of(&p, &p.new_items);
    return out;
}

void fr_cold_split_fini(struct fr_cold_split *s) {
    fr_interactions_free(s->train);
    fr_rows_fini(&s->histories);
    fr_rows_fini(&s->known_items);
    fr_rows_fini(&s->new_items);
    free(s->is_new_user);
    free(s->is_new_item);
    *s = (struct fr_cold_split){0};
}
