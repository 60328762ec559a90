/* event_equal.h - whether two decoded events are the same, bit for bit, and where they differ first. */
#ifndef FR_TESTS_EVENT_EQUAL_H
#define FR_TESTS_EVENT_EQUAL_H

#include "freshet/event/event.h"

static inline bool event_same_bits(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

static inline bool event_same_items(const struct fr_event *a, const struct fr_event *b) {
    if (a->item_n != b->item_n) return false;
    for (uint32_t i = 0; i < a->item_n; i++) {
        const struct fr_event_item *x = &a->items[i], *y = &b->items[i];
        if (!fr_str_eq(x->item_id, y->item_id) || !event_same_bits(x->price, y->price) ||
            x->quantity != y->quantity || x->position != y->position)
            return false;
    }
    return true;
}

static inline bool event_same_impression(const struct fr_event *a, const struct fr_event *b) {
    if (a->impression_n != b->impression_n) return false;
    for (uint32_t i = 0; i < a->impression_n; i++)
        if (!fr_str_eq(a->impression[i], b->impression[i])) return false;
    return true;
}

static inline bool event_same_attributes(const struct fr_event *a, const struct fr_event *b) {
    if (a->attribute_n != b->attribute_n) return false;
    for (uint32_t i = 0; i < a->attribute_n; i++) {
        const struct fr_attribute *x = &a->attributes[i], *y = &b->attributes[i];
        if (!fr_str_eq(x->name, y->name) || x->kind != y->kind || !fr_str_eq(x->text, y->text) ||
            !event_same_bits(x->number, y->number))
            return false;
    }
    return true;
}

/* NULL when a and b are the same; otherwise the name of a member that differs. */
static inline const char *event_difference(const struct fr_event *a, const struct fr_event *b) {
#define STRING(member) \
    if (!fr_str_eq(a->member, b->member)) return #member;
    STRING(type_name)
    STRING(event_id)
    STRING(user_id)
    STRING(anonymous_id)
    STRING(item_id)
    STRING(session_id)
    STRING(currency)
    STRING(order_id)
    STRING(recommendation_id)
    STRING(surface)
    STRING(campaign_id)
    STRING(ad_id)
    STRING(creative_id)
    STRING(share_channel)
    STRING(target_user_id)
    STRING(referrer_user_id)
    STRING(experiment)
    STRING(text)
#undef STRING
    if (a->type != b->type) return "type";
    if (a->has_time != b->has_time || (a->has_time && a->time_ms != b->time_ms)) return "time_ms";
    if (!event_same_bits(a->event_value, b->event_value)) return "event_value";
    if (!event_same_bits(a->price, b->price)) return "price";
    if (a->quantity != b->quantity || a->position != b->position) return "quantity or position";
    if (a->consent != b->consent) return "consent";
    if (a->schema_version != b->schema_version) return "schema_version";
    if (!event_same_items(a, b)) return "items";
    if (!event_same_impression(a, b)) return "impression";
    return event_same_attributes(a, b) ? NULL : "attributes";
}

#endif
