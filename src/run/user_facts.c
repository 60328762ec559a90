/* What rules are asked about, for one user at one time: the profile, interests by the catalogue, segments by their rules. */
#include "freshet/target/segment_lookup.h"
#include "stage_user_internal.h"

const struct fr_rule_facts *user_facts(struct user_stage *s, const struct fr_user *u,
                                       const struct fr_campaign_set *set, const struct fr_catalog *catalog,
                                       fr_time_ms now_ms) {
    fr_arena_clear(&s->scratch);
    struct fr_rule_facts *facts = fr_arena_alloc(&s->scratch, sizeof *facts);
    *facts = (struct fr_rule_facts){.user = u, .rules = &s->rules->profile, .ids = &s->ids, .now_ms = now_ms};
    if (set->asks_interests)
        facts->interests = fr_interests_of(u, &s->rules->profile, &s->rules->popularity, &s->ids, catalog,
                                           now_ms, &s->scratch);
    fr_segment_lookup_init(facts, set, &s->scratch);
    return facts;
}
