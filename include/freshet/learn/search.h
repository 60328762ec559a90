/* search.h - the best point of a grid, with few questions: every question is a fit of a model.
 *
 * Method    from a starting point, one parameter at a time is moved along its grid as long as that helps; until a whole round
 *           helps no more, or there may be no more questions. Cheap questions come first. No point is asked about twice.
 * Promise   a function of what judge says: no clock, no randomness. The result is the best of all points asked about, the
 *           first of equals; among those is the start.
 * Memory    remembers at most FR_SEARCH_POINTS points, and stops there. */
#ifndef FR_LEARN_SEARCH_H
#define FR_LEARN_SEARCH_H

#include "freshet/learn/model.h"

enum { FR_SEARCH_POINTS = 512 };

struct fr_search {
    const struct fr_parameter *parameters;
    uint32_t n; /* 0 to FR_PARAMETERS_MAX */
    /* How good values[n] are, larger is better; NaN: cannot be said (too dear, failed). */
    double (*judge)(void *context, const double *values);
    /* Whether judging values costs little (a scoring and no fit). NULL: all cost the same. */
    bool (*is_cheap)(void *context, const double *values);
    /* Asked before each question but the first; false ends the search. NULL: always. */
    bool (*may_go_on)(void *context);
    void *context;
};

struct fr_search_result {
    double best; /* NaN: judge never said */
    uint32_t asked;
    bool finished; /* nothing near the result is better; false: it was stopped */
};

/* values[n]: where to start (the nearest points of the grids are taken); on return the best. */
struct fr_search_result fr_search_run(const struct fr_search *s, double *values);

#endif
