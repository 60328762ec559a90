/* chain_stage.h - the simulator's stage: a key's state is the hash of everything that ever happened to it, so that any
 * record skipped, doubled, reordered or applied to a wrong state shows in every later output. */
#ifndef FR_TESTS_SIM_CHAIN_STAGE_H
#define FR_TESTS_SIM_CHAIN_STAGE_H

#include "freshet/base/hash.h"
#include "freshet/base/pack.h"
#include "freshet/run/stage.h"
#include <stdio.h>
#include <stdlib.h>

struct chain {
    uint64_t hash;
    int64_t count;
};

struct chain_stage {
    struct fr_stage base;
    bool batch_dependent; /* negative control: the transition depends on how records were cut into batches */
};

static inline void chain_apply(struct chain *c, struct fr_str value, uint64_t salt) {
    c->hash = fr_hash64(value.ptr, value.len, c->hash + salt) & INT64_MAX;
    c->count++;
}

static inline int chain_output(char out[96], int32_t partition, int64_t offset, const struct chain *c) {
    return snprintf(out, 96, "%d/%lld %llu %lld", partition, (long long)offset, (unsigned long long)c->hash,
                    (long long)c->count);
}

static void chain_begin(struct fr_stage *s, const struct fr_stage_batch *b) { (void)s, (void)b; }

static void chain_decode(struct fr_stage *s, const struct fr_stage_batch *b, uint32_t record,
                         struct fr_wants *wants) {
    (void)s;
    fr_want(wants, b->records[record].key);
}

static void chain_stage_apply(struct fr_stage *s, const struct fr_stage_batch *b, uint32_t record,
                              struct fr_cell *const *cells, uint32_t cell_n, bool silent) {
    const struct fr_record *r = &b->records[record];
    if (cell_n == 0 || !cells[0]) return;
    struct chain *c = cells[0]->state;
    chain_apply(c, r->value, ((struct chain_stage *)s)->batch_dependent ? b->record_n : 0);
    if (silent) return;
    char text[96];
    int n = chain_output(text, r->partition, r->offset, c);
    struct fr_out out = {.topic = FR_TOPIC_RECOMMENDATIONS,
                         .partition = r->partition,
                         .key = r->key,
                         .value = {text, (uint32_t)n}};
    fr_outbox_record(b->out, &out);
}

static uint32_t chain_views_wanted(struct fr_stage *s, const struct fr_stage_batch *b,
                                   const struct fr_str **keys) {
    (void)s, (void)b, (void)keys;
    return 0;
}

static void chain_views_loaded(struct fr_stage *s, const struct fr_stage_batch *b,
                               const struct fr_str *values, uint32_t n) {
    (void)s, (void)b, (void)values, (void)n;
}

static void chain_finish(struct fr_stage *s, const struct fr_stage_batch *b) { (void)s, (void)b; }

static void *chain_state_decode(struct fr_stage *s, struct fr_str key, struct fr_str bytes) {
    (void)s, (void)key;
    struct chain *c = fr_alloc_zero(1, sizeof *c);
    if (bytes.len == 0) return c;
    struct fr_reader r = fr_reader_of(bytes);
    fr_pack_read_array(&r);
    c->hash = (uint64_t)fr_pack_read_int(&r);
    c->count = fr_pack_read_int(&r);
    if (r.ok) return c;
    free(c);
    return NULL;
}

static void chain_state_encode(struct fr_stage *s, struct fr_str key, const void *state, struct fr_buf *out) {
    (void)s, (void)key;
    const struct chain *c = state;
    if (c->count == 0) return;
    fr_pack_array(out, 2);
    fr_pack_int(out, (int64_t)c->hash);
    fr_pack_int(out, c->count);
}

static void chain_state_free(struct fr_stage *s, struct fr_str key, void *state) {
    (void)s, (void)key;
    free(state);
}

static void chain_free(struct fr_stage *s) { free(s); }

static const struct fr_stage_ops chain_ops = {.name = "user",
                                              .input = FR_TOPIC_EVENTS,
                                              .begin = chain_begin,
                                              .decode = chain_decode,
                                              .apply = chain_stage_apply,
                                              .views_wanted = chain_views_wanted,
                                              .views_loaded = chain_views_loaded,
                                              .finish = chain_finish,
                                              .state_decode = chain_state_decode,
                                              .state_encode = chain_state_encode,
                                              .state_free = chain_state_free,
                                              .free = chain_free};

static inline struct fr_stage *chain_stage_new(bool batch_dependent) {
    struct chain_stage *s = fr_alloc_zero(1, sizeof *s);
    s->base.ops = &chain_ops;
    s->batch_dependent = batch_dependent;
    return &s->base;
}

#endif
