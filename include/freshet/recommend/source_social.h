/* source_social.h - "social": what people whom the user follows, or whose shares the user opened, touched lately.
 *
 * People    the followees of the query, and the latest `sharers` users whose shares this user opened (learnt from examples
 *           with a sharer); the latest `people` of both.
 * Touches   the latest `touches` items of everybody who is followed by somebody that was seen, who shared, or whose share was
 *           opened. Nobody else's are kept.
 * Influence of a person f is (follow_ups + prior * prior_weight) / (exposures + prior_weight), a Beta prior: an
 *           example of somebody who follows f, while f has touches, is an exposure; when its item is among
 *           them, a follow-up as well. An opened share is a follow-up of share_weight. Both halve each half_life_ms.
 * Score     of an item = sum over people of influence(f) * 2^(-age of f's touch / half_life_ms).
 * Memory    users * (touches * 16 + 130) + openers * (sharers * 4 + 80) bytes at most. */
#ifndef FR_RECOMMEND_SOURCE_SOCIAL_H
#define FR_RECOMMEND_SOURCE_SOCIAL_H

#include "freshet/recommend/source.h"

enum { FR_SOCIAL_SHARERS_MAX = 32 };

struct fr_social_params {
    uint32_t users;      /* whose touches are kept, 1 to 2^24 */
    uint32_t openers;    /* users whose sharers are kept, 1 to 2^24 */
    uint32_t touches;    /* of a user, 1 to 1000 */
    uint32_t sharers;    /* of a user, 1 to FR_SOCIAL_SHARERS_MAX */
    uint32_t people;     /* asked for a query, 1 to 1000 */
    double half_life_ms; /* above 0 */
    double prior;        /* 0 to 1: influence of somebody who is not known */
    double prior_weight; /* above 0: in exposures */
    double share_weight; /* 0 or more */
};

#define FR_SOCIAL_DEFAULTS                                    \
    ((struct fr_social_params){.users = 1u << 18,             \
                               .openers = 1u << 18,           \
                               .touches = 20,                 \
                               .sharers = 8,                  \
                               .people = 50,                  \
                               .half_life_ms = 7. * 86400000, \
                               .prior = .02,                  \
                               .prior_weight = 20,            \
                               .share_weight = 1})

/* p NULL: the defaults. gives; freed by its ops. */
struct fr_source *fr_source_social_new(const struct fr_social_params *p);

#endif
