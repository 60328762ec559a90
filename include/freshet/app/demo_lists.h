/* demo_lists.h - who the demo has seen: what each user did last and which lists were published for them.
 *
 * Promise   takes records of the recommendations topic as they are (docs/schemas/recommendations.schema.json); what is
 *           none is left out and counted.
 * Threads   one owner.
 * Memory    about 400 bytes a user; after FR_DEMO_USERS_MAX users new ones are left out. */
#ifndef FR_APP_DEMO_LISTS_H
#define FR_APP_DEMO_LISTS_H

#include "freshet/base/dict.h"
#include "freshet/event/event.h"
#include "freshet/recommend/reason.h"

enum { FR_DEMO_TOP = 5, FR_DEMO_LIST = 20, FR_DEMO_USERS_MAX = 1 << 20 };

/* An item of a list with the reason that says most: the strongest that names an item of the history if it makes a fifth of the
 * score, else the strongest. */
struct fr_demo_entry {
    uint32_t item, because; /* because: FR_DICT_NONE when the reason names no item */
    enum fr_reason_code code;
};

struct fr_demo_list {
    uint32_t items[FR_DEMO_LIST], n;
    struct fr_demo_entry top[FR_DEMO_TOP]; /* the first min(n, FR_DEMO_TOP) */
    bool fallback;                         /* nothing in it is personal */
};

struct fr_demo_user {
    uint64_t events, lists;
    enum fr_event_type last_type; /* valid if events > 0 */
    uint32_t last_item;           /* FR_DICT_NONE: none */
    struct fr_demo_list first;    /* the first with something personal in it; n is 0 before */
    struct fr_demo_list before, latest;
};

struct fr_demo_lists {
    struct fr_dict users, items;
    struct fr_demo_user *at; /* [users.n] */
    uint32_t cap;
    uint64_t unreadable;
};

void fr_demo_lists_init(struct fr_demo_lists *l);
void fr_demo_lists_fini(struct fr_demo_lists *l);
/* FR_DICT_NONE when there are too many. */
uint32_t fr_demo_user_number(struct fr_demo_lists *l, struct fr_str user_id);
void fr_demo_did(struct fr_demo_lists *l, uint32_t user, enum fr_event_type type, uint32_t item);
/* Keeps a published list as its user's latest; an empty value withdraws it. The user's number, FR_DICT_NONE when it was
 * left out. */
uint32_t fr_demo_lists_take(struct fr_demo_lists *l, struct fr_str user_id, struct fr_str value);
/* Whether the first FR_DEMO_TOP differ, in items or order. */
bool fr_demo_top_differs(const struct fr_demo_list *a, const struct fr_demo_list *b);
/* Whether one of them is there because of something the user did. */
bool fr_demo_top_is_personal(const struct fr_demo_list *list);

#endif
