/* history.h - the latest things a user touched, each with the live times of each behaviour. Used three times:
 * for items, for followees, for the users whose shares were followed.
 *
 * Promise   what is kept is a function of the set of calls, not of their order, as long as no call is older
 *           than floor_ms (docs/AFFINITY.md section 3). At most `items` entries, and per entry and behaviour
 *           at most times_kept times. No allocation once the arrays have their size.
 * Not       no clock: time is an argument. An undo older than floor_ms does not wait for what it takes back.
 * Threads   one owner.
 * Memory    owns its arrays; a zero-initialised struct is an empty history; fr_history_fini frees. */
#ifndef FR_PROFILE_HISTORY_H
#define FR_PROFILE_HISTORY_H

#include "freshet/base/dict.h"
#include "freshet/profile/rules.h"

enum {
    FR_HISTORY_UNDOS = 256,          /* undos that wait for late events, the latest ones */
    FR_HISTORY_ALL = FR_EVENT_TYPE_N /* as an undo's type: a dislike, which takes back all but dislikes */
};

struct fr_history_entry {
    fr_time_ms touch_ms;         /* latest touch, undone ones included */
    struct fr_strength strength; /* the largest over live behaviours; nothing if not weighed */
    uint32_t mark_first, mark_n; /* its marks are marks[mark_first .. mark_first + mark_n) */
};

struct fr_history_undo {
    fr_time_ms time_ms;
    uint32_t id;
    uint32_t type; /* the behaviour taken back, or FR_HISTORY_ALL */
};

struct fr_history {
    uint32_t *ids;                    /* [n] ascending by their strings; dense, for the search */
    struct fr_history_entry *entries; /* [n] same index as ids */
    uint64_t *marks;                  /* [mark_n] live times; an entry's are sorted by (behaviour, time) */
    struct fr_history_undo *undos;    /* [undo_n] in no order */
    uint32_t n, cap, mark_n, mark_cap, undo_n, undo_cap;
    bool has_horizon; /* something was pushed out: (horizon_ms, horizon_id) is the latest such touch */
    uint32_t horizon_id;
    fr_time_ms horizon_ms;
};

/* One entry's strength changed. Reported in the order applied, so that the strengths of all entries after
 * each change are the ones before it but for this item. */
struct fr_history_change {
    uint32_t item;
    struct fr_strength before, after;
};

struct fr_history_changes { /* zero-initialised is empty; the caller sets n to 0 to clear */
    struct fr_history_change *at;
    uint32_t n, cap;
};

/* What a call works under. Borrowed for the call. */
struct fr_history_use {
    const struct fr_profile_rules *rules;
    const struct fr_dict *ids;
    uint32_t items;                     /* the bound of this history */
    bool weighed;                       /* entries have strengths */
    fr_time_ms floor_ms;                /* no later call is older: the user's latest event less lateness */
    struct fr_history_changes *changes; /* may be NULL */
};

/* Each returns whether the event mattered (it was not older than the horizon). */
bool fr_history_touch(struct fr_history *h, const struct fr_history_use *use, uint32_t id,
                      enum fr_event_type behaviour, fr_time_ms t);
bool fr_history_undo(struct fr_history *h, const struct fr_history_use *use, uint32_t id,
                     enum fr_event_type behaviour, fr_time_ms t);
/* Empties it; every strength is reported as a change to nothing. */
void fr_history_forget(struct fr_history *h, const struct fr_history_use *use);
void fr_history_fini(struct fr_history *h);
void fr_history_changes_fini(struct fr_history_changes *changes);

/* The index of an id, or h->n. */
uint32_t fr_history_find(const struct fr_history *h, uint32_t id);
/* The strength of an id, nothing if it has none. */
struct fr_strength fr_history_strength(const struct fr_history *h, uint32_t id);
/* What entry i's strength must be by its marks. */
struct fr_strength fr_history_weigh(const struct fr_history *h, const struct fr_profile_rules *rules,
                                    uint32_t i);
/* How many live times of a behaviour entry i has; *last_ms becomes the latest when there are any. */
uint32_t fr_history_count(const struct fr_history *h, uint32_t i, enum fr_event_type behaviour,
                          fr_time_ms *last_ms);
/* (t, id) is not later than the horizon. */
bool fr_history_is_old(const struct fr_history *h, const struct fr_dict *ids, uint32_t id, fr_time_ms t);
/* Whether an undo is still waited for. */
bool fr_history_undo_waits(const struct fr_history *h, const struct fr_history_use *use,
                           const struct fr_history_undo *undo);
size_t fr_history_bytes(const struct fr_history *h); /* of its arrays */
/* NULL, or which invariant is broken. For tests and after decoding. */
const char *fr_history_check(const struct fr_history *h, const struct fr_history_use *use);

/* A mark is a behaviour in the upper 8 bits and a time in the lower 56, so that numbers order as (behaviour,
 * time). */
#define FR_MARK_ZERO (INT64_C(1) << 55)

static inline uint64_t fr_mark_of(enum fr_event_type behaviour, fr_time_ms t) {
    return (uint64_t)behaviour << 56 | (uint64_t)(t + FR_MARK_ZERO);
}

static inline enum fr_event_type fr_mark_type(uint64_t mark) { return (enum fr_event_type)(mark >> 56); }

static inline fr_time_ms fr_mark_ms(uint64_t mark) {
    return (fr_time_ms)(mark & ((UINT64_C(1) << 56) - 1)) - FR_MARK_ZERO;
}

#endif
