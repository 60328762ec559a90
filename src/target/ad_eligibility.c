#include "freshet/target/ad_scores.h"
#include "freshet/target/lift.h"

static const char *const codes[FR_AD_BARS] = {
#define BAR_CODE(name, code, text) code,
    FR_AD_BAR_MAP(BAR_CODE)
#undef BAR_CODE
};

static const char *const texts[FR_AD_BARS] = {
#define BAR_TEXT(name, code, text) text,
    FR_AD_BAR_MAP(BAR_TEXT)
#undef BAR_TEXT
};

const char *fr_ad_bar_code(enum fr_ad_bar bar) { return codes[bar]; }
const char *fr_ad_bar_text(enum fr_ad_bar bar) { return texts[bar]; }

enum { HOUR_MS = 3600000 };

static enum fr_ad_bar cap_of(const struct fr_campaign *c, const struct fr_rule_facts *f) {
    if (!c->cap_life && !c->cap_day && !c->cap_hour) return FR_AD_BAR_NONE;
    uint32_t number = fr_dict_find(f->ids, c->id);
    const struct fr_exposure *e =
        number == (uint32_t)FR_DICT_NONE ? NULL : fr_exposures_find(&f->user->exposures, number);
    if (!e) return FR_AD_BAR_NONE;
    if (c->cap_life && e->impressions >= c->cap_life) return FR_AD_BAR_CAP_LIFE;
    if (c->cap_day && fr_exposure_count(e, f->now_ms, FR_EXPOSURE_DAY_MS) >= c->cap_day)
        return FR_AD_BAR_CAP_DAY;
    if (c->cap_hour && fr_exposure_count(e, f->now_ms, HOUR_MS) >= c->cap_hour) return FR_AD_BAR_CAP_HOUR;
    return FR_AD_BAR_NONE;
}

/* What has a budget waits until its ledger is known: else a lost view would spend without a limit. */
static enum fr_ad_bar budget_of(const struct fr_ad_question *q, uint32_t campaign) {
    const struct fr_campaign *c = &q->campaigns->campaigns[campaign].record;
    const struct fr_pacing_entry *pace = q->paces[campaign];
    if (!c->daily_micros && !c->total_micros) return FR_AD_BAR_NONE;
    if (!pace) return FR_AD_BAR_PACED;
    if (pace->exhausted) return FR_AD_BAR_BUDGET;
    if (!fr_pacing_admits(pace->multiplier, q->user_id, c->id, q->slot)) return FR_AD_BAR_PACED;
    bool covered = c->budget != FR_CAMPAIGN_HARD || (q->covered && q->covered[campaign]);
    return covered ? FR_AD_BAR_NONE : FR_AD_BAR_UNCOVERED;
}

enum fr_ad_bar fr_ad_bar_of(const struct fr_ad_question *q, uint32_t campaign, const struct fr_bought *bought,
                            const struct fr_promoted *promoted) {
    const struct fr_campaign *c = &q->campaigns->campaigns[campaign].record;
    if (fr_bought_has(bought, promoted, campaign)) return FR_AD_BAR_BOUGHT;
    enum fr_ad_bar cap = cap_of(c, q->facts);
    if (cap != FR_AD_BAR_NONE) return cap;
    if (fr_is_control(q->user_id, c->id, 0, c->control_share)) return FR_AD_BAR_CONTROL;
    return budget_of(q, campaign);
}
