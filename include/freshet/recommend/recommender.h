/* recommender.h - candidate sources, the learnt blend and the arrangement as one thing that learns and lists.
 *
 *     example --learn--> [ranker] [sources]            query --list--> propose -> blend -> arrange -> list with reasons
 *
 * The same object is taught in the learner stage, asked (read-only) in the user stage, and driven test-then-learn by
 * `freshet eval stream`.
 *
 * Blend     every source proposes its best `votes` items; the union, without what must not be shown, is scored by the online
 *           listwise ranker (rank.h) from what the sources say of each item and from the item's own popularity, age and
 *           recency (recommend/features.h).
 * Score     of an item = coverage * softmax(its logit), at least 1e-6: the chance that the user takes to it next. coverage is the
 *           share of examples whose item was among the candidates, a running estimate; so scores of all candidates add
 *           up to the chance that it is any of them.
 * Reasons   the score is dealt out to the sources that proposed the item, in proportion to what each added to its logit; each
 *           names the item of the history that contributed most to its vote. Reasons of one code and item are one.
 *           The strongest list.reasons_per_item + 2 are told.
 * Arrange   rules of the surface, diversity and exploration (arrange.h) order the best 300; scores stay what they are. A list
 *           that explores says with what propensity each item came to its place.
 * Promise   list is a function of (what was learnt, query, parameters, fitted models): the same bytes on any machine with the
 *           same build. Every item's score is the sum of its reasons' weights, exactly, in units of 1e-6. A disliked item is
 *           never listed, a seen one by list.seen. Nothing known: an empty list.
 * Threads   one teacher and no reader meanwhile, or any number of readers with a fr_recommender_use each.
 * Memory    owns its dictionary and sources; each source's header has its bound; and 24 bytes for each number of the
 *           dictionary. A use keeps about 400 bytes for each candidate it ever met at once, and 20 for each number.
 *           No allocation by learn or list once both have seen the largest input. */
#ifndef FR_RECOMMEND_RECOMMENDER_H
#define FR_RECOMMEND_RECOMMENDER_H

#include "freshet/base/rows.h"
#include "freshet/catalog/catalog.h"
#include "freshet/recommend/list.h"
#include "freshet/recommend/source.h"
#include "freshet/recommend/surface.h"

enum { FR_RECOMMENDER_SOURCES_MAX = 32, FR_RECOMMENDER_VOTES_MAX = 1000, FR_RECOMMENDER_LESSON_ALWAYS = 32 };

struct fr_recommender;

/* What one reader thread needs of its own. */
struct fr_recommender_use;
struct fr_recommender_use *fr_recommender_use_new(void); /* gives */
void fr_recommender_use_free(struct fr_recommender_use *use);

struct fr_recommender_params {
    struct fr_list_params list; /* length, seen policy, reasons per item */
    uint32_t votes;             /* asked of each source, 10 to FR_RECOMMENDER_VOTES_MAX */
    /* The ranker learns from so many examples a second of their own time, and from one in FR_RECOMMENDER_LESSON_ALWAYS, by
     * hash, whatever the time (some logs know only the day); 0: from all. */
    uint32_t lessons_per_s;
    uint32_t targets;   /* bit t: the ranker learns from examples of event type t; 0: all with weight > 0 */
    double diversity;   /* MMR: 0 none .. 1 */
    double exploration; /* share of list places given to exploration, 0 to 0.5 */
    /* Keeps; its rules count instead of list.items, list.seen, diversity and exploration. NULL: those count. */
    const struct fr_surface *surface;
};

#define FR_RECOMMENDER_DEFAULTS \
    ((struct fr_recommender_params){.list = FR_LIST_DEFAULTS, .votes = 60, .lessons_per_s = 200})

struct fr_recommender *
fr_recommender_new(const struct fr_recommender_params *params); /* gives; all streaming sources */
void fr_recommender_free(struct fr_recommender *r);

/* The dictionary of its numbers. Interning into it is teaching. */
struct fr_dict *fr_recommender_ids(struct fr_recommender *r);
const struct fr_dict *fr_recommender_names(const struct fr_recommender *r);

/* Adds a fitted model (learn/) as one more source; replaces one of the same name, whose weights it inherits. takes */
void fr_recommender_add(struct fr_recommender *r, struct fr_source *source);
/* The neighbours of an item as the aggregate stage published them: what the item CF source proposes from. */
void fr_recommender_neighbors(struct fr_recommender *r, uint32_t item, const struct fr_candidate *row,
                              uint32_t n);
/* What the arrangement knows of items: availability, attributes, likeness (rows of length 1, may be NULL). keeps both; NULL:
 * nothing. Under the recommender's dictionary. */
void fr_recommender_catalog(struct fr_recommender *r, const struct fr_catalog *catalog,
                            const struct fr_rows *content);
/* The catalogue has an item since then: it is new unless it was heard of before. */
void fr_recommender_item(struct fr_recommender *r, uint32_t item, fr_time_ms since_ms);

/* First the ranker learns from what the sources proposed, then each source learns. Whether it was a lesson for the ranker. */
bool fr_recommender_learn(struct fr_recommender *r, const struct fr_example *e,
                          struct fr_recommender_use *use);
/* The list lives as long as the arena's contents. */
struct fr_list fr_recommender_list(const struct fr_recommender *r, const struct fr_query *q,
                                   struct fr_recommender_use *use, struct fr_arena *arena);

/* Each source by its name, for reports that judge them one by one. */
uint32_t fr_recommender_sources(const struct fr_recommender *r);
const struct fr_source *fr_recommender_source(const struct fr_recommender *r, uint32_t i);
size_t fr_recommender_bytes(const struct fr_recommender *r); /* of memory, about */

/* Everything learnt (not the fitted models) as tensors; the dictionary is the strings "ids". */
void fr_recommender_save(const struct fr_recommender *r, struct fr_tensors_writer *w);
enum fr_err
fr_recommender_load(struct fr_recommender *r, const struct fr_tensors_file *f,
                    struct fr_errmsg *msg) FR_MUST_USE; /* r: as new, fitted models may have been added */

#endif
