/* check.h - the test harness: cases, checks that say what they saw, a closing line.
 *
 *   static void test_x(void) { CHECK_INT(1 + 1, 2); }
 *   int main(void) { RUN(test_x); return check_done(); }
 *
 * A failed check prints file:line and both values, marks the case as failed and goes on. */
#ifndef FR_TESTS_CHECK_H
#define FR_TESTS_CHECK_H

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int check_cases, check_failed_cases;
static bool check_case_failed;

static inline void check_report(bool ok, const char *file, int line, const char *what) {
    if (ok) return;
    check_case_failed = true;
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
}

#define CHECK(cond) check_report((cond), __FILE__, __LINE__, "CHECK(" #cond ") is false")
#define CHECK_INT(got, want)                                                         \
    do {                                                                             \
        long long got_ = (long long)(got), want_ = (long long)(want);                \
        char text_[160];                                                             \
        snprintf(text_, sizeof text_, "%s is %lld, wanted %lld", #got, got_, want_); \
        check_report(got_ == want_, __FILE__, __LINE__, text_);                      \
    } while (0)
#define CHECK_STR(got, want)                                                                               \
    do {                                                                                                   \
        const char *got_ = (got), *want_ = (want);                                                         \
        char text_[512];                                                                                   \
        snprintf(text_, sizeof text_, "%s is \"%.200s\", wanted \"%.200s\"", #got, got_ ? got_ : "(null)", \
                 want_);                                                                                   \
        check_report(got_ &&strcmp(got_, want_) == 0, __FILE__, __LINE__, text_);                          \
    } while (0)
#define CHECK_NEAR(got, want, tolerance)                                               \
    do {                                                                               \
        double got_ = (double)(got), want_ = (double)(want);                           \
        char text_[200];                                                               \
        snprintf(text_, sizeof text_, "%s is %.12g, wanted %.12g", #got, got_, want_); \
        check_report(fabs(got_ - want_) <= (tolerance), __FILE__, __LINE__, text_);    \
    } while (0)

#define RUN(test)                                                      \
    do {                                                               \
        check_case_failed = false;                                     \
        test();                                                        \
        check_cases++;                                                 \
        if (check_case_failed) check_failed_cases++;                   \
        printf("%s %s\n", check_case_failed ? "FAIL" : "ok  ", #test); \
        fflush(stdout);                                                \
    } while (0)

static inline int check_done(void) {
    printf("cases: %d passed, %d failed\n", check_cases - check_failed_cases, check_failed_cases);
    return check_failed_cases || !check_cases;
}

#endif
