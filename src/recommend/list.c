/* One list from about a thousand votes.
 *
 * Problem   20 seeds of 50 neighbours speak for hundreds of candidates out of a catalogue of any size, for
 *           each touched user of each batch: about 10 us, without an allocation.
 * Choice    everything is a vote: a voice (a seed, the group, the trend) gives an item some units of
 *           1e-6. Three plain loops with nothing but arithmetic in them: write the votes down, count
 *           them in a small hash table, walk over them again to collect the reasons of the best. The
 *           table is sized by the input, so it stays in the first-level cache, and only the places that
 *           were used are emptied.
 * Rejected  an array over the whole catalogue (a cache miss for each candidate); base/topk for the best
 *           (it breaks ties by number, and numbers change with every restart); one function that does
 *           all of it for each vote (three times slower: every store makes the compiler load again).
 * Invariant after count, the units of a place are the sum of the votes that point to it, less HIDDEN if
 *           its item must not be shown. Between lists every place is empty, with 0 units.
 *
 *     voices  [seed a | seed b | ... | group | trend]
 *               |  first..end
 *     votes   [item -> place, units][item -> place, units]...    in the order of voices
 *                        |
 *     places         {item, units, rank}                         hash table by item */
#include "freshet/recommend/list.h"
#include "freshet/base/err.h"
#include <stdlib.h>

enum { UNITS = 1000000, HIDDEN = 2 * UNITS, NO_RANK = UINT16_MAX, FIRST_PLACES = 1024 };
static const uint32_t EMPTY = UINT32_MAX; /* no item has this number: see FR_DICT_NONE */

struct place {
    uint32_t item;
    int32_t units; /* below 0: hidden */
};

struct vote {
    uint32_t at; /* the item's number; once counted, its place */
    uint32_t units;
};

struct voice {
    enum fr_reason_code code;
    uint32_t item;       /* the seed, FR_DICT_NONE for the others */
    uint32_t first, end; /* its votes */
    double factor;       /* units it can give to one candidate */
    const struct fr_candidate *candidates;
    uint32_t candidate_n;
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
    struct place *places; /* [mask + 1] */
    uint16_t *ranks;      /* [mask + 1] in best, or NO_RANK */
    uint32_t mask, shift;
    struct vote *votes; /* [vote_cap] */
    uint32_t *used;     /* places, the hidden ones first */
    uint32_t vote_cap, vote_n, used_n;
    struct voice voices[FR_LIST_SEEDS_MAX + 2];
    uint32_t voice_n;
    uint32_t best[FR_LIST_ITEMS_MAX]; /* places, best first */
    uint32_t best_n;
    struct account accounts[FR_LIST_ITEMS_MAX]; /* of best */
};

struct fr_ranker *fr_ranker_new(void) {
    return fr_alloc_zero(1, sizeof(struct fr_ranker));
}

void fr_ranker_free(struct fr_ranker *r) {
    if (!r) return;
    free(r->places);
    free(r->ranks);
    free(r->votes);
    free(r->used);
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

static void resize(struct fr_ranker *r, size_t size) {
    free(r->places);
    free(r->ranks);
    r->places = fr_alloc(size * sizeof *r->places);
    r->ranks = fr_alloc(size * sizeof *r->ranks);
    for (size_t i = 0; i < size; i++) r->places[i] = (struct place){EMPTY, 0};
    memset(r->ranks, 0xff, size * sizeof *r->ranks);
    r->mask = (uint32_t)size - 1;
    r->shift = 32 - (uint32_t)__builtin_ctzll(size);
}

/* Room for so many votes, and for their items and the history in a table that is at most half full. */
static void reserve(struct fr_ranker *r, uint32_t vote_n, uint32_t history_n) {
    size_t used_n = (size_t)vote_n + history_n, size = r->places ? (size_t)r->mask + 1 : FIRST_PLACES;
    if (used_n > r->vote_cap) {
        r->vote_cap = (uint32_t)used_n;
        r->votes = fr_realloc(r->votes, used_n * sizeof *r->votes);
        r->used = fr_realloc(r->used, used_n * sizeof *r->used);
    }
    while (size < 2 * used_n) size *= 2;
    if (!r->places || size != (size_t)r->mask + 1) resize(r, size);
}

/* Where item is, or would go. Multiplying spreads the dense numbers of a dictionary (Fibonacci hashing). */
static inline uint32_t place_of(const struct place *places, uint32_t mask, uint32_t shift, uint32_t item) {
    uint32_t at = item * 2654435769u >> shift;
    while ((places[at].item != item) & (places[at].item != EMPTY))
        at = (at + 1) & mask; /* one branch, not two */
    return at;
}

static bool is_hidden(const struct fr_seed *s, enum fr_seen seen) {
    return s->disliked || seen == FR_SEEN_HIDE || (seen == FR_SEEN_PURCHASED && s->purchased);
}

static void hide(struct fr_ranker *r, const struct fr_list_input *in, enum fr_seen seen) {
    for (uint32_t i = 0; i < in->seed_n; i++) {
        if (!is_hidden(&in->seeds[i], seen)) continue;
        uint32_t at = place_of(r->places, r->mask, r->shift, in->seeds[i].item);
        if (r->places[at].item == EMPTY) r->used[r->used_n++] = at;
        r->places[at] = (struct place){in->seeds[i].item, -HIDDEN};
    }
}

/* Without a branch but the search's: whether an item is new is anybody's guess. */
static void count(struct fr_ranker *r) {
    struct place *places = r->places;
    struct vote *votes = r->votes;
    uint32_t mask = r->mask, shift = r->shift, used_n = r->used_n, vote_n = r->vote_n, *used = r->used;
    for (uint32_t i = 0; i < vote_n; i++) {
        uint32_t item = votes[i].at, at = place_of(places, mask, shift, item);
        bool is_new = places[at].item == EMPTY;
        places[at].item = item;
        places[at].units += (int32_t)votes[i].units;
        votes[i].at = at;
        used[used_n] = at;
        used_n += is_new;
    }
    r->used_n = used_n;
}

/* The whole units of amount, which is at most 1e6; 0 for NaN and whatever is not positive. */
static inline uint32_t units_of(double amount) {
    amount = amount > 0 ? amount : 0; /* apart from the conversion, this is one instruction and no branch */
    return (uint32_t)(int32_t)amount;
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
        in->candidates_of(in->context, s->item, &v->candidates, &v->candidate_n);
        total += s->strength;
    }
    double scale = (1 - p->group_weight - p->trend_weight) * UNITS / total;
    for (uint32_t i = 0; i < r->voice_n; i++) r->voices[i].factor *= scale;
}

static void speak_seed(struct fr_ranker *r, struct voice *v, double shrinkage) {
    struct vote *next = r->votes + r->vote_n;
    double factor = v->factor;
    v->first = r->vote_n;
    for (const struct fr_candidate *c = v->candidates, *end = c + v->candidate_n; c < end; c++) {
        double similarity = (double)c->similarity, pair = (double)c->pair;
        similarity = 1 < similarity ? 1 : similarity; /* NaN stays and becomes 0 units */
        pair = pair > 0 ? pair : 0;
        uint32_t units = units_of(factor * similarity * (pair / (pair + shrinkage)));
        *next = (struct vote){c->item, units};
        next += units > 0;
    }
    v->end = r->vote_n = (uint32_t)(next - r->votes);
}

static void speak_popular(struct fr_ranker *r, enum fr_reason_code code, double weight,
                          const struct fr_popular *items, uint32_t n) {
    struct voice *v = &r->voices[r->voice_n++];
    *v = (struct voice){.code = code, .item = FR_DICT_NONE, .first = r->vote_n};
    for (uint32_t i = 0; i < n; i++) {
        double part = items[i].value / items[0].value;
        uint32_t units = units_of(weight * UNITS * (part > 1 ? 1 : part));
        if (units) r->votes[r->vote_n++] = (struct vote){items[i].item, units};
    }
    v->end = r->vote_n;
}

static uint32_t min(uint32_t a, uint32_t b) { return a < b ? a : b; }

static void vote(struct fr_ranker *r, const struct fr_list_params *p, const struct fr_list_input *in) {
    r->voice_n = r->vote_n = r->used_n = r->best_n = 0;
    add_seed_voices(r, p, in);
    uint32_t group_n = min(in->group_n, p->popular_items), trend_n = min(in->trend_n, p->popular_items);
    uint32_t most = group_n + trend_n, seed_voice_n = r->voice_n;
    for (uint32_t i = 0; i < seed_voice_n; i++) most += r->voices[i].candidate_n;
    reserve(r, most, in->seed_n);
    for (uint32_t i = 0; i < seed_voice_n; i++) speak_seed(r, &r->voices[i], p->shrinkage);
    speak_popular(r, FR_REASON_POPULAR_IN_GROUP, p->group_weight, in->group, group_n);
    speak_popular(r, FR_REASON_TRENDING, p->trend_weight, in->trend, trend_n);
}

static void clear(struct fr_ranker *r) {
    for (uint32_t i = 0; i < r->used_n; i++) r->places[r->used[i]] = (struct place){EMPTY, 0};
    for (uint32_t i = 0; i < r->best_n; i++) r->ranks[r->best[i]] = NO_RANK;
}

static bool is_better(const struct fr_dict *items, const struct place *a, const struct place *b) {
    if (a->units != b->units) return a->units > b->units;
    return fr_str_cmp(fr_dict_str(items, a->item), fr_dict_str(items, b->item)) < 0;
}

/* Insertion into a short sorted array: most candidates fail at the first comparison, with the worst. */
static void choose(struct fr_ranker *r, uint32_t k, const struct fr_dict *items) {
    int32_t worst = 1; /* units that it takes to get in */
    for (uint32_t i = 0; i < r->used_n; i++) {
        const struct place *p = &r->places[r->used[i]];
        if (p->units < worst) continue;
        uint32_t at = r->best_n;
        if (at == k && !is_better(items, p, &r->places[r->best[--at]])) continue;
        if (r->best_n < k) r->best_n++;
        for (; at && is_better(items, p, &r->places[r->best[at - 1]]); at--) r->best[at] = r->best[at - 1];
        r->best[at] = r->used[i];
        if (r->best_n == k) worst = r->places[r->best[k - 1]].units;
    }
    for (uint32_t i = 0; i < r->best_n; i++) r->ranks[r->best[i]] = (uint16_t)i;
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

static void explain(struct fr_ranker *r, const struct fr_list_params *p, const struct fr_dict *items) {
    memset(r->accounts, 0, r->best_n * sizeof r->accounts[0]);
    for (uint32_t i = 0; i < r->voice_n; i++) {
        const struct voice *v = &r->voices[i];
        for (uint32_t j = v->first; j < v->end; j++) {
            uint16_t rank = r->ranks[r->votes[j].at];
            if (rank == NO_RANK) continue;
            struct account *a = &r->accounts[rank];
            if (v->code == FR_REASON_CO_OCCURRENCE)
                account_seed(a, v->item, r->votes[j].units, p->reasons_per_item, items);
            else
                a->others[v->code] += r->votes[j].units;
        }
    }
}

static struct fr_reason *reason_add(struct fr_reason *to, enum fr_reason_code code, uint32_t item,
                                    uint32_t units) {
    if (!units) return to;
    *to = (struct fr_reason){code, item, units / (double)UNITS};
    return to + 1;
}

static void item_write(struct fr_list_item *out, const struct place *p, const struct account *a,
                       struct fr_arena *arena) {
    struct fr_reason *reasons = fr_arena_alloc(arena, (a->named_n + FR_REASON_N) * sizeof *reasons);
    struct fr_reason *end = reasons;
    for (uint32_t i = 0; i < a->named_n; i++)
        end = reason_add(end, FR_REASON_CO_OCCURRENCE, a->named[i].item, a->named[i].units);
    end = reason_add(end, FR_REASON_CO_OCCURRENCE, FR_DICT_NONE, a->rest);
    for (int code = FR_REASON_CO_OCCURRENCE + 1; code < FR_REASON_N; code++)
        end = reason_add(end, (enum fr_reason_code)code, FR_DICT_NONE, a->others[code]);
    *out = (struct fr_list_item){p->item, p->units / (double)UNITS, reasons, (uint32_t)(end - reasons)};
}

struct fr_list fr_list_make(struct fr_ranker *r, const struct fr_list_params *p,
                            const struct fr_list_input *in, struct fr_arena *arena) {
    vote(r, p, in);
    hide(r, in, p->seen);
    count(r);
    choose(r, p->items, in->items);
    explain(r, p, in->items);
    struct fr_list list = {.item_n = r->best_n, .fallback = true};
    list.items = fr_arena_alloc(arena, r->best_n * sizeof *list.items);
    for (uint32_t i = 0; i < r->best_n; i++) {
        item_write(&list.items[i], &r->places[r->best[i]], &r->accounts[i], arena);
        if (r->accounts[i].named_n) list.fallback = false;
    }
    clear(r);
    return list;
}
