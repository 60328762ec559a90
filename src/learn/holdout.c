#include "freshet/learn/holdout.h"
#include "freshet/base/err.h"
#include "freshet/base/rng.h"
#include <stdlib.h>

struct parts {
    struct fr_interaction *rest, *truth;
    size_t rest_n, truth_n;
};

static bool is_sampled(uint32_t user, uint32_t user_n, uint32_t users_max, uint32_t offset) {
    if (user_n <= users_max) return true;
    uint64_t runs = (user_n + FR_HOLDOUT_RUN - 1) / FR_HOLDOUT_RUN, wanted = users_max / FR_HOLDOUT_RUN;
    return (user / FR_HOLDOUT_RUN + offset) * wanted % runs < wanted;
}

static void shuffle_first(uint32_t *places, uint32_t n, uint32_t first_n, struct fr_rng *rng) {
    for (uint32_t i = 0; i < first_n; i++) {
        uint32_t other = i + fr_rng_below(rng, n - i), place = places[i];
        places[i] = places[other];
        places[other] = place;
    }
}

/* How many of n items are put aside. */
static uint32_t held_of(uint32_t n, double share) {
    if (n < FR_HOLDOUT_LEAST) return 0;
    uint32_t held = (uint32_t)(n * share + .5);
    return held < 1 ? 1 : held;
}

static void part_user(const struct fr_rows *by_user, uint32_t user, uint32_t held, uint32_t *places,
                      uint64_t seed, struct parts *parts) {
    uint32_t n = fr_rows_length(by_user, user);
    size_t start = by_user->start[user];
    struct fr_rng rng = {seed ^ (user + 1) * 0x9e3779b97f4a7c15u};
    for (uint32_t i = 0; i < n; i++) places[i] = i;
    shuffle_first(places, n, held, &rng);
    for (uint32_t i = 0; i < n; i++) {
        size_t at = start + places[i];
        struct fr_interaction entry = {user, by_user->columns[at], by_user->values ? by_user->values[at] : 1};
        if (i < held)
            parts->truth[parts->truth_n++] = entry;
        else
            parts->rest[parts->rest_n++] = entry;
    }
}

static struct fr_rows rows_of(const struct fr_interactions *data, const struct fr_interaction *entries,
                              size_t n) {
    struct fr_interactions *m = fr_interactions_new(data->by_user.row_n, data->by_user.column_n, entries, n);
    struct fr_rows transposed = fr_rows_transposed(&m->by_item); /* rows of its own that outlive m */
    fr_interactions_free(m);
    return transposed;
}

static void note_users(struct fr_holdout *h) {
    h->users = fr_alloc((h->truth.row_n + 1) * sizeof *h->users);
    for (uint32_t u = 0; u < h->truth.row_n; u++)
        if (fr_rows_length(&h->truth, u)) h->users[h->user_n++] = u;
}

struct fr_holdout fr_holdout_new(const struct fr_interactions *data, double share, uint32_t users_max,
                                 uint64_t seed) {
    FR_ASSERT(share > 0 && share < 1);
    const struct fr_rows *by_user = &data->by_user;
    size_t n = fr_interactions_count(data);
    struct fr_rng rng = {seed};
    uint32_t offset = fr_rng_below(&rng, 1u << 16);
    uint32_t *places = fr_alloc((by_user->column_n + 1) * sizeof *places);
    struct parts parts = {fr_alloc((n + 1) * sizeof *parts.rest), fr_alloc((n + 1) * sizeof *parts.truth), 0,
                          0};
    for (uint32_t u = 0; u < by_user->row_n; u++) {
        bool sampled = is_sampled(u, by_user->row_n, users_max, offset);
        part_user(by_user, u, sampled ? held_of(fr_rows_length(by_user, u), share) : 0, places, seed, &parts);
    }
    struct fr_holdout h = {
        .rest = fr_interactions_new(by_user->row_n, by_user->column_n, parts.rest, parts.rest_n),
        .truth = rows_of(data, parts.truth, parts.truth_n)};
    note_users(&h);
    free(parts.rest);
    free(parts.truth);
    free(places);
    return h;
}

struct fr_holdout fr_holdout_given(const struct fr_interactions *data, const struct fr_rows *truth) {
    FR_ASSERT(truth->row_n >= data->by_user.row_n);
    struct fr_interactions *rest = fr_alloc(sizeof *rest);
    rest->by_user = fr_rows_transposed(&data->by_item);
    rest->by_item = fr_rows_transposed(&data->by_user);
    struct fr_rows known = *truth, by_item;
    known.row_n = data->by_user.row_n; /* nobody else is learnt from */
    by_item = fr_rows_transposed(&known);
    struct fr_holdout h = {.rest = rest, .truth = fr_rows_transposed(&by_item)};
    fr_rows_fini(&by_item);
    note_users(&h);
    return h;
}

void fr_holdout_fini(struct fr_holdout *h) {
    if (h->rest) fr_interactions_free(h->rest);
    if (h->users) fr_rows_fini(&h->truth);
    free(h->users);
    *h = (struct fr_holdout){0};
}
