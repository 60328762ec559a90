/* attributes.h - what a user's profile says (city, age, ...) and the demographic group that follows from it.
 *
 * Promise   last writer wins by (time, value's text), so the order of arrival does not matter. At most
 *           rules->attributes names: those in group_by first, then the bytewise smallest.
 * Threads   one owner.
 * Memory    owns copies of names and values; zero-initialised is empty. */
#ifndef FR_PROFILE_ATTRIBUTES_H
#define FR_PROFILE_ATTRIBUTES_H

#include "freshet/base/buf.h"
#include "freshet/profile/rules.h"

struct fr_profile_attribute {
    struct fr_str name, text; /* one block; text: the value as text: %.6g, true, nothing */
    enum fr_attribute_kind kind;
    double number;
    fr_time_ms time_ms;
};

struct fr_profile_attributes {
    struct fr_profile_attribute *at; /* [n] ascending by name */
    uint32_t n, cap;
};

/* Returns whether anything changed. A null value is a value: it hides an earlier one. */
bool fr_attributes_set(struct fr_profile_attributes *a, const struct fr_profile_rules *rules,
                       const struct fr_attribute *value, fr_time_ms t);
/* Appends the group's name; false (and nothing appended) if the user has none of the group_by attributes. */
bool fr_attributes_group(const struct fr_profile_attributes *a, const struct fr_profile_rules *rules,
                         struct fr_buf *out);
void fr_attributes_fini(struct fr_profile_attributes *a); /* leaves it empty */

#endif
