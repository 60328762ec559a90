/* Look-alikes against a plain computation over whole matrices. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/target/look_alike.h"

enum { PEOPLE = 700, SEED = 120, K = 7 };

static float vectors[PEOPLE][K];
static char names[PEOPLE][8];
static double nearness[PEOPLE]; /* the plain computation's */
static const struct fr_str salt = {"salt", 4};

static struct fr_str id_of(uint32_t person) { return fr_str_of(names[person]); }

/* The first of them are the seed and point one way, the others anywhere; one points nowhere in each part. */
static void make(uint64_t seed) {
    struct fr_rng rng = {seed};
    for (uint32_t p = 0; p < PEOPLE; p++) {
        snprintf(names[p], sizeof names[p], "p%u", (unsigned)((p * 311) % PEOPLE));
        double length = .1 + 5 * fr_rng_uniform(&rng);
        for (uint32_t j = 0; j < K; j++)
            vectors[p][j] = (float)(length * (fr_rng_uniform(&rng) - .5 + (p < SEED && j < 2 ? 1 : 0)));
    }
    memset(vectors[3], 0, sizeof vectors[3]);
    memset(vectors[SEED + 3], 0, sizeof vectors[0]);
}

/* The mean of the cosines to each of the seed's unit vectors has the same order; divided by the mean's length it is the same. */
static void compute_plainly(void) {
    double square = 0;
    for (uint32_t a = 0; a < SEED; a++)
        for (uint32_t b = 0; b < SEED; b++) {
            double ab = 0, aa = 0, bb = 0;
            for (uint32_t j = 0; j < K; j++) {
                ab += (double)vectors[a][j] * (double)vectors[b][j];
                aa += (double)vectors[a][j] * (double)vectors[a][j];
                bb += (double)vectors[b][j] * (double)vectors[b][j];
            }
            square += aa > 0 && bb > 0 ? ab / sqrt(aa) / sqrt(bb) : 0;
        }
    for (uint32_t p = 0; p < PEOPLE; p++) {
        double sum = 0;
        for (uint32_t s = 0; s < SEED; s++) {
            double ps = 0, pp = 0, ss = 0;
            for (uint32_t j = 0; j < K; j++) {
                ps += (double)vectors[p][j] * (double)vectors[s][j];
                pp += (double)vectors[p][j] * (double)vectors[p][j];
                ss += (double)vectors[s][j] * (double)vectors[s][j];
            }
            sum += pp > 0 && ss > 0 ? ps / sqrt(pp) / sqrt(ss) : 0;
        }
        nearness[p] = sum / sqrt(square);
    }
}

static struct fr_look_seed seed_of(uint32_t first, uint32_t n) {
    struct fr_look_seed s;
    fr_look_seed_init(&s, K);
    for (uint32_t p = first; p < first + n; p++) fr_look_seed_add(&s, id_of(p), vectors[p]);
    return s;
}

static void fill(struct fr_look_alikes *l, const float *direction) {
    for (uint32_t p = SEED; p < PEOPLE; p++)
        fr_look_alikes_keep(l, id_of(p), fr_look_similarity(direction, vectors[p], K));
}

static void test_similarities_are_those_of_the_plain_computation(void) {
    float direction[K];
    double length = 0;
    make(1);
    compute_plainly();
    struct fr_look_seed s = seed_of(0, SEED);
    CHECK_INT(s.people.n, SEED - 1); /* one points nowhere */
    CHECK(fr_look_seed_direction(&s, direction));
    for (uint32_t j = 0; j < K; j++) length += (double)direction[j] * (double)direction[j];
    CHECK_NEAR(length, 1, 1e-6);
    for (uint32_t p = 0; p < PEOPLE; p++)
        CHECK_NEAR(fr_look_similarity(direction, vectors[p], K), nearness[p], 1e-6);
    CHECK(fr_look_similarity(direction, vectors[3], K) == 0);
    fr_look_seed_fini(&s);
}

static void test_sizes_are_estimates_of_those_so_near(void) {
    float direction[K];
    make(2);
    compute_plainly();
    struct fr_look_seed s = seed_of(0, SEED);
    struct fr_look_alikes l = {0};
    struct fr_audience everybody = {0};
    int64_t sizes[FR_LOOK_STEPS], before = FR_AUDIENCE_FEW;
    CHECK(fr_look_seed_direction(&s, direction));
    fill(&l, direction);
    for (uint32_t p = 0; p < PEOPLE; p++) fr_audience_add(&everybody, id_of(p));
    fr_look_alikes_sizes(&l, &everybody, salt, sizes);
    uint32_t said = 0;
    for (uint32_t step = 0; step < FR_LOOK_STEPS; step++) {
        struct fr_audience so_near = {0};
        CHECK_NEAR(fr_look_threshold(step), .9 - .1 * step, 1e-12);
        for (uint32_t p = SEED; p < PEOPLE; p++)
            if (nearness[p] >= .9 - .1 * step) fr_audience_add(&so_near, id_of(p));
        int64_t want = fr_audience_estimate(&so_near, &everybody, salt);
        if (want < before) want = before;
        CHECK_INT(sizes[step], want);
        CHECK(sizes[step] == FR_AUDIENCE_FEW || sizes[step] >= FR_AUDIENCE_LEAST);
        said += sizes[step] != FR_AUDIENCE_FEW;
        before = sizes[step];
    }
    CHECK(said > 2 && said < FR_LOOK_STEPS);
    fr_look_alikes_fini(&l);
    fr_look_seed_fini(&s);
}

static void test_a_threshold_counts_who_is_right_at_it(void) {
    struct fr_look_alikes l = {0};
    fr_look_alikes_add(&l, FR_STR("a"), .5);
    fr_look_alikes_add(&l, FR_STR("b"), nextafter(.5, 0));
    fr_look_alikes_add(&l, FR_STR("c"), -1);
    fr_look_alikes_add(&l, FR_STR("d"), 1);
    CHECK_INT(l.at_least[0].n, 1);
    CHECK_INT(l.at_least[3].n, 1); /* .6 */
    CHECK_INT(l.at_least[4].n, 2); /* .5 */
    CHECK_INT(l.at_least[5].n, 3);
    CHECK_INT(l.at_least[FR_LOOK_STEPS - 1].n, 3);
    CHECK_INT(l.n, 0); /* nobody is kept */
    fr_look_alikes_fini(&l);
}

static void test_a_lower_threshold_has_no_fewer_people(void) {
    for (uint32_t world = 0; world < 300; world++) {
        struct fr_look_alikes l = {0};
        struct fr_audience everybody = {0};
        int64_t sizes[FR_LOOK_STEPS];
        for (uint32_t p = 0; p < 400; p++) {
            char id[24];
            snprintf(id, sizeof id, "w%up%u", world, p);
            fr_audience_add(&everybody, fr_str_of(id));
            if (p < 160) fr_look_alikes_add(&l, fr_str_of(id), p < 155 ? .95 : .1 * (p - 154) + .01);
        }
        fr_look_alikes_sizes(&l, &everybody, salt, sizes);
        for (uint32_t step = 1; step < FR_LOOK_STEPS; step++) CHECK(sizes[step] >= sizes[step - 1]);
        fr_look_alikes_fini(&l);
    }
}

static void test_the_nearest(void) {
    float direction[K];
    make(3);
    compute_plainly();
    memcpy(vectors[SEED + 10], vectors[SEED + 11],
           sizeof vectors[0]); /* as near as each other: the id decides */
    nearness[SEED + 10] = nearness[SEED + 11];
    struct fr_look_seed s = seed_of(0, SEED);
    CHECK(fr_look_seed_direction(&s, direction));
    for (uint32_t most = 0; most < 1000; most += 333) {
        struct fr_look_alikes l = {0};
        bool taken[PEOPLE] = {0};
        uint32_t n = 0;
        fill(&l, direction);
        CHECK_INT(l.n, PEOPLE - SEED);
        fr_look_alikes_rank(&l, most, .25);
        for (; n < most; n++) { /* the nearest of those that are left, the long way */
            int best = -1;
            for (int p = SEED; p < PEOPLE; p++) {
                if (taken[p] || nearness[p] < .25) continue;
                bool tie = best >= 0 && fabs(nearness[p] - nearness[best]) < 1e-12;
                if (best < 0 || (tie ? strcmp(names[p], names[best]) < 0 : nearness[p] > nearness[best]))
                    best = p;
            }
            if (best < 0) break;
            taken[best] = true;
            CHECK(n < l.n && fr_str_eq(l.at[n].id, id_of((uint32_t)best)));
        }
        CHECK_INT(l.n, n);
        fr_look_alikes_fini(&l);
    }
    fr_look_seed_fini(&s);
}

static void test_a_seed_without_a_direction(void) {
    float direction[K], there[K] = {1}, back[K] = {-3};
    struct fr_look_seed s;
    fr_look_seed_init(&s, K);
    CHECK(!fr_look_seed_direction(&s, direction));
    fr_look_seed_add(&s, FR_STR("a"), there);
    CHECK(fr_look_seed_direction(&s, direction) && direction[0] == 1);
    fr_look_seed_add(&s, FR_STR("b"), back);
    CHECK(!fr_look_seed_direction(&s, direction) && direction[0] == 0);
    fr_look_seed_fini(&s);
}

int main(void) {
    RUN(test_similarities_are_those_of_the_plain_computation);
    RUN(test_sizes_are_estimates_of_those_so_near);
    RUN(test_a_threshold_counts_who_is_right_at_it);
    RUN(test_a_lower_threshold_has_no_fewer_people);
    RUN(test_the_nearest);
    RUN(test_a_seed_without_a_direction);
    return check_done();
}
