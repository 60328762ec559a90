/* reason.h - why an item is in a list: a closed set, one table.
 *
 * Promise   codes are only ever added; consumers meet an unknown one by showing none. docs/RECOMMENDATIONS.md
 *           explains each to readers, docs/schemas/recommendations.schema.json lists them: a test holds the
 *           three together. */
#ifndef FR_RECOMMEND_REASON_H
#define FR_RECOMMEND_REASON_H

#include "freshet/base/str.h"

/* name, published code, what it says */
#define FR_REASON_MAP(X)                                                                                \
    X(CO_OCCURRENCE, "co_occurrence", "people who took to that item of your history took to this one")  \
    X(NEXT_ITEM, "next_item", "often taken to soon after that item")                                    \
    X(SIMILAR_SESSION, "similar_session", "visits like this one, with that item in them, had this one") \
    X(SIMILAR_PEOPLE, "similar_people", "people whose history resembles yours took to this one lately") \
    X(SIMILAR_CONTENT, "similar_content", "like that item by category, brand, tags or text")            \
    X(TASTE, "taste", "fits the taste that your whole history shows; that item speaks most for it")     \
    X(FOLLOWED, "followed", "people you follow, or whose shares you open, took to this one")            \
    X(POPULAR_IN_GROUP, "popular_in_group", "popular among people like you")                            \
    X(POPULAR, "popular", "popular with everybody")                                                     \
    X(TRENDING, "trending", "much in demand at the moment")                                             \
    X(NEW_ITEM, "new_item", "new, and shown to a few to learn who likes it")

enum fr_reason_code {
#define FR_REASON_ENUM(name, code, text) FR_REASON_##name,
    FR_REASON_MAP(FR_REASON_ENUM)
#undef FR_REASON_ENUM
        FR_REASON_N
};

struct fr_str fr_reason_str(enum fr_reason_code code);

#endif
