/* stage_learner_internal.h - the learner stage's inside: its machinery in stage_learner.c, and what each kind of model does with
 * its records in learner_*.c. */
#ifndef FR_RUN_STAGE_LEARNER_INTERNAL_H
#define FR_RUN_STAGE_LEARNER_INTERNAL_H

#include "freshet/run/bundle_store.h"
#include "freshet/run/live_model.h"
#include "freshet/run/stages.h"

struct learner_stage;
struct learner_state;

/* What is different between models of different keys. */
struct learner_kind {
    void *(*make)(const struct fr_rules *rules); /* gives */
    void (*free)(void *model);
    /* Reads what save wrote for a state. */
    enum fr_err (*load)(void *model, struct fr_str bytes);
    /* Appends what the state needs, or what a reader of a snapshot does. */
    void (*save)(const void *model, const char *version, bool snapshot, struct fr_buf *out);
    size_t (*bytes)(const void *model); /* of memory */
    /* One record. False: it cannot be read, and nothing was learnt. Outputs only if not silent. */
    bool (*teach)(struct learner_stage *s, const struct fr_stage_batch *b, struct learner_state *st,
                  const struct fr_record *record, bool silent);
    uint32_t (*snapshot_ms)(const struct fr_rules *rules);
    /* What goes out beside a snapshot. May be NULL. */
    void (*published)(const struct learner_stage *s, const struct fr_stage_batch *b,
                      const struct learner_state *st);
};

extern const struct learner_kind
    learner_feed; /* learner_feed.c: a recommender, as the feed's lists are made with */
extern const struct learner_kind learner_ads; /* learner_ads.c: click and conversion models */

struct learner_state {
    const struct learner_kind *kind;
    void *model;        /* as the kind has it */
    struct fr_str name; /* in the stage's arena */
    int32_t partition;
    int64_t next_offset; /* of the partition: what the model includes */
    bool changed;        /* since the last snapshot */
    fr_time_ms published_ms;
    size_t published_bytes; /* of the last snapshot */
    struct learner_state *next;
};

enum { LEARNER_BUNDLES = 8 };

struct learner_stage {
    struct fr_stage base;
    const struct fr_rules *rules;
    struct fr_keys views;
    struct fr_recommender_use *use;
    struct fr_arena names, scratch;
    struct learner_state *states;                    /* those in memory */
    struct fr_bundle_fetch bundles[LEARNER_BUNDLES]; /* [bundle_n] read or being read; the oldest first */
    uint32_t bundle_n;
    struct fr_buf bytes, text;
};

/* learner_feed.c: the bundles that states and records name, read before anything is applied */
uint32_t learner_facts_wanted(struct fr_stage *stage, const struct fr_stage_batch *b,
                              const struct fr_str **keys);
void learner_facts_loaded(struct fr_stage *stage, const struct fr_stage_batch *b, const struct fr_str *values,
                          uint32_t n);

#endif
