/* surface.h - the rules of one place where lists are shown.
 *
 * Memory    plain data; borrows its texts and arrays. Read-only after it is made; any thread. */
#ifndef FR_RECOMMEND_SURFACE_H
#define FR_RECOMMEND_SURFACE_H

#include "freshet/recommend/filter.h"
#include "freshet/recommend/list.h"

/* Items that match come earlier (factor above 1) or later. The order changes, a shown score does not. */
struct fr_boost {
    struct fr_filter when;
    double factor; /* > 0 */
};

/* How an item is drawn from those to be explored. */
enum fr_exploring {
    FR_EXPLORE_EVENLY,   /* each with the same chance */
    FR_EXPLORE_THOMPSON, /* by a sample of Beta(1 + taken, 1 + shown - taken) each: promising ones more often */
};

enum { FR_SURFACE_FILTERS = 32, FR_SURFACE_BOOSTS = 32 };

struct fr_surface {
    struct fr_str name;
    uint32_t items;        /* length of a list, 1 to FR_LIST_ITEMS_MAX */
    bool hide_unavailable; /* what the catalogue says is not available is left out */
    enum fr_seen seen;     /* of the history; what was disliked is always left out */
    uint32_t hide_types;   /* and what one of these was done to: bit 1u << enum fr_event_type each */
    fr_time_ms hide_ms;    /* hide_types: for so long after the latest touch; 0: for ever */
    const struct fr_filter *filters; /* [filter_n] all of them must pass */
    const struct fr_boost *boosts;   /* [boost_n] the factors of all that match are multiplied */
    uint32_t filter_n, boost_n;
    double
        rotation; /* 0 to 1: scores are varied by up to this part before they are ordered, anew in each list */
    double diversity;   /* 0 to 1: how much an item loses for resembling what stands above it */
    double exploration; /* 0 to 0.5: share of places given to new or seldom shown items */
    enum fr_exploring exploring;
};

#define FR_SURFACE_DEFAULTS \
    ((struct fr_surface){   \
        .name = FR_STR("default"), .items = 20, .hide_unavailable = true, .seen = FR_SEEN_HIDE})

/* NULL, or which number is out of the ranges above (a constant text). */
const char *fr_surface_fault(const struct fr_surface *s);
/* Filters and availability. item NULL: not in the catalogue, available. */
bool fr_surface_admits(const struct fr_surface *s, const struct fr_item_record *item, fr_time_ms now_ms);
/* The product of the factors of the boosts that match; 1 when none does. */
double fr_surface_boost(const struct fr_surface *s, const struct fr_item_record *item, fr_time_ms now_ms);
/* Whether what was done to an item of the history keeps it out of the list. */
bool fr_surface_hides(const struct fr_surface *s, const struct fr_seed *seed, fr_time_ms now_ms);

#endif
