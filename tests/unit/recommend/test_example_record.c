/* Records of the examples topic: what is written is what is read, whatever the numbers; and any bytes can be read. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/example_record.h"

enum { IDS = 40, EXAMPLES = 30 };

struct world {
    struct fr_dict ids;
    struct fr_seed seeds[EXAMPLES][30];
    uint32_t followees[EXAMPLES][3];
    struct fr_example examples[EXAMPLES];
    struct fr_candidate row[4];
};

static void make(struct world *w, uint64_t seed) {
    struct fr_rng rng = {seed};
    *w = (struct world){0};
    fr_dict_init(&w->ids);
    for (uint32_t i = 0; i < IDS; i++) {
        char name[16];
        int n = snprintf(name, sizeof name, "id-%u", i);
        fr_dict_intern(&w->ids, (struct fr_str){name, (uint32_t)n});
    }
    for (uint32_t i = 0; i < EXAMPLES; i++) {
        fr_time_ms now_ms = INT64_C(1700000000000) + (fr_time_ms)fr_rng_below(&rng, 1000000);
        uint32_t seed_n = fr_rng_below(&rng, 31);
        for (uint32_t s = 0; s < seed_n; s++)
            w->seeds[i][s] = (struct fr_seed){fr_rng_below(&rng, IDS),
                                              fr_rng_below(&rng, 9000) / 1000.,
                                              fr_rng_below(&rng, 2) == 0,
                                              fr_rng_below(&rng, 2) == 0,
                                              now_ms - (fr_time_ms)fr_rng_below(&rng, 100000000),
                                              0};
        for (uint32_t f = 0; f < 3; f++) w->followees[i][f] = fr_rng_below(&rng, IDS);
        w->examples[i] = (struct fr_example){
            .before = {&w->ids, fr_rng_below(&rng, IDS),
                       i % 3 ? fr_rng_below(&rng, IDS) : (uint32_t)FR_DICT_NONE,
                       i % 5 ? fr_rng_below(&rng, IDS) : (uint32_t)FR_DICT_NONE, w->seeds[i], seed_n,
                       w->followees[i], i % 4, now_ms, fr_rng_next(&rng)},
            .item = fr_rng_below(&rng, IDS),
            .type = i % 2 ? FR_EVENT_CLICK : FR_EVENT_IMPRESSION,
            .weight = i % 5,
            .dislike = i % 7 == 0,
            .is_new = i % 2 == 0,
            .sharer = i % 6 ? (uint32_t)FR_DICT_NONE : fr_rng_below(&rng, IDS),
            .time_ms = now_ms + 5};
    }
    for (uint32_t i = 0; i < 4; i++) w->row[i] = (struct fr_candidate){i + 3, .1F * (float)(i + 1)};
}

static struct fr_buf encode(const struct world *w) {
    struct fr_buf out = {0};
    struct fr_example_writer *writer = fr_example_writer_new(&w->ids);
    for (uint32_t i = 0; i < EXAMPLES; i++) {
        fr_example_writer_add(writer, &w->examples[i]);
        if (i == 10) fr_example_writer_row(writer, 2, w->row, 4);
        if (i == 11) fr_example_writer_row(writer, 5, NULL, 0);
    }
    CHECK_INT(fr_example_writer_count(writer), EXAMPLES + 2);
    fr_example_writer_finish(writer, &out);
    CHECK_INT(fr_example_writer_count(writer), 0);
    fr_example_writer_free(writer);
    return out;
}

static bool same_id(const struct fr_dict *a, uint32_t x, const struct fr_dict *b, uint32_t y) {
    if (x == (uint32_t)FR_DICT_NONE || y == (uint32_t)FR_DICT_NONE) return x == y;
    return fr_str_eq(fr_dict_str(a, x), fr_dict_str(b, y));
}

static void check_query(const struct fr_query *want, const struct fr_query *got) {
    const struct fr_dict *a = want->ids, *b = got->ids;
    CHECK(same_id(a, want->user, b, got->user) && same_id(a, want->group, b, got->group));
    CHECK(same_id(a, want->surface, b, got->surface));
    CHECK_INT(got->now_ms, want->now_ms);
    CHECK(got->draw == want->draw);
    CHECK_INT(got->seed_n, want->seed_n < FR_EXAMPLE_SEEDS ? want->seed_n : FR_EXAMPLE_SEEDS);
    for (uint32_t i = 0; i < got->seed_n; i++) {
        const struct fr_seed *x = &want->seeds[i], *y = &got->seeds[i];
        CHECK(same_id(a, x->item, b, y->item));
        CHECK_NEAR(y->strength, x->strength, 5e-4);
        CHECK(x->disliked == y->disliked && x->purchased == y->purchased && x->time_ms == y->time_ms);
    }
    CHECK_INT(got->followee_n, want->followee_n);
    for (uint32_t i = 0; i < got->followee_n; i++)
        CHECK(same_id(a, want->followees[i], b, got->followees[i]));
}

static void test_what_is_written_is_read(void) {
    struct world w;
    make(&w, 1);
    struct fr_buf bytes = encode(&w);
    struct fr_dict other;
    fr_dict_init(&other);
    fr_dict_intern(&other, FR_STR("a number that is taken"));
    struct fr_arena arena = {0};
    struct fr_example_batch got;
    CHECK(fr_example_read(fr_buf_slice(&bytes), &other, &arena, &got));
    CHECK_INT(got.example_n, EXAMPLES);
    for (uint32_t i = 0; i < got.example_n; i++) {
        const struct fr_example *x = &w.examples[i], *y = &got.examples[i];
        check_query(&x->before, &y->before);
        CHECK(same_id(&w.ids, x->item, &other, y->item) && same_id(&w.ids, x->sharer, &other, y->sharer));
        CHECK(x->type == y->type && x->weight == y->weight && x->dislike == y->dislike);
        CHECK(x->is_new == y->is_new && x->time_ms == y->time_ms);
    }
    CHECK_INT(got.row_n, 2);
    CHECK(same_id(&w.ids, 2, &other, got.rows[0].item) && got.rows[0].n == 4 && got.rows[1].n == 0);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(same_id(&w.ids, w.row[i].item, &other, got.rows[0].row[i].item));
        CHECK_NEAR(got.rows[0].row[i].worth, w.row[i].worth, 0);
    }
    fr_arena_fini(&arena);
    fr_buf_fini(&bytes);
    fr_dict_fini(&other);
    fr_dict_fini(&w.ids);
}

/* Cut anywhere, and with any byte changed, it is read or refused, never more. */
static void test_any_bytes(void) {
    struct world w;
    make(&w, 2);
    struct fr_buf bytes = encode(&w);
    struct fr_dict ids;
    fr_dict_init(&ids);
    struct fr_arena arena = {0};
    struct fr_example_batch got;
    uint32_t refused = 0;
    for (uint32_t n = 0; n < bytes.len; n++) {
        refused += !fr_example_read((struct fr_str){bytes.data, n}, &ids, &arena, &got);
        fr_arena_clear(&arena);
    }
    CHECK_INT(refused, bytes.len);
    struct fr_rng rng = {3};
    for (uint32_t i = 0; i < 5000; i++) {
        char *at = &bytes.data[fr_rng_below(&rng, (uint32_t)bytes.len)], before = *at;
        *at = (char)fr_rng_next(&rng);
        bool ok = fr_example_read(fr_buf_slice(&bytes), &ids, &arena, &got);
        for (uint32_t e = 0; ok && e < got.example_n; e++) CHECK(got.examples[e].item < ids.n);
        *at = before;
        fr_arena_clear(&arena);
    }
    fr_arena_fini(&arena);
    fr_buf_fini(&bytes);
    fr_dict_fini(&ids);
    fr_dict_fini(&w.ids);
}

int main(void) {
    RUN(test_what_is_written_is_read);
    RUN(test_any_bytes);
    return check_done();
}
