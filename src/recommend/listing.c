/* From judged candidates to a list.
 *
 * Choice    without any rule the best columns are the list. With one, the POOL best are handed to the arrangement, which may
 *           leave out, boost, vary and spread them, and give places to newcomers; what it returns is explained like any
 *           other column. A pool and not all of them: what stands 300th is not shown whatever the rules. */
#include "freshet/recommend/arrange.h"
#include "freshet/recommend/best.h"
#include "recommender_internal.h"

enum { POOL = 300 };

/* The best columns into use->order, best first. */
static uint32_t choose(const struct fr_recommender *r, struct fr_recommender_use *use, uint32_t most) {
    uint32_t n = use->table.n;
    for (uint32_t c = 0; c < n; c++) use->keys[c] = fr_best_key(use->chances[c], c);
    n = fr_best(use->keys, n, most, &r->ids, use->items, use->keys + use->table.n);
    for (uint32_t i = 0; i < n; i++) use->order[i] = fr_best_place(use->keys[i]);
    return n;
}

/* The rules that hold: the surface's, or what the parameters say by themselves. */
static struct fr_surface surface_of(const struct fr_recommender *r) {
    if (r->params.surface) return *r->params.surface;
    struct fr_surface s = FR_SURFACE_DEFAULTS;
    s.items = r->params.list.items;
    s.seen = r->params.list.seen;
    s.diversity = r->params.diversity;
    s.exploration = r->params.exploration;
    return s;
}

static struct fr_ranked ranked_of(const struct fr_recommender *r, const struct fr_recommender_use *use,
                                  uint32_t column) {
    uint32_t item = use->items[column];
    struct fr_ranked one = {.item = item, .score = (double)use->chances[column] + 1e-30};
    if (item >= r->fact_n) return one;
    one.taken = (double)r->facts[item].taken;
    one.shown = (double)(r->facts[item].taken + r->facts[item].passed);
    return one;
}

/* What the source of newcomers proposed and may be shown: its columns into columns[FR_ARRANGE_FRESH]. */
static uint32_t fresh_of(const struct fr_recommender *r, const struct fr_recommender_use *use,
                         uint32_t *columns, struct fr_ranked *out) {
    uint32_t s = 0, n = 0;
    while (s < r->source_n && r->sources[s] != r->newcomers) s++;
    if (s == r->source_n) return 0;
    const struct fr_vote *votes = use->votes + (size_t)s * r->params.votes;
    for (uint32_t i = 0; i < use->vote_n[s] && n < FR_ARRANGE_FRESH; i++) {
        uint32_t column = candidates_column(use, votes[i].item);
        if (column == use->table.n) continue;
        columns[n] = column;
        out[n++] = ranked_of(r, use, column);
    }
    return n;
}

/* Replaces use->order[pool_n] by what the rules make of it; propensities into out. Returns how many. */
static uint32_t arrange(const struct fr_recommender *r, const struct fr_query *q,
                        struct fr_recommender_use *use, const struct fr_surface *surface, uint32_t pool_n,
                        double *propensities, struct fr_arena *arena) {
    struct fr_ranked *ranked = fr_arena_alloc(arena, (pool_n + 1) * sizeof *ranked);
    struct fr_ranked *fresh = fr_arena_alloc(arena, FR_ARRANGE_FRESH * sizeof *fresh);
    uint32_t fresh_columns[FR_ARRANGE_FRESH], *pool = fr_arena_alloc(arena, (pool_n + 1) * sizeof *pool);
    struct fr_arranged *places = fr_arena_alloc(arena, surface->items * sizeof *places);
    memcpy(pool, use->order, pool_n * sizeof *pool);
    for (uint32_t i = 0; i < pool_n; i++) ranked[i] = ranked_of(r, use, pool[i]);
    struct fr_arrange_input in = {.query = q,
                                  .catalog = r->catalog,
                                  .content = r->content,
                                  .ranked = ranked,
                                  .ranked_n = pool_n,
                                  .fresh = fresh,
                                  .fresh_n = fresh_of(r, use, fresh_columns, fresh)};
    uint32_t n = fr_arrange(surface, &in, arena, places);
    for (uint32_t i = 0; i < n; i++) {
        use->order[i] = places[i].is_explored ? fresh_columns[places[i].at] : pool[places[i].at];
        propensities[i] = places[i].propensity;
    }
    return n;
}

static bool has_rules(const struct fr_recommender *r) {
    return r->params.surface || r->catalog || r->params.diversity > 0 || r->params.exploration > 0;
}

struct fr_list fr_recommender_list(const struct fr_recommender *r, const struct fr_query *q,
                                   struct fr_recommender_use *use, struct fr_arena *arena) {
    struct fr_surface surface = surface_of(r);
    double propensities[FR_LIST_ITEMS_MAX];
    candidates_find(r, q, use);
    candidates_judge(r, use);
    bool rules = has_rules(r);
    uint32_t n = choose(r, use, rules ? POOL : surface.items);
    if (rules) n = arrange(r, q, use, &surface, n, propensities, arena);
    struct fr_list list = account_list(r, use, n, arena);
    for (uint32_t i = 0; i < n && surface.exploration > 0; i++) list.items[i].propensity = propensities[i];
    candidates_clear(q, use);
    return list;
}
