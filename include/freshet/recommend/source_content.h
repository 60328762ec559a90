/* source_content.h - items like those of the history by what the catalogue says of them: the answer to an item that nobody
 * has touched yet.
 *
 *     interest = sum over the seeds of weight(s) * x(s),   weight = strength * .95^(seeds before it), for a disliked one minus
 *                the mean weight of the others
 *     score(c) = cosine of interest and x(c) * (1 + ln(1 + heat(c)) / 2)
 *
 * x are the rows of catalog/features. heat is how often an item was taken to lately: among items that are as much alike, those
 * that are liked come first; one nobody touched is not ruled out.
 *
 * Learns    heat, by examples with a weight: it is halved every FR_CONTENT_HALF_LIFE of them.
 * Proposes  by way of lists of items by feature, those of the FR_CONTENT_FEATURES strongest of the interest. A list holds the FR_CONTENT_LIST items that were taken to last, then the newest
 *           of the catalogue. Each vote names the seed that is most like the item. Items of the history, and those that are
 *           not available, are not proposed.
 * Memory    20 bytes for each number of the dictionary and at most 8 * FR_CONTENT_LIST for each feature. Borrows catalogue and
 *           features, which share the numbers of the queries' dictionary. */
#ifndef FR_RECOMMEND_SOURCE_CONTENT_H
#define FR_RECOMMEND_SOURCE_CONTENT_H

#include "freshet/catalog/features.h"
#include "freshet/recommend/source.h"

enum { FR_CONTENT_LIST = 150, FR_CONTENT_FEATURES = 48, FR_CONTENT_SEEDS = 30, FR_CONTENT_HALF_LIFE = 20000 };

struct fr_source *fr_source_content_new(const struct fr_catalog *catalog,
                                        const struct fr_features *features); /* gives */
/* The same for another version of the catalogue under the same dictionary, with what `old` has learnt. gives; old stays. */
struct fr_source *fr_source_content_renew(const struct fr_source *old, const struct fr_catalog *catalog,
                                          const struct fr_features *features);

#endif
