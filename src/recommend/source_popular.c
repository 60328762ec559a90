/* One board for everybody, or one for each group or surface, made when it is first heard of. */
#include "freshet/recommend/source_popular.h"
#include "freshet/base/err.h"
#include "freshet/recommend/board.h"
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 96 };

struct audience {
    uint32_t number; /* of the group or surface; FR_DICT_NONE: everybody */
    struct fr_board board;
};

struct popular {
    struct fr_source base;
    struct fr_source_ops ops; /* the name and the reason are this source's own */
    struct fr_popular_params params;
    struct audience *audiences; /* [audience_n] in the order they were first heard of */
    uint32_t audience_n;
    uint64_t events; /* what was counted, of whatever audience: the clock */
};

/* audience_n: not heard of. */
static uint32_t find(const struct popular *p, uint32_t number) {
    uint32_t i = 0;
    while (i < p->audience_n && p->audiences[i].number != number) i++;
    return i;
}

static uint32_t audiences_most(const struct popular *p) {
    return p->params.audience == FR_AUDIENCE_ALL ? 1 : FR_POPULAR_AUDIENCES_MAX;
}

static struct audience *add(struct popular *p, uint32_t number) {
    if (p->audience_n == audiences_most(p)) return NULL;
    bool all = p->params.audience == FR_AUDIENCE_ALL;
    struct audience *a = &p->audiences[p->audience_n++];
    *a = (struct audience){.number = number,
                           .board = {.half_life = p->params.half_life,
                                     .best_most = all ? FR_POPULAR_BEST : FR_POPULAR_AUDIENCE_BEST,
                                     .is_dense = all}};
    return a;
}

/* Which audience a query belongs to; false: none. */
static bool audience_of(const struct popular *p, const struct fr_query *q, uint32_t *number) {
    *number = p->params.audience == FR_AUDIENCE_GROUP     ? q->group
              : p->params.audience == FR_AUDIENCE_SURFACE ? q->surface
                                                          : (uint32_t)FR_DICT_NONE;
    return p->params.audience == FR_AUDIENCE_ALL || *number != (uint32_t)FR_DICT_NONE;
}

static const struct audience *heard_of(const struct popular *p, const struct fr_query *q) {
    uint32_t number;
    if (!audience_of(p, q, &number)) return NULL;
    uint32_t i = find(p, number);
    return i < p->audience_n ? &p->audiences[i] : NULL;
}

static double clock_of(const struct popular *p, fr_time_ms now_ms) {
    return p->params.by_time ? (double)now_ms : (double)p->events;
}

static uint32_t propose(const struct fr_source *s, const struct fr_query *q, struct fr_scratch *scratch,
                        uint32_t most, struct fr_vote *out) {
    (void)scratch;
    const struct popular *p = (const struct popular *)s;
    const struct audience *a = heard_of(p, q);
    if (!a) return 0;
    double scale = 1 / fr_board_unit(&a->board, clock_of(p, q->now_ms));
    uint32_t n = 0;
    for (; n < a->board.best_n && n < most; n++) {
        uint32_t item = fr_board_best(&a->board, n);
        float score = (float)(fr_board_value(&a->board, item) * scale);
        if (!(score > 1e-30f)) break;
        out[n] = (struct fr_vote){item, score, FR_DICT_NONE};
    }
    return n;
}

static void learn(struct fr_source *s, const struct fr_example *e) {
    struct popular *p = (struct popular *)s;
    uint32_t number;
    if (e->dislike || (!p->params.exposures && (e->weight == 0 || !e->is_new))) return;
    p->events++;
    if (!audience_of(p, &e->before, &number)) return;
    uint32_t i = find(p, number);
    struct audience *a = i < p->audience_n ? &p->audiences[i] : add(p, number);
    if (!a) return;
    fr_board_add(&a->board, e->before.ids, e->item, 1, clock_of(p, e->time_ms));
}

struct fr_popular_reading fr_source_popular_read(const struct fr_source *s, const struct fr_query *q) {
    const struct popular *p = (const struct popular *)s;
    const struct audience *a = heard_of(p, q);
    if (!a) return (struct fr_popular_reading){NULL, 0};
    return (struct fr_popular_reading){&a->board, 1 / fr_board_unit(&a->board, clock_of(p, q->now_ms))};
}

static void save(const struct fr_source *s, struct fr_tensors_writer *w) {
    const struct popular *p = (const struct popular *)s;
    uint32_t *numbers = fr_alloc((p->audience_n + 1) * sizeof *numbers);
    char name[NAME_BYTES];
    for (uint32_t i = 0; i < p->audience_n; i++) {
        numbers[i] = p->audiences[i].number;
        snprintf(name, sizeof name, "%s.%u", p->params.name, i);
        fr_board_save(&p->audiences[i].board, name, w);
    }
    snprintf(name, sizeof name, "%s.audiences", p->params.name);
    fr_tensors_put_vector(w, name, FR_TENSOR_U32, p->audience_n, numbers);
    snprintf(name, sizeof name, "%s.events", p->params.name);
    fr_tensors_put_vector(w, name, FR_TENSOR_U64, 1, &p->events);
    free(numbers);
}

static enum fr_err load(struct fr_source *s, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    struct popular *p = (struct popular *)s;
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "%s.audiences", p->params.name);
    const struct fr_tensor *numbers = fr_tensors_get(f, name, FR_TENSOR_U32);
    snprintf(name, sizeof name, "%s.events", p->params.name);
    const struct fr_tensor *events = fr_tensors_get(f, name, FR_TENSOR_U64);
    if (!numbers || !events || events->count != 1 || numbers->count > audiences_most(p))
        return fr_err_set(msg, FR_STATE_CORRUPT, "%s: its audiences cannot be read", p->params.name);
    p->events = *(const uint64_t *)events->data;
    for (uint32_t i = 0; i < numbers->count; i++) {
        struct audience *a = add(p, ((const uint32_t *)numbers->data)[i]);
        snprintf(name, sizeof name, "%s.%u", p->params.name, i);
        enum fr_err err = fr_board_load(&a->board, name, f, fr_source_ids_in(f), msg);
        if (err != FR_OK) return err;
    }
    return FR_OK;
}

static size_t bytes(const struct fr_source *s) {
    const struct popular *p = (const struct popular *)s;
    size_t sum = sizeof *p + audiences_most(p) * sizeof *p->audiences;
    for (uint32_t i = 0; i < p->audience_n; i++) sum += fr_board_bytes(&p->audiences[i].board);
    return sum;
}

static void free_source(struct fr_source *s) {
    struct popular *p = (struct popular *)s;
    for (uint32_t i = 0; i < p->audience_n; i++) fr_board_fini(&p->audiences[i].board);
    free(p->audiences);
    free(p);
}

struct fr_source *fr_source_popular_new(const struct fr_popular_params *params) {
    struct popular *p = fr_alloc_zero(1, sizeof *p);
    p->params = *params;
    p->ops = (struct fr_source_ops){.name = params->name,
                                    .reason = params->reason,
                                    .propose = propose,
                                    .learn = learn,
                                    .save = save,
                                    .load = load,
                                    .bytes = bytes,
                                    .free = free_source};
    p->base.ops = &p->ops;
    p->audiences = fr_alloc_zero(audiences_most(p), sizeof *p->audiences);
    return &p->base;
}
