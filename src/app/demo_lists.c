#include "freshet/app/demo_lists.h"
#include "freshet/base/err.h"
#include <jansson.h>
#include <stdlib.h>

void fr_demo_lists_init(struct fr_demo_lists *l) {
    *l = (struct fr_demo_lists){0};
    fr_dict_init(&l->users);
    fr_dict_init(&l->items);
}

void fr_demo_lists_fini(struct fr_demo_lists *l) {
    fr_dict_fini(&l->users);
    fr_dict_fini(&l->items);
    free(l->at);
    l->at = NULL;
}

uint32_t fr_demo_user_number(struct fr_demo_lists *l, struct fr_str user_id) {
    uint32_t known = l->users.n;
    if (known >= FR_DEMO_USERS_MAX) return fr_dict_find(&l->users, user_id);
    uint32_t user = fr_dict_intern(&l->users, user_id);
    if (user < known) return user;
    if (user == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 1024;
        l->at = fr_realloc(l->at, l->cap * sizeof *l->at);
    }
    l->at[user] = (struct fr_demo_user){.last_item = FR_DICT_NONE};
    return user;
}

void fr_demo_did(struct fr_demo_lists *l, uint32_t user, enum fr_event_type type, uint32_t item) {
    struct fr_demo_user *u = &l->at[user];
    u->events++;
    u->last_type = type;
    u->last_item = item;
}

static struct fr_str text_of(const json_t *object, const char *key) {
    const json_t *text = json_object_get(object, key);
    return (struct fr_str){json_string_value(text), (uint32_t)json_string_length(text)};
}

#define PERSONAL_SHARE .2

static enum fr_reason_code code_of(struct fr_str text) {
    unsigned code = 0;
    while (code < FR_REASON_N && !fr_str_eq(text, fr_reason_str((enum fr_reason_code)code))) code++;
    return (enum fr_reason_code)code;
}

static double weight_of(const json_t *reason) { return json_number_value(json_object_get(reason, "weight")); }

/* The strongest of those that name an item, or of all; NULL: none. */
static const json_t *strongest(const json_t *reasons, bool with_item) {
    const json_t *best = NULL;
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const json_t *reason = json_array_get(reasons, i);
        if (with_item && !text_of(reason, "item_id").len) continue;
        if (!best || weight_of(reason) > weight_of(best)) best = reason;
    }
    return best;
}

/* What says most: something personal if it is a fifth of the score, else what weighs most. */
static void explain(struct fr_demo_lists *l, const json_t *item, struct fr_demo_entry *out) {
    const json_t *reasons = json_object_get(item, "reasons");
    const json_t *reason = strongest(reasons, true);
    double score = json_number_value(json_object_get(item, "score"));
    if (!reason || weight_of(reason) < PERSONAL_SHARE * score) reason = strongest(reasons, false);
    struct fr_str because = reason ? text_of(reason, "item_id") : (struct fr_str){NULL, 0};
    out->code = reason ? code_of(text_of(reason, "code")) : FR_REASON_N;
    out->because = because.len ? fr_dict_intern(&l->items, because) : (uint32_t)FR_DICT_NONE;
}

static void read_items(struct fr_demo_lists *l, const json_t *items, struct fr_demo_list *out) {
    for (size_t i = 0; i < json_array_size(items) && out->n < FR_DEMO_LIST; i++) {
        const json_t *item = json_array_get(items, i);
        uint32_t number = fr_dict_intern(&l->items, text_of(item, "item_id"));
        if (out->n < FR_DEMO_TOP) {
            out->top[out->n].item = number;
            explain(l, item, &out->top[out->n]);
        }
        out->items[out->n++] = number;
    }
}

static bool read_list(struct fr_demo_lists *l, struct fr_str value, struct fr_demo_list *out) {
    *out = (struct fr_demo_list){.fallback = true};
    if (value.len == 0) return true;
    json_t *record = json_loadb(value.ptr, value.len, 0, NULL);
    const json_t *items = json_object_get(record, "items");
    bool ok = json_is_array(items);
    if (ok) {
        out->fallback = json_is_true(json_object_get(record, "fallback"));
        read_items(l, items, out);
    }
    json_decref(record);
    return ok;
}

uint32_t fr_demo_lists_take(struct fr_demo_lists *l, struct fr_str user_id, struct fr_str value) {
    struct fr_demo_list list;
    if (!read_list(l, value, &list)) {
        l->unreadable++;
        return FR_DICT_NONE;
    }
    uint32_t user = fr_demo_user_number(l, user_id);
    if (user == (uint32_t)FR_DICT_NONE) return user;
    struct fr_demo_user *u = &l->at[user];
    u->before = u->latest;
    u->latest = list;
    u->lists++;
    if (u->first.n == 0 && !list.fallback) u->first = list;
    return user;
}

bool fr_demo_top_differs(const struct fr_demo_list *a, const struct fr_demo_list *b) {
    uint32_t n = a->n < FR_DEMO_TOP ? a->n : FR_DEMO_TOP, other = b->n < FR_DEMO_TOP ? b->n : FR_DEMO_TOP;
    return n != other || memcmp(a->items, b->items, n * sizeof *a->items) != 0;
}

bool fr_demo_top_is_personal(const struct fr_demo_list *list) {
    for (uint32_t i = 0; i < list->n && i < FR_DEMO_TOP; i++)
        if (list->top[i].because != (uint32_t)FR_DICT_NONE) return true;
    return false;
}
