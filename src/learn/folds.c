#include "freshet/learn/folds.h"
#include "freshet/base/err.h"
#include "freshet/base/rng.h"
#include <stdlib.h>

uint32_t fr_count_yes(const bool *labels, uint32_t n) {
    uint32_t yes = 0;
    for (uint32_t i = 0; i < n; i++) yes += labels[i];
    return yes;
}

static void shuffle(uint32_t *rows, uint32_t n, uint64_t seed) {
    struct fr_rng rng = {seed};
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = fr_rng_below(&rng, i), other = rows[j];
        rows[j] = rows[i - 1];
        rows[i - 1] = other;
    }
}

void fr_folds_stratified(const bool *labels, uint32_t n, uint32_t k, uint64_t seed, uint32_t *fold) {
    FR_ASSERT(k >= 1 && k <= FR_FOLDS_MAX);
    uint32_t *rows = fr_alloc(((size_t)n + 1) * sizeof *rows);
    for (int label = 0; label <= 1; label++) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < n; i++)
            if (labels[i] == label) rows[found++] = i;
        shuffle(rows, found, seed + (uint64_t)label);
        for (uint32_t i = 0; i < found; i++) fold[rows[i]] = i % k;
    }
    free(rows);
}

uint32_t fr_balanced_rows(const bool *labels, uint32_t n, uint64_t seed, uint32_t *rows) {
    uint32_t yes = fr_count_yes(labels, n), no = n - yes, taken = 0;
    bool rarer = yes <= no;
    uint32_t wanted = rarer ? yes : no, left = rarer ? no : yes;
    struct fr_rng rng = {seed};
    for (uint32_t i = 0; i < n; i++) {
        if (labels[i] != rarer) {
            if (fr_rng_below(&rng, left--) >= wanted) continue;
            wanted--;
        }
        rows[taken++] = i;
    }
    return taken;
}
