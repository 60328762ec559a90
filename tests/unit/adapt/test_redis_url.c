#include "check.h"
#include "freshet/adapt/redis_url.h"
#include <stdio.h>

static struct fr_redis_url accepted(const char *text) {
    struct fr_redis_url url;
    struct fr_errmsg msg = {0};
    if (fr_redis_url_parse(text, &url, &msg) != FR_OK) CHECK_STR(msg.text, "");
    return url;
}

/* Whether the URL is refused with a sentence that has `part` in it. */
static void check_refused(const char *text, const char *part) {
    struct fr_redis_url url;
    struct fr_errmsg msg = {0};
    CHECK_INT(fr_redis_url_parse(text, &url, &msg), FR_CONFIG);
    if (!strstr(msg.text, part)) CHECK_STR(msg.text, part);
}

static void test_tcp(void) {
    struct fr_redis_url u = accepted("redis://cache.example");
    CHECK_INT(u.kind, FR_REDIS_TCP);
    CHECK_STR(u.nodes[0].host, "cache.example");
    CHECK_INT(u.nodes[0].port, 6379);
    u = accepted("redis://me:s%3Aec%2Fret%40@[::1]:7000/12");
    CHECK_STR(u.username, "me");
    CHECK_STR(u.password, "s:ec/ret@");
    CHECK_STR(u.nodes[0].host, "::1");
    CHECK_INT(u.nodes[0].port, 7000);
    CHECK_INT(u.database, 12);
    u = accepted("redis://:only@[fe80::1]/");
    CHECK_STR(u.username, "");
    CHECK_STR(u.password, "only");
    CHECK_STR(u.nodes[0].host, "fe80::1");
    CHECK_INT(u.nodes[0].port, 6379);
}

static void test_unix(void) {
    struct fr_redis_url u = accepted("unix:///run/a%20b.sock?db=3");
    CHECK_INT(u.kind, FR_REDIS_UNIX);
    CHECK_STR(u.nodes[0].host, "/run/a b.sock");
    CHECK_INT(u.database, 3);
    u = accepted("unix://u:p@/x@y");
    CHECK_STR(u.password, "p");
    CHECK_STR(u.nodes[0].host, "/x@y");
}

static void test_cluster(void) {
    struct fr_redis_url u = accepted("redis+cluster://:pw@a:1,b,[::2]:3/0");
    CHECK_INT(u.kind, FR_REDIS_CLUSTER);
    CHECK_INT(u.node_n, 3);
    CHECK_STR(u.nodes[1].host, "b");
    CHECK_INT(u.nodes[1].port, 6379);
    CHECK_STR(u.nodes[2].host, "::2");
    CHECK_STR(u.password, "pw");
}

static void test_refusals_name_the_part(void) {
    check_refused("", "starts with");
    check_refused(NULL, "starts with");
    check_refused("localhost:6379", "starts with");
    check_refused("http://x", "not a scheme");
    check_refused("rediss://x", "TLS");
    check_refused("redis+sentinel://x", "sentinel");
    check_refused("redis://", "no host");
    check_refused("redis://h:", "port");
    check_refused("redis://h:0", "port");
    check_refused("redis://h:65536", "port");
    check_refused("redis://h:12x", "\"12x\"");
    check_refused("redis://[::1", "']'");
    check_refused("redis://[::1]x:3", "between");
    check_refused("redis://[", "']'");
    check_refused("redis://h/x", "database \"x\"");
    check_refused("redis://h/99999999999", "database");
    check_refused("redis://u:%zz@h", "password");
    check_refused("redis://u:%2@h", "password");
    check_refused("redis://%00:x@h", "user name");
    check_refused("unix://run/x", "absolute");
    check_refused("unix:///x?base=1", "\"base\"");
    check_refused("unix:///x?db=", "database");
    check_refused("redis+cluster://a,,b", "no host");
    check_refused("redis+cluster://a/1", "database 0");
    check_refused("redis+cluster://a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "more than 16");
}

static void test_refusals_keep_the_password(void) {
    struct fr_redis_url url;
    struct fr_errmsg msg = {0};
    fr_redis_url_parse("redis://u:secret@h:x", &url, &msg);
    CHECK(!strstr(msg.text, "secret"));
}

static void test_long_parts_are_refused(void) {
    char text[800];
    snprintf(text, sizeof text, "redis://u:%0600d@h", 1);
    check_refused(text, "password of the Redis URL is too long");
    snprintf(text, sizeof text, "redis://%0300d:1", 1);
    check_refused(text, "host of the Redis URL is too long");
    snprintf(text, sizeof text, "unix:///%0120d", 1);
    check_refused(text, "socket path");
}

int main(void) {
    RUN(test_tcp);
    RUN(test_unix);
    RUN(test_cluster);
    RUN(test_refusals_name_the_part);
    RUN(test_refusals_keep_the_password);
    RUN(test_long_parts_are_refused);
    return check_done();
}
