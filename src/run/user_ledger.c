/* What the user stage tells the ledgers: what ad events did and cost, and how often a campaign could have been shown.
 *
 * Once       a difference goes out in the transaction that commits the event it is from, and never for a silent record.
 * Price      of an impression or a click what the event says was paid, else the campaign's price. A conversion's price is what was
 *            bought for, so the campaign's price is what is paid for it. A campaign that is not known counts without spend. */
#include "freshet/run/live_ads.h"
#include "freshet/target/lift.h"
#include "stage_user_internal.h"
#include <math.h>

static fr_time_ms unanswered_ms(const struct fr_exposure *x, enum fr_event_type type) {
    if (!x || !x->time_n) return FR_EXPOSURE_NEVER;
    fr_time_ms shown_ms = x->times[x->time_n - 1];
    fr_time_ms answer_ms = type == FR_EVENT_AD_CLICK ? x->click_ms : x->conversion_ms;
    return answer_ms < shown_ms ? shown_ms : FR_EXPOSURE_NEVER;
}

struct user_ad_before user_ledger_before(const struct user_stage *s, const struct fr_event *e,
                                         const struct fr_user *u) {
    if (!fr_exposure_is_of(e->type) || !e->campaign_id.len) return (struct user_ad_before){0};
    uint32_t campaign = fr_dict_find(&s->ids, e->campaign_id);
    const struct fr_exposure *x =
        campaign == (uint32_t)FR_DICT_NONE ? NULL : fr_exposures_find(&u->exposures, campaign);
    return (struct user_ad_before){.is_ad = true,
                                   .has_events = u->events > 0,
                                   .touched = x,
                                   .unanswered_ms = unanswered_ms(x, e->type),
                                   .shown = x && x->impressions,
                                   .converted = x && x->conversions};
}

static enum fr_campaign_pays paid_for(const struct fr_event *e) {
    if (e->type == FR_EVENT_AD_IMPRESSION) return FR_CAMPAIGN_PAYS_IMPRESSION;
    return e->type == FR_EVENT_AD_CLICK ? FR_CAMPAIGN_PAYS_CLICK : FR_CAMPAIGN_PAYS_CONVERSION;
}

static int64_t price_micros(const struct fr_event *e, const struct fr_campaign *c) {
    bool is_said = e->price >= 0 && e->type != FR_EVENT_AD_CONVERSION;
    if (!is_said) return c->price_micros;
    double micros = nearbyint(e->price * 1e6);
    return micros < (double)FR_CAMPAIGN_MICROS_MAX ? (int64_t)micros : FR_CAMPAIGN_MICROS_MAX;
}

static void add(struct user_stage *s, const struct fr_event *e, enum fr_ledger_measure measure,
                int64_t amount) {
    fr_ledger_sink_add(&s->ledger, fr_dict_intern(&s->ids, e->campaign_id), fr_ledger_hour(e->time_ms),
                       measure, amount);
}

/* A conversion of somebody of the control group counts there: it is what the campaign is held to. */
static enum fr_ledger_measure measure_of(const struct fr_event *e, bool control) {
    if (e->type == FR_EVENT_AD_IMPRESSION) return FR_LEDGER_IMPRESSIONS;
    if (e->type == FR_EVENT_AD_CLICK) return FR_LEDGER_CLICKS;
    return control ? FR_LEDGER_CONTROL_CONVERSIONS : FR_LEDGER_CONVERSIONS;
}

/* People instead of events: whom it reached, and who of them converted afterwards. Somebody of the control group who was shown it
 * before the group grew is in neither. */
static void count_people(struct user_stage *s, const struct fr_event *e, const struct user_ad_before *before,
                         bool control) {
    if (e->type == FR_EVENT_AD_IMPRESSION && !before->shown) add(s, e, FR_LEDGER_REACHED, 1);
    if (e->type == FR_EVENT_AD_WITHHELD && control && !before->touched && before->has_events)
        add(s, e, FR_LEDGER_CONTROL_REACHED, 1);
    if (e->type != FR_EVENT_AD_CONVERSION || before->converted || !before->touched) return;
    if (before->shown != control) add(s, e, control ? FR_LEDGER_CONTROL_CONVERTED : FR_LEDGER_CONVERTED, 1);
}

static void count_chance(struct user_stage *s, const struct fr_event *e, const struct fr_click_model *m,
                         const struct fr_impression *shown, enum fr_ledger_measure judged,
                         enum fr_ledger_measure predicted) {
    double chance;
    if (!fr_ad_chance_of(s->ads.scorer, m, shown, &chance)) return;
    add(s, e, judged, 1);
    add(s, e, predicted, (int64_t)nearbyint(chance * 1e6));
}

/* What is predicted of an impression, for whoever holds predictions to what happened. It hangs on the models as they are known
 * here at the moment; the ledger adds up what was told. */
static void count_predicted(struct user_stage *s, const struct fr_event *e, const struct fr_user *u) {
    const struct fr_live_ads *models = s->ad_models.thing;
    if (!models || e->type != FR_EVENT_AD_IMPRESSION || !user_allows_ads(s, u)) return;
    struct fr_impression shown = {0};
    user_ad_impression(s, u, e, &shown);
    count_chance(s, e, models->click.model, &shown, FR_LEDGER_CLICK_JUDGED, FR_LEDGER_CLICK_PREDICTED_MICROS);
    count_chance(s, e, models->conversion.model, &shown, FR_LEDGER_CONVERSION_JUDGED,
                 FR_LEDGER_CONVERSION_PREDICTED_MICROS);
}

static void bill(struct user_stage *s, const struct fr_event *e, const struct user_ad_before *before,
                 const struct fr_campaign *c) {
    int64_t micros = price_micros(e, c);
    bool covered = c->budget != FR_CAMPAIGN_HARD || user_permits_bill(s, e, before, c, &micros);
    if (c->pays != paid_for(e) || !covered) return;
    add(s, e, FR_LEDGER_BILLED, 1);
    add(s, e, FR_LEDGER_SPEND_MICROS, micros);
}

void user_ledger_event(struct user_stage *s, const struct fr_event *e, const struct fr_user *u,
                       const struct user_ad_before *before) {
    if (!s->rules->ads.enabled || !before->is_ad) return;
    const struct fr_campaign_set *set = s->campaigns.thing;
    const struct fr_campaign_entry *c = set ? fr_campaign_set_find(set, e->campaign_id) : NULL;
    bool control = c && fr_is_control(e->user_id, e->campaign_id, 0, c->record.control_share);
    count_people(s, e, before, control);
    if (e->type == FR_EVENT_AD_WITHHELD) return;
    enum fr_ledger_measure measure = measure_of(e, control);
    add(s, e, measure, 1);
    count_predicted(s, e, u);
    if (c && measure != FR_LEDGER_CONTROL_CONVERSIONS) bill(s, e, before, &c->record);
}

void user_ledger_opportunities(struct user_stage *s, const struct fr_stage_batch *b, struct user_state *u,
                               const struct fr_ad_scores *scores, const struct fr_campaign_set *set,
                               fr_time_ms now_ms) {
    int32_t hour = fr_ledger_hour(now_ms);
    fr_ledger_sink_add(&s->ledger, (uint32_t)FR_DICT_NONE, hour, FR_LEDGER_OPPORTUNITIES, 1);
    for (uint32_t i = 0; i < scores->n; i++) {
        bool control = scores->at[i].bar == FR_AD_BAR_CONTROL;
        if (!control && !fr_ad_is_opportunity(scores->at[i].bar)) continue;
        uint32_t campaign = fr_dict_intern(&s->ids, set->campaigns[scores->at[i].campaign].record.id);
        fr_ledger_sink_add(&s->ledger, campaign, hour,
                           control ? FR_LEDGER_CONTROL_OPPORTUNITIES : FR_LEDGER_OPPORTUNITIES, 1);
        if (control) user_tell_withheld(s, b, u, campaign, now_ms);
    }
}

void user_ledger_send(struct user_stage *s, const struct fr_stage_batch *b) {
    uint32_t n = fr_ledger_sink_finish(&s->ledger);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_out out = {.topic = FR_TOPIC_AFFINITY};
        out.partition = (int32_t)fr_ledger_sink_record(&s->ledger, i, &out.value);
        fr_outbox_record(b->out, &out);
    }
    fr_ledger_sink_clear(&s->ledger);
}
