/* rule.h - who may see a campaign, who is in a segment: a small language over a user's profile, docs/RULES.md.
 *
 *     country == "CN" and purchases(30d) >= 1 and interest("shoes") > 0.3 and not segment("vip")
 *
 * Promise   a text is a rule, or it has errors at line and column; a rule gives true or false for every user. It has no
 *           loops, and its cost is bounded: at most FR_RULE_NODES steps, each bounded by the profile's bounds. What
 *           is not known (an attribute that was never said, a propensity without a model, 1 / 0) makes each comparison with it
 *           false, != too; from a comparison on there is only true and false, so `not` of it is true. Counts within a window
 *           are of the times that the history keeps (docs/STATE.md): lower bounds. Matching allocates nothing.
 * Types     number, text, truth; attributes have the type that they were said with, and a comparison of unlike types is false.
 *           All else is typed when it is compiled: `interest("a") == "b"` is an error.
 * Threads   a compiled rule is read-only. Memory: compile gives; texts are copied. */
#ifndef FR_TARGET_RULE_H
#define FR_TARGET_RULE_H

#include "freshet/base/buf.h"
#include "freshet/profile/user.h"
#include "freshet/target/interests.h"

/* BYTES: of the text, and of the rule when it is written. */
enum { FR_RULE_BYTES = 8192, FR_RULE_NODES = 512, FR_RULE_DEPTH = 64, FR_RULE_ERRORS = 8 };

struct fr_rule_error {
    uint32_t line, column; /* from 1; columns count characters */
    char text[128];        /* what is wrong, and what would do */
};

struct fr_rule_errors {
    struct fr_rule_error at[FR_RULE_ERRORS]; /* [n] the first ones, in the order of the text */
    uint32_t n;
};

/* What may stand in a rule besides what always may. */
struct fr_rule_scope {
    bool has_segments; /* segment("..") is allowed; not in the rules of segments themselves */
};

struct fr_rule;

/* An empty text, or one of blanks, is a rule that is always true. scope NULL: nothing more may stand in it. NULL: *errors
 * says why. gives */
struct fr_rule *fr_rule_compile(struct fr_str text, const struct fr_rule_scope *scope,
                                struct fr_rule_errors *errors);
void fr_rule_free(struct fr_rule *rule);
/* Appends the rule as it was understood, fully bracketed; compiles to the same. */
void fr_rule_write(struct fr_buf *out, const struct fr_rule *rule);

/* Names in segment("..") and propensity(".."), each once, in the order of the text. Lent. */
uint32_t fr_rule_segments(const struct fr_rule *rule, const struct fr_str **names);
uint32_t fr_rule_propensities(const struct fr_rule *rule, const struct fr_str **names);

/* Whether it asks for interests: else they need not be worked out. */
bool fr_rule_asks_interests(const struct fr_rule *rule);

/* What a rule is asked about. All borrowed. */
struct fr_rule_facts {
    const struct fr_user *user;
    const struct fr_profile_rules *rules;
    const struct fr_dict *ids; /* the profile's */
    fr_time_ms now_ms;
    struct fr_interests interests; /* only asked if fr_rule_asks_interests */
    /* NULL: none. false: not in it, or there is no such segment. */
    bool (*segment)(void *context, struct fr_str name);
    /* NULL: none. NAN: not known. */
    double (*propensity)(void *context, struct fr_str task);
    void *context;
};

bool fr_rule_matches(const struct fr_rule *rule, const struct fr_rule_facts *facts);

#endif
