/* demo.h - the parts of `freshet run --embedded`: what is measured, how it is shown. Private to the room.
 *
 *   embedded.c      the bus in memory, the replay at a pace, the judging; owns everything
 *   demo_numbers.c  the workers' counters as numbers of one moment
 *   demo_views.c    what is trending, and neighbours, from Redis
 *   demo_view.c     the live picture, or a line now and then
 *   demo_summary.c  what is said at the end */
#ifndef FR_APP_DEMO_INTERNAL_H
#define FR_APP_DEMO_INTERNAL_H

#include "freshet/affinity/neighbors.h"
#include "freshet/app/command.h"
#include "freshet/app/demo_hits.h"
#include "freshet/app/demo_lists.h"
#include "freshet/event/reject.h"
#include "freshet/run/runner.h"
#include <signal.h>

/* ---- embedded.c ---- */

struct demo_options {
    const char *const *files; /* [file_n] */
    uint32_t file_n;
    int64_t seconds; /* that the replay should take; 0: as fast as it goes */
    bool live;       /* redraw a picture if standard output is a terminal */
    const volatile sig_atomic_t *stop;
};
/* Returns the exit code. rules and options are borrowed. */
int demo_run(struct fr_app *app, const struct fr_rules *rules, const struct demo_options *options);

/* ---- demo_numbers.c ---- */

struct demo_numbers {
    double at_s; /* since the start */
    uint64_t events, deltas, lists, neighbors, duplicates;
    uint64_t rejected, rejects[FR_REJECT_N];
    uint64_t keys, bytes; /* of states in memory */
    uint64_t latency[FR_STAT_BUCKETS];
};
void demo_numbers_read(struct demo_numbers *out, struct fr_stat_block *const *blocks, uint32_t block_n,
                       double at_s);
/* Seconds below which the share of all observations lies, interpolated within its bucket; 0 when there are none. */
double demo_quantile(const uint64_t counts[FR_STAT_BUCKETS], double share);

/* ---- what is shown ---- */

enum { DEMO_WATCHED = 3, DEMO_TRENDING = 10, DEMO_NEIGHBORS = 5 };

struct demo_watched {
    uint32_t user; /* FR_DICT_NONE: nobody yet */
    double since_s;
};

struct demo_trending {
    uint32_t item;
    struct fr_neighbor neighbors[DEMO_NEIGHBORS]; /* filled for the summary only */
    uint32_t neighbor_n;
};

struct demo_frame {
    struct demo_numbers now, before; /* before: some two seconds ago */
    double seconds;                  /* that it should take; 0: not said */
    uint64_t sent, to_send;          /* lines */
    fr_time_ms log_time_ms;          /* of the latest event; 0: none yet */
    unsigned http_port;              /* 0: off */
    uint64_t redis_bytes;
    struct fr_hits_score hits;
    struct demo_trending trending[DEMO_TRENDING];
    uint32_t trending_n;
    struct demo_watched watched[DEMO_WATCHED];
    struct fr_demo_lists *lists;
};

/* A list of this user has come: perhaps they are worth watching for a while. */
void demo_watch(struct demo_frame *f, uint32_t user, double at_s);
/* Appends the picture, lines ended by \n, each at most `columns` wide. */
void demo_view_picture(struct fr_buf *out, const struct demo_frame *f, unsigned columns);
void demo_view_line(struct fr_buf *out, const struct demo_frame *f);

struct demo_screen {
    unsigned lines; /* of the picture that stands there */
};
unsigned demo_screen_columns(void);
/* Puts the picture over the one before. */
void demo_screen_show(struct demo_screen *s, const struct fr_buf *picture);

/* ---- demo_views.c ---- */

struct demo_views {
    struct fr_store *store;
    struct fr_keys keys; /* of the aggregate stage */
    const struct fr_rules *rules;
    struct fr_arena arena;
};
/* Each leaves the frame as it was when the store does not answer. */
void demo_views_trending(struct demo_views *v, struct demo_frame *f);
void demo_views_neighbors(struct demo_views *v, struct demo_frame *f); /* of the trending items */

/* ---- demo_summary.c ---- */

void demo_summary(struct fr_buf *out, const struct demo_frame *f);

/* ---- demo_text.c ---- */

void demo_count(struct fr_buf *out, uint64_t n, int width); /* right-aligned, "139,239" */
void demo_bytes(struct fr_buf *out, uint64_t bytes);        /* "43 MB" */
void demo_latency(struct fr_buf *out, double seconds);      /* "12 ms" */
double demo_percent(uint64_t part, uint64_t whole);
/* "v88 because of v123". */
void demo_entry(struct fr_buf *out, const struct fr_demo_entry *e, const struct fr_dict *items);

#endif
