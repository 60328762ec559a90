/* forest_internal.h - what forest.c (asking) and forest_fit.c (fitting) share. */
#ifndef FR_LEARN_FOREST_INTERNAL_H
#define FR_LEARN_FOREST_INTERNAL_H

#include "forest_library.h"
#include "freshet/learn/forest.h"

struct fr_forest {
    const struct forest_library *library;
    uint32_t column_n, member_n;
    BoosterHandle members[FR_FOREST_MEMBERS_MAX];
};

enum { FOREST_JSON_BYTES = 160 };

/* The array interface of floats [n][column_n]. */
void forest_array_json(const float *values, uint32_t n, uint32_t column_n, char out[FOREST_JSON_BYTES]);
/* A matrix of the library's own. FR_IO. */
enum fr_err forest_matrix(const struct forest_library *l, const float *values, uint32_t n, uint32_t column_n,
                          unsigned threads, DMatrixHandle *out, struct fr_errmsg *msg) FR_MUST_USE;

#endif
