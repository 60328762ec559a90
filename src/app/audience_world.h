/* audience_world.h - the people that rules are asked about by a command: the stored profiles, with the campaigns topic and
 * the catalogue where a rule asks for them.
 *
 * Time      windows end now, or at the end of the epoch of the latest event when that is earlier: a log that was replayed is
 *           asked as of its own time.
 * Memory    as app/state_read.h; the catalogue besides, where it is read. */
#ifndef FR_APP_AUDIENCE_WORLD_H
#define FR_APP_AUDIENCE_WORLD_H

#include "campaigns_topic.h"
#include "freshet/app/state_read.h"
#include "freshet/run/propensity_follow.h"
#include "freshet/target/rule_facts.h"

struct audience_world {
    const struct fr_config *config;
    struct fr_wiring wiring;
    struct fr_state_reader reader;
    struct campaigns_topic topic;
    struct fr_campaign_set *set; /* NULL: not read */
    struct fr_catalog catalog;
    bool has_catalog;
    struct fr_live_propensities *models; /* NULL: not read */
    uint64_t bad_items;                  /* records of the items topic that are no items */
    fr_time_ms now_ms;
    struct fr_rule_world rules;
    struct fr_arena scratch; /* of one user, and of one record */
};

/* Who is asked: one of those who may be counted, and what rules are asked about them. Lent during the call. */
struct audience_person {
    struct fr_str id;
    const struct fr_user *user;
    const struct fr_rule_facts *facts;
};

/* Opens the store. Each returns an exit code, what is wrong has been said. audience_world_close follows in every case. */
int audience_world_open(struct audience_world *w, const struct fr_config *config);
void audience_world_close(struct audience_world *w);
/* Reads the campaigns topic into set. */
int audience_world_read_campaigns(struct audience_world *w);
/* Gets ready for this rule: reads what it asks for. FR_EXIT_USAGE where it asks for what cannot be had. set is there if it
 * asks for segments. */
int audience_world_prepare(struct audience_world *w, const struct fr_rule *rule);
/* Visits everybody who may be counted (targeting.consent), by id, with progress on standard error; those who refused ads or profiling
 * are not seen by anyone. */
enum fr_err audience_world_each(struct audience_world *w,
                                enum fr_err (*visit)(void *context, const struct audience_person *person,
                                                     struct fr_errmsg *msg),
                                void *context, struct fr_errmsg *msg);

#endif
