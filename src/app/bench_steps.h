/* bench_steps.h - the inside of `freshet bench stages`' second pass: what bench_steps.c (users) and
 * bench_steps_items.c (items) share. */
#ifndef FR_APP_BENCH_STEPS_H
#define FR_APP_BENCH_STEPS_H

#include "freshet/affinity/neighbors.h"
#include "freshet/affinity/record.h"
#include "freshet/app/bench.h"
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include "freshet/profile/codec.h"
#include "freshet/recommend/recommendation.h"

#define STEP_MAP(X)                      \
    X(DECODE, "decode_clean")            \
    X(PROFILE, "profile_apply")          \
    X(EMIT, "delta_emit")                \
    X(FINISH, "delta_finish")            \
    X(LIST, "list_making")               \
    X(RECORD, "record_writing")          \
    X(READ, "aggregate_read")            \
    X(APPLY, "aggregate_apply")          \
    X(NEIGHBORS, "neighbors")            \
    X(ROWS, "neighbors_read")            \
    X(ENCODE_USERS, "user_state_encode") \
    X(ENCODE_ITEMS, "item_state_encode")

enum step {
#define STEP_ENUM(name, text) STEP_##name,
    STEP_MAP(STEP_ENUM)
#undef STEP_ENUM
        STEP_N
};

/* A step's time and how often it was done: events, lists, items, ... */
struct step_time {
    int64_t ns;
    uint64_t calls;
};

struct candidates {
    struct fr_candidate *at; /* NULL: none known */
    uint32_t n;
};

/* One item as the aggregate stage has it. */
struct item_cell {
    struct fr_item item;
    double count;
    bool changed; /* in this batch */
    bool queued;  /* its neighbours are due */
};

struct steps {
    const struct fr_rules *rules;
    struct fr_bench_load *load;
    struct fr_dict ids;
    struct fr_decoder *decoder;
    struct fr_delta_sink *sink;
    struct fr_ranker *ranker;
    struct fr_arena batch, group; /* until the end of the batch, of a small group */
    struct fr_buf text;
    bool outputs; /* lists, neighbours and states too: not while histories are filled */
    uint64_t made;
    struct step_time times[STEP_N];

    struct fr_user *users; /* [load's users] */
    uint32_t users_n;
    uint32_t *group_of; /* [users_n] the last profile group a user was in */
    uint32_t groups;
    struct fr_user_effects *effects; /* one for each event of a group */
    bool *touched;                   /* [users_n] */
    uint32_t *touched_users;         /* [touched_n] */
    uint32_t touched_n;

    struct item_cell **cells; /* by item number; NULL: never seen */
    struct candidates *rows;  /* by item number */
    size_t cells_cap, rows_cap;
    struct fr_delta_record *records;
    size_t records_cap;
    uint32_t *changed, *queue; /* item numbers */
    size_t changed_n, changed_cap, queue_n, queue_cap;
    struct fr_item_scratch scratch;
    int32_t epoch;
};

/* An array with room for n, new places zeroed. */
void *steps_room(void *array, size_t n, size_t *cap, size_t element);
/* Adds what has passed since start to a step. */
void steps_count(struct steps *s, enum step step, int64_t start_ns, uint64_t calls);

/* bench_steps_items.c: everything after delta_finish that is about items */
void steps_items(struct steps *s, uint32_t record_n);
void steps_items_fini(struct steps *s);

#endif
