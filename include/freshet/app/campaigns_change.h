/* campaigns_change.h - what a change of the campaigns topic would mean, before it is made: two versions held to each other.
 *
 * Promise   a record is the same when it means the same, however it was written. Pure.
 * Threads   any. Memory: borrows; what it gives lies in the versions. */
#ifndef FR_APP_CAMPAIGNS_CHANGE_H
#define FR_APP_CAMPAIGNS_CHANGE_H

#include "freshet/target/campaign_set.h"

enum fr_campaigns_change { FR_CAMPAIGNS_SAME, FR_CAMPAIGNS_NEW, FR_CAMPAIGNS_CHANGED, FR_CAMPAIGNS_GONE };

/* The campaign or segment of this id; NULL: there is none. */
const struct fr_campaign_entry *fr_campaigns_find(const struct fr_campaign_set *set, struct fr_str id);
/* The id, or the segment's id, nearest to one that does not exist; NULL: none is near. */
const char *fr_campaigns_near(const struct fr_campaign_set *set, struct fr_str id, struct fr_arena *arena);
const char *fr_campaigns_near_segment(const struct fr_campaign_set *set, struct fr_str id,
                                      struct fr_arena *arena);
/* SAME also when neither has it. */
enum fr_campaigns_change fr_campaigns_change(const struct fr_campaign_set *before,
                                             const struct fr_campaign_set *after, struct fr_str id);
/* One sentence for each segment that a campaign's rule asks for and the version has not. Returns how many. */
uint32_t fr_campaigns_missing_segments(const struct fr_campaign_set *set,
                                       void (*tell)(void *context, const char *text), void *context);

#endif
