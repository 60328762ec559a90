/* filter.h - a condition on an item of the catalogue, and how it is written.
 *
 *   category=books|music   one of these levels is in its path       tags!=adult        it has not that tag
 *   brand=acme             attributes.colour=red|blue               price<=100         price=10..50
 *   age_days<=30           since it was created                     attributes.length_s>60
 *
 * Promise   an item that is not in the catalogue, or does not have the field, matches no condition: so it passes a negated
 *           one and no other. Texts are compared bytewise, numbers as numbers.
 * Threads   pure. Memory: a parsed filter lies in the caller's arena. */
#ifndef FR_RECOMMEND_FILTER_H
#define FR_RECOMMEND_FILTER_H

#include "freshet/catalog/item_record.h"

enum fr_filter_field {
    FR_FILTER_CATEGORY,
    FR_FILTER_BRAND,
    FR_FILTER_TAG,
    FR_FILTER_CURRENCY,
    FR_FILTER_ATTRIBUTE,
    FR_FILTER_PRICE,
    FR_FILTER_AGE, /* milliseconds since created; written in days */
};

enum { FR_FILTER_VALUES = 64 };

struct fr_filter {
    enum fr_filter_field field;
    struct fr_str attribute; /* ATTRIBUTE: its name */
    bool is_negated;
    const struct fr_str *values; /* [value_n] any of them; 0: the range below */
    uint32_t value_n;
    double least, most;           /* both included */
    bool above_least, below_most; /* these ends are not included */
};

/* False: *why says what is wrong, a constant text. */
bool fr_filter_parse(struct fr_str text, struct fr_arena *arena, struct fr_filter *out, const char **why);
/* item NULL: not in the catalogue. */
bool fr_filter_passes(const struct fr_filter *f, const struct fr_item_record *item, fr_time_ms now_ms);

#endif
