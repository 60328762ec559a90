/* segment_lookup.h - segment("vip") in a rule: the segment's own rule, asked about the same user, at most once.
 *
 * Promise   a function of the facts and the version. A name that no segment has is a segment nobody is in.
 * Threads   one owner. Memory: the arena's; borrows facts and version. */
#ifndef FR_TARGET_SEGMENT_LOOKUP_H
#define FR_TARGET_SEGMENT_LOOKUP_H

#include "freshet/target/campaign_set.h"

/* Sets facts->segment; facts->propensity goes on being asked with the context that stood there before. */
void fr_segment_lookup_init(struct fr_rule_facts *facts, const struct fr_campaign_set *set,
                            struct fr_arena *arena);
/* Whether the user is in the segment at this place of the version; facts as after init. */
bool fr_segment_lookup_at(const struct fr_rule_facts *facts, uint32_t segment);

#endif
