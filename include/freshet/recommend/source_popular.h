/* source_popular.h - what many take to lately: with everybody, in the user's group, or on the surface the user is on.
 *
 * Learns    examples with weight > 0, no dislike and an item new to the user count 1 (so: people), at a half-life in such events (of
 *           anybody) or in milliseconds. With `exposures`, everything but dislikes counts: what is being shown at the moment.
 * Proposes  the best, scores are decayed counts.
 * Memory    one board (board.h); with an audience FR_POPULAR_AUDIENCES_MAX of them at most, later ones stay empty. */
#ifndef FR_RECOMMEND_SOURCE_POPULAR_H
#define FR_RECOMMEND_SOURCE_POPULAR_H

#include "freshet/recommend/source.h"

enum fr_audience { FR_AUDIENCE_ALL, FR_AUDIENCE_GROUP, FR_AUDIENCE_SURFACE };
enum { FR_POPULAR_AUDIENCES_MAX = 256, FR_POPULAR_BEST = 1000, FR_POPULAR_AUDIENCE_BEST = 300 };

struct fr_popular_params {
    const char *name; /* keeps */
    enum fr_reason_code reason;
    enum fr_audience audience;
    double half_life; /* > 0 */
    bool by_time;     /* half_life is in milliseconds, otherwise in events */
    bool exposures;
};

struct fr_source *fr_source_popular_new(const struct fr_popular_params *params); /* gives */

/* The decayed counts of an item for this query, of any item, whether it would be proposed or not. Take the reading once
 * a query. */
struct fr_board;
struct fr_popular_reading {
    const struct fr_board *board; /* NULL: nothing is known */
    double scale;                 /* value * scale is the decayed count */
};
struct fr_popular_reading fr_source_popular_read(const struct fr_source *s, const struct fr_query *q);

/* Trending: items whose short-lived count stands out against the long-lived one, short / (long + prior)^(3/4). Both are
 * borrowed, sources of this kind. */
struct fr_source *fr_source_trending_new(const struct fr_source *brief, const struct fr_source *lasting);

#endif
