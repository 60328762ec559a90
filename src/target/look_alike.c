#include "freshet/target/look_alike.h"
#include "freshet/base/err.h"
#include <math.h>
#include <stdlib.h>

static double length_of(const float *v, uint32_t k) {
    double sum = 0;
    for (uint32_t j = 0; j < k; j++) sum += (double)v[j] * (double)v[j];
    return sqrt(sum);
}

/* ---- the seed ---- */

void fr_look_seed_init(struct fr_look_seed *s, uint32_t k) {
    *s = (struct fr_look_seed){.k = k, .sum = fr_alloc_zero(k + (size_t)1, sizeof *s->sum)};
}

void fr_look_seed_fini(struct fr_look_seed *s) {
    free(s->sum);
    s->sum = NULL;
}

void fr_look_seed_add(struct fr_look_seed *s, struct fr_str id, const float *v) {
    double length = length_of(v, s->k);
    if (!(length > 0)) return;
    fr_audience_add(&s->people, id);
    for (uint32_t j = 0; j < s->k; j++) s->sum[j] += (double)v[j] / length;
}

bool fr_look_seed_direction(const struct fr_look_seed *s, float *out) {
    double sum = 0;
    for (uint32_t j = 0; j < s->k; j++) sum += s->sum[j] * s->sum[j];
    double length = sqrt(sum);
    bool points = length > 1e-6 * (double)s->people.n; /* else it is what rounding left */
    for (uint32_t j = 0; j < s->k; j++) out[j] = points ? (float)(s->sum[j] / length) : 0;
    return points;
}

double fr_look_similarity(const float *direction, const float *v, uint32_t k) {
    double product = 0, length = length_of(v, k);
    if (!(length > 0)) return 0;
    for (uint32_t j = 0; j < k; j++) product += (double)direction[j] * (double)v[j];
    return fmin(fmax(product / length, -1), 1);
}

/* ---- the others ---- */

void fr_look_alikes_fini(struct fr_look_alikes *l) {
    free(l->at);
    fr_arena_fini(&l->ids);
    *l = (struct fr_look_alikes){0};
}

void fr_look_alikes_add(struct fr_look_alikes *l, struct fr_str id, double similarity) {
    for (uint32_t step = FR_LOOK_STEPS; step-- > 0 && similarity >= fr_look_threshold(step);)
        fr_audience_add(&l->at_least[step], id);
}

void fr_look_alikes_keep(struct fr_look_alikes *l, struct fr_str id, double similarity) {
    fr_look_alikes_add(l, id, similarity);
    if (l->n == l->cap) {
        l->cap = 2 * l->cap + 64;
        l->at = fr_realloc(l->at, l->cap * sizeof *l->at);
    }
    l->at[l->n++] = (struct fr_look_alike){similarity, fr_arena_copy(&l->ids, id)};
}

void fr_look_alikes_sizes(const struct fr_look_alikes *l, const struct fr_audience *everybody,
                          struct fr_str salt, int64_t sizes[FR_LOOK_STEPS]) {
    for (uint32_t step = 0; step < FR_LOOK_STEPS; step++) {
        sizes[step] = fr_audience_estimate(&l->at_least[step], everybody, salt);
        if (step && sizes[step] < sizes[step - 1]) sizes[step] = sizes[step - 1];
    }
}

static int by_nearness(const void *a, const void *b) {
    const struct fr_look_alike *x = a, *y = b;
    if (x->similarity > y->similarity) return -1;
    return x->similarity < y->similarity ? 1 : fr_str_cmp(x->id, y->id);
}

void fr_look_alikes_rank(struct fr_look_alikes *l, uint32_t most, double least) {
    uint32_t n = 0;
    if (l->n) qsort(l->at, l->n, sizeof *l->at, by_nearness);
    while (n < l->n && n < most && l->at[n].similarity >= least) n++;
    l->n = n;
}
