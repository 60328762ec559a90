/* Directed transitions with decay.
 *
 * Choice    an item's successors lie in one short array, searched from the front: at most `successors` of 12 bytes, most
 *           rows far shorter, and the processor reads them ahead. Decay is forward: a later count is larger by
 *           2^(age / half-life) against the row's landmark in time, so nothing is touched but what changes. When the
 *           gain passes GAIN_MAX the row is brought down to a new landmark.
 * Rejected  counts with a time each (four bytes and a power more for each successor at every proposal); a heap by count
 *           (a full row looks for its smallest only when a newcomer arrives).
 * Invariant in a row each item once; 0 <= error <= count; the sum of (count - error) is at most total but for rounding. */
#include "freshet/recommend/source_next.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include "freshet/recommend/places.h"
#include <stdlib.h>

#define GAIN_MAX 0x1p40

struct successor {
    uint32_t item;
    float count, error; /* in the row's unit */
};

struct row {
    struct successor *at; /* [n] */
    uint32_t n, cap;
    double total;           /* in the row's unit, which is worth 2^(-(now - landmark_ms) / half-life) */
    fr_time_ms landmark_ms; /* valid if total > 0 */
};

struct next {
    struct fr_source source;
    struct fr_next_params p;
    struct fr_places places; /* of items */
    struct row *rows;        /* [row_cap] by place */
    uint32_t row_cap;
    uint32_t number_end; /* every number kept is below it */
};

static double halvings(const struct next *s, fr_time_ms from, fr_time_ms to) {
    return ((double)to - (double)from) / s->p.half_life_ms;
}

/* Brings the row's unit to what a count is worth at now_ms. */
static void move_landmark(const struct next *s, struct row *r, fr_time_ms now_ms) {
    double factor = fr_exp2(-halvings(s, r->landmark_ms, now_ms));
    for (uint32_t i = 0; i < r->n; i++) {
        r->at[i].count *= (float)factor;
        r->at[i].error *= (float)factor;
    }
    r->total *= factor;
    r->landmark_ms = now_ms;
}

static struct successor *find(struct row *r, uint32_t item) {
    for (uint32_t i = 0; i < r->n; i++)
        if (r->at[i].item == item) return &r->at[i];
    return NULL;
}

static struct successor *smallest(struct row *r) {
    struct successor *least = &r->at[0];
    for (uint32_t i = 1; i < r->n; i++)
        if (r->at[i].count < least->count) least = &r->at[i];
    return least;
}

/* A place for an item that is not in the row. */
static struct successor *make_room(const struct next *s, struct row *r, uint32_t item) {
    if (r->n == s->p.successors) {
        struct successor *least = smallest(r);
        *least = (struct successor){item, least->count, least->count};
        return least;
    }
    if (r->n == r->cap) {
        uint32_t cap = r->cap ? r->cap * 2 : 4;
        r->cap = cap < s->p.successors ? cap : s->p.successors;
        r->at = fr_realloc(r->at, r->cap * sizeof *r->at);
    }
    r->at[r->n] = (struct successor){.item = item};
    return &r->at[r->n++];
}

static void add(const struct next *s, struct row *r, uint32_t item, double amount, fr_time_ms now_ms) {
    if (!(r->total > 0)) r->landmark_ms = now_ms;
    double gain = fr_exp2(halvings(s, r->landmark_ms, now_ms));
    if (gain > GAIN_MAX) {
        move_landmark(s, r, now_ms);
        gain = 1;
    }
    struct successor *x = find(r, item);
    if (!x) x = make_room(s, r, item);
    x->count += (float)(amount * gain);
    r->total += amount * gain;
}

static void reserve_rows(struct next *s) {
    if (s->places.cap <= s->row_cap) return;
    s->rows = fr_realloc(s->rows, s->places.cap * sizeof *s->rows);
    memset(s->rows + s->row_cap, 0, (s->places.cap - s->row_cap) * sizeof *s->rows);
    s->row_cap = s->places.cap;
}

static struct row *row_of(struct next *s, uint32_t item) {
    bool fresh;
    uint32_t place = fr_places_take(&s->places, item, &fresh);
    reserve_rows(s);
    struct row *r = &s->rows[place];
    if (fresh) {
        r->n = 0;
        r->total = 0;
    }
    return r;
}

static void note_number(struct next *s, uint32_t item) {
    if (item >= s->number_end) s->number_end = item + 1;
}

static void learn(struct fr_source *source, const struct fr_example *e) {
    struct next *s = (struct next *)source;
    const struct fr_query *q = &e->before;
    if (!fr_example_is_positive(e) || (q->seed_n > 0 && q->seeds[0].item == e->item)) return;
    double amount = 1;
    note_number(s, e->item);
    for (uint32_t i = 0, gap = 0; i < q->seed_n && gap < s->p.learn_seeds; i++) {
        const struct fr_seed *seed = &q->seeds[i];
        if (!fr_seed_speaks(seed) || seed->item == e->item) continue;
        note_number(s, seed->item);
        add(s, row_of(s, seed->item), e->item, amount, e->time_ms);
        amount *= s->p.learn_fade;
        gap++;
    }
}

/* base^exponent for the exponents that matter most without a logarithm. */
static double power(double base, double exponent) {
    if (!(exponent > 0)) return 1;
    if (exponent >= 1) return base;
    return fr_exp2(exponent * fr_log2(base));
}

static void add_votes(const struct next *s, uint32_t item, double weight, fr_time_ms now_ms,
                      struct fr_scratch *votes) {
    uint32_t place = fr_places_find(&s->places, item);
    if (place == FR_PLACE_NONE) return;
    const struct row *r = &s->rows[place];
    double worth = fr_exp2(-halvings(s, r->landmark_ms, now_ms));
    double total = r->total * worth + s->p.shrinkage;
    float factor = (float)(weight * worth / power(total, s->p.normalisation));
    for (uint32_t i = 0; i < r->n; i++)
        fr_scratch_add(votes, r->at[i].item, factor * (r->at[i].count - r->at[i].error), item);
}

static uint32_t propose(const struct fr_source *source, const struct fr_query *q, struct fr_scratch *votes,
                        uint32_t most, struct fr_vote *out) {
    const struct next *s = (const struct next *)source;
    if (s->number_end > q->ids->n) return 0; /* these ids do not know what was learnt */
    fr_scratch_reserve(votes, q->ids->n);
    double weight = 1;
    for (uint32_t i = 0, asked = 0; i < q->seed_n && asked < s->p.propose_seeds; i++) {
        if (!fr_seed_speaks(&q->seeds[i])) continue;
        add_votes(s, q->seeds[i].item, weight, q->now_ms, votes);
        weight *= s->p.propose_fade;
        asked++;
    }
    return fr_scratch_best(votes, q->ids, most, out);
}

static void save(const struct fr_source *source, struct fr_tensors_writer *w) {
    const struct next *s = (const struct next *)source;
    uint32_t n = s->places.n;
    struct fr_buf ends = {0}, at = {0}, totals = {0}, landmarks = {0};
    uint64_t end = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct row *r = &s->rows[i];
        end += r->n;
        fr_buf_append(&ends, &end, sizeof end);
        fr_buf_append(&at, r->at, r->n * sizeof *r->at);
        fr_buf_append(&totals, &r->total, sizeof r->total);
        fr_buf_append(&landmarks, &r->landmark_ms, sizeof r->landmark_ms);
    }
    fr_places_save(&s->places, w, "next-item.places");
    fr_tensors_put_vector(w, "next-item.ends", FR_TENSOR_U64, n, ends.data);
    /* [end][3]: the item's number, and the bits of its count and error in single precision */
    fr_tensors_put(w, "next-item.successors", FR_TENSOR_U32, (uint64_t[]){end, 3}, 2, at.data);
    fr_tensors_put_vector(w, "next-item.totals", FR_TENSOR_F64, n, totals.data);
    fr_tensors_put_vector(w, "next-item.landmarks_ms", FR_TENSOR_I64, n, landmarks.data);
    fr_buf_fini(&ends);
    fr_buf_fini(&at);
    fr_buf_fini(&totals);
    fr_buf_fini(&landmarks);
}

struct saved {
    const struct fr_tensor *ends, *successors, *totals, *landmarks;
};

static bool is_row(const struct next *s, const struct successor *at, uint64_t n, double total) {
    if (n > s->p.successors || !(total >= 0 && total <= DBL_MAX)) return false;
    for (uint64_t i = 0; i < n; i++)
        if (at[i].item >= FR_DICT_NONE || !(at[i].error >= 0 && at[i].error <= at[i].count) ||
            !(at[i].count <= FLT_MAX))
            return false;
    return true;
}

static bool load_rows(struct next *s, const struct saved *saved) {
    const uint64_t *ends = saved->ends->data;
    const struct successor *all = saved->successors->data;
    const double *totals = saved->totals->data;
    const fr_time_ms *landmarks = saved->landmarks->data;
    uint64_t from = 0;
    reserve_rows(s);
    for (uint32_t i = 0; i < s->places.n; from = ends[i++]) {
        if (ends[i] < from || ends[i] > saved->successors->shape[0]) return false;
        uint32_t n = (uint32_t)(ends[i] - from);
        if (!is_row(s, all + from, ends[i] - from, totals[i])) return false;
        struct row *r = &s->rows[i];
        *r = (struct row){fr_alloc((n ? n : 1) * sizeof *r->at), n, n, totals[i], landmarks[i]};
        if (n) memcpy(r->at, all + from, n * sizeof *r->at);
        note_number(s, s->places.at[i].number);
        for (uint32_t j = 0; j < n; j++) note_number(s, r->at[j].item);
    }
    return from == saved->successors->shape[0];
}

static enum fr_err load(struct fr_source *source, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    struct next *s = (struct next *)source;
    enum fr_err err = fr_places_load(&s->places, f, "next-item.places", msg);
    if (err) return err;
    struct saved saved = {fr_tensors_get(f, "next-item.ends", FR_TENSOR_U64),
                          fr_tensors_get(f, "next-item.successors", FR_TENSOR_U32),
                          fr_tensors_get(f, "next-item.totals", FR_TENSOR_F64),
                          fr_tensors_get(f, "next-item.landmarks_ms", FR_TENSOR_I64)};
    uint32_t n = s->places.n;
    if (!saved.ends || !saved.successors || !saved.totals || !saved.landmarks || saved.ends->count != n ||
        saved.totals->count != n || saved.landmarks->count != n || saved.successors->dimension_n != 2 ||
        saved.successors->shape[1] != 3 || !load_rows(s, &saved))
        return fr_err_set(msg, FR_STATE_CORRUPT, "next-item: not rows of successors");
    return FR_OK;
}

static size_t bytes(const struct fr_source *source) {
    const struct next *s = (const struct next *)source;
    size_t sum = sizeof *s + fr_places_bytes(&s->places) + s->row_cap * sizeof *s->rows;
    for (uint32_t i = 0; i < s->places.n; i++) sum += s->rows[i].cap * sizeof *s->rows[i].at;
    return sum;
}

static void free_next(struct fr_source *source) {
    struct next *s = (struct next *)source;
    for (uint32_t i = 0; i < s->row_cap; i++) free(s->rows[i].at);
    free(s->rows);
    fr_places_fini(&s->places);
    free(s);
}

static const struct fr_source_ops ops = {.name = "next-item",
                                         .reason = FR_REASON_NEXT_ITEM,
                                         .propose = propose,
                                         .learn = learn,
                                         .save = save,
                                         .load = load,
                                         .bytes = bytes,
                                         .free = free_next};

static bool are_sane(const struct fr_next_params *p) {
    return p->items > 0 && p->items <= 1u << 24 && p->successors > 0 && p->successors <= 1024 &&
           p->learn_seeds > 0 && p->propose_seeds > 0 && p->learn_fade > 0 && p->learn_fade <= 1 &&
           p->propose_fade > 0 && p->propose_fade <= 1 && p->half_life_ms > 0 && p->shrinkage > 0;
}

struct fr_source *fr_source_next_new(const struct fr_next_params *p) {
    struct next *s = fr_alloc_zero(1, sizeof *s);
    s->source.ops = &ops;
    s->p = p ? *p : FR_NEXT_DEFAULTS;
    FR_ASSERT(are_sane(&s->p));
    fr_places_init(&s->places, s->p.items);
    return &s->source;
}
