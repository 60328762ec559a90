/* near.h - a fitted model as rows of neighbours: what is asked a thousand times a second, made from what is not.
 *
 *     row(i) = the `most` items that the model scores highest for the history {i}, with those scores (above 0)
 *     score of item j for a history h = sum over i in h of value_i row(i)[j]
 *
 * Exact     for a model that is linear in the history (spectral, item CF) but for what the rows leave out; a stand-in for
 *           others, as item-item similarities are for factors. So it is this that is judged, and not the model it is made of:
 *           run/refit.h.
 * Cost      a list costs the rows of its history, some thousand additions, whatever the catalogue's size and the model's.
 *           Making it costs scoring a history for each item.
 * Named     as the model it is made of, whose parameters it shows. It has no fit.
 * Arrays    "<name>.near.*", as learn/graph.h saves rows: how a bundle knows it (fr_near_is_in).
 * Memory    8 bytes * items * most. */
#ifndef FR_LEARN_NEAR_H
#define FR_LEARN_NEAR_H

#include "freshet/learn/model.h"

enum { FR_NEAR_MOST = 1000 };

/* Of a model that scores item_n items. most: 1 to FR_NEAR_MOST. Borrows model for the call. gives */
struct fr_model *fr_near_new(const struct fr_model *model, uint32_t item_n, uint32_t most, unsigned threads);
bool fr_near_is_in(const struct fr_tensors_file *f, const char *name);
/* ops: of the model it was made of. gives; NULL with msg (FR_STATE_CORRUPT). */
struct fr_model *fr_near_load(const struct fr_tensors_file *f, const struct fr_model_ops *ops,
                              struct fr_errmsg *msg);

#endif
