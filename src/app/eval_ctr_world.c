/* What an event says to a click model. A feed's item is its own creative: its brand the advertiser, its tags together (or,
 * without any, its category) the topic. Of an ad the campaign and the creative stand in the event. */
#include "freshet/app/items_read.h"
#include "freshet/base/hash.h"
#include "freshet/event/clean.h"
#include "freshet/target/ad_impression.h"
#include "eval_ctr.h"
#include <math.h>
#include <stdlib.h>

enum { DAY_MS = 86400000 };

/* What a click model sees of an item, or a user. */
struct item_view {
    uint64_t advertiser, topic;
    fr_time_ms created_ms; /* INT64_MIN: not said */
    uint32_t attributes[FR_IMPRESSION_ITEM_ATTRIBUTES], attribute_n;
    uint32_t brand; /* number of its name, FR_DICT_NONE: none */
};

struct ctr_world {
    const struct fr_rules *rules;
    bool labels[FR_EVENT_TYPE_N];
    struct fr_decoder *decoder;
    struct fr_arena arena; /* of one line */
    struct fr_dict users, items, groups;
    struct fr_profile_attributes *profiles; /* [profile_cap] by the user's number */
    uint32_t profile_cap;
    struct item_view *views; /* [view_cap] by the item's number */
    uint32_t view_cap, view_n;
    fr_time_ms watermark_ms;
    uint64_t rejected;
};

struct ctr_world *ctr_world_new(const struct fr_rules *rules, const bool labels[FR_EVENT_TYPE_N]) {
    struct ctr_world *w = fr_alloc_zero(1, sizeof *w);
    w->rules = rules;
    w->watermark_ms = INT64_MIN;
    memcpy(w->labels, labels, sizeof w->labels);
    w->decoder = fr_decoder_new(&rules->events);
    fr_dict_init(&w->users);
    fr_dict_init(&w->items);
    fr_dict_init(&w->groups);
    return w;
}

void ctr_world_free(struct ctr_world *w) {
    if (!w) return;
    for (uint32_t i = 0; i < w->profile_cap; i++) fr_attributes_fini(&w->profiles[i]);
    free(w->profiles);
    free(w->views);
    fr_dict_fini(&w->users);
    fr_dict_fini(&w->items);
    fr_dict_fini(&w->groups);
    fr_decoder_free(&w->decoder);
    fr_arena_fini(&w->arena);
    free(w);
}

uint64_t ctr_world_rejected(const struct ctr_world *w) { return w->rejected; }
struct fr_str ctr_world_group(const struct ctr_world *w, uint32_t group) {
    return fr_dict_str(&w->groups, group);
}
uint32_t ctr_world_groups(const struct ctr_world *w) { return w->groups.n; }

/* ---- items ---- */

/* Tags have no order. */
static uint64_t topic_of(const struct fr_item_record *item) {
    uint64_t topic = 0;
    for (uint32_t i = 0; i < item->tag_n; i++) topic += fr_hash_mix(fr_hash_str(item->tags[i]));
    if (!item->tag_n && item->category_n) topic = fr_hash_str(item->category[item->category_n - 1]);
    return topic;
}

static uint32_t attribute_of(const struct fr_attribute *a) {
    return a->kind == FR_ATTRIBUTE_STRING ? fr_impression_text(a->name, a->text)
                                          : fr_impression_number(a->name, a->number);
}

static struct item_view view_of(struct ctr_world *w, const struct fr_item_record *item) {
    struct item_view v = {.topic = topic_of(item), .created_ms = INT64_MIN, .brand = FR_DICT_NONE};
    if (item->brand.len) v.advertiser = fr_hash_str(item->brand);
    if (item->brand.len) v.brand = fr_dict_intern(&w->groups, item->brand);
    if (item->has_created) v.created_ms = item->created_ms;
    if (item->category_n)
        v.attributes[v.attribute_n++] =
            fr_impression_text(FR_STR("category"), item->category[item->category_n - 1]);
    if (!isnan(item->price))
        v.attributes[v.attribute_n++] = fr_impression_number(FR_STR("price"), item->price);
    for (uint32_t i = 0; i < item->attribute_n && v.attribute_n < FR_IMPRESSION_ITEM_ATTRIBUTES; i++)
        if (item->attributes[i].kind != FR_ATTRIBUTE_NULL)
            v.attributes[v.attribute_n++] = attribute_of(&item->attributes[i]);
    return v;
}

static enum fr_err take_item(void *context, const struct fr_item_record *item, struct fr_str json,
                             struct fr_errmsg *msg) {
    struct ctr_world *w = context;
    (void)json;
    (void)msg;
    uint32_t number = fr_dict_intern(&w->items, item->id);
    if (number >= w->view_cap) {
        w->view_cap = number + number / 2 + 1024;
        w->views = fr_realloc(w->views, w->view_cap * sizeof *w->views);
    }
    w->views[number] = view_of(w, item);
    w->view_n = w->items.n;
    return FR_OK;
}

enum fr_err ctr_world_items(struct ctr_world *w, const char *path, struct fr_errmsg *msg) {
    struct fr_items_totals totals = {0};
    struct fr_items_sink sink = {.context = w, .take = take_item};
    enum fr_err err = fr_items_read(path, &sink, &totals, msg);
    if (err == FR_OK && totals.bad_lines)
        return fr_err_set(msg, FR_CONFIG, "%s: %llu bad lines; `freshet items check` says what is wrong",
                          path, (unsigned long long)totals.bad_lines);
    return err;
}

/* NULL: not in the catalogue. */
static const struct item_view *find_view(const struct ctr_world *w, struct fr_str item_id) {
    uint32_t number = item_id.len ? fr_dict_find(&w->items, item_id) : FR_DICT_NONE;
    return number < w->view_n ? &w->views[number] : NULL;
}

/* ---- users ---- */

static struct fr_profile_attributes *profile_of(struct ctr_world *w, struct fr_str user) {
    uint32_t number = fr_dict_intern(&w->users, user);
    if (number >= w->profile_cap) {
        uint32_t cap = number + number / 2 + 1024;
        w->profiles = fr_realloc(w->profiles, cap * sizeof *w->profiles);
        memset(w->profiles + w->profile_cap, 0, (cap - w->profile_cap) * sizeof *w->profiles);
        w->profile_cap = cap;
    }
    return &w->profiles[number];
}

static void note_user(struct ctr_world *w, const struct fr_event *event) {
    struct fr_profile_attributes *profile = profile_of(w, event->user_id);
    for (uint32_t i = 0; i < event->attribute_n; i++)
        fr_attributes_set(profile, &w->rules->profile, &event->attributes[i], event->time_ms);
}

/* ---- steps ---- */

static uint64_t hash_or_0(struct fr_str s) { return s.len ? fr_hash_str(s) : 0; }

static struct fr_str thing_of(const struct fr_event *event, struct fr_str item_id) {
    return event->creative_id.len ? event->creative_id : event->ad_id.len ? event->ad_id : item_id;
}

/* By the ad where one is named, else by user and what was shown. */
static uint64_t key_of(const struct fr_event *event, struct fr_str item_id) {
    uint64_t thing = event->ad_id.len ? fr_hash_str(event->ad_id)
                                      : fr_hash_mix(hash_or_0(event->campaign_id) + 1) ^
                                            hash_or_0(thing_of(event, item_id));
    return fr_hash_mix(fr_hash_str(event->user_id) ^ fr_hash_mix(thing));
}

static void put_item(const struct item_view *v, struct fr_impression *s) {
    s->advertiser = v->advertiser;
    s->topic = v->topic;
    s->item_attribute_n = v->attribute_n;
    memcpy(s->item_attributes, v->attributes, v->attribute_n * sizeof *v->attributes);
    if (v->created_ms > s->time_ms || v->created_ms == INT64_MIN) return;
    s->age_days = (int32_t)((s->time_ms - v->created_ms) / DAY_MS);
}

static void shown_step(struct ctr_world *w, const struct fr_event *event, struct fr_str item_id,
                       int32_t position, struct ctr_step *out) {
    const struct item_view *view = find_view(w, item_id);
    *out = (struct ctr_step){.key = key_of(event, item_id), .group = FR_DICT_NONE};
    struct fr_impression *s = &out->shown;
    s->time_ms = event->time_ms;
    s->user = fr_hash_str(event->user_id);
    s->creative = hash_or_0(thing_of(event, item_id));
    s->campaign = hash_or_0(event->campaign_id);
    s->surface = hash_or_0(event->surface);
    s->position = position;
    s->age_days = -1;
    fr_impression_profile(s, profile_of(w, event->user_id));
    if (view) put_item(view, s);
    if (event->campaign_id.len)
        out->group = fr_dict_intern(&w->groups, event->campaign_id);
    else if (view)
        out->group = view->brand;
}

static uint32_t shown_steps(struct ctr_world *w, const struct fr_event *e, struct ctr_step *out) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->impression_n; i++) shown_step(w, e, e->impression[i], (int32_t)i, &out[n++]);
    for (uint32_t i = 0; i < e->item_n && !e->impression_n; i++)
        shown_step(w, e, e->items[i].item_id, e->items[i].position, &out[n++]);
    bool one = e->item_id.len || e->ad_id.len || e->creative_id.len || e->campaign_id.len;
    if (!n && one) shown_step(w, e, e->item_id, e->position, &out[n++]);
    return n;
}

static uint32_t yes_steps(const struct fr_event *e, struct ctr_step *out) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->item_n; i++)
        out[n++] = (struct ctr_step){.is_yes = true, .key = key_of(e, e->items[i].item_id)};
    if (!n) out[n++] = (struct ctr_step){.is_yes = true, .key = key_of(e, e->item_id)};
    for (uint32_t i = 0; i < n; i++) out[i].shown.time_ms = e->time_ms;
    return n;
}

static bool read_event(struct ctr_world *w, struct fr_str line, struct fr_event *event) {
    fr_arena_clear(&w->arena);
    fr_time_ms record_ms = fr_clock_wall_ms(); /* an event without a time happened now, as in a replay */
    bool good =
        fr_decode_native(w->decoder, line, &w->arena, event, NULL) == FR_REJECT_NONE &&
        fr_clean(&w->rules->events, &w->arena, record_ms, w->watermark_ms, event, NULL) == FR_REJECT_NONE;
    w->rejected += !good;
    if (good) w->watermark_ms = fr_watermark_advance(w->watermark_ms, event);
    return good;
}

uint32_t ctr_world_read(struct ctr_world *w, struct fr_str line, struct ctr_step *out) {
    struct fr_event event;
    if (!read_event(w, line, &event) || !event.user_id.len) return 0;
    if (event.type == FR_EVENT_USER_UPSERT) note_user(w, &event);
    uint32_t n = 0;
    if (event.type == FR_EVENT_IMPRESSION || event.type == FR_EVENT_AD_IMPRESSION)
        n = shown_steps(w, &event, out);
    else if (w->labels[event.type])
        n = yes_steps(&event, out);
    for (uint32_t i = 0; i + 1 < n; i++) out[i].goes_on = true;
    return n;
}
