/* recommender.h - candidate sources, the learnt blend and the arrangement as one thing that learns and lists.
 *
 *     example --learn--> [sources] [ranker]            query --list--> propose -> blend -> arrange -> list with reasons
 *
 * The same object is taught in the learner stage, asked (read-only) in the user stage, and driven test-then-learn by
 * `freshet eval stream`.
 *
 * Promise   list is a function of (what was learnt, query, parameters, fitted models): the same bytes on any machine with the
 *           same build. Every item's score is the sum of its reasons' weights, exactly, in units of 1e-6, and is a
 *           calibrated estimate of the chance that the user takes to the item next.
 * Threads   one teacher and no reader meanwhile, or any number of readers with a fr_recommender_use each.
 * Memory    owns its dictionary and sources. Bounds: recommend/limits in each source's header. */
#ifndef FR_RECOMMEND_RECOMMENDER_H
#define FR_RECOMMEND_RECOMMENDER_H

#include "freshet/recommend/list.h"
#include "freshet/recommend/source.h"

struct fr_recommender;

/* What one reader thread needs of its own. */
struct fr_recommender_use;
struct fr_recommender_use *fr_recommender_use_new(void); /* gives */
void fr_recommender_use_free(struct fr_recommender_use *use);

struct fr_recommender_params {
    struct fr_list_params list; /* length, seen policy, reasons per item */
    uint32_t votes;             /* asked of each source, 10 to 1000 */
    uint32_t rank_every;        /* the ranker learns from one in so many examples, chosen by hash; 1: all */
    double diversity;           /* MMR: 0 none .. 1 */
    double exploration;         /* share of list places given to exploration, 0 to 0.5 */
};

#define FR_RECOMMENDER_DEFAULTS \
    ((struct fr_recommender_params){.list = FR_LIST_DEFAULTS, .votes = 100, .rank_every = 1})

struct fr_recommender *
fr_recommender_new(const struct fr_recommender_params *params); /* gives; all streaming sources */
void fr_recommender_free(struct fr_recommender *r);

/* The dictionary of its numbers. Interning into it is teaching. */
struct fr_dict *fr_recommender_ids(struct fr_recommender *r);
const struct fr_dict *fr_recommender_names(const struct fr_recommender *r);

/* Adds a fitted model (learn/) as one more source; replaces one of the same name. takes */
void fr_recommender_add(struct fr_recommender *r, struct fr_source *source);
/* The neighbours of an item as the aggregate stage published them: what the item CF source proposes from. */
void fr_recommender_neighbors(struct fr_recommender *r, uint32_t item, const struct fr_candidate *row,
                              uint32_t n);

/* First the ranker learns from what the sources proposed, then each source learns. */
void fr_recommender_learn(struct fr_recommender *r, const struct fr_example *e,
                          struct fr_recommender_use *use);
/* The list lives as long as the arena's contents. */
struct fr_list fr_recommender_list(const struct fr_recommender *r, const struct fr_query *q,
                                   struct fr_recommender_use *use, struct fr_arena *arena);

/* Each source by its name, for reports that judge them one by one. */
uint32_t fr_recommender_sources(const struct fr_recommender *r);
const struct fr_source *fr_recommender_source(const struct fr_recommender *r, uint32_t i);

/* Everything learnt (not the fitted models) as tensors. */
void fr_recommender_save(const struct fr_recommender *r, struct fr_tensors_writer *w);
enum fr_err fr_recommender_load(struct fr_recommender *r, const struct fr_tensors_file *f,
                                struct fr_errmsg *msg) FR_MUST_USE; /* r: as new */

#endif
