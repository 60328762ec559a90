/* rules.h - what configuration decides about events: names, weights, polarity, limits. Filled once at start,
 * then read by decoding, cleaning and every stage.
 *
 * Promise   looking a name up is O(1) and allocates nothing; canonical texts are always known.
 * Not       no validation of configuration: app/config does that and reports where the mistake stands.
 * Threads   written by one, then read by any.
 * Memory    owns its names; fr_event_rules_fini frees them. */
#ifndef FR_EVENT_RULES_H
#define FR_EVENT_RULES_H

#include "freshet/base/dict.h"
#include "freshet/event/event.h"

enum fr_unknown_type { FR_UNKNOWN_TYPE_REJECT, FR_UNKNOWN_TYPE_AS_OTHER };

/* What a behaviour says about the user's taste. */
enum fr_polarity { FR_POLARITY_NEUTRAL, FR_POLARITY_POSITIVE, FR_POLARITY_NEGATIVE };

enum { FR_EVENT_WEIGHT_MAX = 1000, FR_EVENT_TYPE_NAMES = 4096 };

struct fr_event_rules {
    int32_t weight[FR_EVENT_TYPE_N];               /* 0..FR_EVENT_WEIGHT_MAX; 0: not an interest */
    enum fr_event_type undoes[FR_EVENT_TYPE_N];    /* FR_EVENT_NONE: undoes nothing */
    enum fr_polarity polarity[FR_EVENT_TYPE_N];    /* default: weight > 0 positive, dislike negative */
    enum fr_unknown_type unknown_type;             /* default: reject */
    uint32_t max_bytes;                            /* of a record's value; default 262,144 */
    int64_t max_future_ms;                         /* ahead of the record's timestamp; default 300,000 */
    int64_t lateness_ms;                           /* behind the watermark; default 3,600,000 */
    fr_time_ms earliest_ms;                        /* default 2000-01-01T00:00:00Z */
    uint32_t max_per_minute;                       /* events of one user; default 600; 0: no cap */
    struct fr_dict names;                          /* every known name -> a number */
    enum fr_event_type types[FR_EVENT_TYPE_NAMES]; /* that number -> its type */
};

/* Sets every default. r need not be initialised. */
void fr_event_rules_init(struct fr_event_rules *r);
void fr_event_rules_fini(struct fr_event_rules *r);

/* Makes name mean type from now on; a canonical text may be given another meaning too. False when name is
 * empty or there are FR_EVENT_TYPE_NAMES names already. Copies name. */
bool fr_event_rules_add_name(struct fr_event_rules *r, struct fr_str name, enum fr_event_type type);
/* Sets the weight and, with it, the polarity: above 0 positive; 0 leaves dislike negative and makes the rest
 * neutral. False when weight is not in 0..FR_EVENT_WEIGHT_MAX. */
bool fr_event_rules_set_weight(struct fr_event_rules *r, enum fr_event_type type, int32_t weight);

/* FR_EVENT_NONE when the name is not known; the policy for unknown names is fr_clean's. Exact bytes. */
enum fr_event_type fr_event_rules_type(const struct fr_event_rules *r, struct fr_str name);

#endif
