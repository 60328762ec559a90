/* content.h - items like those of the history by their features: the only fitted model that knows items nobody touched.
 *
 *     interest = sum over the history of value * x(item),   score(i) = cosine(interest, x(i)) * (1 + users of i)^popularity
 *
 * x are rows of length 1 (catalog/features). Items without features have score 0.
 * Memory    8 bytes for each feature of each item, twice (by item and by feature). */
#ifndef FR_LEARN_CONTENT_H
#define FR_LEARN_CONTENT_H

#include "freshet/learn/model.h"

extern const struct fr_model_ops fr_content_ops; /* "content": popularity */

#endif
