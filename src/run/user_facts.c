/* What rules are asked about, for one user at one time, in the stage. */
#include "freshet/target/rule_facts.h"
#include "stage_user_internal.h"

const struct fr_rule_facts *user_facts(struct user_stage *s, const struct fr_user *u,
                                       const struct fr_campaign_set *set, const struct fr_catalog *catalog,
                                       fr_time_ms now_ms) {
    const struct fr_rule_world world = {&s->rules->profile, &s->rules->popularity, &s->ids, set, catalog,
                                        set->asks_interests};
    fr_arena_clear(&s->scratch);
    return fr_rule_facts_of(&world, u, now_ms, &s->scratch);
}
