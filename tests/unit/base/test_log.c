/* What reaches standard error. */
#include "check.h"
#include "freshet/base/log.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char captured[8192];

/* Runs a function with standard error going into `captured`. */
static void capture(void (*act)(void)) {
    char path[] = "/tmp/freshet-log-XXXXXX";
    int file = mkstemp(path), before = dup(STDERR_FILENO);
    unlink(path);
    dup2(file, STDERR_FILENO);
    act();
    dup2(before, STDERR_FILENO);
    close(before);
    ssize_t n = pread(file, captured, sizeof captured - 1, 0);
    captured[n < 0 ? 0 : n] = '\0';
    close(file);
}

static unsigned lines(void) {
    unsigned n = 0;
    for (const char *p = captured; *p; p++) n += *p == '\n';
    return n;
}

static void two_levels(void) {
    fr_log_setup(FR_LOG_WARN, FR_LOG_LOGFMT);
    fr_log(FR_LOG_INFO, "TEST-INFO", "n=%d", 1);
    fr_log(FR_LOG_WARN, "TEST-WARN", "n=%d text=\"a b\"", 2);
}

static void test_logfmt_and_level(void) {
    capture(two_levels);
    CHECK_INT(lines(), 1);
    CHECK(strstr(captured, "Z level=warn event=TEST-WARN n=2 text=\"a b\"\n"));
    CHECK_INT(fr_log_count(FR_LOG_INFO), 1);
    CHECK_INT(fr_log_count(FR_LOG_WARN), 1);
}

static void as_json(void) {
    fr_log_setup(FR_LOG_INFO, FR_LOG_JSON);
    fr_log(FR_LOG_ERROR, "TEST-JSON", "a=1 b=\"x y\" c= some words");
}

static void test_json(void) {
    capture(as_json);
    CHECK(strstr(captured, "\"level\":\"error\",\"event\":\"TEST-JSON\",\"a\":\"1\",\"b\":\"x y\",\"c\":\"\","
                           "\"text\":\"some words\"}\n"));
    CHECK(strncmp(captured, "{\"ts\":\"2", 8) == 0);
}

static void thirty_lines(void) {
    fr_log_setup(FR_LOG_INFO, FR_LOG_LOGFMT);
    for (int i = 0; i < 30; i++) fr_log(FR_LOG_INFO, "TEST-MANY", "i=%d", i);
    fr_log(FR_LOG_INFO, "TEST-OTHER", "x=1");
}

static void test_a_flood_is_cut(void) {
    capture(thirty_lines);
    CHECK_INT(lines(), 11);
    CHECK(strstr(captured, "TEST-OTHER"));
}

static void with_line_breaks(void) {
    fr_log(FR_LOG_INFO, "TEST-BREAK", "text=\"%s\"", "a\nlevel=error\r\tb");
}

static void test_one_line_stays_one_line(void) {
    capture(with_line_breaks);
    CHECK_INT(lines(), 1);
    CHECK(strstr(captured, "text=\"a level=error  b\""));
}

int main(void) {
    RUN(test_logfmt_and_level);
    RUN(test_json);
    RUN(test_a_flood_is_cut);
    RUN(test_one_line_stays_one_line);
    return check_done();
}
