#include "freshet/target/ad_impression.h"
#include "freshet/base/hash.h"

enum { DAY_MS = 86400000 };

static uint64_t hash_or_0(struct fr_str s) { return s.len ? fr_hash_str(s) : 0; }

void fr_impression_profile(struct fr_impression *out, const struct fr_profile_attributes *attributes) {
    out->user_attribute_n = 0;
    for (uint32_t i = 0; i < attributes->n && out->user_attribute_n < FR_IMPRESSION_USER_ATTRIBUTES; i++) {
        const struct fr_profile_attribute *a = &attributes->at[i];
        if (a->kind != FR_ATTRIBUTE_NULL)
            out->user_attributes[out->user_attribute_n++] = fr_impression_text(a->name, a->text);
    }
}

void fr_ad_impression_user(struct fr_impression *out, struct fr_str user_id, const struct fr_user *u,
                           struct fr_str surface, int32_t position, fr_time_ms time_ms) {
    out->user = hash_or_0(user_id);
    out->surface = hash_or_0(surface);
    out->position = position;
    out->time_ms = time_ms;
    fr_impression_profile(out, &u->attributes);
}

static int32_t age_of(const struct fr_campaign_entry *campaign, fr_time_ms now_ms) {
    fr_time_ms start_ms = campaign ? campaign->record.start_ms : INT64_MIN;
    return start_ms == INT64_MIN || start_ms > now_ms ? -1 : (int32_t)((now_ms - start_ms) / DAY_MS);
}

void fr_ad_impression_campaign(struct fr_impression *out, const struct fr_campaign_entry *campaign,
                               struct fr_str campaign_id, struct fr_str creative_id) {
    out->campaign = campaign ? campaign->id_hash : hash_or_0(campaign_id);
    out->creative = creative_id.len ? fr_hash_str(creative_id) : out->campaign;
    out->advertiser = campaign ? campaign->advertiser_hash : 0;
    out->topic = campaign ? campaign->topic_hash : 0;
    out->age_days = age_of(campaign, out->time_ms);
    out->item_attribute_n = 0;
}

void fr_ad_impression_of(struct fr_impression *out, struct fr_str user_id, const struct fr_user *u,
                         const struct fr_campaign_entry *campaign, struct fr_str campaign_id,
                         struct fr_str creative_id, struct fr_str surface, int32_t position,
                         fr_time_ms time_ms) {
    *out = (struct fr_impression){0};
    fr_ad_impression_user(out, user_id, u, surface, position, time_ms);
    fr_ad_impression_campaign(out, campaign, campaign_id, creative_id);
}
