/* What the user stage tells the click and conversion models: impressions, clicks and conversions of campaigns by people whose ads
 * may be chosen for them, and whom to forget.
 *
 * Privacy    an entry is made only of an event that counted, of a user who allows ads after it. Who does not any more, or is
 *            deleted, is taken out of the models by an entry in the same log, behind all that was told before. */
#include "freshet/base/hash.h"
#include "freshet/run/examples.h"
#include "freshet/target/ad_impression.h"
#include "stage_user_internal.h"

bool user_allows_ads(const struct user_stage *s, const struct fr_user *u) {
    return fr_user_allows_ads(u, s->rules->ads.consent_must_be_given);
}

/* FR_AD_EXAMPLE_KINDS: it says nothing of ads. */
static enum fr_ad_example_kind kind_of(const struct fr_event *e) {
    if (!e->campaign_id.len) return FR_AD_EXAMPLE_KINDS;
    if (e->type == FR_EVENT_AD_IMPRESSION) return FR_AD_SHOWN;
    if (e->type == FR_EVENT_AD_CLICK) return FR_AD_CLICK;
    return e->type == FR_EVENT_AD_CONVERSION ? FR_AD_CONVERSION : FR_AD_EXAMPLE_KINDS;
}

/* NULL: not known, or campaigns are not followed. */
static const struct fr_campaign_entry *campaign_of(const struct user_stage *s, struct fr_str id) {
    const struct fr_campaign_set *set = s->campaigns.thing;
    return set ? fr_campaign_set_find(set, id) : NULL;
}

void user_ad_impression(const struct user_stage *s, const struct fr_user *u, const struct fr_event *e,
                        struct fr_impression *out) {
    fr_ad_impression_of(out, e->user_id, u, campaign_of(s, e->campaign_id), e->campaign_id, e->creative_id,
                        e->surface, e->position, e->time_ms);
}

static void add_answer(const struct fr_event *e, struct fr_ad_example *out) {
    out->of.user = fr_hash_str(e->user_id);
    out->of.campaign = fr_hash_str(e->campaign_id);
    out->of.creative = e->creative_id.len ? fr_hash_str(e->creative_id) : 0;
    out->of.time_ms = e->time_ms;
}

static void send(struct user_stage *s, const struct fr_stage_batch *b) {
    if (fr_ad_writer_count(s->ad_examples) == 0) return;
    fr_buf_clear(&s->text);
    fr_ad_writer_finish(s->ad_examples, &s->text);
    struct fr_out record = {
        .topic = FR_TOPIC_EXAMPLES, .partition = -1, .key = FR_MODEL_ADS, .value = fr_buf_slice(&s->text)};
    fr_outbox_record(b->out, &record);
}

static void add(struct user_stage *s, const struct fr_stage_batch *b, const struct fr_ad_example *e) {
    fr_ad_writer_add(s->ad_examples, e);
    if (fr_ad_writer_bytes(s->ad_examples) >= FR_EXAMPLE_RECORD_BYTES) send(s, b);
}

static void forget(struct user_stage *s, const struct fr_stage_batch *b, const struct fr_event *e) {
    add(s, b, &(struct fr_ad_example){.kind = FR_AD_FORGET, .of.user = fr_hash_str(e->user_id)});
}

void user_ad_example(struct user_stage *s, const struct fr_stage_batch *b, uint32_t record,
                     const struct fr_user *u, enum fr_user_outcome outcome, bool allowed_before) {
    const struct fr_event *e = &s->decoded[record].event;
    bool allowed = user_allows_ads(s, u);
    if (!s->rules->ads.enabled) return;
    if (outcome == FR_USER_FORGOTTEN || (allowed_before && !allowed)) forget(s, b, e);
    struct fr_ad_example example = {.kind = kind_of(e), .ad = e->ad_id.len ? fr_hash_str(e->ad_id) : 0};
    if (outcome != FR_USER_APPLIED || !allowed || example.kind == FR_AD_EXAMPLE_KINDS) return;
    if (example.kind == FR_AD_SHOWN)
        user_ad_impression(s, u, e, &example.of);
    else
        add_answer(e, &example);
    add(s, b, &example);
}

void user_drop_ads(struct user_stage *s) {
    if (s->feeds.campaigns) fr_slot_release(s->feeds.campaigns, &s->campaigns);
    if (s->feeds.ads) fr_slot_release(s->feeds.ads, &s->ad_models);
    if (s->feeds.propensities) fr_slot_release(s->feeds.propensities, &s->propensities);
}

/* A batch that was given up has not been finished. */
void user_begin_ads(struct user_stage *s) {
    user_drop_ads(s);
    if (s->feeds.campaigns) s->campaigns = fr_slot_take(s->feeds.campaigns);
    if (s->feeds.ads) s->ad_models = fr_slot_take(s->feeds.ads);
    if (s->feeds.propensities) s->propensities = fr_slot_take(s->feeds.propensities);
}

void user_end_ads(struct user_stage *s, const struct fr_stage_batch *b) {
    send(s, b);
    user_drop_ads(s);
}
