/* What stands out of two popularities; owns nothing but the two names. */
#include "freshet/base/err.h"
#include "freshet/recommend/board.h"
#include "freshet/recommend/source_popular.h"
#include <math.h>
#include <stdlib.h>

#define PRIOR 5.

enum { LOOK_AT = 300 };

struct trending {
    struct fr_source base;
    const struct fr_source *brief, *lasting;
};

/* x^(-3/4), x > 0, by square roots: IEEE 754 rounds them correctly, so the bits are the same on every processor. */
static double power_minus_three_quarters(double x) {
    double root = sqrt(x);
    return 1 / (root * sqrt(root));
}

static uint32_t propose(const struct fr_source *s, const struct fr_query *q, struct fr_scratch *scratch,
                        uint32_t most, struct fr_vote *out) {
    const struct trending *t = (const struct trending *)s;
    struct fr_popular_reading brief = fr_source_popular_read(t->brief, q);
    struct fr_popular_reading lasting = fr_source_popular_read(t->lasting, q);
    if (!brief.board || !lasting.board) return 0;
    fr_scratch_reserve(scratch, q->ids->n);
    for (uint32_t i = 0; i < brief.board->best_n && i < LOOK_AT; i++) {
        uint32_t item = fr_board_best(brief.board, i);
        double now = fr_board_value(brief.board, item) * brief.scale;
        double usual = fr_board_value(lasting.board, item) * lasting.scale;
        fr_scratch_add(scratch, item, (float)(now * power_minus_three_quarters(usual + PRIOR)), FR_DICT_NONE);
    }
    return fr_scratch_best(scratch, q->ids, most, out);
}

static size_t bytes(const struct fr_source *s) {
    (void)s;
    return sizeof(struct trending);
}

static void free_source(struct fr_source *s) { free(s); }

static const struct fr_source_ops ops = {.name = "trending",
                                         .reason = FR_REASON_TRENDING,
                                         .propose = propose,
                                         .bytes = bytes,
                                         .free = free_source};

struct fr_source *fr_source_trending_new(const struct fr_source *brief, const struct fr_source *lasting) {
    struct trending *t = fr_alloc_zero(1, sizeof *t);
    *t = (struct trending){{&ops}, brief, lasting};
    return &t->base;
}
