#include "freshet/event/clean.h"
#include "fields.h"
#include "normal.h"
#include <float.h>
#include <math.h>
#include <stddef.h>

struct cleaning {
    const struct fr_event_rules *rules;
    struct fr_arena *arena;
    struct fr_event *event;
    struct fr_str *detail;
};

enum need { NEED_NOTHING, NEED_ITEM, NEED_USER };

static const enum need needs_of[FR_EVENT_TYPE_N] = {
#define NEED_ROW(name, text, weight, undoes, needs) NEED_##needs,
    FR_EVENT_TYPE_MAP(NEED_ROW)
#undef NEED_ROW
};

struct member {
    struct fr_str name;
    size_t offset;
};

/* The rows of the field table that are ids, and those that are texts. */
#define MEMBER(text, member) {{text, sizeof(text) - 1}, offsetof(struct fr_event, member)},
#define SKIP(text, member)
#define ROW_ID MEMBER
#define ROW_TEXT SKIP
#define ROW_TIME SKIP
#define ROW_NUMBER SKIP
#define ROW_COUNT SKIP
#define ROW_ITEMS SKIP
#define ROW_IMPRESSION SKIP
#define ROW_CONSENT SKIP
#define ROW_ATTRIBUTES SKIP
#define ROW(text, kind, member) ROW_##kind(text, member)
static const struct member ids[] = {FR_FIELD_MAP(ROW)};
#undef ROW_ID
#undef ROW_TEXT
#define ROW_ID SKIP
#define ROW_TEXT MEMBER
static const struct member texts[] = {FR_FIELD_MAP(ROW)};

static enum fr_reject fault(struct cleaning *c, enum fr_reject reason, struct fr_str field) {
    *c->detail = field;
    return reason;
}

static struct fr_str *string_at(struct fr_event *e, size_t offset) {
    return (struct fr_str *)(void *)((char *)e + offset);
}

static enum fr_reject clean_type(struct cleaning *c) {
    struct fr_event *e = c->event;
    e->type_name = fr_normal_trim(e->type_name);
    if (e->type_name.len == 0) return fault(c, FR_REJECT_NO_TYPE, FR_STR("event_type"));
    e->type = fr_event_rules_type(c->rules, e->type_name);
    if (e->type != FR_EVENT_NONE) return FR_REJECT_NONE;
    if (c->rules->unknown_type == FR_UNKNOWN_TYPE_REJECT)
        return fault(c, FR_REJECT_UNKNOWN_TYPE, FR_STR("event_type"));
    e->type = FR_EVENT_OTHER;
    return FR_REJECT_NONE;
}

static enum fr_reject clean_ids(struct cleaning *c) {
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct fr_str *id = string_at(c->event, ids[i].offset);
        if (id->len && !fr_normal_id(id)) return fault(c, FR_REJECT_BAD_ID, ids[i].name);
    }
    return FR_REJECT_NONE;
}

/* Events about the catalogue and the clock have no user. */
static bool needs_user(enum fr_event_type type) {
    return type != FR_EVENT_ITEM_UPSERT && type != FR_EVENT_ITEM_DELETE && type != FR_EVENT_TICK;
}

static enum fr_reject clean_user(struct cleaning *c) {
    struct fr_event *e = c->event;
    struct fr_str anonymous = e->anonymous_id, prefix = FR_STR("anon:");
    if (e->user_id.len) return FR_REJECT_NONE;
    if (anonymous.len == 0)
        return needs_user(e->type) ? fault(c, FR_REJECT_NO_USER, FR_STR("user_id")) : FR_REJECT_NONE;
    if (prefix.len + anonymous.len > FR_EVENT_ID_BYTES)
        return fault(c, FR_REJECT_BAD_ID, FR_STR("anonymous_id"));
    char *id = fr_arena_alloc(c->arena, prefix.len + anonymous.len);
    memcpy(id, prefix.ptr, prefix.len);
    memcpy(id + prefix.len, anonymous.ptr, anonymous.len);
    e->user_id = (struct fr_str){id, prefix.len + anonymous.len};
    return FR_REJECT_NONE;
}

static void *copy_of(struct fr_arena *arena, const void *from, size_t size_bytes) {
    return memcpy(fr_arena_alloc(arena, size_bytes), from, size_bytes);
}

static bool number_fits(double v, double least) { return isnan(v) || (v >= least && v <= DBL_MAX); }

static enum fr_reject clean_item(struct cleaning *c, struct fr_event_item *item) {
    if (item->item_id.len == 0) return fault(c, FR_REJECT_NO_ITEM, FR_STR("items"));
    if (!fr_normal_id(&item->item_id)) return fault(c, FR_REJECT_BAD_ID, FR_STR("items"));
    if (!number_fits(item->price, 0) || item->quantity < 0 || item->position < -1)
        return fault(c, FR_REJECT_BAD_NUMBER, FR_STR("items"));
    if (c->event->type == FR_EVENT_PURCHASE && item->quantity == 0) item->quantity = 1;
    return FR_REJECT_NONE;
}

static enum fr_reject clean_items(struct cleaning *c) {
    struct fr_event *e = c->event;
    if (e->item_n == 0) return FR_REJECT_NONE;
    if (e->item_n > FR_EVENT_ITEMS) return fault(c, FR_REJECT_TOO_MANY, FR_STR("items"));
    struct fr_event_item *items = copy_of(c->arena, e->items, e->item_n * sizeof *items);
    for (uint32_t i = 0; i < e->item_n; i++) {
        enum fr_reject reason = clean_item(c, &items[i]);
        if (reason) return reason;
    }
    e->items = items;
    e->item_id = (struct fr_str){0};
    return FR_REJECT_NONE;
}

static enum fr_reject clean_impression(struct cleaning *c) {
    struct fr_event *e = c->event;
    if (e->impression_n == 0) return FR_REJECT_NONE;
    if (e->impression_n > FR_EVENT_IMPRESSIONS) return fault(c, FR_REJECT_TOO_MANY, FR_STR("impression"));
    struct fr_str *impression = copy_of(c->arena, e->impression, e->impression_n * sizeof *impression);
    for (uint32_t i = 0; i < e->impression_n; i++)
        if (!fr_normal_id(&impression[i])) return fault(c, FR_REJECT_BAD_ID, FR_STR("impression"));
    e->impression = impression;
    return FR_REJECT_NONE;
}

static enum fr_reject clean_attributes(struct cleaning *c) {
    struct fr_event *e = c->event;
    if (e->attribute_n == 0) return FR_REJECT_NONE;
    if (e->attribute_n > FR_EVENT_ATTRIBUTES) return fault(c, FR_REJECT_TOO_MANY, FR_STR("attributes"));
    struct fr_attribute *attributes = copy_of(c->arena, e->attributes, e->attribute_n * sizeof *attributes);
    for (uint32_t i = 0; i < e->attribute_n; i++)
        if (!fr_normal_id(&attributes[i].name) || !fr_normal_text(c->arena, &attributes[i].text))
            return fault(c, FR_REJECT_BAD_TEXT, FR_STR("attributes"));
    e->attributes = attributes;
    return FR_REJECT_NONE;
}

static enum fr_reject clean_texts(struct cleaning *c) {
    struct fr_event *e = c->event;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct fr_str *text = string_at(e, texts[i].offset);
        if (text->len && !fr_normal_text(c->arena, text)) return fault(c, FR_REJECT_BAD_TEXT, texts[i].name);
    }
    if (e->currency.len && !fr_normal_currency(c->arena, &e->currency))
        return fault(c, FR_REJECT_BAD_TEXT, FR_STR("currency"));
    return clean_attributes(c);
}

static enum fr_reject clean_numbers(struct cleaning *c) {
    struct fr_event *e = c->event;
    if (!number_fits(e->price, 0)) return fault(c, FR_REJECT_BAD_NUMBER, FR_STR("price"));
    if (!number_fits(e->event_value, -DBL_MAX)) return fault(c, FR_REJECT_BAD_NUMBER, FR_STR("event_value"));
    if (e->quantity < 0) return fault(c, FR_REJECT_BAD_NUMBER, FR_STR("quantity"));
    if (e->position < -1) return fault(c, FR_REJECT_BAD_NUMBER, FR_STR("position"));
    if (e->type == FR_EVENT_PURCHASE && e->quantity == 0 && e->item_n == 0) e->quantity = 1;
    return FR_REJECT_NONE;
}

static enum fr_reject clean_needs(struct cleaning *c) {
    const struct fr_event *e = c->event;
    enum need need = needs_of[e->type];
    if (need == NEED_ITEM && e->item_id.len == 0 && e->item_n == 0)
        return fault(c, FR_REJECT_NO_ITEM, FR_STR("item_id"));
    if (need == NEED_USER && e->target_user_id.len == 0)
        return fault(c, FR_REJECT_NO_TARGET, FR_STR("target_user_id"));
    return FR_REJECT_NONE;
}

static enum fr_reject clean_time(struct cleaning *c, fr_time_ms record_ms, fr_time_ms watermark_ms) {
    const struct fr_event_rules *r = c->rules;
    fr_time_ms t = c->event->has_time ? c->event->time_ms : record_ms;
    struct fr_str field = FR_STR("timestamp");
    if (t > record_ms && t - record_ms > r->max_future_ms) return fault(c, FR_REJECT_TOO_FUTURE, field);
    if (t > record_ms) t = record_ms; /* a clock that runs ahead must not move the watermark ahead */
    if (t < r->earliest_ms) return fault(c, FR_REJECT_TOO_EARLY, field);
    if (t < watermark_ms && watermark_ms - t > r->lateness_ms) return fault(c, FR_REJECT_TOO_LATE, field);
    c->event->time_ms = t;
    c->event->has_time = true;
    return FR_REJECT_NONE;
}

enum fr_reject fr_clean(const struct fr_event_rules *rules, struct fr_arena *arena, fr_time_ms record_ms,
                        fr_time_ms watermark_ms, struct fr_event *event, struct fr_str *detail) {
    static enum fr_reject (*const steps[])(struct cleaning *) = {clean_type,    clean_ids,        clean_user,
                                                                 clean_items,   clean_impression, clean_texts,
                                                                 clean_numbers, clean_needs};
    struct fr_str unread;
    struct cleaning c = {rules, arena, event, detail ? detail : &unread};
    *c.detail = (struct fr_str){0};
    if (event->schema_version != 1) return fault(&c, FR_REJECT_UNKNOWN_VERSION, FR_STR("schema_version"));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        enum fr_reject reason = steps[i](&c);
        if (reason) return reason;
    }
    return clean_time(&c, record_ms, watermark_ms);
}

void fr_complete(struct fr_event *event, const struct fr_completion *known) {
    fr_time_ms t = event->time_ms;
    if (known->session_id.len == 0 && known->currency.len == 0) return;
    if (t < known->session_start_ms - known->gap_ms || t > known->session_end_ms + known->gap_ms) return;
    bool priced = !isnan(event->price);
    for (uint32_t i = 0; i < event->item_n; i++) priced = priced || !isnan(event->items[i].price);
    if (event->session_id.len == 0) event->session_id = known->session_id;
    if (event->currency.len == 0 && priced) event->currency = known->currency;
}
