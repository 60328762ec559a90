#include "check.h"
#include "freshet/learn/folds.h"

/* By the function `folds` of tests/reference/shoppers.py: folds([0,0,1,0,0,0,1,0,1,0,0,1,0,0], 3, 5) */
static void test_folds_that_another_program_makes(void) {
    const bool labels[] = {0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0};
    const uint32_t want[] = {0, 1, 1, 0, 0, 2, 2, 1, 0, 2, 2, 0, 1, 0};
    uint32_t fold[14];
    fr_folds_stratified(labels, 14, 3, 5, fold);
    for (int i = 0; i < 14; i++) CHECK_INT(fold[i], want[i]);
}

enum { ROWS = 1003 };

static bool labels[ROWS];

static void make_labels(uint32_t period) {
    for (uint32_t i = 0; i < ROWS; i++) labels[i] = i % period == 0;
}

static void test_each_fold_has_its_share(void) {
    uint32_t fold[ROWS], rows[10] = {0}, yes[10] = {0};
    make_labels(7);
    fr_folds_stratified(labels, ROWS, 10, 1, fold);
    for (int i = 0; i < ROWS; i++) {
        CHECK(fold[i] < 10);
        rows[fold[i]]++;
        yes[fold[i]] += labels[i];
    }
    for (int k = 0; k < 10; k++) {
        CHECK(yes[k] == 14 || yes[k] == 15);                     /* 144 yes */
        CHECK(rows[k] - yes[k] == 85 || rows[k] - yes[k] == 86); /* 859 no */
    }
}

static void check_balanced(uint32_t period, uint32_t rarer_n) {
    uint32_t a[ROWS], b[ROWS], yes = 0;
    make_labels(period);
    for (int i = 0; i < ROWS && period == 1; i++) labels[i] = i % 4 != 0; /* no is the rarer one */
    uint32_t n = fr_balanced_rows(labels, ROWS, 1, a), m = fr_balanced_rows(labels, ROWS, 2, b), same = 0;
    CHECK_INT(n, 2 * rarer_n);
    CHECK_INT(m, n);
    for (uint32_t i = 0; i < n; i++) {
        yes += labels[a[i]];
        CHECK(i == 0 || a[i - 1] < a[i]);
        same += a[i] == b[i];
    }
    CHECK_INT(yes, rarer_n);
    CHECK(same < n); /* another seed, other rows */
}

static void test_balanced_rows(void) {
    check_balanced(7, 144);
    check_balanced(1, 251);
}

int main(void) {
    RUN(test_folds_that_another_program_makes);
    RUN(test_each_fold_has_its_share);
    RUN(test_balanced_rows);
    return check_done();
}
