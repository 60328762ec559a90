#include "freshet/target/rule_facts.h"

const struct fr_rule_facts *fr_rule_facts_of(const struct fr_rule_world *w, const struct fr_user *user,
                                             fr_time_ms now_ms, struct fr_arena *arena) {
    struct fr_rule_facts *facts = fr_arena_alloc(arena, sizeof *facts);
    *facts = (struct fr_rule_facts){.user = user,
                                    .rules = w->rules,
                                    .ids = w->ids,
                                    .now_ms = now_ms,
                                    .propensity = w->propensity,
                                    .context = w->propensity_context};
    if (w->asks_interests)
        facts->interests = fr_interests_of(user, w->rules, w->decay, w->ids, w->catalog, now_ms, arena);
    if (w->set) fr_segment_lookup_init(facts, w->set, arena);
    return facts;
}
