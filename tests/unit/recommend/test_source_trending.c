/* Trending against its formula, short / (long + 5)^(3/4), by the C library's pow. */
#include "check.h"
#include "freshet/recommend/scratch.h"
#include "freshet/recommend/source_popular.h"

enum { ITEMS = 40, EVENTS = 2000 };

#define SHORT 50.
#define LONG 400.

static struct fr_source *popular(const char *name, double half_life) {
    struct fr_popular_params p = {.name = name, .audience = FR_AUDIENCE_ALL, .half_life = half_life};
    return fr_source_popular_new(&p);
}

/* The event of this place in the log: first items early, last ones late. */
static uint32_t item_of_event(uint32_t i) { return (i * 7 % 20) + i * 20 / EVENTS; }

static double decayed(uint32_t item, double half_life) {
    double sum = 0;
    for (uint32_t i = 0; i < EVENTS; i++)
        if (item_of_event(i) == item) sum += exp2(-(double)(EVENTS - 1 - i) / half_life);
    return sum;
}

static void test_scores_are_the_formula(void) {
    struct fr_dict ids;
    struct fr_scratch scratch = {0};
    struct fr_vote votes[ITEMS];
    fr_dict_init(&ids);
    struct fr_source *brief = popular("brief", SHORT), *lasting = popular("lasting", LONG);
    struct fr_source *trending = fr_source_trending_new(brief, lasting);
    for (uint32_t i = 0; i < ITEMS; i++) {
        char name[16];
        snprintf(name, sizeof name, "i%u", i);
        fr_dict_intern(&ids, fr_str_of(name));
    }
    struct fr_example e = {.before = {.ids = &ids}, .weight = 1, .is_new = true};
    for (uint32_t i = 0; i < EVENTS; i++) {
        e.item = item_of_event(i);
        brief->ops->learn(brief, &e);
        lasting->ops->learn(lasting, &e);
    }
    uint32_t n = trending->ops->propose(trending, &e.before, &scratch, ITEMS, votes);
    CHECK_INT(n, ITEMS - 1);
    for (uint32_t i = 0; i < n; i++) {
        double want = decayed(votes[i].item, SHORT) * pow(decayed(votes[i].item, LONG) + 5, -.75);
        CHECK_NEAR(votes[i].score, want, 2e-7 * want);
        CHECK(i == 0 || votes[i].score <= votes[i - 1].score);
    }
    trending->ops->free(trending);
    brief->ops->free(brief);
    lasting->ops->free(lasting);
    fr_scratch_fini(&scratch);
    fr_dict_fini(&ids);
}

int main(void) {
    RUN(test_scores_are_the_formula);
    return check_done();
}
