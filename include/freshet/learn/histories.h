/* histories.h - what many users touched and when, and that cut in two at a moment: what a fit may see, and what it is judged
 * by.
 *
 *     .......train.......|..holdout..      time
 *                     cutoff
 *
 * Cutoff    the time before which 1 - share of all touches lie, but not before not_before_ms: what the incumbent has seen
 *           says nothing about it. A user's time with an item is that of the latest touch.
 * Columns   the items that at least users_least users touched before the cutoff, at most items_most (the most touched,
 *           ties by id) and those of `also`, ascending by id.
 * Cases     users who touched a column before the cutoff and something new to them after it, at most cases_most, chosen by
 *           hash. Truth is all that is new to them, whether it is a column or not.
 * Promise   a function of the calls.
 * Memory    8 bytes a touch and a dictionary; a split 16 bytes for each entry of train. Owned. */
#ifndef FR_LEARN_HISTORIES_H
#define FR_LEARN_HISTORIES_H

#include "freshet/base/clock.h"
#include "freshet/base/dict.h"
#include "freshet/learn/interactions.h"

struct fr_histories {
    struct fr_dict ids; /* of items; others may be in it */
    size_t *start;      /* [user_n + 1] */
    uint32_t *items;    /* [start[user_n]] numbers of ids */
    uint32_t *times_s;  /* since 1970 */
    uint32_t user_n, user_cap;
    size_t cap;
};

void fr_histories_init(struct fr_histories *h);
void fr_histories_fini(struct fr_histories *h);
/* The next user begins; what follows is theirs, each item once. */
void fr_histories_user(struct fr_histories *h);
void fr_histories_touch(struct fr_histories *h, uint32_t item, fr_time_ms time_ms);
static inline size_t fr_histories_count(const struct fr_histories *h) { return h->start[h->user_n]; }
/* A hash of all of it, whatever the numbers of the items are. */
uint64_t fr_histories_fingerprint(const struct fr_histories *h);

struct fr_time_split_params {
    double share;             /* of touches for the holdout, 0 to 1 */
    fr_time_ms not_before_ms; /* 0: anything */
    uint32_t users_least, items_most, cases_most;
    const uint32_t *also; /* [also_n] numbers of ids that are columns, whoever touched them; NULL: none */
    uint32_t also_n;
    uint64_t seed; /* of the choice of cases */
};

struct fr_time_split {
    fr_time_ms cutoff_ms;          /* train is what was touched before */
    struct fr_interactions *train; /* users with a column only, in order; ones */
    uint32_t *columns;             /* [train items] numbers of ids */
    uint32_t *cases, case_n;       /* users of the histories, ascending */
    struct fr_rows truth;          /* case_n x ids.n */
};

struct fr_time_split fr_time_split_new(const struct fr_histories *h, const struct fr_time_split_params *p);
void fr_time_split_fini(struct fr_time_split *s);
/* The histories of the cases before the cutoff, in other columns: column_of[ids.n], column_n or more: none. gives:
 * fr_rows_fini. */
struct fr_rows fr_time_split_rows(const struct fr_time_split *s, const struct fr_histories *h,
                                  const uint32_t *column_of, uint32_t column_n);

#endif
