/* source_new.h - the newest items: nobody can have taken to them often, so no other source would propose them.
 *
 * Learns    an item is new when it is first heard of: by an example (an impression too), or from the catalogue.
 * Proposes  the latest FR_NEW_ITEMS, score 2^(-age / half-life), half-life one day.
 * Memory    16 bytes for each of FR_NEW_ITEMS, 1 for each number of the dictionary. */
#ifndef FR_RECOMMEND_SOURCE_NEW_H
#define FR_RECOMMEND_SOURCE_NEW_H

#include "freshet/recommend/source.h"

enum { FR_NEW_ITEMS = 1000 };

struct fr_source *fr_source_new_new(void); /* gives */
/* The catalogue has an item since then. Nothing happens when it was heard of before. */
void fr_source_new_add(struct fr_source *s, uint32_t item, fr_time_ms since_ms);

#endif
