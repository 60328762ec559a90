/* source_cooccurrence.h - item CF: the neighbours of what the user took to, as the aggregate stage counts them.
 *
 *     score(c) = sum over the latest seeds s of strength(s) * recency(s) * worth(s, c),   recency = .9^place
 *
 * Learns    nothing from examples: rows come in by fr_source_cooccurrence_set.
 * Proposes  from the FR_COOCCURRENCE_SEEDS latest seeds with a strength and no dislike.
 * Memory    8 bytes for each neighbour of each row, at most FR_COOCCURRENCE_ROW a row, and 16 for each item. */
#ifndef FR_RECOMMEND_SOURCE_COOCCURRENCE_H
#define FR_RECOMMEND_SOURCE_COOCCURRENCE_H

#include "freshet/recommend/list.h"
#include "freshet/recommend/source.h"

enum { FR_COOCCURRENCE_SEEDS = 30, FR_COOCCURRENCE_ROW = 1000 };

struct fr_source *fr_source_cooccurrence_new(void); /* gives */
/* Replaces an item's row; n 0 empties it. What is beyond FR_COOCCURRENCE_ROW is left out. Copies. */
void fr_source_cooccurrence_set(struct fr_source *s, uint32_t item, const struct fr_candidate *row,
                                uint32_t n);

#endif
