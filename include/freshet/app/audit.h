/* audit.h - whether the stored counts are what the stored histories say.
 *
 * Promise   counts, groups and pairs of every item are computed again from all user histories in the store and compared
 *           bucket by bucket. An item that has dropped pairs keeps its promise when no pair is above the truth, or below it
 *           by more than its bound.
 * Not       no look at the log, none at views. It means something only while nothing is under way: see `freshet doctor`.
 * Threads   one owner.
 * Memory    16 bytes, and while sorting twice that, for each bucket of all items. */
#ifndef FR_APP_AUDIT_H
#define FR_APP_AUDIT_H

#include "freshet/app/state_read.h"

enum { FR_AUDIT_SHOWN = 20 };

struct fr_audit_difference {
    uint32_t item, code; /* numbers of the reader's dictionary; enum fr_code_kind tells what */
    int32_t epoch;       /* of the bucket; of the reading where the item has dropped pairs */
    bool bounded;        /* expected and stored are decayed values of a whole pair, not of one bucket */
    double expected, stored;
};

struct fr_audit {
    uint64_t users, items, buckets; /* buckets: that are expected */
    uint64_t bounded_items;         /* have dropped pairs */
    uint64_t differences;
    struct fr_audit_difference shown[FR_AUDIT_SHOWN]; /* the first of them */
    uint32_t shown_n;
};

enum fr_err fr_audit_run(struct fr_state_reader *r, struct fr_audit *out, struct fr_errmsg *msg);
/* For a person; as members of a JSON object that is open. */
void fr_audit_text(const struct fr_audit *a, const struct fr_dict *ids, struct fr_buf *out);
void fr_audit_json(const struct fr_audit *a, const struct fr_dict *ids, struct fr_buf *out);

#endif
