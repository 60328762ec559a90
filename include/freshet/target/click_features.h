/* click_features.h - a context as numbers for the models: hashed features, each of a field.
 *
 * Wide      for the logistic regression: ids, attributes, hours; every running rate as a number, as a step by how often it
 *           was seen, and as a step by surface; crosses of rates, of ids with surfaces and attributes, of the last answers.
 * Dense     for the factorisation machine: rates and gaps as numbers, and the few-valued: it finds their products.
 * Field     what a person would name as the reason: a feature's log-odds are added up by it.
 * People    there is no weight of a single user's: who somebody is to the model is in the running rates, which can be forgotten.
 *           (Ids of users as features were tried and brought nothing: docs/EVALUATION.md.)
 * Promise   pure. At most FR_CLICK_WIDE and FR_CLICK_DENSE features; absent ids make none. */
#ifndef FR_TARGET_CLICK_FEATURES_H
#define FR_TARGET_CLICK_FEATURES_H

#include "freshet/learn/ftrl.h"
#include "freshet/target/click_context.h"

/* name, how it is called in records, a sentence */
#define FR_CLICK_FIELD_MAP(X)                                                 \
    X(START, "start", "what is common to all impressions")                    \
    X(USER_ATTRIBUTES, "attributes", "what is known of the user")             \
    X(USER_RATE, "user_rate", "how often the user answers")                   \
    X(SHOWN_ID, "shown", "this very creative, campaign, advertiser or topic") \
    X(SHOWN_ATTRIBUTES, "shown_attributes", "what is known of what is shown") \
    X(SHOWN_RATE, "shown_rate", "how often it, or its kind, is answered")     \
    X(PAIR_RATE, "pair_rate", "how the user answered it, or its kind")        \
    X(PLACE, "surface", "where and when it is shown")                         \
    X(RECENT, "recent", "the user's last answers and their pace")

enum fr_click_field {
#define FR_CLICK_FIELD_ENUM(name, text, sentence) FR_CLICK_FIELD_##name,
    FR_CLICK_FIELD_MAP(FR_CLICK_FIELD_ENUM)
#undef FR_CLICK_FIELD_ENUM
        FR_CLICK_FIELDS
};

const char *fr_click_field_name(enum fr_click_field field);
const char *fr_click_field_sentence(enum fr_click_field field);

enum { FR_CLICK_WIDE = 320, FR_CLICK_DENSE = 128 };

struct fr_click_features {
    struct fr_feature wide[FR_CLICK_WIDE], dense[FR_CLICK_DENSE];
    uint8_t wide_fields[FR_CLICK_WIDE], dense_fields[FR_CLICK_DENSE];
    uint32_t wide_n, dense_n;
    double base; /* log-odds of everything so far */
};

/* Places are cut to so many bits. */
void fr_click_features_make(const struct fr_click_context *x, uint32_t wide_bits, uint32_t dense_bits,
                            struct fr_click_features *out);

#endif
