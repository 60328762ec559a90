#include "freshet/target/segment_lookup.h"
#include <math.h>

enum { NOT_ASKED, IS_OUT, IS_IN };

struct lookup {
    const struct fr_campaign_set *set;
    const struct fr_rule_facts *facts;
    uint8_t *answers;                                        /* [segment_n] */
    double (*propensity)(void *context, struct fr_str task); /* as the facts had it, with its context */
    void *propensity_context;
};

static bool ask(struct lookup *l, uint32_t segment) {
    uint8_t *answer = &l->answers[segment];
    if (*answer == NOT_ASKED)
        *answer = fr_rule_matches(l->set->segments[segment].rule, l->facts) ? IS_IN : IS_OUT;
    return *answer == IS_IN;
}

static bool segment_by_name(void *context, struct fr_str name) {
    struct lookup *l = context;
    const struct fr_campaign_entry *found = fr_campaign_set_segment(l->set, name);
    return found && ask(l, (uint32_t)(found - l->set->segments));
}

static double propensity_by_name(void *context, struct fr_str task) {
    const struct lookup *l = context;
    return l->propensity ? l->propensity(l->propensity_context, task) : (double)NAN;
}

void fr_segment_lookup_init(struct fr_rule_facts *facts, const struct fr_campaign_set *set,
                            struct fr_arena *arena) {
    struct lookup *l = fr_arena_alloc(arena, sizeof *l);
    *l = (struct lookup){set, facts, fr_arena_zero(arena, set->segment_n + 1), facts->propensity,
                         facts->context};
    facts->segment = segment_by_name;
    facts->propensity = propensity_by_name;
    facts->context = l;
}

bool fr_segment_lookup_at(const struct fr_rule_facts *facts, uint32_t segment) {
    return ask(facts->context, segment);
}
