/* Which types fit which operator. What is an attribute may be anything; what was wrong already is not told twice. */
#include "rule_internal.h"

static enum fr_rule_type type_of(const struct fr_rule_parser *p, uint32_t node) {
    return (enum fr_rule_type)p->nodes[node].type;
}

static bool may_be(enum fr_rule_type type, enum fr_rule_type wanted) {
    return type == wanted || type >= FR_RULE_ANY;
}

void fr_rule_type_check_truth(struct fr_rule_parser *p, uint32_t node, const char *what) {
    if (p->stopped || may_be(type_of(p, node), FR_RULE_TRUTH)) return;
    fr_rule_fault(p, p->places[node], "%s must be true or false, and this is %s: compare it with something",
                  what, fr_rule_type_text(type_of(p, node)));
}

static void check_truths(struct fr_rule_parser *p, uint32_t node, const char *what) {
    for (uint32_t c = p->nodes[node].first; c != FR_RULE_NO_NODE; c = p->nodes[c].next)
        fr_rule_type_check_truth(p, c, what);
    p->nodes[node].type = FR_RULE_TRUTH;
}

static void check_numbers(struct fr_rule_parser *p, uint32_t node) {
    for (uint32_t c = p->nodes[node].first; c != FR_RULE_NO_NODE; c = p->nodes[c].next)
        if (!may_be(type_of(p, c), FR_RULE_NUMBER))
            fr_rule_fault(p, p->places[c], "one calculates with numbers, and this is %s",
                          fr_rule_type_text(type_of(p, c)));
    p->nodes[node].type = FR_RULE_NUMBER;
}

/* The first child with each other one. */
static void check_alike(struct fr_rule_parser *p, uint32_t node) {
    uint32_t first = p->nodes[node].first;
    for (uint32_t c = p->nodes[first].next; c != FR_RULE_NO_NODE; c = p->nodes[c].next)
        if (!may_be(type_of(p, c), type_of(p, first)) && type_of(p, first) < FR_RULE_ANY)
            fr_rule_fault(p, p->places[c], "%s is compared with %s: that is never true",
                          fr_rule_type_text(type_of(p, first)), fr_rule_type_text(type_of(p, c)));
    p->nodes[node].type = FR_RULE_TRUTH;
}

static void check_ordered(struct fr_rule_parser *p, uint32_t node) {
    for (uint32_t c = p->nodes[node].first; c != FR_RULE_NO_NODE; c = p->nodes[c].next)
        if (type_of(p, c) == FR_RULE_TRUTH)
            fr_rule_fault(p, p->places[c], "true and false have no order: use ==, and, or, not");
    check_alike(p, node);
}

void fr_rule_type_check(struct fr_rule_parser *p, uint32_t node) {
    if (p->stopped) return;
    switch (p->nodes[node].op) {
    case FR_OP_AND: check_truths(p, node, "a side of and"); return;
    case FR_OP_OR: check_truths(p, node, "a side of or"); return;
    case FR_OP_NOT: check_truths(p, node, "what follows not"); return;
    case FR_OP_EQ:
    case FR_OP_NE:
    case FR_OP_IN: check_alike(p, node); return;
    case FR_OP_LT:
    case FR_OP_LE:
    case FR_OP_GT:
    case FR_OP_GE: check_ordered(p, node); return;
    default: check_numbers(p, node);
    }
}
