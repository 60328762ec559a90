#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/base/topk.h"
#include <stdlib.h>

static int compare(const void *a, const void *b) {
    const struct fr_scored *x = a, *y = b;
    return fr_scored_better(*x, *y) ? -1 : fr_scored_better(*y, *x);
}

/* Few distinct scores, so that ties decide. */
static void test_against_sorting(void) {
    struct fr_scored all[200], best[40];
    struct fr_rng r = {9};
    for (int round = 0; round < 5000; round++) {
        uint32_t n = fr_rng_below(&r, 200), k = fr_rng_below(&r, 40);
        struct fr_topk t = {best, 0, k};
        for (uint32_t i = 0; i < n; i++) {
            all[i] = (struct fr_scored){fr_rng_below(&r, 20) - 10.0, fr_rng_below(&r, 1000) * 200 + i};
            fr_topk_offer(&t, all[i].score, all[i].id);
        }
        fr_topk_sort(&t);
        qsort(all, n, sizeof *all, compare);
        CHECK_INT(t.n, n < k ? n : k);
        for (uint32_t i = 0; i < t.n; i++) CHECK(best[i].id == all[i].id);
    }
}

int main(void) {
    RUN(test_against_sorting);
    return check_done();
}
