/* small_bundle.h - a bundle of one model fitted on a planted preference, for tests: users of two kinds, each with items of
 * their own, named <letter><number>. */
#ifndef FR_TESTS_SMALL_BUNDLE_H
#define FR_TESTS_SMALL_BUNDLE_H

#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/bundle.h"

enum { SMALL_BUNDLE_ITEMS = 12 };

/* Items first .. first + 11 of i0 .. i99; users of even number take to the even ones. gives */
static inline struct fr_bundle *small_bundle(const char *family, uint32_t first, fr_time_ms created_ms) {
    enum { USERS = 60, EACH = 4 };
    struct fr_interaction entries[USERS * EACH];
    struct fr_rng rng = {created_ms ? (uint64_t)created_ms : 1};
    for (uint32_t i = 0; i < USERS * EACH; i++) {
        uint32_t user = i / EACH;
        entries[i] =
            (struct fr_interaction){user, 2 * fr_rng_below(&rng, SMALL_BUNDLE_ITEMS / 2) + user % 2, 1};
    }
    struct fr_interactions *data = fr_interactions_new(USERS, SMALL_BUNDLE_ITEMS, entries, USERS * EACH);
    const struct fr_model_ops *ops = fr_model_find(family);
    double values[FR_PARAMETERS_MAX];
    for (uint32_t i = 0; i < ops->parameter_n; i++) values[i] = ops->parameters[i].standard;
    struct fr_errmsg msg = {0};
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1, .is_published = true};
    struct fr_model *model = ops->fit(&fit, values, &msg);
    CHECK_STR(msg.text, "");
    fr_interactions_free(data);
    struct fr_bundle *b = fr_bundle_new();
    char names[SMALL_BUNDLE_ITEMS][8];
    struct fr_str ids[SMALL_BUNDLE_ITEMS];
    for (uint32_t i = 0; i < SMALL_BUNDLE_ITEMS; i++)
        ids[i] = (struct fr_str){names[i], (uint32_t)snprintf(names[i], sizeof names[i], "i%02u", first + i)};
    fr_bundle_set_items(b, ids, SMALL_BUNDLE_ITEMS);
    fr_bundle_add(b, model);
    b->created_ms = created_ms;
    fr_bundle_name(b);
    return b;
}

#endif
