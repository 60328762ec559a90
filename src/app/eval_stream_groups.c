/* Which attributes of users make groups that differ in what they take to.
 *
 * Problem   profile.group_by decides for whom something is popular, and nobody has said yet which of the attributes matter.
 * Choice    the first fifth of the log is read beforehand. For each attribute: how many nats does a user's value tell of
 *           the next item, over popularity with everybody,
 *
 *               mean of ln(q / p),   p = share of the item so far,   q = (count in the group + PRIOR p) / (size of it + PRIOR)
 *
 *           each event predicted before it is counted. The best attribute is taken, then the one that adds most beside it, as
 *           long as it adds LEAST_GAIN and more than chance would. An attribute with a value for each user tells nothing, and is left out by this
 *           very measure. The rest of the log is never looked at. */
#include "freshet/base/hash.h"
#include "freshet/base/real.h"
#include "eval_stream.h"
#include <math.h>
#include <stdlib.h>

enum { ATTRIBUTES = 32 };
#define PRIOR 1000.
#define LEAST_GAIN .003
#define NOISE .3 /* a standard error of a mean gain is about NOISE / sqrt(events) */

struct taking {
    uint32_t user, item;
};

struct stream_groups {
    struct stream_world reader;     /* decodes; learns nothing */
    struct fr_dict names;           /* of attributes */
    uint32_t (*values)[ATTRIBUTES]; /* [value_cap] by user: number of the value + 1; 0: not known */
    uint32_t value_cap;
    struct taking *takings;
    size_t taking_n, taking_cap;
    struct fr_map known; /* user and item: each pair once, or people would predict themselves */
};

static void note_attributes(struct stream_groups *g, uint32_t user, const struct fr_event *event) {
    if (user >= g->value_cap) {
        uint32_t cap = user + user / 2 + 1024;
        g->values = fr_realloc(g->values, cap * sizeof *g->values);
        memset(g->values + g->value_cap, 0, (cap - g->value_cap) * sizeof *g->values);
        g->value_cap = cap;
    }
    for (uint32_t i = 0; event->type == FR_EVENT_USER_UPSERT && i < event->attribute_n; i++) {
        const struct fr_attribute *a = &event->attributes[i];
        if (a->kind != FR_ATTRIBUTE_STRING) continue;
        uint32_t name = fr_dict_intern(&g->names, a->name);
        if (name < ATTRIBUTES) g->values[user][name] = fr_dict_intern(g->reader.ids, a->text) + 1;
    }
}

struct stream_groups *stream_groups_new(const struct fr_rules *rules,
                                        const struct fr_recommender_params *params) {
    struct stream_groups *g = fr_alloc_zero(1, sizeof *g);
    stream_world_init(&g->reader, rules, params);
    fr_dict_init(&g->names);
    return g;
}

void stream_groups_take(struct stream_groups *g, struct fr_str line) {
    struct fr_event event;
    if (!stream_world_read(&g->reader, line, &event) || !event.user_id.len) return;
    uint32_t user = fr_dict_intern(g->reader.ids, event.user_id);
    note_attributes(g, user, &event);
    if (g->reader.rules->events.weight[event.type] == 0 || !event.item_id.len) return;
    uint32_t item = fr_dict_intern(g->reader.ids, event.item_id);
    bool was_there;
    fr_map_put(&g->known, (uint64_t)user << 32 | item, &was_there);
    if (was_there) return;
    if (g->taking_n == g->taking_cap) {
        g->taking_cap = g->taking_cap ? 2 * g->taking_cap : 4096;
        g->takings = fr_realloc(g->takings, g->taking_cap * sizeof *g->takings);
    }
    g->takings[g->taking_n++] = (struct taking){user, item};
}

/* A number for the values of the chosen attributes together. */
static uint64_t group_of(const struct stream_groups *g, uint32_t user, const uint32_t *chosen, uint32_t n) {
    uint64_t hash = 0;
    for (uint32_t i = 0; i < n; i++) hash = fr_hash_mix(hash + g->values[user][chosen[i]] + 1);
    return hash;
}

/* Nats that the group tells of an item, over popularity. */
static double gain_of(const struct stream_groups *g, const uint32_t *chosen, uint32_t n) {
    struct fr_map items = {0}, groups = {0}, pairs = {0};
    double gain = 0;
    size_t counted = 0;
    for (size_t i = 0; i < g->taking_n; i++) {
        uint64_t group = group_of(g, g->takings[i].user, chosen, n);
        uint64_t *item = fr_map_put(&items, g->takings[i].item, NULL),
                 *size = fr_map_put(&groups, group, NULL);
        uint64_t *both = fr_map_put(&pairs, fr_hash_mix(group ^ ((uint64_t)g->takings[i].item << 32)), NULL);
        if (*item) {
            double p = (double)*item / (double)i, q = ((double)*both + PRIOR * p) / ((double)*size + PRIOR);
            gain += fr_ln(q / p);
            counted++;
        }
        ++*item;
        ++*size;
        ++*both;
    }
    fr_map_fini(&items);
    fr_map_fini(&groups);
    fr_map_fini(&pairs);
    return counted ? gain / (double)counted : 0;
}

uint32_t stream_groups_choose(const struct stream_groups *g, struct fr_str out[FR_PROFILE_GROUP_BY_MAX]) {
    uint32_t chosen[FR_PROFILE_GROUP_BY_MAX], n = 0;
    uint32_t name_n = g->names.n < ATTRIBUTES ? g->names.n : ATTRIBUTES;
    double so_far = 0, least = LEAST_GAIN + NOISE / sqrt((double)g->taking_n + 1);
    while (n < FR_PROFILE_GROUP_BY_MAX) {
        double best = so_far + least;
        uint32_t which = name_n;
        for (uint32_t a = 0; a < name_n; a++) {
            chosen[n] = a;
            double gain = gain_of(g, chosen, n + 1);
            if (gain > best) best = gain, which = a;
        }
        if (which == name_n) break;
        chosen[n] = which;
        out[n++] = fr_dict_str(&g->names, which);
        so_far = best;
    }
    return n;
}

void stream_groups_free(struct stream_groups *g) {
    if (!g) return;
    stream_world_fini(&g->reader);
    fr_dict_fini(&g->names);
    fr_map_fini(&g->known);
    free(g->values);
    free(g->takings);
    free(g);
}
