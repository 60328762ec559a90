/* Tokens into a tree, by recursive descent. What is weaker stands first:
 *
 *     any    = all { "or" all }          all  = negated { "and" negated }      negated = "not" negated | compared
 *     compared = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum | "in" "[" constant { "," constant } "]" ]
 *     sum    = product { ("+" | "-") product }     product = signed { ("*" | "/") signed }     signed = "-" signed | value
 *     value  = number | text | "true" | "false" | name [ "(" arguments ")" ] | "(" any ")"
 *
 * Faults    a wrong value becomes a node of type WRONG, what follows it is skipped up to the next `and`, `or` or bracket, and
 *           parsing goes on, so that one look shows most of what is wrong. */
#include "rule_internal.h"

static uint32_t parse_any(struct fr_rule_parser *p);

static enum fr_rule_token_kind kind(const struct fr_rule_parser *p) { return p->token.kind; }

static bool take(struct fr_rule_parser *p, enum fr_rule_token_kind wanted) {
    if (kind(p) != wanted) return false;
    fr_rule_scan(p);
    return true;
}

/* A bound is reached. */
static void stop(struct fr_rule_parser *p, uint32_t at, const char *what, int bound, const char *of) {
    if (!p->stopped)
        fr_rule_fault(p, at, "%s more than %d %s: split the rule into segments", what, bound, of);
    p->stopped = true;
    p->token.kind = FR_TOKEN_END;
}

static uint32_t add(struct fr_rule_parser *p, enum fr_rule_op op, enum fr_rule_type type, uint32_t at) {
    if (p->node_n == FR_RULE_NODES) stop(p, at, "the rule has", FR_RULE_NODES, "parts");
    if (p->stopped) return 0;
    p->nodes[p->node_n] = (struct fr_rule_node){.op = (uint8_t)op,
                                                .type = (uint8_t)type,
                                                .event = FR_EVENT_NONE,
                                                .depth = 1,
                                                .first = FR_RULE_NO_NODE,
                                                .next = FR_RULE_NO_NODE};
    p->places[p->node_n] = at;
    return p->node_n++;
}

/* A node over children that are linked from first on. */
static uint32_t add_over(struct fr_rule_parser *p, enum fr_rule_op op, uint32_t at, uint32_t first) {
    uint32_t node = add(p, op, FR_RULE_WRONG, at);
    if (p->stopped) return node;
    p->nodes[node].first = (uint16_t)first;
    for (uint32_t c = first; c != FR_RULE_NO_NODE; c = p->nodes[c].next)
        if (p->nodes[c].depth >= p->nodes[node].depth) p->nodes[node].depth = p->nodes[c].depth + 1;
    if (p->nodes[node].depth > FR_RULE_DEPTH) stop(p, at, "the rule has", FR_RULE_DEPTH, "levels");
    fr_rule_type_check(p, node);
    return node;
}

static uint32_t add_pair(struct fr_rule_parser *p, enum fr_rule_op op, uint32_t at, uint32_t a, uint32_t b) {
    if (!p->stopped) p->nodes[a].next = (uint16_t)b;
    return add_over(p, op, at, a);
}

static bool enter(struct fr_rule_parser *p) {
    if (++p->nesting > FR_RULE_NESTING)
        stop(p, p->token.at, "brackets and signs are nested", FR_RULE_NESTING, "deep");
    return !p->stopped;
}

/* ---- faults ---- */

static bool ends_value(enum fr_rule_token_kind k) {
    return k == FR_TOKEN_END || k == FR_TOKEN_AND || k == FR_TOKEN_OR || k == FR_TOKEN_CLOSE;
}

/* What stands here is no value. Its error is told unless the scanner has told it. */
static uint32_t wrong(struct fr_rule_parser *p, const char *why) {
    uint32_t at = p->token.at;
    if (kind(p) != FR_TOKEN_BAD) fr_rule_fault(p, at, "%s", why);
    while (!ends_value(kind(p))) fr_rule_scan(p);
    return add(p, FR_OP_TRUTH, FR_RULE_WRONG, at);
}

/* Behind the bracket that closes the arguments. */
static void skip_arguments(struct fr_rule_parser *p) {
    for (uint32_t open = 1; open && kind(p) != FR_TOKEN_END; fr_rule_scan(p)) {
        if (kind(p) == FR_TOKEN_OPEN) open++;
        if (kind(p) == FR_TOKEN_CLOSE) open--;
    }
}

/* ---- arguments ---- */

static bool take_text(struct fr_rule_parser *p, struct fr_str *text) {
    if (kind(p) != FR_TOKEN_TEXT) return false;
    if (!p->token.text.len) fr_rule_fault(p, p->token.at, "a name is empty");
    *text = p->token.text;
    fr_rule_scan(p);
    return true;
}

static bool take_window(struct fr_rule_parser *p, struct fr_rule_node *node) {
    node->ms = p->token.ms;
    if (take(p, FR_TOKEN_DURATION)) return true;
    if (kind(p) == FR_TOKEN_NUMBER)
        fr_rule_fault(p, p->token.at, "a window has a unit: 30d, 12h or 45m"), p->token.kind = FR_TOKEN_BAD;
    return false;
}

static bool take_event(struct fr_rule_parser *p, struct fr_rule_node *node) {
    struct fr_str name;
    uint32_t at = p->token.at;
    if (!take_text(p, &name)) return false;
    node->event = (uint8_t)fr_rule_event_find(name);
    if (node->event != FR_EVENT_NONE) return true;
    const char *near = fr_rule_event_suggest(name);
    fr_rule_fault(p, at, "there is no event \"%.*s\"%s%s%s", FR_STR_ARG(fr_rule_short(name)),
                  near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return true;
}

static void need_times(struct fr_rule_parser *p, const struct fr_rule_node *node, uint32_t at) {
    if (node->event != FR_EVENT_NONE && !fr_rule_event_has_times((enum fr_event_type)node->event))
        fr_rule_fault(p, at, "no times are kept of %s: only count(\"%s\") is known",
                      fr_event_type_text((enum fr_event_type)node->event),
                      fr_event_type_text((enum fr_event_type)node->event));
}

static bool take_count(struct fr_rule_parser *p, struct fr_rule_node *node) {
    uint32_t at = p->token.at;
    if (!take_event(p, node)) return false;
    if (!take(p, FR_TOKEN_COMMA)) return true;
    need_times(p, node, at);
    return take_window(p, node);
}

static bool take_since(struct fr_rule_parser *p, struct fr_rule_node *node) {
    uint32_t at = p->token.at;
    if (kind(p) == FR_TOKEN_CLOSE) return true;
    if (!take_event(p, node)) return false;
    need_times(p, node, at);
    return true;
}

/* country or attribute("home city") */
static bool take_attribute(struct fr_rule_parser *p, struct fr_rule_node *node) {
    node->text = p->token.text;
    if (kind(p) != FR_TOKEN_NAME) return false;
    if (!fr_rule_name_find(p->token.text)) return take(p, FR_TOKEN_NAME);
    if (!fr_str_eq(p->token.text, FR_STR("attribute"))) return false;
    fr_rule_scan(p);
    return take(p, FR_TOKEN_OPEN) && take_text(p, &node->text) && take(p, FR_TOKEN_CLOSE);
}

static bool take_arguments(struct fr_rule_parser *p, const struct fr_rule_name *name,
                           struct fr_rule_node *node) {
    switch (name->arguments) {
    case FR_ARGS_TEXT: return take_text(p, &node->text);
    case FR_ARGS_ATTRIBUTE: return take_attribute(p, node);
    case FR_ARGS_COUNT: return take_count(p, node);
    case FR_ARGS_WINDOW: return kind(p) == FR_TOKEN_CLOSE || take_window(p, node);
    case FR_ARGS_EVENT: return take_since(p, node);
    case FR_ARGS_NONE: break;
    }
    return false;
}

/* ---- values ---- */

static uint32_t unknown_function(struct fr_rule_parser *p, struct fr_str name, uint32_t at) {
    const char *near = fr_rule_name_suggest(name);
    fr_rule_fault(p, at, "there is no %.*s(..)%s%s%s", FR_STR_ARG(fr_rule_short(name)),
                  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    skip_arguments(p);
    return add(p, FR_OP_TRUTH, FR_RULE_WRONG, at);
}

/* The bracket is open. */
static uint32_t parse_call(struct fr_rule_parser *p, const struct fr_rule_name *name, uint32_t at) {
    uint32_t node = add(p, name->op, name->type, at), faults_before = p->fault_n;
    if (p->stopped) return 0;
    p->nodes[node].event = (uint8_t)name->event;
    if (name->op == FR_OP_SEGMENT && !(p->scope && p->scope->has_segments))
        fr_rule_fault(p, at, "segments cannot be named here: a segment's rule stands alone");
    if (take_arguments(p, name, &p->nodes[node]) && take(p, FR_TOKEN_CLOSE)) return node;
    if (p->fault_n == faults_before) fr_rule_fault(p, at, "write it like %s", name->example);
    skip_arguments(p);
    return node;
}

static uint32_t parse_name(struct fr_rule_parser *p) {
    struct fr_str text = p->token.text;
    uint32_t at = p->token.at;
    const struct fr_rule_name *name = fr_rule_name_find(text);
    fr_rule_scan(p);
    bool has_bracket = take(p, FR_TOKEN_OPEN);
    if (!name && has_bracket) return unknown_function(p, text, at);
    if (!name) {
        uint32_t node = add(p, FR_OP_ATTRIBUTE, FR_RULE_ANY, at);
        if (!p->stopped) p->nodes[node].text = text;
        return node;
    }
    if (has_bracket == (name->arguments != FR_ARGS_NONE))
        return has_bracket ? parse_call(p, name, at) : add(p, name->op, name->type, at);
    fr_rule_fault(p, at, "write it like %s; an attribute of that name is attribute(\"%s\")", name->example,
                  name->name);
    if (has_bracket) skip_arguments(p);
    return add(p, FR_OP_TRUTH, FR_RULE_WRONG, at);
}

/* A number, a text, true or false. */
static uint32_t parse_constant(struct fr_rule_parser *p, bool is_negative) {
    struct fr_rule_token t = p->token;
    bool is_truth = t.kind == FR_TOKEN_TRUE || t.kind == FR_TOKEN_FALSE, is_text = t.kind == FR_TOKEN_TEXT;
    enum fr_rule_op op = is_truth ? FR_OP_TRUTH : is_text ? FR_OP_TEXT : FR_OP_NUMBER;
    uint32_t node = add(p, op, is_truth ? FR_RULE_TRUTH : is_text ? FR_RULE_TEXT : FR_RULE_NUMBER, t.at);
    if (p->stopped) return node;
    if (is_text)
        p->nodes[node].text = t.text;
    else
        p->nodes[node].number =
            is_truth ? t.kind == FR_TOKEN_TRUE : (is_negative ? -t.number : t.number) + 0.0;
    fr_rule_scan(p);
    return node;
}

static uint32_t parse_bracket(struct fr_rule_parser *p) {
    uint32_t at = p->token.at;
    if (!enter(p)) return 0;
    fr_rule_scan(p);
    uint32_t node = parse_any(p);
    p->nesting--;
    if (take(p, FR_TOKEN_CLOSE) || p->stopped) return node;
    if (kind(p) == FR_TOKEN_END)
        fr_rule_fault(p, at, "a bracket is not closed: ) is missing");
    else {
        node = wrong(p, "an operator or ) should stand here");
        take(p, FR_TOKEN_CLOSE);
    }
    return node;
}

static uint32_t parse_value(struct fr_rule_parser *p) {
    switch ((int)kind(p)) {
    case FR_TOKEN_NUMBER:
    case FR_TOKEN_TEXT:
    case FR_TOKEN_TRUE:
    case FR_TOKEN_FALSE: return parse_constant(p, false);
    case FR_TOKEN_NAME: return parse_name(p);
    case FR_TOKEN_OPEN: return parse_bracket(p);
    case FR_TOKEN_DURATION:
        return wrong(p, "a duration stands in brackets only, as in purchases(30d); days are numbers: 30");
    case FR_TOKEN_LIST_OPEN: return wrong(p, "a list stands behind in only: country in [\"CN\", \"JP\"]");
    case FR_TOKEN_NOT: return wrong(p, "not needs brackets here: (not ..)");
    case FR_TOKEN_END: return wrong(p, "the rule ends where a value should stand");
    default: return wrong(p, "a value should stand here");
    }
}

static uint32_t parse_signed(struct fr_rule_parser *p) {
    uint32_t at = p->token.at;
    if (kind(p) != FR_TOKEN_MINUS) return parse_value(p);
    if (!enter(p)) return 0;
    fr_rule_scan(p);
    uint32_t child = parse_signed(p);
    p->nesting--;
    return add_over(p, FR_OP_NEGATE, at, child);
}

static uint32_t parse_product(struct fr_rule_parser *p) {
    uint32_t left = parse_signed(p);
    while (kind(p) == FR_TOKEN_TIMES || kind(p) == FR_TOKEN_OVER) {
        enum fr_rule_op op = kind(p) == FR_TOKEN_TIMES ? FR_OP_MULTIPLY : FR_OP_DIVIDE;
        uint32_t at = p->token.at;
        fr_rule_scan(p);
        left = add_pair(p, op, at, left, parse_signed(p));
    }
    return left;
}

static uint32_t parse_sum(struct fr_rule_parser *p) {
    uint32_t left = parse_product(p);
    while (kind(p) == FR_TOKEN_PLUS || kind(p) == FR_TOKEN_MINUS) {
        enum fr_rule_op op = kind(p) == FR_TOKEN_PLUS ? FR_OP_ADD : FR_OP_SUBTRACT;
        uint32_t at = p->token.at;
        fr_rule_scan(p);
        left = add_pair(p, op, at, left, parse_product(p));
    }
    return left;
}

/* ---- truths ---- */

/* A constant of a list, or NO_NODE. */
static uint32_t parse_member(struct fr_rule_parser *p) {
    bool is_negative = take(p, FR_TOKEN_MINUS);
    enum fr_rule_token_kind k = kind(p);
    bool is_other = k == FR_TOKEN_TEXT || k == FR_TOKEN_TRUE || k == FR_TOKEN_FALSE;
    if (k == FR_TOKEN_NUMBER || (is_other && !is_negative)) return parse_constant(p, is_negative);
    return FR_RULE_NO_NODE;
}

static uint32_t parse_list(struct fr_rule_parser *p, uint32_t left, uint32_t at) {
    uint32_t last = left;
    if (!take(p, FR_TOKEN_LIST_OPEN)) return wrong(p, "a list should stand behind in: [\"CN\", \"JP\"]");
    do {
        uint32_t member = parse_member(p);
        if (member == FR_RULE_NO_NODE) return wrong(p, "a list has numbers, texts, true and false only");
        if (p->stopped) return 0;
        p->nodes[last].next = (uint16_t)member;
        last = member;
    } while (take(p, FR_TOKEN_COMMA));
    if (!take(p, FR_TOKEN_LIST_CLOSE)) return wrong(p, "a comma or ] should stand here");
    return add_over(p, FR_OP_IN, at, left);
}

static bool is_comparison(enum fr_rule_token_kind k) { return k >= FR_TOKEN_EQ && k <= FR_TOKEN_GE; }

static uint32_t parse_compared(struct fr_rule_parser *p) {
    uint32_t left = parse_sum(p), at = p->token.at;
    if (take(p, FR_TOKEN_IN)) return parse_list(p, left, at);
    if (!is_comparison(kind(p))) return left;
    enum fr_rule_op op = (enum fr_rule_op)(FR_OP_EQ + (kind(p) - FR_TOKEN_EQ));
    fr_rule_scan(p);
    left = add_pair(p, op, at, left, parse_sum(p));
    return is_comparison(kind(p)) ? wrong(p, "comparisons do not chain: write a < b and b < c") : left;
}

static uint32_t parse_negated(struct fr_rule_parser *p) {
    uint32_t at = p->token.at;
    if (kind(p) != FR_TOKEN_NOT) return parse_compared(p);
    if (!enter(p)) return 0;
    fr_rule_scan(p);
    uint32_t child = parse_negated(p);
    p->nesting--;
    return add_over(p, FR_OP_NOT, at, child);
}

/* One or more of a kind between `and` or `or`. */
static uint32_t parse_row(struct fr_rule_parser *p, enum fr_rule_token_kind between, enum fr_rule_op op,
                          uint32_t (*part)(struct fr_rule_parser *)) {
    uint32_t first = part(p), last = first, at = p->token.at;
    if (kind(p) != between) return first;
    while (take(p, between)) {
        uint32_t next = part(p);
        if (p->stopped) return 0;
        p->nodes[last].next = (uint16_t)next;
        last = next;
    }
    return add_over(p, op, at, first);
}

static uint32_t parse_all(struct fr_rule_parser *p) {
    return parse_row(p, FR_TOKEN_AND, FR_OP_AND, parse_negated);
}

static uint32_t parse_any(struct fr_rule_parser *p) { return parse_row(p, FR_TOKEN_OR, FR_OP_OR, parse_all); }

void fr_rule_parse(struct fr_rule_parser *p) {
    fr_rule_scan(p);
    if (kind(p) == FR_TOKEN_END && !p->fault_n) {
        uint32_t node = add(p, FR_OP_TRUTH, FR_RULE_TRUTH, 0);
        p->nodes[node].number = 1;
        return;
    }
    uint32_t root = parse_any(p);
    if (kind(p) != FR_TOKEN_END && !p->fault_n)
        fr_rule_fault(p, p->token.at,
                      kind(p) == FR_TOKEN_CLOSE ? "this ) closes nothing"
                                                : "and, or, or a comparison should stand here");
    fr_rule_type_check_truth(p, root, "a rule");
}
