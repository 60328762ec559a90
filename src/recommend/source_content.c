/* Candidates by content.
 *
 * Problem   a catalogue of a million items, features that a tenth of them share, and some hundred microseconds for a query.
 * Choice    lists of items by feature, each bounded: what was taken to last, then what is newest. The sums over the lists of
 *           the strongest features only find twice as many items as are asked for; their score is then taken exactly, from the whole vectors, with what
 *           speaks against them.
 * Rejected  all items of a feature (the commonest features cost the most and say the least); products with random
 *           hyperplanes (an explanation by the seed would need the vectors anyway).
 * Invariant a list holds the first FR_CONTENT_LIST items of its feature by (last taken, created, id): an item that fell off
 *           its end comes back only by being taken to, and then it is first. So lists are a function of `taken`, and
 *           nothing else is saved. */
#include "freshet/recommend/source_content.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include <math.h>
#include <stdlib.h>

#define RECENCY .95
#define HEAT_SHARE .5
#define MOST_STRENGTH 1e30

enum { INTEREST = 1024, FOUND = 2000 };

struct listed {
    uint32_t item;
    float value; /* of the feature */
};

struct list {
    struct listed *items; /* [n] */
    uint32_t n;
    bool is_cut; /* the feature has more items */
};

struct content {
    struct fr_source base;
    const struct fr_catalog *catalog;
    const struct fr_rows *rows;
    struct list *lists; /* [rows->column_n] */
    size_t list_items;
    uint64_t taken_n; /* examples so far */
    uint64_t *taken;  /* [cap] by item: number of the last one, 0: none */
    float *heat;      /* [cap] as of taken */
    uint32_t cap;
};

/* ---- lists ---- */

struct rank {
    uint64_t taken;
    fr_time_ms created_ms;
    struct fr_str id;
    struct listed listed;
};

static int by_rank(const void *a, const void *b) {
    const struct rank *x = a, *y = b;
    if (x->taken != y->taken) return x->taken > y->taken ? -1 : 1;
    if (x->created_ms != y->created_ms) return x->created_ms > y->created_ms ? -1 : 1;
    return fr_str_cmp(x->id, y->id);
}

static struct rank rank_of(const struct content *c, uint32_t item, float value) {
    const struct fr_item_record *r = fr_catalog_get(c->catalog, item);
    return (struct rank){.taken = item < c->cap ? c->taken[item] : 0,
                         .created_ms = r->has_created ? r->created_ms : INT64_MIN,
                         .id = r->id,
                         .listed = {item, value}};
}

static bool is_proposable(const struct content *c, uint32_t item) {
    const struct fr_item_record *r = fr_catalog_get(c->catalog, item);
    return r && r->is_available;
}

static void fill_list(struct content *c, struct list *list, const struct fr_rows *by_feature,
                      uint32_t feature, struct rank *ranks) {
    uint32_t n = 0;
    for (size_t i = by_feature->start[feature]; i < by_feature->start[feature + 1]; i++)
        if (is_proposable(c, by_feature->columns[i]))
            ranks[n++] = rank_of(c, by_feature->columns[i], by_feature->values[i]);
    qsort(ranks, n, sizeof *ranks, by_rank);
    list->n = n < FR_CONTENT_LIST ? n : FR_CONTENT_LIST;
    list->is_cut = n > list->n;
    list->items = fr_realloc(list->items, (list->n + 1) * sizeof *list->items);
    for (uint32_t i = 0; i < list->n; i++) list->items[i] = ranks[i].listed;
    c->list_items += list->n;
}

static void fill_lists(struct content *c) {
    struct fr_rows by_feature = fr_rows_transposed(c->rows);
    struct rank *ranks = fr_alloc(((size_t)c->rows->row_n + 1) * sizeof *ranks);
    c->list_items = 0;
    for (uint32_t f = 0; f < c->rows->column_n; f++) fill_list(c, &c->lists[f], &by_feature, f, ranks);
    free(ranks);
    fr_rows_fini(&by_feature);
}

static void to_front(struct list *list, struct listed first) {
    uint32_t at = 0;
    while (at < list->n && list->items[at].item != first.item) at++;
    if (at == list->n) at--; /* the last one falls off */
    memmove(list->items + 1, list->items, at * sizeof *list->items);
    list->items[0] = first;
}

/* ---- learning ---- */

static void reserve(struct content *c, uint32_t item_n) {
    if (item_n <= c->cap) return;
    uint32_t cap = item_n + item_n / 2 + 64;
    c->taken = fr_realloc(c->taken, cap * sizeof *c->taken);
    c->heat = fr_realloc(c->heat, cap * sizeof *c->heat);
    memset(c->taken + c->cap, 0, (cap - c->cap) * sizeof *c->taken);
    memset(c->heat + c->cap, 0, (cap - c->cap) * sizeof *c->heat);
    c->cap = cap;
}

static double heat_of(const struct content *c, uint32_t item) {
    if (item >= c->cap || c->taken[item] == 0) return 0;
    return (double)c->heat[item] * fr_exp2(-(double)(c->taken_n - c->taken[item]) / FR_CONTENT_HALF_LIFE);
}

static void learn(struct fr_source *s, const struct fr_example *e) {
    struct content *c = (struct content *)s;
    if (e->weight == 0 || e->dislike) return;
    reserve(c, e->item + 1);
    c->taken_n++;
    c->heat[e->item] = (float)(heat_of(c, e->item) + 1);
    c->taken[e->item] = c->taken_n;
    if (e->item >= c->rows->row_n || !is_proposable(c, e->item)) return;
    for (size_t i = c->rows->start[e->item]; i < c->rows->start[e->item + 1]; i++) {
        struct list *list = &c->lists[c->rows->columns[i]];
        if (list->is_cut) to_front(list, (struct listed){e->item, c->rows->values[i]});
    }
}

/* ---- proposing ---- */

struct part {
    uint32_t feature;
    float value;
    uint32_t order; /* of the seed */
};

struct asking {
    const struct content *c;
    const struct fr_query *q;
    uint32_t seeds[FR_CONTENT_SEEDS];
    double weights[FR_CONTENT_SEEDS]; /* < 0: disliked */
    uint32_t seed_n;
    struct part parts[INTEREST]; /* [part_n] the interest, ascending by feature, each once */
    uint32_t part_n;
    double length;
};

static void find_seeds(struct asking *a) {
    double total = 0, recency = 1;
    uint32_t liked = 0;
    for (uint32_t i = 0; i < a->q->seed_n && a->seed_n < FR_CONTENT_SEEDS; i++) {
        const struct fr_seed *s = &a->q->seeds[i];
        if (!s->disliked && !(s->strength > 0 && s->strength <= MOST_STRENGTH)) continue;
        recency *= RECENCY;
        if (s->item >= a->c->rows->row_n || fr_rows_length(a->c->rows, s->item) == 0) continue;
        a->weights[a->seed_n] = s->disliked ? -1 : s->strength * recency;
        if (!s->disliked) total += a->weights[a->seed_n], liked++;
        a->seeds[a->seed_n++] = s->item;
    }
    double mean = liked ? total / liked : 0;
    for (uint32_t i = 0; i < a->seed_n; i++)
        if (a->weights[i] < 0) a->weights[i] = -mean;
}

static int by_feature_and_order(const void *a, const void *b) {
    const struct part *x = a, *y = b;
    if (x->feature != y->feature) return x->feature < y->feature ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* The seeds' vectors, added up. Those that do not fit any more are the least recent. */
static void add_up(struct asking *a) {
    const struct fr_rows *r = a->c->rows;
    uint32_t n = 0, to = 0;
    for (uint32_t s = 0; s < a->seed_n; s++)
        for (size_t i = r->start[a->seeds[s]]; i < r->start[a->seeds[s] + 1] && n < INTEREST; i++)
            a->parts[n++] = (struct part){r->columns[i], (float)(a->weights[s] * (double)r->values[i]), s};
    qsort(a->parts, n, sizeof *a->parts, by_feature_and_order);
    for (uint32_t i = 0; i < n; i++) {
        if (to && a->parts[to - 1].feature == a->parts[i].feature)
            a->parts[to - 1].value += a->parts[i].value;
        else
            a->parts[to++] = a->parts[i];
    }
    a->part_n = to;
    double squares = 0;
    for (uint32_t i = 0; i < to; i++) squares += (double)a->parts[i].value * (double)a->parts[i].value;
    a->length = sqrt(squares);
}

/* The value that the FR_CONTENT_FEATURES strongest parts have at least; 0 when there are no more. */
static float bar_of(const struct asking *a) {
    float strongest[FR_CONTENT_FEATURES]; /* [n] falling */
    uint32_t n = 0;
    for (uint32_t p = 0; p < a->part_n; p++) {
        float value = a->parts[p].value;
        uint32_t at = n;
        if (at == FR_CONTENT_FEATURES && !(value > strongest[--at])) continue;
        if (n < FR_CONTENT_FEATURES) n++;
        for (; at && strongest[at - 1] < value; at--) strongest[at] = strongest[at - 1];
        strongest[at] = value;
    }
    return n == FR_CONTENT_FEATURES && strongest[n - 1] > 0 ? strongest[n - 1] : 0;
}

static void add_lists(const struct asking *a, struct fr_scratch *scratch) {
    float bar = bar_of(a);
    for (uint32_t p = 0; p < a->part_n; p++) {
        const struct part *part = &a->parts[p];
        const struct list *list = &a->c->lists[part->feature];
        if (!(part->value > 0) || part->value < bar) continue;
        for (const struct listed *l = list->items, *end = l + list->n; l < end; l++)
            fr_scratch_add(scratch, l->item, part->value * l->value, FR_DICT_NONE);
    }
    for (uint32_t i = 0; i < a->q->seed_n; i++) fr_scratch_drop(scratch, a->q->seeds[i].item);
}

static float part_at(const struct asking *a, uint32_t feature) {
    uint32_t low = 0, high = a->part_n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (a->parts[middle].feature < feature)
            low = middle + 1;
        else
            high = middle;
    }
    return low < a->part_n && a->parts[low].feature == feature ? a->parts[low].value : 0;
}

static double interest_in(const struct asking *a, uint32_t item) {
    const struct fr_rows *r = a->c->rows;
    double sum = 0;
    for (size_t i = r->start[item]; i < r->start[item + 1]; i++)
        sum += (double)part_at(a, r->columns[i]) * (double)r->values[i];
    return sum / a->length;
}

/* The seed that is most like the item, by its weight; the most recent of equals. */
static uint32_t speaker_for(const struct asking *a, uint32_t item) {
    uint32_t best = FR_DICT_NONE;
    double most = 0;
    for (uint32_t s = 0; s < a->seed_n; s++) {
        if (!(a->weights[s] > 0)) continue;
        double part = a->weights[s] * fr_rows_dot(a->c->rows, a->seeds[s], item);
        if (part > most) most = part, best = a->seeds[s];
    }
    return best;
}

static uint32_t propose(const struct fr_source *s, const struct fr_query *q, struct fr_scratch *scratch,
                        uint32_t most, struct fr_vote *out) {
    const struct content *c = (const struct content *)s;
    struct asking a = {.c = c, .q = q};
    struct fr_vote found[FOUND];
    find_seeds(&a);
    if (a.seed_n == 0) return 0;
    add_up(&a);
    if (!(a.length > 0)) return 0;
    fr_scratch_reserve(scratch, q->ids->n);
    add_lists(&a, scratch);
    uint32_t n = fr_scratch_best(scratch, q->ids, most < FOUND / 2 ? 2 * most : FOUND, found);
    for (uint32_t i = 0; i < n; i++) {
        double score =
            interest_in(&a, found[i].item) * (1 + HEAT_SHARE * fr_ln(1 + heat_of(c, found[i].item)));
        fr_scratch_add(scratch, found[i].item, (float)score, FR_DICT_NONE);
    }
    n = fr_scratch_best(scratch, q->ids, most, out);
    for (uint32_t i = 0; i < n; i++) out[i].because = speaker_for(&a, out[i].item);
    return n;
}

/* ---- the rest ---- */

static void save(const struct fr_source *s, struct fr_tensors_writer *w) {
    const struct content *c = (const struct content *)s;
    fr_tensors_put_vector(w, "content.taken", FR_TENSOR_U64, c->cap, c->taken);
    fr_tensors_put_vector(w, "content.heat", FR_TENSOR_F32, c->cap, c->heat);
    fr_tensors_put_vector(w, "content.examples", FR_TENSOR_U64, 1, &c->taken_n);
}

static enum fr_err load(struct fr_source *s, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    struct content *c = (struct content *)s;
    const struct fr_tensor *taken = fr_tensors_get(f, "content.taken", FR_TENSOR_U64);
    const struct fr_tensor *heat = fr_tensors_get(f, "content.heat", FR_TENSOR_F32);
    const struct fr_tensor *examples = fr_tensors_get(f, "content.examples", FR_TENSOR_U64);
    if (!taken || !heat || !examples || examples->count != 1 || taken->count != heat->count ||
        taken->count > UINT32_MAX / 2)
        return fr_err_set(msg, FR_STATE_CORRUPT, "content: its arrays are missing or of different lengths");
    uint64_t example_n = *(const uint64_t *)examples->data;
    for (uint64_t i = 0; i < taken->count; i++) {
        float value = ((const float *)heat->data)[i];
        if (((const uint64_t *)taken->data)[i] > example_n || !(value >= 0 && value <= FLT_MAX))
            return fr_err_set(msg, FR_STATE_CORRUPT, "content: number %llu cannot be read",
                              (unsigned long long)i);
    }
    reserve(c, (uint32_t)taken->count);
    if (taken->count) {
        memcpy(c->taken, taken->data, taken->count * sizeof *c->taken);
        memcpy(c->heat, heat->data, taken->count * sizeof *c->heat);
    }
    c->taken_n = example_n;
    fill_lists(c);
    return FR_OK;
}

static size_t bytes(const struct fr_source *s) {
    const struct content *c = (const struct content *)s;
    return sizeof *c + c->rows->column_n * sizeof *c->lists + c->list_items * sizeof(struct listed) +
           c->cap * (sizeof *c->taken + sizeof *c->heat);
}

static void free_source(struct fr_source *s) {
    struct content *c = (struct content *)s;
    for (uint32_t f = 0; f < c->rows->column_n; f++) free(c->lists[f].items);
    free(c->lists);
    free(c->taken);
    free(c->heat);
    free(c);
}

static const struct fr_source_ops ops = {.name = "content",
                                         .reason = FR_REASON_SIMILAR_CONTENT,
                                         .propose = propose,
                                         .learn = learn,
                                         .save = save,
                                         .load = load,
                                         .bytes = bytes,
                                         .free = free_source};

static struct content *content_new(const struct fr_catalog *catalog, const struct fr_features *features) {
    struct content *c = fr_alloc_zero(1, sizeof *c);
    c->base.ops = &ops;
    c->catalog = catalog;
    c->rows = &features->rows;
    c->lists = fr_alloc_zero(c->rows->column_n + 1, sizeof *c->lists);
    return c;
}

struct fr_source *fr_source_content_new(const struct fr_catalog *catalog,
                                        const struct fr_features *features) {
    struct content *c = content_new(catalog, features);
    fill_lists(c);
    return &c->base;
}

struct fr_source *fr_source_content_renew(const struct fr_source *old, const struct fr_catalog *catalog,
                                          const struct fr_features *features) {
    const struct content *from = (const struct content *)old;
    struct content *c = content_new(catalog, features);
    reserve(c, from->cap);
    if (from->cap) {
        memcpy(c->taken, from->taken, from->cap * sizeof *c->taken);
        memcpy(c->heat, from->heat, from->cap * sizeof *c->heat);
    }
    c->taken_n = from->taken_n;
    fill_lists(c);
    return &c->base;
}
