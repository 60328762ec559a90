#include "freshet/recommend/surface.h"

const char *fr_surface_fault(const struct fr_surface *s) {
    if (s->items < 1 || s->items > FR_LIST_ITEMS_MAX) return "items must be 1 to 200";
    if (s->filter_n > FR_SURFACE_FILTERS) return "there must be at most 32 filters";
    if (s->boost_n > FR_SURFACE_BOOSTS) return "there must be at most 32 boosts";
    for (uint32_t i = 0; i < s->boost_n; i++)
        if (!(s->boosts[i].factor > 0 && s->boosts[i].factor <= 1000))
            return "a boost must be above 0 and at most 1000";
    if (!(s->rotation >= 0 && s->rotation <= 1)) return "rotation must be 0 to 1";
    if (!(s->diversity >= 0 && s->diversity <= 1)) return "diversity must be 0 to 1";
    if (!(s->exploration >= 0 && s->exploration <= .5)) return "exploration must be 0 to 0.5";
    if (s->hide_ms < 0) return "hide_ms must be 0 or more";
    return NULL;
}

bool fr_surface_admits(const struct fr_surface *s, const struct fr_item_record *item, fr_time_ms now_ms) {
    if (s->hide_unavailable && item && !item->is_available) return false;
    for (uint32_t i = 0; i < s->filter_n; i++)
        if (!fr_filter_passes(&s->filters[i], item, now_ms)) return false;
    return true;
}

double fr_surface_boost(const struct fr_surface *s, const struct fr_item_record *item, fr_time_ms now_ms) {
    double factor = 1;
    for (uint32_t i = 0; i < s->boost_n; i++)
        if (fr_filter_passes(&s->boosts[i].when, item, now_ms)) factor *= s->boosts[i].factor;
    return factor;
}

bool fr_surface_hides(const struct fr_surface *s, const struct fr_seed *seed, fr_time_ms now_ms) {
    if (seed->disliked || s->seen == FR_SEEN_HIDE) return true;
    if (s->seen == FR_SEEN_PURCHASED && seed->purchased) return true;
    bool is_done = s->hide_types && (seed->types == 0 || (seed->types & s->hide_types));
    return is_done && (s->hide_ms == 0 || now_ms - seed->time_ms <= s->hide_ms);
}
