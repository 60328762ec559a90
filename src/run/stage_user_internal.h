/* stage_user_internal.h - the user stage's inside, shared by stage_user.c, user_views.c and user_lists.c. */
#ifndef FR_RUN_STAGE_USER_INTERNAL_H
#define FR_RUN_STAGE_USER_INTERNAL_H

#include "freshet/affinity/delta.h"
#include "freshet/affinity/trend.h"
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include "freshet/profile/codec.h"
#include "freshet/recommend/recommendation.h"
#include "freshet/recommend/seeds.h"
#include "freshet/run/stages.h"

struct user_state {
    struct fr_user user;
    uint32_t touched; /* its place in this batch's touched + 1; 0: none */
};

struct watermark_state {
    fr_time_ms watermark_ms; /* INT64_MIN: no event yet */
};

struct decoded {
    struct fr_event event;
    enum fr_reject reject;
    struct fr_str detail; /* the field at fault */
};

/* A user whose list is due in this batch. */
struct touched {
    struct user_state *state;
    struct fr_str user_id;
    uint32_t record;     /* the last one that touched it */
    fr_time_ms since_ms; /* time of the first one */
    bool forgotten, due;
};

/* An item's neighbours as last seen in the store. */
struct row {
    struct fr_candidate *candidates; /* NULL: none known */
    uint32_t n;
    fr_time_ms read_ms; /* 0: never */
    bool wanted;        /* in this batch */
};

/* The popular or trending items of a group, merged over the affinity partitions. */
struct crowd {
    uint32_t group; /* FR_TREND_ALL: everybody */
    struct fr_popular *popular, *trend;
    uint32_t popular_n, trend_n;
    fr_time_ms read_ms;
    bool wanted;
};

struct user_stage {
    struct fr_stage base;
    const struct fr_rules *rules;
    struct fr_keys views; /* of the affinity partitions */
    struct fr_keys lists; /* of the input's partitions, for views of lists; made with the first batch */
    struct fr_dict ids;   /* items, users, groups */
    struct fr_decoder *decoder;
    struct fr_user_effects effects;
    struct fr_delta_sink *deltas;
    struct fr_ranker *ranker;
    struct fr_buf text;
    struct decoded *decoded; /* [record_n], in the batch's arena */
    struct touched *touched;
    uint32_t touched_n, touched_cap;
    struct row *rows; /* by item number */
    uint32_t row_cap;
    uint64_t row_bytes;
    fr_time_ms refreshed_ms; /* when rows were last asked for again */
    struct crowd *crowds;
    uint32_t crowd_n, crowd_cap;
    uint32_t *wanted_items; /* rows asked for in this batch, then crowds */
    uint32_t wanted_n, wanted_cap;
};

/* user_views.c: what the store knows of items and groups, cached */
uint32_t user_views_wanted(struct fr_stage *stage, const struct fr_stage_batch *b,
                           const struct fr_str **keys);
void user_views_loaded(struct fr_stage *stage, const struct fr_stage_batch *b, const struct fr_str *values,
                       uint32_t n);
struct crowd *user_crowd(struct user_stage *s, uint32_t group);
void user_views_fini(struct user_stage *s);

/* user_lists.c */
void user_publish_lists(struct user_stage *s, const struct fr_stage_batch *b);

#endif
