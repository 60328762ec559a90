/* impression.h - what was known when something was shown to somebody: a click model's question.
 *
 * Ids are fr_hash_str of the text, 0 where there is none. Attributes are hashes of name and value (fr_impression_text,
 * fr_impression_number). What is shown stands in a hierarchy: creative < campaign < advertiser < topic. A feed's item is its
 * own creative, its brand or author the advertiser, its tags or category the topic. */
#ifndef FR_TARGET_IMPRESSION_H
#define FR_TARGET_IMPRESSION_H

#include "freshet/base/clock.h"

enum { FR_IMPRESSION_USER_ATTRIBUTES = 32, FR_IMPRESSION_ITEM_ATTRIBUTES = 12 };

struct fr_impression {
    fr_time_ms time_ms;
    uint64_t user, creative, campaign, advertiser, topic, surface;
    int32_t position; /* in the list it was shown in, from 0; -1: not said */
    int32_t age_days; /* since it was made; -1: not known */
    uint32_t user_attribute_n, item_attribute_n;
    uint32_t user_attributes[FR_IMPRESSION_USER_ATTRIBUTES];
    uint32_t item_attributes[FR_IMPRESSION_ITEM_ATTRIBUTES];
};

/* Attributes as hashes. A number counts by its power of two, with sign: 5 and 7 are alike. */
uint32_t fr_impression_text(struct fr_str name, struct fr_str value);
uint32_t fr_impression_number(struct fr_str name, double value);

#endif
