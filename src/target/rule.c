/* Compiling: the parser's tree, moved into one block with its names and texts. */
#include "rule_internal.h"
#include "freshet/base/utf8.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- errors ---- */

void fr_rule_fault(struct fr_rule_parser *p, uint32_t at, const char *format, ...) {
    if (p->fault_n == FR_RULE_FAULTS) return;
    struct fr_rule_fault *fault = &p->faults[p->fault_n++];
    va_list args;
    fault->at = at;
    va_start(args, format);
    vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
}

/* Of a byte of the text; a byte that is no character counts as one. */
static void place_of(struct fr_str text, uint32_t at, uint32_t *line, uint32_t *column) {
    *line = *column = 1;
    for (uint32_t i = 0, step; i < at && i < text.len; i += step ? step : 1) {
        step = fr_utf8_length(text, i);
        ++*column;
        if (text.ptr[i] != '\n') continue;
        ++*line;
        *column = 1;
    }
}

static int compare_faults(const void *a, const void *b) {
    const struct fr_rule_fault *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static void tell(struct fr_rule_parser *p, struct fr_rule_errors *errors) {
    qsort(p->faults, p->fault_n, sizeof p->faults[0], compare_faults);
    for (uint32_t i = 0; i < p->fault_n && errors->n < FR_RULE_ERRORS; i++) {
        struct fr_rule_error *e = &errors->at[errors->n];
        if (i && p->faults[i].at == p->faults[i - 1].at) continue; /* one is enough of one place */
        errors->n++;
        place_of(p->text, p->faults[i].at, &e->line, &e->column);
        memcpy(e->text, p->faults[i].text, sizeof e->text);
    }
}

/* ---- the block ---- */

static bool has_text(const struct fr_rule_node *n) {
    return n->op == FR_OP_TEXT || n->op == FR_OP_ATTRIBUTE || n->op == FR_OP_HAS ||
           (n->op >= FR_OP_INTEREST && n->op <= FR_OP_PROPENSITY);
}

static size_t text_bytes(const struct fr_rule_parser *p) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < p->node_n; i++)
        if (has_text(&p->nodes[i])) bytes += p->nodes[i].text.len;
    return bytes;
}

/* Each name that stands with the operator once; returns how many. */
static uint32_t collect(const struct fr_rule *rule, enum fr_rule_op op, struct fr_str *names) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < rule->node_n; i++) {
        if (rule->nodes[i].op != op) continue;
        uint32_t k = 0;
        while (k < n && !fr_str_eq(names[k], rule->nodes[i].text)) k++;
        if (k == n) names[n++] = rule->nodes[i].text;
    }
    return n;
}

/* rule, nodes, names (room for one a node), texts */
static struct fr_rule *move(const struct fr_rule_parser *p) {
    size_t nodes_bytes = p->node_n * sizeof p->nodes[0];
    struct fr_rule *rule =
        fr_alloc(sizeof *rule + nodes_bytes + p->node_n * sizeof(struct fr_str) + text_bytes(p) + 1);
    struct fr_rule_node *nodes = (struct fr_rule_node *)(rule + 1);
    struct fr_str *names = (struct fr_str *)(nodes + p->node_n);
    char *to = (char *)(names + p->node_n);
    memcpy(nodes, p->nodes, nodes_bytes);
    for (uint32_t i = 0; i < p->node_n; i++) {
        if (!has_text(&nodes[i])) continue;
        char *end = fr_str_put(to, nodes[i].text);
        nodes[i].text.ptr = to;
        to = end;
    }
    *rule = (struct fr_rule){.nodes = nodes, .segments = names, .node_n = p->node_n};
    rule->segment_n = collect(rule, FR_OP_SEGMENT, names);
    rule->propensities = names + rule->segment_n;
    rule->propensity_n = collect(rule, FR_OP_PROPENSITY, names + rule->segment_n);
    return rule;
}

/* What is written must compile again. */
static struct fr_rule *bounded(struct fr_rule *rule, struct fr_rule_parser *p) {
    struct fr_buf written = {0};
    fr_rule_write(&written, rule);
    bool fits = written.len <= FR_RULE_BYTES;
    fr_buf_fini(&written);
    if (fits) return rule;
    fr_rule_fault(p, 0, "written out the rule has more than %d bytes: split it into segments", FR_RULE_BYTES);
    fr_rule_free(rule);
    return NULL;
}

static bool is_readable(struct fr_rule_parser *p) {
    if (p->text.len > FR_RULE_BYTES) {
        fr_rule_fault(p, 0, "the rule has more than %d bytes: split it into segments", FR_RULE_BYTES);
        return false;
    }
    uint32_t at = 0, step = 1;
    while (at < p->text.len && (step = fr_utf8_length(p->text, at))) at += step;
    if (at < p->text.len) fr_rule_fault(p, at, "the text is not UTF-8 from here on");
    return at >= p->text.len;
}

struct fr_rule *fr_rule_compile(struct fr_str text, const struct fr_rule_scope *scope,
                                struct fr_rule_errors *errors) {
    struct fr_rule_parser *p = fr_alloc_zero(1, sizeof *p);
    struct fr_rule *rule = NULL;
    p->text = text;
    p->scope = scope;
    errors->n = 0;
    if (is_readable(p)) fr_rule_parse(p);
    if (!p->fault_n) rule = bounded(move(p), p);
    tell(p, errors);
    free(p);
    return rule;
}

void fr_rule_free(struct fr_rule *rule) { free(rule); }

uint32_t fr_rule_segments(const struct fr_rule *rule, const struct fr_str **names) {
    *names = rule->segments;
    return rule->segment_n;
}

uint32_t fr_rule_propensities(const struct fr_rule *rule, const struct fr_str **names) {
    *names = rule->propensities;
    return rule->propensity_n;
}

bool fr_rule_asks_interests(const struct fr_rule *rule) {
    for (uint32_t i = 0; i < rule->node_n; i++)
        if (rule->nodes[i].op == FR_OP_INTEREST) return true;
    return false;
}
