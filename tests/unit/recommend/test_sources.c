/* What every streaming source promises, each of them on a random log: a saved and loaded one goes on bit for bit, numbers
 * do not matter, proposing changes nothing, memory has its bound, and whatever is in a file, loading survives it. */
#include "check.h"
#include "freshet/recommend/source_next.h"
#include "freshet/recommend/source_session.h"
#include "freshet/recommend/source_social.h"
#include "freshet/recommend/source_user.h"
#include "random_examples.h"
#include <stdlib.h>

enum { MOST = 40, LOG = 3000 };

/* Small bounds, so that everything that can be full is. */
static struct fr_session_params small_index(void) {
    struct fr_session_params p = FR_SESSION_DEFAULTS;
    p.sessions = 40, p.items = 45, p.length = 5, p.per_item = 12, p.sample = 20, p.neighbors = 8;
    p.rarity = .5;
    return p;
}

static struct fr_source *small_next(void) {
    struct fr_next_params p = FR_NEXT_DEFAULTS;
    p.items = 40, p.successors = 9, p.normalisation = .5, p.half_life_ms = 3600000;
    return fr_source_next_new(&p);
}

static struct fr_source *small_session(void) {
    struct fr_session_source_params p = FR_SESSION_SOURCE_DEFAULTS;
    p.index = small_index();
    return fr_source_session_new(&p);
}

static struct fr_source *small_user(void) {
    struct fr_user_source_params p = FR_USER_SOURCE_DEFAULTS;
    p.index = small_index();
    return fr_source_user_new(&p);
}

static struct fr_source *small_social(void) {
    struct fr_social_params p = FR_SOCIAL_DEFAULTS;
    p.users = 15, p.openers = 10, p.touches = 6, p.sharers = 3, p.people = 5;
    return fr_source_social_new(&p);
}

static const struct kind {
    struct fr_source *(*make)(void);
    size_t bound_bytes; /* as the header says, with room for what has a fixed size */
} kinds[] = {
    {small_next, 40 * (9 * 12 + 112) + 4096},
    {small_session, 40 * (5 * 4 + 24) + 45 * (12 * 8 + 110) + 40 * 90 + 2 * 4096 + 2000},
    {small_user, 40 * (5 * 4 + 24) + 45 * (12 * 8 + 110) + 40 * 90 + 2 * 4096 + 2000},
    {small_social, 15 * (6 * 16 + 130) + 10 * (3 * 4 + 80) + 4096},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

struct bytes {
    struct fr_buf buf;
    uint64_t *aligned;
};

static struct fr_str saved(const struct fr_source *s, struct bytes *b) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    s->ops->save(s, w);
    fr_tensors_finish(w, &b->buf);
    fr_tensors_writer_free(w);
    b->aligned = malloc(b->buf.len + 8);
    memcpy(b->aligned, b->buf.data, b->buf.len);
    return (struct fr_str){(const char *)b->aligned, (uint32_t)b->buf.len};
}

static void bytes_fini(struct bytes *b) {
    fr_buf_fini(&b->buf);
    free(b->aligned);
    *b = (struct bytes){0};
}

static struct fr_source *reloaded(const struct kind *kind, const struct fr_source *from) {
    struct bytes b = {0};
    struct fr_tensors_file *f = NULL;
    struct fr_errmsg msg = {0};
    struct fr_source *s = kind->make();
    CHECK_INT(fr_tensors_open(saved(from, &b), &f, &msg), FR_OK);
    CHECK_INT(s->ops->load(s, f, &msg), FR_OK);
    CHECK_STR(msg.text, "");
    fr_tensors_close(f);
    bytes_fini(&b);
    return s;
}

static bool same_votes(const struct fr_vote *a, const struct fr_vote *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (a[i].item != b[i].item || a[i].because != b[i].because ||
            memcmp(&a[i].score, &b[i].score, sizeof a[i].score) != 0)
            return false;
    return true;
}

static void check_equal(const struct fr_source *a, const struct fr_source *b, const struct world *w,
                        struct fr_scratch *scratch) {
    struct fr_vote x[MOST], y[MOST];
    for (uint32_t user = 0; user < WORLD_USERS; user++) {
        struct fr_query q = world_query(w, user);
        uint32_t n = a->ops->propose(a, &q, scratch, MOST, x);
        CHECK_INT(b->ops->propose(b, &q, scratch, MOST, y), n);
        CHECK(same_votes(x, y, n));
    }
}

static void test_loaded_goes_on_bit_for_bit(void) {
    for (uint32_t k = 0; k < KINDS; k++) {
        struct world w;
        struct fr_scratch scratch = {0};
        world_init(&w, 5, 1);
        struct fr_source *s = kinds[k].make(), *other = NULL;
        for (uint32_t i = 0; i < LOG; i++) {
            uint32_t user;
            struct fr_example e = world_next(&w, &user);
            s->ops->learn(s, &e);
            if (other) other->ops->learn(other, &e);
            world_apply(&w, user, &e);
            if (i % 200 != 7) continue;
            if (other) {
                check_equal(s, other, &w, &scratch);
                other->ops->free(other);
            }
            other = reloaded(&kinds[k], s);
            check_equal(s, other, &w, &scratch);
        }
        struct bytes a = {0}, b = {0};
        struct fr_str x = saved(s, &a), y = saved(other, &b);
        CHECK(fr_str_eq(x, y));
        bytes_fini(&a);
        bytes_fini(&b);
        other->ops->free(other);
        s->ops->free(s);
        fr_scratch_fini(&scratch);
        world_fini(&w);
    }
}

static bool same_name(const struct world *v, uint32_t a, const struct world *w, uint32_t b) {
    if (a == FR_DICT_NONE || b == FR_DICT_NONE) return a == b;
    return fr_str_eq(fr_dict_str(&v->ids, a), fr_dict_str(&w->ids, b));
}

static uint32_t check_same_names(const struct world *v, const struct fr_source *a, const struct world *w,
                                 const struct fr_source *b, struct fr_scratch *scratch) {
    struct fr_vote x[MOST], y[MOST];
    uint32_t votes = 0;
    for (uint32_t user = 0; user < WORLD_USERS; user++) {
        struct fr_query p = world_query(v, user), q = world_query(w, user);
        uint32_t n = a->ops->propose(a, &p, scratch, MOST, x);
        CHECK_INT(b->ops->propose(b, &q, scratch, MOST, y), n);
        for (uint32_t i = 0; i < n; i++) {
            CHECK(same_name(v, x[i].item, w, y[i].item) && same_name(v, x[i].because, w, y[i].because));
            CHECK(memcmp(&x[i].score, &y[i].score, sizeof x[i].score) == 0);
            CHECK(x[i].score > 0 && (i == 0 || x[i].score <= x[i - 1].score));
        }
        votes += n;
    }
    return votes;
}

static void test_numbers_do_not_matter(void) {
    for (uint32_t k = 0; k < KINDS; k++) {
        struct world v, w;
        struct fr_scratch scratch = {0};
        world_init(&v, 9, 1);
        world_init(&w, 9, 13);
        struct fr_source *a = kinds[k].make(), *b = kinds[k].make();
        uint32_t votes = 0;
        for (uint32_t i = 0; i < LOG; i++) {
            uint32_t user;
            struct fr_example d = world_next(&v, &user), e = world_next(&w, &user);
            a->ops->learn(a, &d);
            b->ops->learn(b, &e);
            world_apply(&v, user, &d);
            world_apply(&w, user, &e);
            if (i % 100 == 99) votes += check_same_names(&v, a, &w, b, &scratch);
        }
        CHECK(votes > 1000);
        a->ops->free(a);
        b->ops->free(b);
        fr_scratch_fini(&scratch);
        world_fini(&v);
        world_fini(&w);
    }
}

static void test_memory_is_bounded(void) {
    for (uint32_t k = 0; k < KINDS; k++) {
        struct world w;
        world_init(&w, 3, 1);
        struct fr_source *s = kinds[k].make();
        size_t half = 0;
        for (uint32_t i = 0; i < 4 * LOG; i++) {
            uint32_t user;
            struct fr_example e = world_next(&w, &user);
            s->ops->learn(s, &e);
            world_apply(&w, user, &e);
            if (i == 2 * LOG) half = s->ops->bytes(s);
        }
        CHECK(s->ops->bytes(s) <= half + half / 4 && s->ops->bytes(s) <= kinds[k].bound_bytes);
        CHECK(s->ops->bytes(s) > 2000);
        s->ops->free(s);
        world_fini(&w);
    }
}

/* Damaged files are refused, or give something that can be asked and taught. */
static void test_any_file_can_be_loaded(void) {
    struct fr_rng rng = {77};
    uint32_t refused = 0;
    for (uint32_t k = 0; k < KINDS; k++) {
        struct world w;
        struct fr_scratch scratch = {0};
        world_init(&w, 3, 1);
        struct fr_source *s = kinds[k].make();
        for (uint32_t i = 0; i < 300; i++) {
            uint32_t user;
            struct fr_example e = world_next(&w, &user);
            s->ops->learn(s, &e);
            world_apply(&w, user, &e);
        }
        struct bytes b = {0};
        struct fr_str whole = saved(s, &b);
        for (uint32_t round = 0; round < 1000; round++) {
            uint64_t *copy = malloc(whole.len + 8);
            memcpy(copy, whole.ptr, whole.len);
            uint32_t header = 8 + (uint32_t)copy[0], from = header + fr_rng_below(&rng, whole.len - header);
            ((char *)copy)[from] = (char)fr_rng_next(&rng);
            struct fr_tensors_file *f = NULL;
            CHECK_INT(fr_tensors_open((struct fr_str){(char *)copy, whole.len}, &f, NULL), FR_OK);
            struct fr_source *t = kinds[k].make();
            if (t->ops->load(t, f, NULL) == FR_OK) {
                struct fr_vote out[MOST];
                struct fr_query q = world_query(&w, round % WORLD_USERS);
                t->ops->propose(t, &q, &scratch, MOST, out);
                uint32_t user;
                struct fr_example e = world_next(&w, &user);
                t->ops->learn(t, &e);
            } else
                refused++;
            t->ops->free(t);
            fr_tensors_close(f);
            free(copy);
        }
        bytes_fini(&b);
        s->ops->free(s);
        fr_scratch_fini(&scratch);
        world_fini(&w);
    }
    CHECK(refused > 300);
}

static void test_another_sources_arrays_are_refused(void) {
    for (uint32_t k = 0; k < KINDS; k++) {
        struct bytes b = {0};
        struct fr_tensors_file *f = NULL;
        struct fr_errmsg msg = {0};
        struct fr_source *from = kinds[k].make(), *to = kinds[(k + 1) % KINDS].make();
        CHECK_INT(fr_tensors_open(saved(from, &b), &f, &msg), FR_OK);
        CHECK_INT(to->ops->load(to, f, &msg), FR_STATE_CORRUPT);
        CHECK(msg.text[0] != 0);
        fr_tensors_close(f);
        bytes_fini(&b);
        from->ops->free(from);
        to->ops->free(to);
    }
}

int main(void) {
    RUN(test_loaded_goes_on_bit_for_bit);
    RUN(test_numbers_do_not_matter);
    RUN(test_memory_is_bounded);
    RUN(test_any_file_can_be_loaded);
    RUN(test_another_sources_arrays_are_refused);
    return check_done();
}
