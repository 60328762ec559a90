/* event.h - what somebody did, decoded: the one shape that every input format is turned into.
 *
 * Memory: strings are lent by the record's bytes or by the batch's arena; they live until the batch ends. An
 * absent string has len 0 (an id is never empty). */
#ifndef FR_EVENT_EVENT_H
#define FR_EVENT_EVENT_H

#include "freshet/base/clock.h"
#include "freshet/base/str.h"

/* name, canonical text, default weight of the behaviour (0: not an interest), what it undoes, needs.
 * The numbers are stored: new ones come last.
 * Needs: ITEM an item_id (or items), USER a target_user_id, NOTHING. */
#define FR_EVENT_TYPE_MAP(X)                                                  \
    X(IMPRESSION, "impression", 0, NONE, NOTHING)                             \
    X(CLICK, "click", 1, NONE, ITEM)                                          \
    X(VIEW, "view", 1, NONE, ITEM)                                            \
    X(LIKE, "like", 2, NONE, ITEM)                                            \
    X(UNLIKE, "unlike", 0, LIKE, ITEM)                                        \
    X(DISLIKE, "dislike", 0, NONE, ITEM)                                      \
    X(SHARE, "share", 3, NONE, ITEM)                                          \
    X(COMMENT, "comment", 3, NONE, ITEM)                                      \
    X(FOLLOW, "follow", 0, NONE, USER)                                        \
    X(UNFOLLOW, "unfollow", 0, FOLLOW, USER)                                  \
    X(ADD_TO_WISHLIST, "add_to_wishlist", 2, NONE, ITEM)                      \
    X(REMOVE_FROM_WISHLIST, "remove_from_wishlist", 0, ADD_TO_WISHLIST, ITEM) \
    X(ADD_TO_CART, "add_to_cart", 3, NONE, ITEM)                              \
    X(REMOVE_FROM_CART, "remove_from_cart", 0, ADD_TO_CART, ITEM)             \
    X(PURCHASE, "purchase", 4, NONE, ITEM)                                    \
    X(REFUND, "refund", 0, PURCHASE, ITEM)                                    \
    X(SEARCH, "search", 0, NONE, NOTHING)                                     \
    X(ASK, "ask", 0, NONE, NOTHING)                                           \
    X(AD_IMPRESSION, "ad_impression", 0, NONE, NOTHING)                       \
    X(AD_CLICK, "ad_click", 0, NONE, NOTHING)                                 \
    X(AD_CONVERSION, "ad_conversion", 0, NONE, NOTHING)                       \
    X(ITEM_UPSERT, "item_upsert", 0, NONE, ITEM)                              \
    X(ITEM_DELETE, "item_delete", 0, NONE, ITEM)                              \
    X(USER_UPSERT, "user_upsert", 0, NONE, NOTHING)                           \
    X(USER_DELETE, "user_delete", 0, NONE, NOTHING)                           \
    X(TICK, "tick", 0, NONE, NOTHING)                                         \
    X(OTHER, "other", 0, NONE, NOTHING)                                       \
    X(AD_WITHHELD, "ad_withheld", 0, NONE, NOTHING)

enum fr_event_type {
#define FR_EVENT_ENUM(name, text, weight, undoes, needs) FR_EVENT_##name,
    FR_EVENT_TYPE_MAP(FR_EVENT_ENUM)
#undef FR_EVENT_ENUM
        FR_EVENT_TYPE_N,
    FR_EVENT_NONE = FR_EVENT_TYPE_N
};

enum fr_attribute_kind { FR_ATTRIBUTE_STRING, FR_ATTRIBUTE_NUMBER, FR_ATTRIBUTE_BOOL, FR_ATTRIBUTE_NULL };

struct fr_attribute {
    struct fr_str name;
    enum fr_attribute_kind kind;
    struct fr_str text; /* STRING */
    double number;      /* NUMBER; BOOL as 0 or 1 */
};

struct fr_event_item {
    struct fr_str item_id;
    double price;               /* NAN: not given */
    int32_t quantity, position; /* quantity 0, position -1: not given */
};

enum fr_consent { FR_CONSENT_UNSAID, FR_CONSENT_GIVEN, FR_CONSENT_REFUSED };

enum {
    FR_EVENT_ITEMS = 100,
    FR_EVENT_IMPRESSIONS = 200,
    FR_EVENT_ATTRIBUTES = 64,
    FR_EVENT_ID_BYTES = 256,
    FR_EVENT_TEXT_BYTES = 2048
};

struct fr_event {
    enum fr_event_type type;
    struct fr_str type_name; /* as it came */
    struct fr_str event_id, user_id, anonymous_id, item_id, session_id;
    fr_time_ms time_ms; /* valid if has_time; cleaning completes it from the record's timestamp */
    bool has_time;
    double event_value, price;  /* NAN: not given */
    int32_t quantity, position; /* 0, -1: not given */
    struct fr_str currency, order_id, recommendation_id, surface;
    struct fr_str campaign_id, ad_id, creative_id;
    struct fr_str share_channel, target_user_id, referrer_user_id;
    struct fr_str experiment, text;       /* text: a question or a search */
    enum fr_consent consent, ads_consent; /* to profiling; to ads, if said apart */
    int32_t schema_version;               /* 1 when not given */
    const struct fr_event_item *items;
    uint32_t item_n; /* "items", at most FR_EVENT_ITEMS; then item_id is empty */
    const struct fr_str *impression;
    uint32_t impression_n;
    const struct fr_attribute *attributes;
    uint32_t attribute_n;
};

const char *fr_event_type_text(enum fr_event_type type);

#endif
