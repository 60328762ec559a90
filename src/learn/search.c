/* Problem   a fit takes seconds to minutes, a grid has thousands of points, and most parameters hardly depend on each other.
 * Choice    coordinate descent over the grid: the questions grow with the sum of the grids' sizes, not with their product,
 *           and whenever it is stopped the best so far is at hand. What is cheap to ask is asked first, and again after each
 *           dear step.
 * Rejected  random search: needs some sixty points for what this finds in twenty, and its result changes with the budget
 *           in ways that nobody can follow. A model of the surface: more code than it saves fits here.
 * Invariant at is always the best point known. */
#include "freshet/learn/search.h"
#include <math.h>
#include <string.h>

struct point {
    uint8_t steps[FR_PARAMETERS_MAX];
};

struct state {
    const struct fr_search *search;
    struct point asked[FR_SEARCH_POINTS];
    struct point at;
    struct fr_search_result result;
    bool only_cheap, stopped;
};

static uint8_t nearest_step(const struct fr_parameter *p, double value) {
    uint32_t nearest = 0;
    for (uint32_t i = 1; i < p->grid_n; i++)
        if (fabs(p->grid[i] - value) < fabs(p->grid[nearest] - value)) nearest = i;
    return (uint8_t)nearest;
}

static void values_of(const struct state *s, const struct point *point, double *values) {
    for (uint32_t i = 0; i < s->search->n; i++) values[i] = s->search->parameters[i].grid[point->steps[i]];
}

static bool was_asked(const struct state *s, const struct point *point) {
    for (uint32_t i = 0; i < s->result.asked; i++)
        if (memcmp(&s->asked[i], point, sizeof *point) == 0) return true;
    return false;
}

static bool may_ask(struct state *s) {
    bool (*may_go_on)(void *) = s->search->may_go_on;
    if (s->result.asked == FR_SEARCH_POINTS ||
        (may_go_on && s->result.asked && !may_go_on(s->search->context)))
        s->stopped = true;
    return !s->stopped;
}

/* Whether the point is the best so far; then it is where we are. */
static bool ask(struct state *s, const struct point *point) {
    double values[FR_PARAMETERS_MAX];
    if (was_asked(s, point) || !may_ask(s)) return false;
    values_of(s, point, values);
    if (s->only_cheap && !s->search->is_cheap(s->search->context, values)) return false;
    s->asked[s->result.asked++] = *point;
    double judged = s->search->judge(s->search->context, values);
    if (isnan(judged) || judged <= s->result.best) return false;
    s->result.best = judged;
    s->at = *point;
    return true;
}

/* Moves along one grid, up (1) or down (-1), as long as that helps. */
static bool move(struct state *s, uint32_t parameter, int direction) {
    bool moved = false;
    for (;;) {
        int step = s->at.steps[parameter] + direction;
        if (step < 0 || step >= (int)s->search->parameters[parameter].grid_n) return moved;
        struct point next = s->at;
        next.steps[parameter] = (uint8_t)step;
        if (!ask(s, &next)) return moved;
        moved = true;
    }
}

/* Over all parameters; with dear questions only up to the first that is moved, for then cheap ones may have other answers. */
static bool one_round(struct state *s) {
    bool moved = false, takes_turns = s->search->is_cheap && !s->only_cheap;
    for (uint32_t i = 0; i < s->search->n && !s->stopped && !(moved && takes_turns); i++)
        moved = move(s, i, 1) || move(s, i, -1) || moved;
    return moved;
}

struct fr_search_result fr_search_run(const struct fr_search *search, double *values) {
    struct state s = {.search = search, .result = {.best = -(double)INFINITY}};
    FR_ASSERT(search->n <= FR_PARAMETERS_MAX);
    for (uint32_t i = 0; i < search->n; i++) {
        FR_ASSERT(search->parameters[i].grid_n >= 1 && search->parameters[i].grid_n <= 255);
        s.at.steps[i] = nearest_step(&search->parameters[i], values[i]);
    }
    struct point start = s.at;
    ask(&s, &start);
    do {
        s.only_cheap = search->is_cheap != NULL;
        while (s.only_cheap && one_round(&s))
            ;
        s.only_cheap = false;
    } while (one_round(&s) && !s.stopped);
    values_of(&s, &s.at, values);
    s.result.finished = !s.stopped;
    if (isinf(s.result.best)) s.result.best = (double)NAN;
    return s.result;
}
