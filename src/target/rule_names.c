/* The names that a rule knows, and the nearest one to a name that it does not know. */
#include "rule_internal.h"
#include "freshet/base/suggest.h"

static const struct fr_rule_name names[] = {
    {"attribute", FR_OP_ATTRIBUTE, FR_RULE_ANY, FR_ARGS_TEXT, FR_EVENT_NONE, "attribute(\"home city\")"},
    {"has", FR_OP_HAS, FR_RULE_TRUTH, FR_ARGS_ATTRIBUTE, FR_EVENT_NONE, "has(country)"},
    {"count", FR_OP_COUNT, FR_RULE_NUMBER, FR_ARGS_COUNT, FR_EVENT_NONE, "count(\"purchase\", 30d)"},
    {"purchases", FR_OP_COUNT, FR_RULE_NUMBER, FR_ARGS_WINDOW, FR_EVENT_PURCHASE, "purchases(30d)"},
    {"clicks", FR_OP_COUNT, FR_RULE_NUMBER, FR_ARGS_WINDOW, FR_EVENT_CLICK, "clicks(30d)"},
    {"likes", FR_OP_COUNT, FR_RULE_NUMBER, FR_ARGS_WINDOW, FR_EVENT_LIKE, "likes(30d)"},
    {"shares", FR_OP_COUNT, FR_RULE_NUMBER, FR_ARGS_WINDOW, FR_EVENT_SHARE, "shares(30d)"},
    {"views", FR_OP_COUNT, FR_RULE_NUMBER, FR_ARGS_WINDOW, FR_EVENT_VIEW, "views(30d)"},
    {"carts", FR_OP_COUNT, FR_RULE_NUMBER, FR_ARGS_WINDOW, FR_EVENT_ADD_TO_CART, "carts(30d)"},
    {"comments", FR_OP_COUNT, FR_RULE_NUMBER, FR_ARGS_WINDOW, FR_EVENT_COMMENT, "comments(30d)"},
    {"days_since", FR_OP_SINCE, FR_RULE_NUMBER, FR_ARGS_EVENT, FR_EVENT_NONE, "days_since(\"purchase\")"},
    {"tenure_days", FR_OP_TENURE, FR_RULE_NUMBER, FR_ARGS_NONE, FR_EVENT_NONE, "tenure_days"},
    {"events", FR_OP_EVENTS, FR_RULE_NUMBER, FR_ARGS_NONE, FR_EVENT_NONE, "events"},
    {"sessions", FR_OP_SESSIONS, FR_RULE_NUMBER, FR_ARGS_NONE, FR_EVENT_NONE, "sessions"},
    {"followees", FR_OP_FOLLOWEES, FR_RULE_NUMBER, FR_ARGS_NONE, FR_EVENT_NONE, "followees"},
    {"interest", FR_OP_INTEREST, FR_RULE_NUMBER, FR_ARGS_TEXT, FR_EVENT_NONE, "interest(\"shoes\")"},
    {"touched", FR_OP_TOUCHED, FR_RULE_TRUTH, FR_ARGS_TEXT, FR_EVENT_NONE, "touched(\"item\")"},
    {"bought", FR_OP_BOUGHT, FR_RULE_TRUTH, FR_ARGS_TEXT, FR_EVENT_NONE, "bought(\"item\")"},
    {"follows", FR_OP_FOLLOWS, FR_RULE_TRUTH, FR_ARGS_TEXT, FR_EVENT_NONE, "follows(\"user\")"},
    {"exposures", FR_OP_EXPOSURES, FR_RULE_NUMBER, FR_ARGS_TEXT, FR_EVENT_NONE, "exposures(\"campaign\")"},
    {"clicked", FR_OP_CLICKED, FR_RULE_TRUTH, FR_ARGS_TEXT, FR_EVENT_NONE, "clicked(\"campaign\")"},
    {"converted", FR_OP_CONVERTED, FR_RULE_TRUTH, FR_ARGS_TEXT, FR_EVENT_NONE, "converted(\"campaign\")"},
    {"segment", FR_OP_SEGMENT, FR_RULE_TRUTH, FR_ARGS_TEXT, FR_EVENT_NONE, "segment(\"vip\")"},
    {"propensity", FR_OP_PROPENSITY, FR_RULE_NUMBER, FR_ARGS_TEXT, FR_EVENT_NONE,
     "propensity(\"purchase\")"}};
enum { NAMES = sizeof names / sizeof *names, WORD_BYTES = 64 };

static const struct {
    const char *name;
    bool has_times;
} event_names[] = {
#define EVENT_NAME(name, text, weight, undoes, needs) \
    {text, (weight) > 0 || FR_EVENT_##name == FR_EVENT_DISLIKE},
    FR_EVENT_TYPE_MAP(EVENT_NAME)
#undef EVENT_NAME
};

const struct fr_rule_name *fr_rule_name_find(struct fr_str name) {
    for (int i = 0; i < NAMES; i++)
        if (fr_str_eq(name, fr_str_of(names[i].name))) return &names[i];
    return NULL;
}

const struct fr_rule_name *fr_rule_name_of(enum fr_rule_op op) {
    for (int i = 0; i < NAMES; i++)
        if (names[i].op == op) return &names[i];
    return NULL;
}

static const char *suggest(struct fr_str name, const char *const *known, uint32_t n) {
    char word[WORD_BYTES + 1];
    if (name.len > WORD_BYTES || (name.len && memchr(name.ptr, 0, name.len))) return NULL;
    *fr_str_put(word, name) = 0;
    return fr_suggest(word, known, n);
}

const char *fr_rule_name_suggest(struct fr_str name) {
    const char *known[NAMES];
    for (int i = 0; i < NAMES; i++) known[i] = names[i].name;
    return suggest(name, known, NAMES);
}

enum fr_event_type fr_rule_event_find(struct fr_str name) {
    for (int i = 0; i < FR_EVENT_TYPE_N; i++)
        if (fr_str_eq(name, fr_str_of(event_names[i].name))) return (enum fr_event_type)i;
    return FR_EVENT_NONE;
}

const char *fr_rule_event_suggest(struct fr_str name) {
    const char *known[FR_EVENT_TYPE_N];
    for (int i = 0; i < FR_EVENT_TYPE_N; i++) known[i] = event_names[i].name;
    return suggest(name, known, FR_EVENT_TYPE_N);
}

bool fr_rule_event_has_times(enum fr_event_type event) { return event_names[event].has_times; }

bool fr_rule_is_word(struct fr_str name) {
    static const char *const reserved[] = {"and", "or", "not", "in", "true", "false"};
    if (!name.len || (name.ptr[0] >= '0' && name.ptr[0] <= '9') || fr_rule_name_find(name)) return false;
    for (uint32_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && c != '_' && !(c >= '0' && c <= '9')) return false;
    }
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (fr_str_eq(name, fr_str_of(reserved[i]))) return false;
    return true;
}

const char *fr_rule_type_text(enum fr_rule_type type) {
    static const char *const texts[] = {"a number", "a text", "true or false", "an attribute", "wrong"};
    return texts[type];
}
