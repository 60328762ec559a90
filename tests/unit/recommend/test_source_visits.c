/* What a visit is to the session source, and who is similar to the user source: each against an index that is told the same by
 * hand. The search itself is tested in test_session_index.c. */
#include "check.h"
#include "freshet/recommend/source_session.h"
#include "freshet/recommend/source_user.h"
#include "random_examples.h"

enum { MINUTE = 60000, IDS = WORLD_ITEMS + WORLD_USERS };

static struct world w;
static struct fr_scratch scratch;

static void setup(void) { world_init(&w, 1, 1); }
static void teardown(void) {
    world_fini(&w);
    fr_scratch_fini(&scratch);
}

/* User takes item at a minute. */
static void take(struct fr_source *s, uint32_t user, uint32_t item, fr_time_ms minute) {
    w.now_ms = minute * MINUTE;
    struct fr_example e = {.before = world_query(&w, user),
                           .item = w.items[item],
                           .type = FR_EVENT_CLICK,
                           .weight = 1,
                           .is_new = true,
                           .sharer = FR_DICT_NONE,
                           .time_ms = w.now_ms};
    for (uint32_t i = 0; i < e.before.seed_n; i++) e.is_new = e.is_new && e.before.seeds[i].item != e.item;
    s->ops->learn(s, &e);
    world_apply(&w, user, &e);
}

static void append(struct fr_session_index *x, uint64_t session, const char *items, fr_time_ms minute) {
    for (; *items; items++) fr_session_index_append(x, session, w.items[*items - 'a'], minute * MINUTE);
}

/* The source proposes for user what the index finds for items, newest first. */
static void check_same(const struct fr_source *s, uint32_t user, const struct fr_session_index *x,
                       const char *items, uint64_t except) {
    uint32_t numbers[20], n = 0;
    struct fr_vote got[IDS], want[IDS];
    for (; items[n]; n++) numbers[n] = w.items[items[n] - 'a'];
    struct fr_session_query ask = {numbers, n, w.now_ms, except};
    struct fr_query q = world_query(&w, user);
    fr_scratch_reserve(&scratch, w.ids.n);
    fr_session_index_search(x, &ask, &scratch);
    uint32_t want_n = fr_scratch_best(&scratch, &w.ids, IDS, want);
    CHECK_INT(s->ops->propose(s, &q, &scratch, IDS, got), want_n);
    CHECK(want_n > 0);
    for (uint32_t i = 0; i < want_n; i++)
        CHECK(got[i].item == want[i].item && got[i].because == want[i].because &&
              memcmp(&got[i].score, &want[i].score, sizeof got[i].score) == 0);
}

static void test_a_pause_ends_a_visit(void) {
    setup();
    struct fr_session_source_params p = FR_SESSION_SOURCE_DEFAULTS;
    p.gap_ms = 30 * MINUTE;
    struct fr_source *s = fr_source_session_new(&p);
    struct fr_session_index *x = fr_session_index_new(&p.index);
    take(s, 0, 0, 0), take(s, 0, 1, 29), take(s, 0, 2, 59);    /* a b c: one visit */
    take(s, 0, 0, 90), take(s, 0, 3, 91);                      /* a d: the next */
    take(s, 1, 0, 91), take(s, 1, 4, 95), take(s, 1, 1, 99);   /* a e b */
    take(s, 2, 5, 99), take(s, 2, 1, 160), take(s, 2, 0, 161); /* f, then b a: under way */
    append(x, fr_session_index_begin(x), "abc", 59);
    append(x, fr_session_index_begin(x), "ad", 91);
    append(x, fr_session_index_begin(x), "aeb", 99);
    fr_session_index_begin(x); /* of f */
    append(x, 4, "f", 99);
    append(x, fr_session_index_begin(x), "ba", 161);
    check_same(s, 2, x, "ab", 5);
    w.now_ms = 1000 * MINUTE; /* later the latest item stands for the visit */
    check_same(s, 2, x, "a", 5);
    s->ops->free(s);
    fr_session_index_free(x);
    teardown();
}

/* Also when the index forgot the visit meanwhile, it goes on. */
static void test_a_forgotten_visit_goes_on_as_a_new_one(void) {
    setup();
    struct fr_session_source_params p = FR_SESSION_SOURCE_DEFAULTS;
    p.index.sessions = 2;
    struct fr_source *s = fr_source_session_new(&p);
    take(s, 0, 0, 0), take(s, 0, 1, 0);
    take(s, 1, 2, 0), take(s, 2, 2, 0), take(s, 1, 3, 1);
    take(s, 0, 3, 1); /* a b are gone; d begins a visit */
    struct fr_query q = world_query(&w, 1);
    struct fr_vote out[IDS];
    uint32_t n = s->ops->propose(s, &q, &scratch, IDS, out);
    for (uint32_t i = 0; i < n; i++) CHECK(out[i].item != w.items[0] && out[i].item != w.items[1]);
    CHECK(n > 0);
    s->ops->free(s);
    teardown();
}

static void test_what_is_no_interest_is_in_no_visit(void) {
    setup();
    struct fr_source *s = fr_source_session_new(NULL), *u = fr_source_user_new(NULL);
    for (uint32_t user = 0; user < 2; user++)
        for (uint32_t item = 0; item < 3; item++) take(s, user, item, item);
    for (uint32_t kind = 0; kind < 3; kind++) {
        struct fr_example e = {.before = world_query(&w, 0),
                               .item = w.items[9],
                               .type = FR_EVENT_IMPRESSION,
                               .weight = kind == 1,
                               .dislike = kind == 1,
                               .is_new = true,
                               .sharer = FR_DICT_NONE,
                               .time_ms = w.now_ms};
        if (kind == 2) e.weight = 1, e.item = FR_DICT_NONE;
        s->ops->learn(s, &e);
        u->ops->learn(u, &e);
    }
    struct fr_query q = world_query(&w, 1);
    struct fr_vote out[IDS];
    uint32_t n = s->ops->propose(s, &q, &scratch, IDS, out);
    CHECK(n > 0);
    for (uint32_t i = 0; i < n; i++) CHECK(out[i].item != w.items[9]);
    CHECK_INT(u->ops->propose(u, &q, &scratch, IDS, out), 0);
    s->ops->free(s);
    u->ops->free(u);
    teardown();
}

static void test_people_who_share_items_speak(void) {
    setup();
    struct fr_user_source_params p = FR_USER_SOURCE_DEFAULTS;
    struct fr_source *s = fr_source_user_new(&p);
    struct fr_session_index *x = fr_session_index_new(&p.index);
    take(s, 0, 0, 0), take(s, 0, 1, 5000), take(s, 0, 2, 90000); /* pauses do not matter */
    take(s, 1, 3, 1), take(s, 1, 4, 7);
    take(s, 2, 1, 9), take(s, 2, 4, 11), take(s, 2, 1, 90001); /* b again: nothing new */
    append(x, fr_session_index_begin(x), "abc", 90000);
    append(x, fr_session_index_begin(x), "de", 7);
    append(x, fr_session_index_begin(x), "be", 11);
    check_same(s, 2, x, "be", 3);
    s->ops->free(s);
    fr_session_index_free(x);
    teardown();
}

/* A user who stays active is kept when the ring of sessions comes round. */
static void test_active_users_are_kept(void) {
    setup();
    struct fr_user_source_params p = FR_USER_SOURCE_DEFAULTS;
    p.index.sessions = 6;
    struct fr_source *s = fr_source_user_new(&p);
    take(s, 0, 0, 0), take(s, 0, 1, 0);
    for (uint32_t i = 0; i < 10; i++) {
        take(s, 1 + i, 20 + i, i);
        take(s, 0, 40 + i, i);
    }
    take(s, 20, 0, 20);
    struct fr_query q = world_query(&w, 20);
    struct fr_vote out[IDS];
    CHECK_INT(s->ops->propose(s, &q, &scratch, IDS, out), 12); /* a b, and what came since */
    s->ops->free(s);
    teardown();
}

int main(void) {
    RUN(test_a_pause_ends_a_visit);
    RUN(test_a_forgotten_visit_goes_on_as_a_new_one);
    RUN(test_what_is_no_interest_is_in_no_visit);
    RUN(test_people_who_share_items_speak);
    RUN(test_active_users_are_kept);
    return check_done();
}
