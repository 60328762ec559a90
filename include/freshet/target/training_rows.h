/* training_rows.h - rows to learn from, made of the log itself: features as they were at a time, labels from what followed.
 *
 * Cuts      at times first_ms + k * every_ms. A cut is made just before the first record of the log whose time is at or after it
 *           is applied: each user who is known by then, has not refused consent and was seen in the last recent_ms gives a
 *           row, of the state as it stands. So nothing at or after the cut's time is in a row, nor what came late.
 * Label     of what the user does in [cut, cut + horizon): see FR_TRAINING_MAP. Rows whose horizon ends after the last
 *           record's time are dropped: what followed is not known.
 * Leaks     fr_training_row_check makes a row again from the log cut off at the row's time, and compares.
 * Promise   a function of (task, schedule, log). Events come cleaned, in the log's order.
 * Memory    the users' states, and 4 bytes a column and row. Borrows rules, dictionary and features for life. */
#ifndef FR_TARGET_TRAINING_ROWS_H
#define FR_TARGET_TRAINING_ROWS_H

#include "freshet/learn/table.h"
#include "freshet/target/propensity_features.h"

/* name, text, what a yes is */
#define FR_TRAINING_MAP(X)                                                      \
    X(PURCHASE, "purchase", "buys anything")                                    \
    X(ACTIVE, "active", "does anything: no impression, no change of a profile") \
    X(CHURN, "churn", "does nothing of that")                                   \
    X(CONVERSION, "conversion", "converts on an ad: an ad_conversion")          \
    X(CATEGORY, "category", "buys an item with the category in its path")

enum fr_training_kind {
#define FR_TRAINING_ENUM(name, text, yes) FR_TRAINING_##name,
    FR_TRAINING_MAP(FR_TRAINING_ENUM)
#undef FR_TRAINING_ENUM
        FR_TRAINING_KINDS
};

struct fr_training_task {
    enum fr_training_kind kind;
    struct fr_str category; /* of CATEGORY */
    int64_t horizon_ms;     /* above 0 */
};

/* "purchase", "category:GROCERY"; category is a part of text. False: no such task. */
bool fr_training_task_read(struct fr_str text, struct fr_training_task *task);

struct fr_training_schedule {
    fr_time_ms first_ms;
    int64_t every_ms, recent_ms; /* above 0 */
    bool without_prices;         /* as if none were known: for who will be asked without them */
};

struct fr_training_row {
    uint32_t user; /* in the dictionary */
    fr_time_ms time_ms;
};

struct fr_training_rows;

struct fr_training_rows *fr_training_rows_new(const struct fr_training_task *task,
                                              const struct fr_training_schedule *schedule,
                                              const struct fr_propensity_features *features,
                                              const struct fr_profile_rules *rules,
                                              struct fr_dict *ids); /* gives */
void fr_training_rows_free(struct fr_training_rows *r);
/* The next event of the log. */
void fr_training_rows_add(struct fr_training_rows *r, const struct fr_event *event);
uint32_t fr_training_rows_n(const struct fr_training_rows *r); /* so far, those that will be dropped too */
/* No more events: lends the table and its rows, in order of time and then of users' numbers. */
const struct fr_table *fr_training_rows_end(struct fr_training_rows *r, const struct fr_training_row **rows);

/* Whether ads are allowed for a row's user as things stand at the end of the log; false also of who was deleted. */
bool fr_training_row_allowed(const struct fr_training_rows *r, const struct fr_training_row *row,
                             bool must_be_given);

/* One split by time: rows of the last quarter of the cuts are asked, rows before are learnt from, but for those in the gap,
 * whose horizon reaches the first cut that is asked. */
enum fr_training_part { FR_TRAINING_LEARN, FR_TRAINING_GAP, FR_TRAINING_ASK };
/* The first cut of the last quarter; rows in any order. INT64_MAX: there are none. */
fr_time_ms fr_training_asked_from(const struct fr_training_row *rows, uint32_t n);
enum fr_training_part fr_training_part_of(const struct fr_training_row *row, int64_t horizon_ms,
                                          fr_time_ms asked_ms);

/* Whether a row's features are those of the log cut off at its time: log[n] is the whole log. */
bool fr_training_row_check(const struct fr_training_rows *r, const struct fr_training_row *row,
                           const float *features, const struct fr_event *log, uint32_t n);

#endif
