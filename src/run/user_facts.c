/* What rules are asked about, for one user at one time, in the stage. */
#include "freshet/target/rule_facts.h"
#include "stage_user_internal.h"

const struct fr_rule_facts *user_facts(struct user_stage *s, const struct fr_user *u,
                                       const struct fr_campaign_set *set, const struct fr_catalog *catalog,
                                       fr_time_ms now_ms) {
    struct fr_rule_world world = {.rules = &s->rules->profile,
                                  .decay = &s->rules->popularity,
                                  .ids = &s->ids,
                                  .set = set,
                                  .catalog = catalog,
                                  .asks_interests = set->asks_interests};
    fr_arena_clear(&s->scratch);
    user_propensity_facts(s, &world, u, now_ms);
    return fr_rule_facts_of(&world, u, now_ms, &s->scratch);
}
