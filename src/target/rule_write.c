/* A tree as text: brackets around every operator, so that no rank of operators needs to be known to read it. */
#include "rule_internal.h"
#include "freshet/base/json.h"

static void write_node(struct fr_buf *out, const struct fr_rule *rule, uint32_t node);

static const char *sign_of(int op) {
    switch (op) {
    case FR_OP_AND: return " and ";
    case FR_OP_OR: return " or ";
    case FR_OP_EQ: return " == ";
    case FR_OP_NE: return " != ";
    case FR_OP_LT: return " < ";
    case FR_OP_LE: return " <= ";
    case FR_OP_GT: return " > ";
    case FR_OP_GE: return " >= ";
    case FR_OP_ADD: return " + ";
    case FR_OP_SUBTRACT: return " - ";
    case FR_OP_MULTIPLY: return " * ";
    case FR_OP_DIVIDE: return " / ";
    default: return NULL;
    }
}

static void put(struct fr_buf *out, const char *text) { fr_buf_str(out, fr_str_of(text)); }

/* Without the commas that fr_json_str puts between values. */
static void quote(struct fr_buf *out, struct fr_str text) {
    fr_buf_end_at(out, fr_json_put_str(fr_buf_reserve(out, FR_JSON_STR_BYTES(text.len)), text));
}

/* From child on, with the sign between them. */
static void write_row(struct fr_buf *out, const struct fr_rule *rule, uint32_t child, const char *sign) {
    for (; child != FR_RULE_NO_NODE; child = rule->nodes[child].next) {
        write_node(out, rule, child);
        if (rule->nodes[child].next != FR_RULE_NO_NODE) put(out, sign);
    }
}

static void write_attribute(struct fr_buf *out, struct fr_str name) {
    if (fr_rule_is_word(name)) {
        fr_buf_str(out, name);
        return;
    }
    put(out, "attribute(");
    quote(out, name);
    put(out, ")");
}

static void write_window(struct fr_buf *out, int64_t ms) {
    static const int64_t units[] = {86400000, 3600000, 60000};
    int u = ms % units[0] == 0 ? 0 : ms % units[1] == 0 ? 1 : 2;
    fr_buf_printf(out, "%lld%c", (long long)(ms / units[u]), "dhm"[u]);
}

static void write_event(struct fr_buf *out, const struct fr_rule_node *n) {
    if (n->event != FR_EVENT_NONE) quote(out, fr_str_of(fr_event_type_text((enum fr_event_type)n->event)));
    if (n->op != FR_OP_COUNT || !n->ms) return;
    put(out, ", ");
    write_window(out, n->ms);
}

static void write_call(struct fr_buf *out, const struct fr_rule_node *n) {
    const struct fr_rule_name *name = fr_rule_name_of((enum fr_rule_op)n->op);
    put(out, name->name);
    if (name->arguments == FR_ARGS_NONE) return;
    put(out, "(");
    if (n->op == FR_OP_HAS)
        write_attribute(out, n->text);
    else if (n->op == FR_OP_COUNT || n->op == FR_OP_SINCE)
        write_event(out, n);
    else
        quote(out, n->text);
    put(out, ")");
}

static void write_operator(struct fr_buf *out, const struct fr_rule *rule, const struct fr_rule_node *n) {
    put(out, n->op == FR_OP_NOT ? "(not " : n->op == FR_OP_NEGATE ? "(-" : "(");
    if (n->op == FR_OP_IN) {
        write_node(out, rule, n->first);
        put(out, " in [");
        write_row(out, rule, rule->nodes[n->first].next, ", ");
        put(out, "]");
    } else
        write_row(out, rule, n->first, sign_of(n->op));
    put(out, ")");
}

static void write_node(struct fr_buf *out, const struct fr_rule *rule, uint32_t node) {
    const struct fr_rule_node *n = &rule->nodes[node];
    if (n->op == FR_OP_NUMBER)
        fr_buf_end_at(out, fr_json_put_double(fr_buf_reserve(out, FR_JSON_DOUBLE_BYTES), n->number));
    else if (n->op == FR_OP_TEXT)
        quote(out, n->text);
    else if (n->op == FR_OP_TRUTH)
        put(out, n->number != 0 ? "true" : "false");
    else if (n->op == FR_OP_ATTRIBUTE)
        write_attribute(out, n->text);
    else if (n->first != FR_RULE_NO_NODE)
        write_operator(out, rule, n);
    else
        write_call(out, n);
}

void fr_rule_write(struct fr_buf *out, const struct fr_rule *rule) {
    write_node(out, rule, rule->node_n - 1);
}
