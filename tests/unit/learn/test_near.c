#include "check.h"
#include "fake_model.h"
#include "freshet/base/arena.h"
#include "freshet/learn/bundle.h"
#include "freshet/learn/model_source.h"
#include "freshet/learn/near.h"

/* The fake model is linear: with rows as long as the catalogue nothing is lost but scores below 0. */
static struct fr_model *near_of_fake(uint32_t most) {
    struct fake_model *f = fake_new(&fake_ops, NULL);
    for (int i = 0; i < FAKE_ITEMS; i++)
        for (int j = 0; j < FAKE_ITEMS; j++) f->weights[i][j] = (float)((i * 7 + j * 3) % 11) - 1;
    struct fr_model *near = fr_near_new(&f->base, FAKE_ITEMS, most, 2);
    fake_free(&f->base);
    return near;
}

static float weight(int i, int j) {
    float w = (float)((i * 7 + j * 3) % 11) - 1;
    return i == j || w < 0 ? 0 : w; /* an item is not its own neighbour */
}

static void test_same_scores(void) {
    struct fr_model *near = near_of_fake(FAKE_ITEMS);
    const uint32_t columns[] = {1, 4, 7}, wanted[] = {9, 0};
    const float values[] = {1, 2, .5f};
    float all[FAKE_ITEMS], some[2], batch[2 * FAKE_ITEMS];
    CHECK_STR(near->ops->name, "fake");
    CHECK_INT(near->ops->items(near), FAKE_ITEMS);
    near->ops->score_some(near, columns, values, 3, NULL, FAKE_ITEMS, NULL, all);
    for (int j = 0; j < FAKE_ITEMS; j++)
        CHECK_NEAR(all[j], weight(1, j) + 2 * weight(4, j) + weight(7, j) / 2, 1e-5);
    near->ops->score_some(near, columns, values, 3, wanted, 2, NULL, some);
    CHECK(some[0] == all[9] && some[1] == all[0]);
    size_t start[] = {0, 1, 4};
    uint32_t both[] = {3, 1, 4, 7};
    float both_values[] = {1, 1, 2, .5f};
    const struct fr_rows rows = {2, FAKE_ITEMS, start, both, both_values};
    near->ops->score(near, &rows, 0, 2, false, batch);
    CHECK(memcmp(batch + FAKE_ITEMS, all, sizeof all) == 0);
    CHECK_NEAR(batch[5], weight(3, 5), 1e-5);
    near->ops->free(near);
}

static void test_the_best_are_kept(void) {
    struct fr_model *near = near_of_fake(2);
    const struct fr_rows *rows = near->ops->rows(near);
    for (uint32_t i = 0; i < FAKE_ITEMS; i++) {
        float least = 1e9f;
        CHECK_INT(fr_rows_length(rows, i), 2);
        for (size_t e = rows->start[i]; e < rows->start[i + 1]; e++)
            if (rows->values[e] < least) least = rows->values[e];
        unsigned better = 0;
        for (int j = 0; j < FAKE_ITEMS; j++) better += weight((int)i, j) > least;
        CHECK(better <= 1);
        CHECK(rows->columns[rows->start[i]] < rows->columns[rows->start[i] + 1]);
    }
    near->ops->free(near);
}

/* As a source it proposes what the model it was made of proposes, but for what is not positive. */
static void test_as_a_source(void) {
    struct fr_dict ids;
    struct fr_scratch scratch = {0};
    uint32_t numbers[FAKE_ITEMS];
    struct fr_vote out[FAKE_ITEMS];
    fr_dict_init(&ids);
    for (uint32_t c = 0; c < FAKE_ITEMS; c++) {
        char id[4] = {(char)('z' - c), 0};
        numbers[c] = fr_dict_intern(&ids, fr_str_of(id));
    }
    struct fr_source *s =
        fr_model_source_new(near_of_fake(FAKE_ITEMS), &ids, numbers, FAKE_ITEMS, FR_REASON_TASTE);
    const struct fr_seed seeds[] = {{.item = numbers[1], .strength = 3},
                                    {.item = numbers[2], .strength = 1, .disliked = true},
                                    {.item = numbers[4], .strength = 1}};
    const struct fr_query q = {.ids = &ids, .seeds = seeds, .seed_n = 3};
    uint32_t n = s->ops->propose(s, &q, &scratch, FAKE_ITEMS, out);
    CHECK(n > 4);
    for (uint32_t i = 0; i < n; i++) {
        int column = 0;
        while (numbers[column] != out[i].item) column++;
        float first = weight(1, column), second = weight(4, column);
        CHECK_NEAR(out[i].score, first + second, 1e-5);
        CHECK(out[i].because == (second > first ? numbers[4] : numbers[1]));
        if (i == 0) continue;
        bool tie = !(out[i - 1].score > out[i].score);
        CHECK(!tie || fr_str_cmp(fr_dict_str(&ids, out[i - 1].item), fr_dict_str(&ids, out[i].item)) < 0);
    }
    CHECK_INT(s->ops->propose(s, &q, &scratch, 2, out), 2);
    s->ops->free(s);
    fr_scratch_fini(&scratch);
    fr_dict_fini(&ids);
}

/* In a bundle it stands under its model's name, and comes back as rows. */
static void test_in_a_bundle(void) {
    struct fr_bundle *b = fr_bundle_new(), *read = NULL;
    struct fr_str ids[FAKE_ITEMS];
    struct fr_buf bytes = {0};
    struct fr_errmsg msg = {0};
    static const char letters[] = "abcdefghij";
    struct fr_model_ops as_als = fake_ops; /* a name that this build knows */
    as_als.name = "als";
    as_als.parameters = NULL;
    struct fake_model *f = fake_new(&as_als, NULL);
    f->weights[3][5] = 2;
    for (int i = 0; i < FAKE_ITEMS; i++) ids[i] = (struct fr_str){letters + i, 1};
    fr_bundle_set_items(b, ids, FAKE_ITEMS);
    fr_bundle_add(b, fr_near_new(&f->base, FAKE_ITEMS, 4, 1));
    fake_free(&f->base);
    fr_bundle_write(b, &bytes);
    CHECK_INT(fr_bundle_read(fr_buf_slice(&bytes), &read, &msg), FR_OK);
    const struct fr_bundle_model *m = read ? fr_bundle_model(read, "als") : NULL;
    CHECK(m && m->model->ops->rows);
    if (m) {
        const struct fr_rows *rows = m->model->ops->rows(m->model);
        CHECK(rows->start[FAKE_ITEMS] == 1 && rows->columns[0] == 5 && fr_rows_length(rows, 3) == 1);
    }
    fr_bundle_free(read);
    fr_bundle_free(b);
    fr_buf_fini(&bytes);
}

int main(void) {
    RUN(test_same_scores);
    RUN(test_the_best_are_kept);
    RUN(test_as_a_source);
    RUN(test_in_a_bundle);
    return check_done();
}
