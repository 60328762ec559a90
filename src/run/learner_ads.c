/* Models of the ads' kind: how likely an impression is clicked, and how likely it converts. */
#include "stage_learner_internal.h"
#include <stdlib.h>

static void count(const struct fr_stage_batch *b, const struct fr_live_ads_taught *t) {
    fr_stat_add(b->stat, FR_STAT_AD_EXAMPLES_LEARNT, 0, t->learnt);
    fr_stat_add(b->stat, FR_STAT_AD_ANSWERS_LATE, 0, t->late);
    fr_stat_add(b->stat, FR_STAT_AD_ANSWERS_UNKNOWN, 0, t->unknown);
    fr_stat_add(b->stat, FR_STAT_AD_EXAMPLES_LEFT_OUT, 0, t->left_out);
    fr_stat_add(b->stat, FR_STAT_AD_EXAMPLES_FORGOTTEN, 0, t->forgotten);
}

static bool teach(struct learner_stage *s, const struct fr_stage_batch *b, struct learner_state *st,
                  const struct fr_record *record, bool silent) {
    (void)silent; /* nothing is said */
    struct fr_live_ads_taught taught = fr_live_ads_teach(st->model, record->value, &s->scratch);
    count(b, &taught);
    return !taught.bad;
}

static void *make(const struct fr_rules *rules) {
    struct fr_live_ads *l = fr_alloc_zero(1, sizeof *l);
    fr_live_ads_init(l, &rules->ads.models, FR_LIVE_ADS_TAUGHT);
    return l;
}

static void free_ads(void *model) {
    fr_live_ads_fini(model);
    free(model);
}

static enum fr_err load(void *model, struct fr_str bytes) { return fr_live_ads_load(model, bytes, NULL); }

static void save(const void *model, const char *version, bool snapshot, struct fr_buf *out) {
    fr_live_ads_save(model, version, snapshot ? FR_LIVE_ADS_ASKED : FR_LIVE_ADS_TAUGHT, out);
}

static size_t bytes(const void *model) { return fr_live_ads_bytes(model); }

static uint32_t snapshot_ms(const struct fr_rules *rules) { return rules->ads.snapshot_ms; }

const struct learner_kind learner_ads = {.make = make,
                                         .free = free_ads,
                                         .load = load,
                                         .save = save,
                                         .bytes = bytes,
                                         .teach = teach,
                                         .snapshot_ms = snapshot_ms};
