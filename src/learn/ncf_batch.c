#include "ncf_internal.h"
#include "freshet/base/err.h"
#include "freshet/learn/loss.h"
#include "freshet/learn/parallel.h"
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_A_PIECE = 512 };

static float *floats_new(size_t n) { return fr_alloc_zero(n + 1, sizeof(float)); }

static void side_init(struct ncf_side *s, const float *rows, uint32_t cap, uint32_t width) {
    size_t n = (size_t)cap * width;
    *s = (struct ncf_side){
        rows, fr_alloc_zero(cap, sizeof *s->id), floats_new(n), floats_new(n), floats_new(n), NULL};
}

static void side_fini(struct ncf_side *s) {
    free(s->id);
    free(s->copy);
    free(s->moved);
    free(s->gradient);
}

void ncf_batch_init(struct ncf_batch *b, const struct ncf *m, uint32_t cap, unsigned threads) {
    uint32_t width = 2 * m->k;
    *b = (struct ncf_batch){.mlp = &m->mlp, .cap = cap, .k = m->k, .threads = threads};
    side_init(&b->users, m->users, cap, width);
    side_init(&b->items, m->items, cap, width);
    fr_mlp_pass_init(&b->pass, &m->mlp, cap);
    b->mlp_gradient = floats_new(m->mlp.weight_n);
    b->labels = floats_new(cap);
    b->logits = floats_new(cap);
    b->slopes = floats_new(cap);
    b->inputs = floats_new((size_t)cap * width);
    b->input_gradient = floats_new((size_t)cap * width);
}

void ncf_batch_fini(struct ncf_batch *b) {
    side_fini(&b->users);
    side_fini(&b->items);
    fr_mlp_pass_fini(&b->pass);
    float *arrays[] = {b->mlp_gradient, b->labels, b->logits, b->slopes, b->inputs, b->input_gradient};
    for (unsigned i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
}

void ncf_batch_add(struct ncf_batch *b, uint32_t user, uint32_t item, float label) {
    FR_ASSERT(b->n < b->cap);
    b->users.id[b->n] = user;
    b->items.id[b->n] = item;
    b->labels[b->n++] = label;
}

static void gather_side(struct ncf_side *side, uint32_t width, size_t first, size_t last) {
    for (size_t s = first; s < last; s++)
        memcpy(side->copy + s * width, side->rows + (size_t)side->id[s] * width, width * sizeof(float));
    memset(side->gradient + first * width, 0, (last - first) * width * sizeof(float));
}

static void gather(void *context, unsigned thread, size_t first, size_t last) {
    (void)thread;
    struct ncf_batch *b = context;
    gather_side(&b->users, 2 * b->k, first, last);
    gather_side(&b->items, 2 * b->k, first, last);
}

/* The network's inputs, and the product. */
static void prepare(void *context, unsigned thread, size_t first, size_t last) {
    (void)thread;
    struct ncf_batch *b = context;
    uint32_t k = b->k;
    for (size_t s = first; s < last; s++) {
        const float *user = b->users.at + s * 2 * k, *item = b->items.at + s * 2 * k;
        float product = 0;
        for (uint32_t j = 0; j < k; j++) product += user[j] * item[j];
        b->logits[s] = product;
        memcpy(b->inputs + s * 2 * k, user + k, k * sizeof(float));
        memcpy(b->inputs + s * 2 * k + k, item + k, k * sizeof(float));
    }
}

FR_WIDE static void add_scaled(uint32_t n, float scale, const float *x, float *y) {
    for (uint32_t j = 0; j < n; j++) y[j] += scale * x[j];
}

/* Adds the gradient at the vectors: through the product, then through the network's inputs. */
static void spread(void *context, unsigned thread, size_t first, size_t last) {
    (void)thread;
    struct ncf_batch *b = context;
    uint32_t k = b->k;
    for (size_t s = first; s < last; s++) {
        size_t at = s * 2 * k;
        add_scaled(k, b->slopes[s], b->items.at + at, b->users.gradient + at);
        add_scaled(k, b->slopes[s], b->users.at + at, b->items.gradient + at);
        add_scaled(k, 1, b->input_gradient + at, b->users.gradient + at + k);
        add_scaled(k, 1, b->input_gradient + at + k, b->items.gradient + at + k);
    }
}

/* One pass at the vectors of `at`; adds to all gradients. */
static double pass_batch(struct ncf_batch *b, double dropout, struct fr_rng *rng) {
    fr_parallel(b->threads, b->n, SAMPLES_A_PIECE, prepare, b);
    const float *out = fr_mlp_forward(b->mlp, &b->pass, b->n, b->inputs, dropout, rng);
    for (uint32_t s = 0; s < b->n; s++) b->logits[s] += out[s];
    double loss = fr_loss_logistic(b->n, b->logits, b->labels, b->slopes);
    fr_mlp_backward(b->mlp, &b->pass, b->n, b->slopes, b->mlp_gradient, b->input_gradient);
    fr_parallel(b->threads, b->n, SAMPLES_A_PIECE, spread, b);
    return loss;
}

static void move_side(struct ncf_side *side, size_t n, double epsilon) {
    fr_mlp_fgsm(n, side->copy, side->gradient, epsilon, side->moved);
    side->at = side->moved;
}

double ncf_batch_learn(struct ncf_batch *b, double dropout, double epsilon, struct fr_rng *rng) {
    fr_parallel(b->threads, b->n, SAMPLES_A_PIECE, gather, b);
    memset(b->mlp_gradient, 0, b->mlp->weight_n * sizeof *b->mlp_gradient);
    b->users.at = b->users.copy;
    b->items.at = b->items.copy;
    double loss = pass_batch(b, dropout, rng);
    if (epsilon > 0) {
        move_side(&b->users, (size_t)b->n * 2 * b->k, epsilon);
        move_side(&b->items, (size_t)b->n * 2 * b->k, epsilon);
        pass_batch(b, dropout, rng);
    }
    return loss;
}
