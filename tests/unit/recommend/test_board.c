/* Boards against sums that are decayed one by one. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/board.h"
#include <stdlib.h>

enum { ITEMS = 200, EVENTS = 20000, BEST = 30 };

static struct fr_dict ids;

struct naive {
    double value[ITEMS], at;
};

static void naive_add(struct naive *n, uint32_t item, double amount, double now, double half_life) {
    for (uint32_t i = 0; i < ITEMS; i++) n->value[i] *= exp2(-(now - n->at) / half_life);
    n->at = now;
    n->value[item] += amount;
}

static uint32_t naive_best(const struct naive *n, uint32_t place) {
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t better = 0;
        for (uint32_t k = 0; k < ITEMS; k++)
            better += n->value[k] > n->value[i] ||
                      (n->value[k] >= n->value[i] && fr_str_cmp(ids.strings[k], ids.strings[i]) < 0);
        if (better == place) return i;
    }
    return ITEMS;
}

static uint32_t skewed(struct fr_rng *rng) {
    double x = fr_rng_uniform(rng);
    return (uint32_t)(x * x * x * ITEMS);
}

static void compare(const struct fr_board *b, const struct naive *n, double now) {
    double unit = fr_board_unit(b, now);
    for (uint32_t i = 0; i < ITEMS; i++)
        CHECK_NEAR(fr_board_value(b, i) / unit, n->value[i], 1e-9 * (1 + n->value[i]));
    for (uint32_t i = 0; i < b->best_n && i < 5; i++) {
        uint32_t best = fr_board_best(b, i), want = naive_best(n, i);
        CHECK(fabs(n->value[best] - n->value[want]) <= 1e-9 * n->value[want]);
    }
}

static void follow(bool is_dense, double half_life) {
    struct fr_board b = {.half_life = half_life, .best_most = BEST, .is_dense = is_dense};
    struct naive n = {0};
    struct fr_rng rng = {7};
    double now = 1000;
    for (uint32_t e = 0; e < EVENTS; e++) {
        uint32_t item = skewed(&rng);
        now += e % 50 == 0 ? 40 : 1;
        fr_board_add(&b, &ids, item, 1, now);
        naive_add(&n, item, 1, now, half_life);
        if (e % 1999 == 0) compare(&b, &n, now);
    }
    compare(&b, &n, now);
    CHECK_INT(b.best_n, BEST);
    fr_board_fini(&b);
}

static void values_are_decayed_sums(void) {
    follow(true, 50);
    follow(false, 50);
    follow(true, 3000);
}

static void the_best_are_in_order(void) {
    struct fr_board b = {.half_life = 20, .best_most = BEST};
    struct fr_rng rng = {3};
    for (uint32_t e = 0; e < 3000; e++) {
        fr_board_add(&b, &ids, skewed(&rng), 1, e / 3);
        for (uint32_t i = 1; i < b.best_n; i++) {
            double before = fr_board_value(&b, fr_board_best(&b, i - 1)),
                   value = fr_board_value(&b, fr_board_best(&b, i));
            bool tie = !(before > value) && !(before < value);
            if (before < value || (tie && fr_str_cmp(ids.strings[fr_board_best(&b, i - 1)],
                                                     ids.strings[fr_board_best(&b, i)]) >= 0))
                check_report(false, __FILE__, __LINE__, "not in order");
        }
    }
    fr_board_fini(&b);
}

/* The arrays of b in a file that lives in *bytes. */
static struct fr_tensors_file *file_of(const struct fr_board *b, struct fr_buf *bytes) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_board_save(b, "board", w);
    fr_tensors_finish(w, bytes);
    fr_tensors_writer_free(w);
    struct fr_tensors_file *f = NULL;
    CHECK_INT(fr_tensors_open(fr_buf_slice(bytes), &f, NULL), FR_OK);
    return f;
}

static void a_saved_board_goes_on(void) {
    struct fr_board a = {.half_life = 100, .best_most = BEST}, b = a;
    struct fr_rng rng = {5};
    for (uint32_t e = 0; e < 2000; e++) fr_board_add(&a, &ids, skewed(&rng), 1, e);
    struct fr_buf bytes = {0}, again = {0};
    struct fr_tensors_file *f = file_of(&a, &bytes);
    CHECK_INT(fr_board_load(&b, "board", f, ITEMS, NULL), FR_OK);
    for (uint32_t e = 2000; e < 60000; e++) {
        uint32_t item = skewed(&rng);
        fr_board_add(&a, &ids, item, 1, e);
        fr_board_add(&b, &ids, item, 1, e);
    }
    for (uint32_t i = 0; i < ITEMS; i++) {
        double x = fr_board_value(&a, i), y = fr_board_value(&b, i);
        CHECK(memcmp(&x, &y, sizeof x) == 0);
    }
    for (uint32_t i = 0; i < a.best_n; i++) CHECK_INT(fr_board_best(&a, i), fr_board_best(&b, i));
    struct fr_board c = {.half_life = 100, .best_most = BEST};
    CHECK_INT(fr_board_load(&c, "board", f, 3, NULL), FR_STATE_CORRUPT); /* of another dictionary */
    CHECK_INT(fr_board_load(&c, "other", f, ITEMS, NULL), FR_STATE_CORRUPT);
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    fr_buf_fini(&again);
    fr_board_fini(&a);
    fr_board_fini(&b);
    fr_board_fini(&c);
}

/* Something so late that nothing is left of it: as if it had not come, and what is saved can be read. */
static void what_is_too_late_is_nothing(void) {
    struct fr_board b = {.half_life = 1, .best_most = BEST, .is_dense = true}, again = b;
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_tensors_file *file;
    struct fr_buf bytes = {0};
    fr_board_add(&b, &ids, 3, 1, 9000);
    fr_board_add(&b, &ids, 5, 1, 10);
    fr_board_add(&b, &ids, 4, 1, 8999);
    CHECK_INT(b.best_n, 2);
    CHECK_INT(fr_board_best(&b, 0), 3);
    CHECK_INT(fr_board_best(&b, 1), 4);
    fr_board_save(&b, "b", w);
    fr_tensors_finish(w, &bytes);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &file, NULL), FR_OK);
    CHECK_INT(fr_board_load(&again, "b", file, ITEMS, NULL), FR_OK);
    CHECK_INT(again.best_n, 2);
    fr_tensors_close(file);
    fr_tensors_writer_free(w);
    fr_buf_fini(&bytes);
    fr_board_fini(&b);
    fr_board_fini(&again);
}

int main(void) {
    fr_dict_init(&ids);
    for (uint32_t i = 0; i < ITEMS; i++) {
        char name[16];
        snprintf(name, sizeof name, "i%u", i * 7919 % 1000);
        fr_dict_intern(&ids, fr_str_of(name));
    }
    RUN(values_are_decayed_sums);
    RUN(the_best_are_in_order);
    RUN(a_saved_board_goes_on);
    RUN(what_is_too_late_is_nothing);
    fr_dict_fini(&ids);
    return check_done();
}
