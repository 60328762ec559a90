/* session_rules.h - what sessions say pair by pair: sequential rules ("b follows a") and association rules ("a and b in one
 * visit").
 *
 *     weight(a, b) = sum over the pairs of places i < j, j - i <= window, of one session, with a at i and b at j, of
 *                    1 / (j - i)   following          or 1, also for (b, a), a != b   together
 *                    times 2^(-(sessions since) / half_life)
 *     score(b) = sum over the session's places p = 0, 1, .. from the newest, of
 *                    fade^p * weight(item at p, b) / total(b)^popularity
 *
 *           total(b) = sum of weight(., b). After SR and AR of Kamehkhosh et al. 2017.
 * Promise   a function of the sessions; the same sums in any numbering, as rows are added up in the order of the sessions.
 * Threads   a fitted table is read-only.
 * Memory    8 bytes for each pair kept, at most FR_SESSION_RULES_ROW of an item; fitting 12 for each pair counted. */
#ifndef FR_LEARN_SESSION_RULES_H
#define FR_LEARN_SESSION_RULES_H

#include "freshet/learn/visits.h"
#include "freshet/recommend/scratch.h"
#include <stdbool.h>

enum { FR_SESSION_RULES_ROW = 300 };

struct fr_session_rules_params {
    bool together;
    uint32_t window;   /* 1 or more */
    double half_life;  /* in sessions, above 0 */
    double fade;       /* 0 to 1; 0: only the newest item speaks */
    double popularity; /* 0 to 1 */
};

struct fr_session_rules;

/* Of the first session_n sessions; items are below ids->n, the ids decide which of equal pairs a full row keeps. gives */
struct fr_session_rules *fr_session_rules_new(const struct fr_visits *v, uint32_t session_n,
                                              const struct fr_dict *ids,
                                              const struct fr_session_rules_params *p);
void fr_session_rules_free(struct fr_session_rules *r);
/* Adds the scores to votes, which has room for all numbers. items[n] oldest first. */
void fr_session_rules_vote(const struct fr_session_rules *r, const uint32_t *items, uint32_t n,
                           struct fr_scratch *votes);

#endif
