/* store_suite.h - what every store must do, written against port/store.h only. A test sets suite_open and runs
 * suite_run; with SUITE_HELPERS_ONLY only the helpers are there. Every case has keys of its own, so cases share one server. */
#ifndef FR_TESTS_STORE_SUITE_H
#define FR_TESTS_STORE_SUITE_H

#include "check.h"
#include "freshet/base/buf.h"
#include "freshet/base/clock.h"
#include "freshet/port/store.h"
#include <pthread.h>
#include <stdlib.h>

static const struct fr_str absent = {NULL, 0};

static inline enum fr_err commit_finish(struct fr_store *s) {
    enum fr_err err;
    struct fr_errmsg msg = {0};
    while ((err = s->ops->commit_poll(s, &msg)) == FR_PENDING) fr_clock_sleep_ms(1);
    if (err == FR_STORE_FATAL) fprintf(stderr, "%s\n", msg.text);
    return err;
}

static inline enum fr_err commit(struct fr_store *s, const char *meta, struct fr_str expected,
                                 struct fr_str replacement, const struct fr_pair *pairs, uint32_t n) {
    struct fr_store_commit c = {fr_str_of(meta), expected, replacement, pairs, n};
    enum fr_err err = s->ops->commit_start(s, &c, NULL);
    return err == FR_OK ? commit_finish(s) : err;
}

static inline enum fr_err put(struct fr_store *s, const struct fr_pair *pairs, uint32_t n, uint32_t ttl_s) {
    if (s->ops->put_start(s, pairs, n, ttl_s, NULL) != FR_OK) return FR_STORE_FATAL;
    enum fr_err err;
    while ((err = s->ops->put_poll(s, NULL)) == FR_PENDING) fr_clock_sleep_ms(1);
    return err;
}

/* True when the key holds exactly `wanted` (ptr NULL: nothing). */
static inline bool holds(struct fr_store *s, struct fr_str key, struct fr_str wanted) {
    struct fr_arena arena = {0};
    struct fr_str value = FR_STR("untouched");
    bool same = s->ops->load(s, &key, 1, &value, &arena, NULL) == FR_OK &&
                (wanted.ptr ? value.ptr && fr_str_eq(value, wanted) : value.ptr == NULL);
    fr_arena_fini(&arena);
    return same;
}

#ifndef SUITE_HELPERS_ONLY
static struct fr_store *(*suite_open)(void); /* gives a new endpoint of the store under test */

static void test_commit_then_load(void) {
    struct fr_store *s = suite_open();
    struct fr_pair pairs[] = {{FR_STR("{a}:1"), FR_STR("one")}, {FR_STR("{a}:2"), FR_STR("two")}};
    CHECK(holds(s, FR_STR("{a}:1"), absent));
    CHECK_INT(commit(s, "{a}:meta", absent, FR_STR("m1"), pairs, 2), FR_OK);
    CHECK(holds(s, FR_STR("{a}:1"), FR_STR("one")));
    CHECK(holds(s, FR_STR("{a}:2"), FR_STR("two")));
    CHECK(holds(s, FR_STR("{a}:3"), absent));
    CHECK(holds(s, FR_STR("{a}:meta"), FR_STR("m1")));
    CHECK_INT(commit(s, "{a}:meta", FR_STR("m1"), FR_STR("m2"), NULL, 0), FR_OK);
    CHECK(holds(s, FR_STR("{a}:meta"), FR_STR("m2")));
    CHECK_INT(s->ops->load(s, NULL, 0, NULL, NULL, NULL), FR_OK);
    s->ops->close(s);
}

static void test_bytes_are_kept(void) {
    struct fr_store *s = suite_open();
    char every[256];
    for (int i = 0; i < 256; i++) every[i] = (char)i;
    struct fr_str all = {every, sizeof every}, key = FR_STR("{b}:\0\r\n$3 %s*\xff"), meta = FR_STR("m\0\r\n");
    struct fr_pair pair = {key, all};
    CHECK_INT(commit(s, "{b}:meta", absent, meta, &pair, 1), FR_OK);
    CHECK(holds(s, key, all));
    CHECK(holds(s, FR_STR("{b}:"), absent));
    CHECK_INT(commit(s, "{b}:meta", FR_STR("m"), FR_STR("x"), NULL, 0), FR_STORE_GUARD);
    CHECK_INT(commit(s, "{b}:meta", meta, FR_STR("x"), NULL, 0), FR_OK);
    s->ops->close(s);
}

static void test_guard_that_fails_writes_nothing(void) {
    struct fr_store *s = suite_open();
    struct fr_pair first = {FR_STR("{c}:1"), FR_STR("old")}, second = {FR_STR("{c}:1"), FR_STR("new")};
    CHECK_INT(commit(s, "{c}:meta", FR_STR("m0"), FR_STR("m1"), &second, 1), FR_STORE_GUARD);
    CHECK(holds(s, FR_STR("{c}:1"), absent));
    CHECK(holds(s, FR_STR("{c}:meta"), absent));
    CHECK_INT(commit(s, "{c}:meta", absent, FR_STR("m1"), &first, 1), FR_OK);
    CHECK_INT(commit(s, "{c}:meta", absent, FR_STR("m2"), &second, 1), FR_STORE_GUARD);
    CHECK_INT(commit(s, "{c}:meta", FR_STR("m0"), FR_STR("m2"), &second, 1), FR_STORE_GUARD);
    CHECK(holds(s, FR_STR("{c}:1"), FR_STR("old")));
    CHECK(holds(s, FR_STR("{c}:meta"), FR_STR("m1")));
    CHECK_INT(commit(s, "{c}:meta", FR_STR("m1"), FR_STR("m2"), &second, 1), FR_OK);
    CHECK(holds(s, FR_STR("{c}:1"), FR_STR("new")));
    s->ops->close(s);
}

static void test_empty_value_deletes(void) {
    struct fr_store *s = suite_open();
    struct fr_pair written[] = {{FR_STR("{d}:1"), FR_STR("x")}, {FR_STR("{d}:2"), FR_STR("y")}};
    struct fr_pair deleted[] = {
        {FR_STR("{d}:1"), FR_STR("")}, {FR_STR("{d}:2"), FR_STR("z")}, {FR_STR("{d}:3"), absent}};
    CHECK_INT(commit(s, "{d}:meta", absent, FR_STR("1"), written, 2), FR_OK);
    CHECK_INT(commit(s, "{d}:meta", FR_STR("1"), FR_STR("2"), deleted, 3), FR_OK);
    CHECK(holds(s, FR_STR("{d}:1"), absent));
    CHECK(holds(s, FR_STR("{d}:2"), FR_STR("z")));
    CHECK(holds(s, FR_STR("{d}:3"), absent));
    s->ops->close(s);
}

static void test_second_writer_loses(void) {
    struct fr_store *a = suite_open(), *b = suite_open();
    struct fr_pair of_a = {FR_STR("{e}:1"), FR_STR("a")}, of_b = {FR_STR("{e}:1"), FR_STR("b")};
    CHECK_INT(commit(a, "{e}:meta", absent, FR_STR("1"), NULL, 0), FR_OK);
    CHECK_INT(commit(b, "{e}:meta", FR_STR("1"), FR_STR("2"), &of_b, 1), FR_OK);
    CHECK_INT(commit(a, "{e}:meta", FR_STR("1"), FR_STR("2"), &of_a, 1), FR_STORE_GUARD);
    CHECK(holds(a, FR_STR("{e}:1"), FR_STR("b")));
    a->ops->close(a);
    b->ops->close(b);
}

enum { RACE_WINS = 150 };

static struct fr_str number_text(char out[16], unsigned n) {
    return (struct fr_str){out, (uint32_t)snprintf(out, 16, "%u", n)};
}

/* Counts up until it has won RACE_WINS times; the guard is the count. */
static void *race(void *context) {
    struct fr_store *s = suite_open();
    struct fr_arena arena = {0};
    unsigned *losses = context;
    for (unsigned wins = 0; wins < RACE_WINS;) {
        struct fr_str key = FR_STR("{f}:meta"), now;
        char next[16];
        fr_arena_clear(&arena);
        if (s->ops->load(s, &key, 1, &now, &arena, NULL) != FR_OK) continue;
        char *text = fr_arena_zero(&arena, now.len + 1);
        if (now.len) memcpy(text, now.ptr, now.len);
        struct fr_str replacement = number_text(next, (unsigned)strtoul(text, NULL, 10) + 1);
        struct fr_pair pair = {FR_STR("{f}:count"), replacement};
        if (commit(s, "{f}:meta", now, replacement, &pair, 1) == FR_OK)
            wins++;
        else
            ++*losses;
    }
    fr_arena_fini(&arena);
    s->ops->close(s);
    return NULL;
}

static void test_racing_writers_lose_no_count(void) {
    pthread_t threads[2];
    unsigned losses[2] = {0};
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, race, &losses[i]);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    struct fr_store *s = suite_open();
    char total[16];
    CHECK(holds(s, FR_STR("{f}:count"), number_text(total, 2 * RACE_WINS)));
    s->ops->close(s);
}

struct many {
    struct fr_arena arena;
    struct fr_str *keys, *values;
    struct fr_pair *pairs;
};

static struct many many_new(const char *tag, uint32_t n, uint32_t value_bytes) {
    struct many m = {0};
    m.keys = fr_arena_alloc(&m.arena, n * sizeof *m.keys);
    m.values = fr_arena_alloc(&m.arena, n * sizeof *m.values);
    m.pairs = fr_arena_alloc(&m.arena, n * sizeof *m.pairs);
    for (uint32_t i = 0; i < n; i++) {
        char *key = fr_arena_alloc(&m.arena, 32), *value = fr_arena_alloc(&m.arena, value_bytes + 16);
        uint32_t key_len = (uint32_t)snprintf(key, 32, "{%s}:%u", tag, i);
        memset(value, 'a' + (int)(i % 26), value_bytes);
        uint32_t value_len = (uint32_t)snprintf(value, 16, "%u:", i);
        value[value_len] = 'v';
        m.keys[i] = (struct fr_str){key, key_len};
        m.pairs[i] = (struct fr_pair){m.keys[i], {value, value_len > value_bytes ? value_len : value_bytes}};
    }
    return m;
}

static uint32_t count_wrong(const struct many *m, uint32_t n) {
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < n; i++)
        wrong += !m->values[i].ptr || !fr_str_eq(m->values[i], m->pairs[i].value);
    return wrong;
}

/* n pairs in commits of `step`, then all of them in one load. */
static void write_and_read(const char *tag, uint32_t n, uint32_t step, uint32_t value_bytes) {
    struct fr_store *s = suite_open();
    struct many m = many_new(tag, n, value_bytes);
    struct fr_arena loaded = {0};
    char meta[32], now[16], next[16];
    snprintf(meta, sizeof meta, "{%s}:meta", tag);
    struct fr_str guard = absent;
    for (uint32_t at = 0; at < n; at += step) {
        uint32_t part = n - at < step ? n - at : step;
        CHECK_INT(commit(s, meta, guard, number_text(next, at + 1), m.pairs + at, part), FR_OK);
        guard = number_text(now, at + 1);
    }
    CHECK_INT(s->ops->load(s, m.keys, n, m.values, &loaded, NULL), FR_OK);
    CHECK_INT(count_wrong(&m, n), 0);
    fr_arena_fini(&loaded);
    fr_arena_fini(&m.arena);
    s->ops->close(s);
}

static void test_many_keys_in_order(void) { write_and_read("g", 20000, 4000, 64); }
static void test_wide_commit(void) { write_and_read("h", 5000, 5000, 4096); }
static void test_long_values(void) { write_and_read("i", 12, 6, 1 << 20); }

static void test_views(void) {
    struct fr_store *s = suite_open();
    struct fr_pair views[] = {{FR_STR("{j}:view:1"), FR_STR("x")},
                              {FR_STR("{k}:view:2"), FR_STR("y")},
                              {FR_STR("{l}:view:3"), FR_STR("z")}};
    struct fr_pair gone = {FR_STR("{k}:view:2"), FR_STR("")}, state = {FR_STR("{j}:1"), FR_STR("s")};
    CHECK_INT(put(s, views, 3, 0), FR_OK);
    CHECK_INT(put(s, &gone, 1, 3600), FR_OK);
    CHECK(holds(s, FR_STR("{j}:view:1"), FR_STR("x")));
    CHECK(holds(s, FR_STR("{k}:view:2"), absent));
    CHECK(holds(s, FR_STR("{l}:view:3"), FR_STR("z")));
    struct fr_store_commit c = {FR_STR("{j}:meta"), absent, FR_STR("1"), &state, 1};
    CHECK_INT(s->ops->commit_start(s, &c, NULL), FR_OK);
    CHECK_INT(put(s, views, 3, 3600), FR_OK); /* beside the commit */
    CHECK_INT(commit_finish(s), FR_OK);
    CHECK(holds(s, FR_STR("{j}:1"), FR_STR("s")));
    CHECK(holds(s, FR_STR("{k}:view:2"), FR_STR("y")));
    s->ops->close(s);
}

struct visits {
    unsigned n, wrong, stop_at;
    struct fr_str prefix;
};

static bool visit(void *context, struct fr_str key) {
    struct visits *v = context;
    v->n++;
    v->wrong += key.len < v->prefix.len || memcmp(key.ptr, v->prefix.ptr, v->prefix.len) != 0;
    return v->n != v->stop_at;
}

static void test_scan_takes_the_prefix_literally(void) {
    struct fr_store *s = suite_open();
    struct fr_pair pairs[] = {{FR_STR("s*[a-b]?\\x{m}:1"), FR_STR("1")},
                              {FR_STR("s*[a-b]?\\x{n}:2"), FR_STR("2")},
                              {FR_STR("sZa?x{m}:3"), FR_STR("3")},
                              {FR_STR("s*a1x{m}:4"), FR_STR("4")},
                              {FR_STR("s*[a-b]y\\x{m}:5"), FR_STR("5")}};
    struct visits v = {.prefix = FR_STR("s*[a-b]?\\x")}, none = {.prefix = FR_STR("no such")};
    CHECK_INT(put(s, pairs, 5, 0), FR_OK);
    CHECK_INT(s->ops->scan(s, v.prefix, visit, &v, NULL), FR_OK);
    CHECK_INT(v.n, 2);
    CHECK_INT(v.wrong, 0);
    CHECK_INT(s->ops->scan(s, none.prefix, visit, &none, NULL), FR_OK);
    CHECK_INT(none.n, 0);
    struct visits few = {.prefix = FR_STR("{g}:"), .stop_at = 3};
    CHECK_INT(s->ops->scan(s, few.prefix, visit, &few, NULL), FR_OK);
    CHECK_INT(few.n, 3);
    struct visits all = {.prefix = FR_STR("{g}:")};
    CHECK_INT(s->ops->scan(s, all.prefix, visit, &all, NULL), FR_OK);
    CHECK(all.n >= 20001);
    CHECK_INT(all.wrong, 0);
    s->ops->close(s);
}

static void test_info(void) {
    struct fr_store *s = suite_open();
    struct fr_store_info info;
    CHECK_INT(s->ops->info(s, &info, NULL), FR_OK);
    CHECK(info.version[0] != '\0');
    CHECK(info.used_bytes > 0);
    CHECK(info.nodes > 0);
    CHECK(!info.evicts);
    s->ops->close(s);
}

static void suite_run(const char *name) {
    printf("-- %s\n", name);
    RUN(test_commit_then_load);
    RUN(test_bytes_are_kept);
    RUN(test_guard_that_fails_writes_nothing);
    RUN(test_empty_value_deletes);
    RUN(test_second_writer_loses);
    RUN(test_racing_writers_lose_no_count);
    RUN(test_many_keys_in_order);
    RUN(test_wide_commit);
    RUN(test_long_values);
    RUN(test_views);
    RUN(test_scan_takes_the_prefix_literally);
    RUN(test_info);
}

#endif
#endif
