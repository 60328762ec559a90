/* rule_facts.h - what a rule is asked about one user: the profile, interests by the catalogue, segments by their rules. One
 * place for all who ask rules.
 *
 * Promise   a function of (world, user, now). Interests are worked out only where some rule asks for them, segments when asked.
 * Threads   any. Memory: the arena's; borrows world and user. */
#ifndef FR_TARGET_RULE_FACTS_H
#define FR_TARGET_RULE_FACTS_H

#include "freshet/target/segment_lookup.h"

/* What is the same for all users. */
struct fr_rule_world {
    const struct fr_profile_rules *rules;
    const struct fr_decay *decay;      /* of strengths, for interests */
    const struct fr_dict *ids;         /* the profiles' */
    const struct fr_campaign_set *set; /* NULL: there are no segments */
    const struct fr_catalog *catalog;  /* NULL: none is known, and nobody has interests */
    bool asks_interests;               /* some rule that will be asked does */
    double (*propensity)(void *context, struct fr_str task); /* of the user; NULL: none is known */
    void *propensity_context;
};

const struct fr_rule_facts *fr_rule_facts_of(const struct fr_rule_world *world, const struct fr_user *user,
                                             fr_time_ms now_ms, struct fr_arena *arena);

#endif
