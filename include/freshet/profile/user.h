/* user.h - what the log said about one user, and what one more event changes.
 *
 * Promise   the state is a function of the log: everything but the recent ids and the rate is even a function
 *           of the set of applied events. Every change of a strength or of the group is reported. No
 *           allocation per event once warm, except for new attribute values and session ids.
 * Not       knows no catalogue, model or clock; does not judge lateness (cleaning did).
 * Errors    none: an outcome says what became of the event.
 * Threads   one owner.
 * Memory    a zero-initialised struct with group FR_DICT_NONE (fr_user_init) is an empty user; fr_user_fini
 *           frees. The dictionary is borrowed and must outlive the user: states hold its numbers. */
#ifndef FR_PROFILE_USER_H
#define FR_PROFILE_USER_H

#include "freshet/profile/attributes.h"
#include "freshet/profile/exposures.h"
#include "freshet/profile/history.h"
#include "freshet/profile/sessions.h"

enum { FR_USER_CURRENCY_BYTES = 8 };

struct fr_user {
    uint64_t events;              /* applied; a record with items counts once per item */
    fr_time_ms first_ms, last_ms; /* valid if events > 0 */
    uint32_t counts[FR_EVENT_TYPE_N];
    enum fr_consent consent;
    fr_time_ms consent_ms;       /* valid unless UNSAID */
    enum fr_consent ads_consent; /* to ads in particular */
    fr_time_ms ads_consent_ms;   /* valid unless UNSAID */
    struct fr_profile_attributes attributes;
    uint32_t group; /* in the ids' dictionary; FR_DICT_NONE: no group */
    struct fr_sessions sessions;
    struct fr_history history, followees, sharers;
    struct fr_exposures exposures; /* to campaigns */
    uint64_t *recent; /* [recent_n] hashes of event ids, a ring once full: recent_next is the oldest */
    uint32_t recent_n, recent_cap, recent_next;
    uint32_t rate_n;     /* records applied while rate_minute was the latest minute */
    int64_t rate_minute; /* floor(time / 60,000) of the latest; valid if rate_n > 0 */
    fr_time_ms currency_ms;
    char currency[FR_USER_CURRENCY_BYTES]; /* the latest named one, NUL-terminated; empty: none */
};

enum fr_user_outcome {
    FR_USER_APPLIED,
    FR_USER_DUPLICATE,   /* its id is among the recent ones; nothing changed */
    FR_USER_RATE_CAPPED, /* nothing changed; the caller rejects the record */
    FR_USER_NO_CONSENT,  /* nothing changed but, maybe, the consent itself */
    FR_USER_FORGOTTEN    /* the user is empty now */
};

/* What an event changed. The history changes happened first, under group_before; then the group changed under
 * the history as it stands now. */
struct fr_user_effects {
    struct fr_history_changes changes; /* of strengths in the history, in order */
    uint32_t group_before, group_after;
    bool list_due;         /* history, consent or group changed: a new list should be made */
    bool scores_due;       /* the same, or what the user was shown, or may be: new ad scores should be made */
    struct fr_buf scratch; /* of fr_user_apply */
};

void fr_user_init(struct fr_user *u);
void fr_user_fini(struct fr_user *u); /* leaves an empty user */
bool fr_user_is_empty(const struct fr_user *u);
/* Whether ads may be chosen for the user, trained on the user, or the user be counted in an audience: never after a refusal
 * of either kind; otherwise if either was given, or if nothing needs to be said. */
bool fr_user_allows_ads(const struct fr_user *u, bool must_be_given);

/* Applies a cleaned event with time_ms set. effects is cleared first; clear it with fr_user_effects_fini at
 * the end. An event without an event_id is never a duplicate. For a record with items the record's id stands
 * for all of them. */
enum fr_user_outcome fr_user_apply(struct fr_user *u, const struct fr_event *event,
                                   const struct fr_profile_rules *rules, struct fr_dict *ids,
                                   struct fr_user_effects *effects);
void fr_user_effects_fini(struct fr_user_effects *effects);

/* Works out the group again; fr_user_apply and the codec do it by themselves. */
uint32_t fr_user_group(const struct fr_user *u, const struct fr_profile_rules *rules, struct fr_dict *ids,
                       struct fr_buf *scratch);
/* The context of its histories, for reading and checking. */
struct fr_history_use fr_user_use(const struct fr_user *u, const struct fr_profile_rules *rules,
                                  const struct fr_dict *ids, const struct fr_history *which);
size_t fr_user_bytes(const struct fr_user *u); /* memory it takes, the struct included */
/* NULL, or which invariant is broken. For tests and after decoding. */
const char *fr_user_check(const struct fr_user *u, const struct fr_profile_rules *rules,
                          const struct fr_dict *ids);

#endif
