/* rule_internal.h - a rule as a tree of nodes, and what its parts say to each other while it is compiled.
 *
 *     text --rule_scan--> tokens --rule_parse--> nodes, each checked by rule_type as it is made --rule--> one block
 *
 * Tree      children lie before their parent; a parent knows its first child, a child the next one. `and` and `or` have any
 *           number of children, so that a hundred terms in a row are not a hundred levels. */
#ifndef FR_TARGET_RULE_INTERNAL_H
#define FR_TARGET_RULE_INTERNAL_H

#include "freshet/target/rule.h"

enum {
    FR_RULE_NO_NODE = 0xffff,
    FR_RULE_NESTING =
        2 * FR_RULE_DEPTH + 2, /* of the text: what is written has up to two levels for one of the tree */
    FR_RULE_DAYS_MAX = 36500
};

/* ---- scanning ---- */

enum fr_rule_token_kind {
    FR_TOKEN_END,
    FR_TOKEN_NAME,
    FR_TOKEN_NUMBER,
    FR_TOKEN_TEXT,
    FR_TOKEN_DURATION,
    FR_TOKEN_TRUE,
    FR_TOKEN_FALSE,
    FR_TOKEN_AND,
    FR_TOKEN_OR,
    FR_TOKEN_NOT,
    FR_TOKEN_IN,
    FR_TOKEN_EQ,
    FR_TOKEN_NE,
    FR_TOKEN_LT,
    FR_TOKEN_LE,
    FR_TOKEN_GT,
    FR_TOKEN_GE,
    FR_TOKEN_PLUS,
    FR_TOKEN_MINUS,
    FR_TOKEN_TIMES,
    FR_TOKEN_OVER,
    FR_TOKEN_OPEN,
    FR_TOKEN_CLOSE,
    FR_TOKEN_LIST_OPEN,
    FR_TOKEN_LIST_CLOSE,
    FR_TOKEN_COMMA,
    FR_TOKEN_BAD /* its error was told */
};

struct fr_rule_token {
    enum fr_rule_token_kind kind;
    uint32_t at;        /* byte in the text */
    struct fr_str text; /* NAME: in the rule's text; TEXT: without its escapes, in the pool */
    double number;
    int64_t ms; /* of a DURATION */
};

/* ---- the tree ---- */

enum fr_rule_type {
    FR_RULE_NUMBER,
    FR_RULE_TEXT,
    FR_RULE_TRUTH,
    FR_RULE_ANY /* an attribute */,
    FR_RULE_WRONG
};

enum fr_rule_op {
    FR_OP_NUMBER,
    FR_OP_TEXT,
    FR_OP_TRUTH,
    FR_OP_AND,
    FR_OP_OR,
    FR_OP_NOT,
    FR_OP_EQ,
    FR_OP_NE,
    FR_OP_LT,
    FR_OP_LE,
    FR_OP_GT,
    FR_OP_GE,
    FR_OP_IN, /* the first child is sought among the others, which are constants */
    FR_OP_ADD,
    FR_OP_SUBTRACT,
    FR_OP_MULTIPLY,
    FR_OP_DIVIDE,
    FR_OP_NEGATE,
    FR_OP_ATTRIBUTE,
    FR_OP_HAS,
    FR_OP_COUNT, /* of event, all, or within ms when that is not 0 */
    FR_OP_SINCE, /* days since event, FR_EVENT_NONE: any */
    FR_OP_TENURE,
    FR_OP_EVENTS,
    FR_OP_SESSIONS,
    FR_OP_FOLLOWEES,
    FR_OP_INTEREST,
    FR_OP_TOUCHED,
    FR_OP_BOUGHT,
    FR_OP_FOLLOWS,
    FR_OP_EXPOSURES,
    FR_OP_CLICKED,
    FR_OP_CONVERTED,
    FR_OP_SEGMENT,
    FR_OP_PROPENSITY
};

struct fr_rule_node {
    uint8_t op, type, event, depth; /* depth: levels below and with it */
    uint16_t first, next;
    union {
        struct fr_str text;
        double number; /* OP_TRUTH: 0 or 1 */
        int64_t ms;
    };
};

struct fr_rule {
    const struct fr_rule_node *nodes;             /* [node_n]; the last one is the whole */
    const struct fr_str *segments, *propensities; /* each name once */
    uint32_t node_n, segment_n, propensity_n;
};

/* ---- names ---- */

enum fr_rule_arguments {
    FR_ARGS_NONE,      /* a name without brackets */
    FR_ARGS_TEXT,      /* one text */
    FR_ARGS_ATTRIBUTE, /* an attribute */
    FR_ARGS_COUNT,     /* an event's name and maybe a window */
    FR_ARGS_WINDOW,    /* maybe a window */
    FR_ARGS_EVENT      /* maybe an event's name */
};

struct fr_rule_name {
    const char *name;
    enum fr_rule_op op;
    enum fr_rule_type type;
    enum fr_rule_arguments arguments;
    enum fr_event_type event; /* of ARGS_WINDOW */
    const char *example;
};

const struct fr_rule_name *fr_rule_name_find(struct fr_str name); /* NULL: an attribute, or nothing */
const struct fr_rule_name *fr_rule_name_of(enum fr_rule_op op);   /* the first with it */
const char *fr_rule_name_suggest(struct fr_str name);             /* a function's; NULL: none is near */
enum fr_event_type fr_rule_event_find(struct fr_str name);        /* FR_EVENT_NONE: there is none */
const char *fr_rule_event_suggest(struct fr_str name);
bool fr_rule_event_has_times(enum fr_event_type event); /* whether a history keeps its times */
bool fr_rule_is_word(struct fr_str name);               /* may stand for an attribute as it is */
const char *fr_rule_type_text(enum fr_rule_type type);

/* ---- compiling ---- */

enum { FR_RULE_FAULTS = 32 };

struct fr_rule_fault {
    uint32_t at;
    char text[sizeof((struct fr_rule_error *)0)->text];
};

struct fr_rule_parser {
    struct fr_str text;
    uint32_t at; /* of the scanner */
    struct fr_rule_token token;
    const struct fr_rule_scope *scope;
    uint32_t nesting, node_n, pool_n, fault_n;
    bool stopped; /* a bound was reached: what follows says nothing more */
    struct fr_rule_fault faults[FR_RULE_FAULTS];
    struct fr_rule_node nodes[FR_RULE_NODES];
    uint32_t places[FR_RULE_NODES]; /* in the text */
    char pool[FR_RULE_BYTES];
};

void fr_rule_fault(struct fr_rule_parser *p, uint32_t at, const char *format, ...) FR_PRINTF(3, 4);
/* The next token into p->token. */
void fr_rule_scan(struct fr_rule_parser *p);
/* The name, or its beginning, for a message. */
struct fr_str fr_rule_short(struct fr_str name);
/* The whole text as a tree whose root is the last node; without faults only. */
void fr_rule_parse(struct fr_rule_parser *p);
/* Whether the children fit the operator; sets the node's type. A child that is WRONG has been told of. */
void fr_rule_type_check(struct fr_rule_parser *p, uint32_t node);
/* A truth, or something that may be one. */
void fr_rule_type_check_truth(struct fr_rule_parser *p, uint32_t node, const char *what);

#endif
