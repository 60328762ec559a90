/* What a rule says of a user: a walk over the tree, at most FR_RULE_DEPTH deep, `and` and `or` only as far as needed.
 *
 * Unknown   a number is NaN when it is not known, a value has no type then; a comparison with it is false, and from there on
 *           there is only true and false. */
#include "rule_internal.h"
#include <math.h>

static const double DAY_MS = 86400000;

struct value {
    enum fr_rule_type type; /* WRONG: not known */
    double number;          /* of a TRUTH 0 or 1 */
    struct fr_str text;
};

struct match {
    const struct fr_rule_node *nodes;
    const struct fr_rule_facts *facts;
    fr_time_ms now_ms; /* within what a mark can hold */
};

static bool truth_of(const struct match *m, uint32_t node);
static double number_of(const struct match *m, uint32_t node);

/* ---- attributes ---- */

/* NULL: never said, or taken back by a null. */
static const struct fr_profile_attribute *attribute_of(const struct match *m, struct fr_str name) {
    const struct fr_profile_attributes *all = &m->facts->user->attributes;
    for (uint32_t i = 0; i < all->n; i++)
        if (fr_str_eq(all->at[i].name, name))
            return all->at[i].kind == FR_ATTRIBUTE_NULL ? NULL : &all->at[i];
    return NULL;
}

static struct value attribute_value(const struct match *m, struct fr_str name) {
    const struct fr_profile_attribute *a = attribute_of(m, name);
    if (!a) return (struct value){.type = FR_RULE_WRONG};
    if (a->kind == FR_ATTRIBUTE_STRING) return (struct value){.type = FR_RULE_TEXT, .text = a->text};
    if (a->kind == FR_ATTRIBUTE_BOOL) return (struct value){.type = FR_RULE_TRUTH, .number = a->number};
    return (struct value){.type = isnan(a->number) ? FR_RULE_WRONG : FR_RULE_NUMBER, .number = a->number};
}

/* ---- the history ---- */

/* Marks of a behaviour in a span of time are a span of numbers. */
static double count_within(const struct match *m, enum fr_event_type event, int64_t window_ms) {
    const struct fr_history *h = &m->facts->user->history;
    fr_time_ms from = m->now_ms < window_ms - FR_MARK_ZERO ? -FR_MARK_ZERO : m->now_ms - window_ms + 1;
    uint64_t low = fr_mark_of(event, from), span = fr_mark_of(event, m->now_ms) - low;
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->mark_n; i++) n += h->marks[i] - low <= span;
    return n;
}

static double days_to(const struct match *m, fr_time_ms time_ms) {
    return time_ms >= m->now_ms ? 0 : (double)(m->now_ms - time_ms) / DAY_MS;
}

static double days_since(const struct match *m, enum fr_event_type event) {
    const struct fr_user *u = m->facts->user;
    if (event == FR_EVENT_NONE) return u->events ? days_to(m, u->last_ms) : (double)NAN;
    uint64_t low = fr_mark_of(event, -FR_MARK_ZERO), high = fr_mark_of(event, m->now_ms), latest = 0;
    bool found = false;
    for (uint32_t i = 0; i < u->history.mark_n; i++) {
        uint64_t mark = u->history.marks[i];
        if (mark < low || mark > high || mark < latest) continue;
        latest = mark;
        found = true;
    }
    return found ? days_to(m, fr_mark_ms(latest)) : (double)NAN;
}

/* Whether a live time of the behaviour is kept; FR_EVENT_NONE: of any but a dislike. */
static bool has_mark(const struct match *m, const struct fr_history *h, struct fr_str id,
                     enum fr_event_type behaviour) {
    uint32_t number = fr_dict_find(m->facts->ids, id);
    uint32_t i = number == FR_DICT_NONE ? h->n : fr_history_find(h, number);
    if (i == h->n) return false;
    for (uint32_t k = 0; k < h->entries[i].mark_n; k++) {
        enum fr_event_type type = fr_mark_type(h->marks[h->entries[i].mark_first + k]);
        if (behaviour == FR_EVENT_NONE ? type != FR_EVENT_DISLIKE : type == behaviour) return true;
    }
    return false;
}

/* Those that are followed still: each has one kind of mark. */
static double count_followees(const struct fr_user *u) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < u->followees.n; i++) n += u->followees.entries[i].mark_n > 0;
    return n;
}

static struct fr_exposure exposure_to(const struct match *m, struct fr_str campaign) {
    uint32_t number = fr_dict_find(m->facts->ids, campaign);
    const struct fr_exposure *e =
        number == FR_DICT_NONE ? NULL : fr_exposures_find(&m->facts->user->exposures, number);
    return e ? *e : (struct fr_exposure){0};
}

/* ---- numbers ---- */

static double propensity_of(const struct match *m, struct fr_str task) {
    return m->facts->propensity ? m->facts->propensity(m->facts->context, task) : (double)NAN;
}

static double known(double x) { return isfinite(x) ? x : (double)NAN; }

static double calculated(const struct match *m, const struct fr_rule_node *n) {
    double a = number_of(m, n->first);
    if (n->op == FR_OP_NEGATE) return -a;
    double b = number_of(m, m->nodes[n->first].next);
    if (n->op == FR_OP_ADD) return known(a + b);
    if (n->op == FR_OP_SUBTRACT) return known(a - b);
    return known(n->op == FR_OP_MULTIPLY ? a * b : a / b);
}

static double number_of(const struct match *m, uint32_t node) {
    const struct fr_rule_node *n = &m->nodes[node];
    const struct fr_user *u = m->facts->user;
    switch (n->op) {
    case FR_OP_NUMBER: return n->number;
    case FR_OP_ATTRIBUTE: {
        struct value v = attribute_value(m, n->text);
        return v.type == FR_RULE_NUMBER ? v.number : (double)NAN;
    }
    case FR_OP_COUNT:
        return n->ms ? count_within(m, (enum fr_event_type)n->event, n->ms) : u->counts[n->event];
    case FR_OP_SINCE: return days_since(m, (enum fr_event_type)n->event);
    case FR_OP_TENURE: return u->events ? days_to(m, u->first_ms) : (double)NAN;
    case FR_OP_EVENTS: return (double)u->events;
    case FR_OP_SESSIONS: return fr_sessions_count(&u->sessions);
    case FR_OP_FOLLOWEES: return count_followees(u);
    case FR_OP_INTEREST: return fr_interests_share(&m->facts->interests, n->text);
    case FR_OP_EXPOSURES: return exposure_to(m, n->text).impressions;
    case FR_OP_PROPENSITY: return known(propensity_of(m, n->text));
    default: return calculated(m, n);
    }
}

/* ---- comparisons ---- */

static struct value value_of(const struct match *m, uint32_t node) {
    const struct fr_rule_node *n = &m->nodes[node];
    if (n->type == FR_RULE_ANY) return attribute_value(m, n->text);
    if (n->type == FR_RULE_TEXT) return (struct value){.type = FR_RULE_TEXT, .text = n->text};
    if (n->type == FR_RULE_TRUTH) return (struct value){.type = FR_RULE_TRUTH, .number = truth_of(m, node)};
    double number = number_of(m, node);
    return (struct value){.type = isnan(number) ? FR_RULE_WRONG : FR_RULE_NUMBER, .number = number};
}

static bool holds(int op, int order) {
    switch (op) {
    case FR_OP_NE: return order != 0;
    case FR_OP_LT: return order < 0;
    case FR_OP_LE: return order <= 0;
    case FR_OP_GT: return order > 0;
    case FR_OP_GE: return order >= 0;
    default: return order == 0;
    }
}

static bool compared(int op, struct value a, struct value b) {
    if (a.type != b.type || a.type == FR_RULE_WRONG) return false;
    if (a.type == FR_RULE_TEXT) {
        bool is_equality = op == FR_OP_EQ || op == FR_OP_NE;
        return holds(op, is_equality ? !fr_str_eq(a.text, b.text) : fr_str_cmp(a.text, b.text));
    }
    if (a.type == FR_RULE_TRUTH && op != FR_OP_EQ && op != FR_OP_NE) return false;
    return holds(op, (a.number > b.number) - (a.number < b.number));
}

static bool is_in(const struct match *m, const struct fr_rule_node *n) {
    struct value sought = value_of(m, n->first);
    for (uint32_t c = m->nodes[n->first].next; c != FR_RULE_NO_NODE; c = m->nodes[c].next)
        if (compared(FR_OP_EQ, sought, value_of(m, c))) return true;
    return false;
}

/* ---- truths ---- */

static bool all_or_any(const struct match *m, uint32_t child, bool decides) {
    for (; child != FR_RULE_NO_NODE; child = m->nodes[child].next)
        if (truth_of(m, child) == decides) return decides;
    return !decides;
}

static bool attribute_truth(const struct match *m, struct fr_str name) {
    struct value v = attribute_value(m, name);
    return v.type == FR_RULE_TRUTH && v.number != 0;
}

static bool truth_of(const struct match *m, uint32_t node) {
    const struct fr_rule_node *n = &m->nodes[node];
    switch (n->op) {
    case FR_OP_TRUTH: return n->number != 0;
    case FR_OP_AND: return all_or_any(m, n->first, false);
    case FR_OP_OR: return all_or_any(m, n->first, true);
    case FR_OP_NOT: return !truth_of(m, n->first);
    case FR_OP_IN: return is_in(m, n);
    case FR_OP_ATTRIBUTE: return attribute_truth(m, n->text);
    case FR_OP_HAS: return attribute_of(m, n->text) != NULL;
    case FR_OP_TOUCHED: return has_mark(m, &m->facts->user->history, n->text, FR_EVENT_NONE);
    case FR_OP_BOUGHT: return has_mark(m, &m->facts->user->history, n->text, FR_EVENT_PURCHASE);
    case FR_OP_FOLLOWS: return has_mark(m, &m->facts->user->followees, n->text, FR_EVENT_FOLLOW);
    case FR_OP_CLICKED: return exposure_to(m, n->text).clicks > 0;
    case FR_OP_CONVERTED: return exposure_to(m, n->text).conversions > 0;
    case FR_OP_SEGMENT: return m->facts->segment && m->facts->segment(m->facts->context, n->text);
    default: return compared(n->op, value_of(m, n->first), value_of(m, m->nodes[n->first].next));
    }
}

bool fr_rule_matches(const struct fr_rule *rule, const struct fr_rule_facts *facts) {
    struct match m = {rule->nodes, facts, facts->now_ms};
    if (m.now_ms < -FR_MARK_ZERO) m.now_ms = -FR_MARK_ZERO;
    if (m.now_ms >= FR_MARK_ZERO) m.now_ms = FR_MARK_ZERO - 1;
    return truth_of(&m, rule->node_n - 1);
}
