/* toplists.h - the best items of many users, from a fitted model: scoring in blocks, on several threads.
 *
 * Promise   best first, ties by the smaller item number; nothing of a user's history is listed, nor an item whose score is
 *           not a number. The lists do not depend on the number of threads.
 * Memory    4 bytes per item and user of a block, for each thread. */
#ifndef FR_LEARN_TOPLISTS_H
#define FR_LEARN_TOPLISTS_H

#include "freshet/learn/model.h"

enum { FR_TOPLISTS_NONE = 0x7fffffff }; /* a place without an item; only at the end of a list */

struct fr_toplists {
    const uint32_t
        *users;         /* [row_n] ascending, borrowed: whose each list is; NULL: of users 0 to row_n. Runs of
                              neighbours are scored together, so a sample had better be made of such */
    const bool *hidden; /* [item_n] borrowed: what is in no list; NULL: nothing */
    const struct fr_rows
        *seen; /* borrowed: rows by the users' numbers, of whose columns no list holds one; NULL: nothing */
    uint32_t row_n, depth;
    uint32_t *items; /* [row_n][depth] the caller's */
    float *scores;   /* [row_n][depth] as the model gave them */
};

static inline uint32_t fr_toplists_user(const struct fr_toplists *t, uint32_t r) {
    return t->users ? t->users[r] : r;
}

/* gives the arrays; fr_toplists_fini. */
struct fr_toplists fr_toplists_new(const uint32_t *users, uint32_t row_n, uint32_t depth);
void fr_toplists_fini(struct fr_toplists *t);

/* Fills the lists of the users from their histories, rows of the numbers that the fit had (is_known: see model.h). */
void fr_toplists_fill(struct fr_toplists *t, const struct fr_model *model, const struct fr_rows *histories,
                      bool is_known, unsigned threads);

/* How many items list r has. */
uint32_t fr_toplists_length(const struct fr_toplists *t, uint32_t r);

#endif
