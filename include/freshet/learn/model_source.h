/* model_source.h - a fitted model as a candidate source.
 *
 *     seeds of the query --fold-in--> scores of all items --> the best, each with the seed that speaks most for it
 *
 * Fold-in   the first FR_MODEL_SOURCE_SEEDS seeds with strength > 0 and no dislike, each as 1, which is how histories look
 *           in the fit. A vote's score is the model's, so it must be above 0 to be a vote.
 * Because   the seed that would give the item the highest score if it were the whole history; the first in the history of
 *           equal ones. A model without score_some gives FR_DICT_NONE.
 * Promise   as source.h; it learns nothing and is never saved: the bundle is (learn/bundle.h).
 * Cost      of a model that is rows (learn/near.h) the rows of the seeds. Of any other a list costs what the model's score_some costs for all items, and for each seed what it costs for the votes.
 * Memory    the model's, and 12 bytes for each item. In the scratch: one float for each item and what the model needs. */
#ifndef FR_LEARN_MODEL_SOURCE_H
#define FR_LEARN_MODEL_SOURCE_H

#include "freshet/learn/model.h"
#include "freshet/recommend/source.h"

enum { FR_MODEL_SOURCE_SEEDS = 50 };

/* numbers[n]: the number in ids of each of the model's items, each once; n is how many the model scores. ids is only used
 * here. takes model; gives. The source is named as the model is. */
struct fr_source *fr_model_source_new(struct fr_model *model, const struct fr_dict *ids,
                                      const uint32_t *numbers, uint32_t n, enum fr_reason_code reason);
/* The same of a model that somebody else keeps, and that outlives the source. */
struct fr_source *fr_model_source_lend(const struct fr_model *model, const struct fr_dict *ids,
                                       const uint32_t *numbers, uint32_t n, enum fr_reason_code reason);

#endif
