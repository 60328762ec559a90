/* propensity_follow.h - the propensities in force, held by this process.
 *
 * Promise   looked for every interval; a version has all tasks that could be loaded, and is swapped in whole. A model whose columns are
 *           not those that live states give (target/propensity_features.h, without catalogue and prices) is left out, and
 *           the log says so.
 * Threads   one of its own, with a store endpoint of its own; the slot may be read by any.
 * Memory    the slot owns struct fr_live_propensities. */
#ifndef FR_RUN_PROPENSITY_FOLLOW_H
#define FR_RUN_PROPENSITY_FOLLOW_H

#include "freshet/run/propensity_store.h"
#include "freshet/run/slot.h"
#include "freshet/target/propensity_features.h"

struct fr_live_propensity {
    struct fr_propensity_entry entry;
    struct fr_propensity *model;
};

struct fr_live_propensities {
    uint64_t number;                                   /* from 1 */
    struct fr_live_propensity at[FR_PROPENSITY_TASKS]; /* [n] ascending by task */
    uint32_t n;
    struct fr_propensity_features features; /* of every model */
    struct fr_arena names;
};

/* Whether it can be asked with these features. */
bool fr_live_propensity_fits(const struct fr_propensity *p, const struct fr_propensity_features *f);
/* Of what the list says, from the store; entries that cannot be had are left out and said. gives: fr_live_propensities_free */
struct fr_live_propensities *fr_live_propensities_load(struct fr_store *store, const char *prefix,
                                                       const struct fr_propensity_list *list,
                                                       uint64_t number);
void fr_live_propensities_free(void *p);

/* The features of a user's state as of t, its latest event included; out[features.column_n]. */
void fr_live_propensity_features(const struct fr_live_propensities *p, const struct fr_user *user,
                                 fr_time_ms t, float *out);

/* For rules: struct fr_rule_facts.propensity and its context, of one user at one time. */
struct fr_propensity_question {
    const struct fr_live_propensities *models;
    const struct fr_user *user;
    fr_time_ms t;
    float *features; /* NULL at first: worked out when something is asked */
    struct fr_arena *arena;
};
/* NAN: no model is in force for the task. */
double fr_propensity_answer(void *question, struct fr_str task);

struct fr_propensity_follow;

struct fr_propensity_follow_config {
    void *context;
    enum fr_err (*open_store)(void *context, struct fr_store **store, struct fr_errmsg *msg); /* gives */
    const char *prefix;                                                                       /* keeps */
    uint32_t interval_ms;
};

/* Starts the thread. gives */
struct fr_propensity_follow *fr_propensity_follow_start(const struct fr_propensity_follow_config *config);
struct fr_slot *fr_propensity_follow_slot(struct fr_propensity_follow *f); /* lent until stop */
/* Whether it has looked: what is in force is in the slot, or there is none yet. Any thread. */
bool fr_propensity_follow_is_ready(struct fr_propensity_follow *f);
void fr_propensity_follow_stop(struct fr_propensity_follow **f); /* nobody may hold anything */

#endif
