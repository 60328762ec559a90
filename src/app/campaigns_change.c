#include "freshet/app/campaigns_change.h"
#include "freshet/base/suggest.h"

const struct fr_campaign_entry *fr_campaigns_find(const struct fr_campaign_set *set, struct fr_str id) {
    const struct fr_campaign_entry *found = fr_campaign_set_find(set, id);
    return found ? found : fr_campaign_set_segment(set, id);
}

static const char *ended(struct fr_str text, struct fr_arena *arena) {
    char *copy = fr_arena_alloc(arena, text.len + 1);
    *fr_str_put(copy, text) = 0;
    return copy;
}

static uint32_t put_names(const char **names, const struct fr_campaign_entry *entries, uint32_t n,
                          struct fr_arena *arena) {
    for (uint32_t i = 0; i < n; i++) names[i] = ended(entries[i].record.id, arena);
    return n;
}

const char *fr_campaigns_near(const struct fr_campaign_set *set, struct fr_str id, struct fr_arena *arena) {
    const char **names = fr_arena_alloc(arena, (set->campaign_n + set->segment_n + 1) * sizeof *names);
    uint32_t n = put_names(names, set->campaigns, set->campaign_n, arena);
    n += put_names(names + n, set->segments, set->segment_n, arena);
    return fr_suggest(ended(id, arena), names, n);
}

const char *fr_campaigns_near_segment(const struct fr_campaign_set *set, struct fr_str id,
                                      struct fr_arena *arena) {
    const char **names = fr_arena_alloc(arena, (set->segment_n + 1) * sizeof *names);
    return fr_suggest(ended(id, arena), names, put_names(names, set->segments, set->segment_n, arena));
}

static bool means_the_same(const struct fr_campaign *a, const struct fr_campaign *b) {
    struct fr_buf x = {0}, y = {0};
    fr_campaign_write(&x, a);
    fr_campaign_write(&y, b);
    bool same = fr_str_eq(fr_buf_slice(&x), fr_buf_slice(&y));
    fr_buf_fini(&x);
    fr_buf_fini(&y);
    return same;
}

enum fr_campaigns_change fr_campaigns_change(const struct fr_campaign_set *before,
                                             const struct fr_campaign_set *after, struct fr_str id) {
    const struct fr_campaign_entry *was = fr_campaigns_find(before, id), *is = fr_campaigns_find(after, id);
    if (!was) return is ? FR_CAMPAIGNS_NEW : FR_CAMPAIGNS_SAME;
    if (!is) return FR_CAMPAIGNS_GONE;
    return means_the_same(&was->record, &is->record) ? FR_CAMPAIGNS_SAME : FR_CAMPAIGNS_CHANGED;
}

uint32_t fr_campaigns_missing_segments(const struct fr_campaign_set *set,
                                       void (*tell)(void *context, const char *text), void *context) {
    struct fr_buf text = {0};
    uint32_t missing = 0;
    for (uint32_t i = 0; i < set->campaign_n; i++) {
        const struct fr_campaign_entry *e = &set->campaigns[i];
        const struct fr_str *names;
        uint32_t n = fr_rule_segments(e->rule, &names);
        for (uint32_t j = 0; j < n; j++) {
            if (fr_campaign_set_segment(set, names[j])) continue;
            missing++;
            fr_buf_clear(&text);
            fr_buf_printf(&text, "%.*s asks for segment(\"%.*s\"), which there is not: nobody is in it",
                          FR_STR_ARG(e->record.id), FR_STR_ARG(names[j]));
            fr_buf_byte(&text, 0);
            tell(context, text.data);
        }
    }
    fr_buf_fini(&text);
    return missing;
}
