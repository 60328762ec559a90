/* audience_record.h - the segments of a user as the record that goes to the audiences topic.
 *
 * Shape     docs/schemas/audiences.schema.json: all segments that the user is in, and what was entered and left with this change.
 * Promise   a function of its arguments; segments are in the order of their ids. Threads: any. Memory: borrows. */
#ifndef FR_TARGET_AUDIENCE_RECORD_H
#define FR_TARGET_AUDIENCE_RECORD_H

#include "freshet/target/campaign_set.h"

/* Answers of all segments of the version, in the arena; facts as fr_segment_lookup_init left them. */
const bool *fr_audience_of(const struct fr_rule_facts *facts, const struct fr_campaign_set *set,
                           struct fr_arena *arena);
/* Appends the value. now[segment_n]; before likewise, or NULL: it is not known, and nothing is said to be entered or left. */
void fr_audience_write(struct fr_buf *out, struct fr_str user_id, fr_time_ms generated_ms,
                       const struct fr_campaign_set *set, const bool *before, const bool *now);

#endif
