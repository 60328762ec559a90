#include "freshet/run/ads_follow.h"
#include <stdlib.h>

struct fr_ads_follow {
    struct fr_live_ads_params params;
    struct fr_slot *slot;
    struct fr_snapshot_follow *thread;
};

static void free_ads(void *thing) {
    fr_live_ads_fini(thing);
    free(thing);
}

static enum fr_err take(void *owner, struct fr_store *store, struct fr_str bytes,
                        char version[FR_LIVE_VERSION_BYTES], struct fr_errmsg *msg) {
    (void)store;
    struct fr_ads_follow *f = owner;
    struct fr_live_ads *ads = fr_alloc_zero(1, sizeof *ads);
    fr_live_ads_init(ads, &f->params, FR_LIVE_ADS_ASKED);
    enum fr_err err = fr_live_ads_load(ads, bytes, msg);
    if (err != FR_OK) {
        free_ads(ads);
        return err;
    }
    memcpy(version, ads->version, FR_LIVE_VERSION_BYTES);
    fr_slot_put(f->slot, ads);
    return FR_OK;
}

struct fr_ads_follow *fr_ads_follow_start(const struct fr_snapshot_source *source,
                                          const struct fr_live_ads_params *params) {
    struct fr_ads_follow *f = fr_alloc_zero(1, sizeof *f);
    f->params = *params;
    f->slot = fr_slot_new(free_ads);
    f->thread = fr_snapshot_follow_start(
        source, &(struct fr_snapshot_owner){.owner = f, .model = FR_MODEL_ADS, .take = take});
    return f;
}

struct fr_slot *fr_ads_follow_slot(struct fr_ads_follow *f) {
    return f->slot;
}

bool fr_ads_follow_is_ready(struct fr_ads_follow *f) { return fr_snapshot_follow_is_ready(f->thread); }

void fr_ads_follow_stop(struct fr_ads_follow **follow_at) {
    struct fr_ads_follow *f = *follow_at;
    if (!f) return;
    fr_snapshot_follow_stop(&f->thread);
    fr_slot_free(&f->slot);
    free(f);
    *follow_at = NULL;
}
