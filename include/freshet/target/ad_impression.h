/* ad_impression.h - what a click model is asked when a campaign's creative is shown to a user: from the profile, the campaign
 * and the place. Who learns and who scores ask with the same function, or the model would be asked what it never learnt.
 *
 * Parts     the user's part (user, attributes, place, time) and the campaign's part (creative, campaign, advertiser, topic, age)
 *           fill different members: who scores many campaigns fills the first once and the second for each.
 * Hashes    as target/impression.h has them. A creative that is not named is the campaign itself. A campaign that is not
 *           known has neither advertiser nor topic nor age. Age: days since its start, where it has one that has passed.
 * Promise   pure; allocates nothing. */
#ifndef FR_TARGET_AD_IMPRESSION_H
#define FR_TARGET_AD_IMPRESSION_H

#include "freshet/profile/user.h"
#include "freshet/target/campaign_set.h"
#include "freshet/target/impression.h"

/* Attributes as texts, in the order of their names, as many as there is room for; those hidden by a null are none. */
void fr_impression_profile(struct fr_impression *out, const struct fr_profile_attributes *attributes);

/* The campaign's part is left as it is. surface empty, position -1: not said. */
void fr_ad_impression_user(struct fr_impression *out, struct fr_str user_id, const struct fr_user *u,
                           struct fr_str surface, int32_t position, fr_time_ms time_ms);
/* The user's part is left as it is, but out->time_ms must stand: age is as of it. campaign NULL: not known. */
void fr_ad_impression_campaign(struct fr_impression *out, const struct fr_campaign_entry *campaign,
                               struct fr_str campaign_id, struct fr_str creative_id);

/* Both parts. */
void fr_ad_impression_of(struct fr_impression *out, struct fr_str user_id, const struct fr_user *u,
                         const struct fr_campaign_entry *campaign, struct fr_str campaign_id,
                         struct fr_str creative_id, struct fr_str surface, int32_t position,
                         fr_time_ms time_ms);

#endif
