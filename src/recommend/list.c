/* One list from about a thousand votes.
 *
 * Problem   20 seeds of 50 neighbours speak for hundreds of candidates out of a catalogue of any size, for
 *           each touched user of each batch: in about 10 us, without an allocation.
 * Choice    everything is a vote: a voice (a seed, the group, the trend) gives an item some units of
 *           1e-6. The votes are added up in an array with a number for each item of the dictionary, and
 *           only then, for the few that are shown, the rows are read again for the reasons. What is in the
 *           first pass costs a thousand times: one multiplication, one addition and no branch, so that the
 *           cache misses of the array overlap.
 * Rejected  a hash table that stays in the first-level cache (the search cost more than the misses, even
 *           with millions of items); writing the votes down for the second pass (reading the rows again
 *           is cheaper than storing a thousand votes of which sixty matter); base/topk for the best (it
 *           breaks ties by number, and numbers change with every restart).
 * Invariant while votes are counted, sums[item] is the sum of the item's votes, less HIDDEN if it must not
 *           be shown, and an item whose sum is not 0 is in touched, once. While reasons are collected,
 *           sums[item] is 1 + its rank. Between lists every sum is 0.
 *
 *     voices  [seed a] [seed b] ... [group] [trend]
 *                | row of (item, worth)
 *                v
 *     sums    . . 311 . . 87 . -2e6 . . .    by item  -> touched -> found (units, item) -> best */
#include "freshet/recommend/list.h"
#include "freshet/base/err.h"
#include <stdlib.h>

enum { UNITS = 1000000, HIDDEN = 2 * UNITS, GROUPS_MAX = 256, LINE_BYTES = 64 };

struct voice {
    enum fr_reason_code code;
    uint32_t item;                  /* the seed, FR_DICT_NONE for the others */
    double factor;                  /* units it can give to one candidate */
    const struct fr_candidate *row; /* of a seed */
    const struct fr_popular *popular;
    uint32_t n;
};

struct found {
    uint32_t units, item;
};

/* A vote for what is shown. */
struct hit {
    uint16_t voice, rank; /* rank from 1 */
    uint32_t at;          /* in the voice's row */
};

/* What speaks for one shown item. */
struct account {
    struct {
        uint32_t item, units;
    } named[FR_LIST_REASONS_MAX]; /* the strongest seeds, best first */
    uint32_t named_n;
    uint32_t rest; /* units of the other seeds */
    uint32_t others[FR_REASON_N];
};

struct fr_ranker {
    int32_t *sums; /* [sum_cap] by item */
    uint32_t *touched;
    struct found *found;
    struct hit *hits;
    uint32_t sum_cap, touched_cap, touched_n, found_n;
    struct voice voices[FR_LIST_SEEDS_MAX + 2];
    uint32_t voice_n;
    struct found best[FR_LIST_ITEMS_MAX]; /* best first */
    uint32_t best_n;
    struct account accounts[FR_LIST_ITEMS_MAX]; /* of best */
};

struct fr_ranker *fr_ranker_new(void) {
    return fr_alloc_zero(1, sizeof(struct fr_ranker));
}

void fr_ranker_free(struct fr_ranker *r) {
    if (!r) return;
    free(r->sums);
    free(r->touched);
    free(r->found);
    free(r->hits);
    free(r);
}

const char *fr_list_params_fault(const struct fr_list_params *p) {
    if (p->items < 1 || p->items > FR_LIST_ITEMS_MAX) return "items must be 1 to 200";
    if (p->seeds > FR_LIST_SEEDS_MAX) return "seeds must be 0 to 100";
    if (p->reasons_per_item < 1 || p->reasons_per_item > FR_LIST_REASONS_MAX)
        return "reasons_per_item must be 1 to 10";
    if (!(p->shrinkage >= 0 && p->shrinkage < 1e9)) return "shrinkage must be 0 to 1e9";
    if (!(p->group_weight >= 0 && p->trend_weight >= 0 && p->group_weight + p->trend_weight < 1))
        return "group_weight and trend_weight must be 0 or more, and less than 1 together";
    return NULL;
}

float fr_candidate_worth(const struct fr_list_params *p, double similarity, double pair) {
    double worth = (similarity > 1 ? 1 : similarity) * (pair / (pair + p->shrinkage));
    return similarity > 0 && pair > 0 && worth > 0 ? (float)worth : 0; /* also what is not a number */
}

/* Room for so many items in the dictionary, and for so many votes and history items. */
static void reserve(struct fr_ranker *r, uint32_t item_n, uint32_t touched_n) {
    if (item_n > r->sum_cap) {
        uint32_t cap = item_n + item_n / 2;
        free(r->sums);
        r->sums = fr_alloc_zero(cap, sizeof *r->sums);
        r->sum_cap = cap;
    }
    if (touched_n > r->touched_cap) {
        r->touched = fr_realloc(r->touched, touched_n * sizeof *r->touched);
        r->found = fr_realloc(r->found, touched_n * sizeof *r->found);
        r->hits = fr_realloc(r->hits, touched_n * sizeof *r->hits);
        r->touched_cap = touched_n;
    }
}

static bool is_hidden(const struct fr_seed *s, enum fr_seen seen) {
    return s->disliked || seen == FR_SEEN_HIDE || (seen == FR_SEEN_PURCHASED && s->purchased);
}

static void hide(struct fr_ranker *r, const struct fr_list_input *in, enum fr_seen seen) {
    for (uint32_t i = 0; i < in->seed_n; i++) {
        if (!is_hidden(&in->seeds[i], seen)) continue;
        r->sums[in->seeds[i].item] = -HIDDEN;
        r->touched[r->touched_n++] = in->seeds[i].item;
    }
}

static void prefetch(const void *bytes, size_t n) {
    for (size_t at = 0; at < n; at += LINE_BYTES) __builtin_prefetch((const char *)bytes + at);
}

/* The seeds that speak. */
static void add_seed_voices(struct fr_ranker *r, const struct fr_list_params *p,
                            const struct fr_list_input *in) {
    double total = 0;
    for (uint32_t i = 0; i < in->seed_n && r->voice_n < p->seeds; i++) {
        const struct fr_seed *s = &in->seeds[i];
        if (s->disliked || !(s->strength > 0)) continue;
        struct voice *v = &r->voices[r->voice_n++];
        *v = (struct voice){.code = FR_REASON_CO_OCCURRENCE, .item = s->item, .factor = s->strength};
        in->candidates_of(in->context, s->item, &v->row, &v->n);
        prefetch(v->row, v->n * sizeof *v->row);
        total += s->strength;
    }
    double scale = (1 - p->group_weight - p->trend_weight) * UNITS / total;
    for (uint32_t i = 0; i < r->voice_n; i++) {
        double factor = r->voices[i].factor * scale;
        r->voices[i].factor = factor > 0 ? factor : 0; /* infinite strengths */
    }
}

static void add_popular_voice(struct fr_ranker *r, enum fr_reason_code code, double weight,
                              const struct fr_popular *items, uint32_t n, uint32_t most) {
    r->voices[r->voice_n++] = (struct voice){.code = code,
                                             .item = FR_DICT_NONE,
                                             .factor = weight * UNITS,
                                             .popular = items,
                                             .n = n < most ? n : most};
}

static void add_voices(struct fr_ranker *r, const struct fr_list_params *p, const struct fr_list_input *in) {
    r->voice_n = 0;
    add_seed_voices(r, p, in);
    add_popular_voice(r, FR_REASON_POPULAR_IN_GROUP, p->group_weight, in->group, in->group_n,
                      p->popular_items);
    add_popular_voice(r, FR_REASON_TRENDING, p->trend_weight, in->trend, in->trend_n, p->popular_items);
}

static inline uint32_t seed_units(const struct voice *v, const struct fr_candidate *c) {
    return (uint32_t)(int32_t)(v->factor * (double)c->worth); /* both conversions: one instruction */
}

/* 0 for NaN and whatever is not positive. */
static inline uint32_t popular_units(const struct voice *v, uint32_t i) {
    double part = v->popular[i].value / v->popular[0].value, units = v->factor * (part > 1 ? 1 : part);
    return units > 0 ? (uint32_t)units : 0;
}

/* Adds units to the item's sum; returns how many items are touched now. No branch: whether an item is new is
 * anybody's guess. */
static inline uint32_t add(int32_t *sums, uint32_t *touched, uint32_t touched_n, uint32_t item,
                           uint32_t units) {
    int32_t before = sums[item];
    sums[item] = before + (int32_t)units;
    touched[touched_n] = item;
    return touched_n + (before == 0);
}

static void count(struct fr_ranker *r) {
    int32_t *sums = r->sums;
    uint32_t *touched = r->touched, touched_n = r->touched_n;
    for (const struct voice *v = r->voices; v < r->voices + r->voice_n; v++) {
        if (v->row)
            for (const struct fr_candidate *c = v->row, *end = c + v->n; c < end; c++)
                touched_n = add(sums, touched, touched_n, c->item, seed_units(v, c));
        else
            for (uint32_t i = 0; i < v->n; i++)
                touched_n = add(sums, touched, touched_n, v->popular[i].item, popular_units(v, i));
    }
    r->touched_n = touched_n;
}

/* Empties the sums into found. An item that was touched by a vote of no units may be there twice: the second
 * time its sum is 0. */
static void collect(struct fr_ranker *r) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->touched_n; i++) {
        uint32_t item = r->touched[i];
        int32_t units = r->sums[item];
        r->sums[item] = 0;
        r->found[n] = (struct found){(uint32_t)units, item};
        n += units > 0;
    }
    r->found_n = n;
}

/* Units that at least k of found have, and not many more: found is dealt out to groups, and the k-th best of
 * their winners is a bound, found bit by bit. Without it, every third item would get into a list that is then
 * full of better ones. */
static uint32_t bar_of(const struct found *found, uint32_t n, uint32_t k) {
    uint32_t winners[GROUPS_MAX] = {0}, group_n = 32, bar = 0;
    _Static_assert((int)GROUPS_MAX >= (int)FR_LIST_ITEMS_MAX, "the k-th winner must exist");
    while (group_n < k + k / 2 && group_n < GROUPS_MAX) group_n *= 2;
    if (n < 2 * group_n) return 1;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t *winner = &winners[i & (group_n - 1)];
        *winner = found[i].units > *winner ? found[i].units : *winner;
    }
    for (uint32_t bit = 1 << 20; bit; bit >>= 1) {
        uint32_t passing = 0;
        for (uint32_t i = 0; i < group_n; i++) passing += winners[i] >= (bar | bit);
        if (passing >= k) bar |= bit;
    }
    return bar ? bar : 1;
}

static bool is_better(const struct fr_dict *items, const struct found *a, const struct found *b) {
    if (a->units != b->units) return a->units > b->units;
    return fr_str_cmp(fr_dict_str(items, a->item), fr_dict_str(items, b->item)) < 0;
}

/* Insertion into a short sorted array: most candidates fail at the first comparison, with the worst. */
static void choose(struct fr_ranker *r, uint32_t k, const struct fr_dict *items) {
    uint32_t bar = bar_of(r->found, r->found_n, k);
    r->best_n = 0;
    for (const struct found *f = r->found, *end = f + r->found_n; f < end; f++) {
        if (f->units < bar) continue;
        uint32_t at = r->best_n;
        if (at == k && !is_better(items, f, &r->best[--at])) continue;
        if (r->best_n < k) r->best_n++;
        for (; at && is_better(items, f, &r->best[at - 1]); at--) r->best[at] = r->best[at - 1];
        r->best[at] = *f;
        if (r->best_n == k) bar = r->best[k - 1].units;
    }
}

/* Keeps the `most` strongest seeds by name; what falls out goes to the rest. */
static void account_seed(struct account *a, uint32_t item, uint32_t units, uint32_t most,
                         const struct fr_dict *items) {
    uint32_t at = a->named_n;
    for (; at; at--) {
        uint32_t other = a->named[at - 1].units;
        if (other > units) break;
        if (other == units &&
            fr_str_cmp(fr_dict_str(items, a->named[at - 1].item), fr_dict_str(items, item)) < 0)
            break;
    }
    if (at == most) {
        a->rest += units;
        return;
    }
    if (a->named_n == most) a->rest += a->named[--a->named_n].units;
    memmove(&a->named[at + 1], &a->named[at], (a->named_n - at) * sizeof a->named[0]);
    a->named[at].item = item;
    a->named[at].units = units;
    a->named_n++;
}

/* Which votes went to what is shown: sums hold ranks. Without a branch, like count: a twentieth of the votes did,
 * here and there. */
static uint32_t find_hits(struct fr_ranker *r) {
    const int32_t *sums = r->sums;
    struct hit *hits = r->hits;
    uint32_t n = 0;
    for (uint32_t v = 0; v < r->voice_n; v++) {
        const struct voice *voice = &r->voices[v];
        for (uint32_t i = 0; i < voice->n; i++) {
            int32_t rank = sums[voice->row ? voice->row[i].item : voice->popular[i].item];
            hits[n] = (struct hit){(uint16_t)v, (uint16_t)rank, i};
            n += rank != 0;
        }
    }
    return n;
}

static void explain(struct fr_ranker *r, const struct fr_list_params *p, const struct fr_dict *items) {
    memset(r->accounts, 0, r->best_n * sizeof r->accounts[0]);
    for (uint32_t i = 0; i < r->best_n; i++) r->sums[r->best[i].item] = (int32_t)i + 1;
    uint32_t hit_n = find_hits(r);
    for (uint32_t i = 0; i < r->best_n; i++) r->sums[r->best[i].item] = 0;
    for (uint32_t i = 0; i < hit_n; i++) {
        const struct hit *hit = &r->hits[i];
        const struct voice *v = &r->voices[hit->voice];
        struct account *a = &r->accounts[hit->rank - 1];
        uint32_t units = v->row ? seed_units(v, &v->row[hit->at]) : popular_units(v, hit->at);
        if (!v->row)
            a->others[v->code] += units;
        else if (units)
            account_seed(a, v->item, units, p->reasons_per_item, items);
    }
}

static struct fr_reason *reason_add(struct fr_reason *to, enum fr_reason_code code, uint32_t item,
                                    uint32_t units) {
    if (!units) return to;
    *to = (struct fr_reason){code, item, units / (double)UNITS};
    return to + 1;
}

static void item_write(struct fr_list_item *out, const struct found *f, const struct account *a,
                       struct fr_arena *arena) {
    struct fr_reason *reasons = fr_arena_alloc(arena, (a->named_n + FR_REASON_N) * sizeof *reasons);
    struct fr_reason *end = reasons;
    for (uint32_t i = 0; i < a->named_n; i++)
        end = reason_add(end, FR_REASON_CO_OCCURRENCE, a->named[i].item, a->named[i].units);
    end = reason_add(end, FR_REASON_CO_OCCURRENCE, FR_DICT_NONE, a->rest);
    for (int code = FR_REASON_CO_OCCURRENCE + 1; code < FR_REASON_N; code++)
        end = reason_add(end, (enum fr_reason_code)code, FR_DICT_NONE, a->others[code]);
    *out = (struct fr_list_item){.item = f->item,
                                 .score = f->units / (double)UNITS,
                                 .reasons = reasons,
                                 .reason_n = (uint32_t)(end - reasons)};
}

struct fr_list fr_list_make(struct fr_ranker *r, const struct fr_list_params *p,
                            const struct fr_list_input *in, struct fr_arena *arena) {
    add_voices(r, p, in);
    uint32_t vote_n = 0;
    for (uint32_t i = 0; i < r->voice_n; i++) vote_n += r->voices[i].n;
    reserve(r, in->items->n, in->seed_n + vote_n + 1);
    r->touched_n = 0;
    hide(r, in, p->seen);
    count(r);
    collect(r);
    choose(r, p->items, in->items);
    explain(r, p, in->items);
    struct fr_list list = {.item_n = r->best_n, .fallback = true};
    list.items = fr_arena_alloc(arena, r->best_n * sizeof *list.items);
    for (uint32_t i = 0; i < r->best_n; i++) {
        item_write(&list.items[i], &r->best[i], &r->accounts[i], arena);
        if (r->accounts[i].named_n) list.fallback = false;
    }
    return list;
}
