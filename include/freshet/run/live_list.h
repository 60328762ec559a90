/* live_list.h - a list made with a live model: from a profile to a query in the model's numbers, and from the list to the
 * head of its record. The user stage publishes with it, `freshet explain` makes a published list again with it.
 *
 * Promise   the list is a function of (profile, model, rules, place of the cause in the log): the same bytes whenever and
 *           wherever it is made.
 * Threads   one owner of a lister; a model is only read.
 * Memory    a lister keeps 4 bytes for each number of the dictionary it translates. */
#ifndef FR_RUN_LIVE_LIST_H
#define FR_RUN_LIVE_LIST_H

#include "freshet/profile/user.h"
#include "freshet/recommend/recommendation.h"
#include "freshet/run/live_model.h"
#include "freshet/run/stages.h"

#define FR_LIVE_MODEL_NAME FR_STR("blend")

struct fr_live_lister;

struct fr_live_lister *
fr_live_lister_new(const struct fr_dict *ids); /* gives; borrows ids, the profiles' dictionary */
void fr_live_lister_free(struct fr_live_lister *l);

/* Seed of everything that is drawn because of a record. */
uint64_t fr_live_draw(int32_t partition, int64_t offset);
/* Numbers of the list are those of fr_recommender_names(model->learner.recommender). It lies in the arena. */
struct fr_list fr_live_list(struct fr_live_lister *l, const struct fr_live_model *model,
                            const struct fr_rules *rules, const struct fr_user *u, struct fr_str user_id,
                            uint64_t draw, struct fr_arena *arena);

/* The head of the record of any list: ids, times, where it comes from. Strings are borrowed or lie in the arena. */
struct fr_recommendation fr_live_head(const struct fr_rules *rules, struct fr_str user_id, int32_t partition,
                                      int64_t offset, int64_t through, uint64_t catalogue,
                                      fr_time_ms generated_ms, struct fr_str model, struct fr_str version,
                                      struct fr_arena *arena);

#endif
