#include "check.h"
#include "freshet/learn/la.h"
#include "freshet/learn/loss.h"
#include "freshet/learn/mlp.h"
#include "mlp_fixture.h"
#include <stdlib.h>

/* The formulas of tests/reference/mlp.py. */
static double number(size_t i) { return (double)((i * 7919 + 104729) % 1000) / 1000 - .5; }

static void fill_inputs(float *x) {
    for (size_t i = 0; i < MLP_ROWS * MLP_INPUTS; i++) x[i] = (float)(2 * number(i));
}

static uint32_t class_of(const float *row, uint32_t class_n) {
    return (uint32_t)floor(((double)row[0] * (double)row[1] + (double)row[2] + 10) * 3) % class_n;
}

static void net_init(struct fr_mlp *m, uint32_t outputs) {
    fr_mlp_init(m, 3, (uint32_t[]){MLP_INPUTS, 8, 5, outputs}, 1);
    for (size_t i = 0; i < m->weight_n; i++) m->weights[i] = (float)number(i);
}

struct targets {
    uint32_t classes[MLP_ROWS];
    float labels[MLP_ROWS];
    uint32_t first, class_n;
};

static double class_loss(void *context, uint32_t n, const float *outputs, float *gradient) {
    const struct targets *t = context;
    return t->class_n == 2 ? fr_loss_logistic(n, outputs, t->labels + t->first, gradient)
                           : fr_loss_softmax(n, t->class_n, outputs, t->classes + t->first, gradient);
}

static void targets_fill(struct targets *t, const float *x, uint32_t class_n) {
    t->first = 0;
    t->class_n = class_n;
    for (uint32_t i = 0; i < MLP_ROWS; i++) {
        t->classes[i] = class_of(x + i * MLP_INPUTS, class_n);
        t->labels[i] = (float)t->classes[i];
    }
}

/* Batches in order, as scikit-learn without shuffling; its loss of an epoch is the mean of its batches'. */
static void check_against_scikit(uint32_t class_n, uint32_t outputs, uint32_t batch, const double *losses,
                                 const double *weights) {
    static float x[MLP_ROWS * MLP_INPUTS];
    struct targets targets;
    struct fr_mlp m;
    struct fr_mlp_trainer t;
    struct fr_mlp_options options = {.adam = FR_ADAM_DEFAULTS};
    options.adam.rate = .01;
    fill_inputs(x);
    targets_fill(&targets, x, class_n);
    net_init(&m, outputs);
    fr_mlp_trainer_init(&t, &m, &options, batch, 1);
    for (uint32_t epoch = 0; epoch < MLP_EPOCHS; epoch++) {
        double loss = 0;
        for (targets.first = 0; targets.first < MLP_ROWS; targets.first += batch)
            loss += fr_mlp_trainer_step(&t, batch, x + targets.first * MLP_INPUTS, class_loss, &targets);
        CHECK_NEAR(loss * batch / MLP_ROWS, losses[epoch], 1e-5);
    }
    for (size_t i = 0; i < m.weight_n; i++) CHECK_NEAR(m.weights[i], weights[i], 1e-4);
    fr_mlp_trainer_fini(&t);
    fr_mlp_fini(&m);
}

static void test_softmax_like_scikit_learn(void) {
    check_against_scikit(3, 3, MLP_ROWS, softmax_losses, softmax_weights);
}

static void test_logistic_batches_like_scikit_learn(void) {
    check_against_scikit(2, 1, 10, logistic_losses, logistic_weights);
}

struct probe {
    struct fr_mlp m;
    struct fr_mlp_pass pass;
    float x[MLP_ROWS * MLP_INPUTS], output_gradient[MLP_ROWS * 3], input_gradient[MLP_ROWS * MLP_INPUTS];
    struct targets targets;
    double dropout;
    uint32_t n; /* rows that count */
};

static void probe_init(struct probe *p, uint32_t class_n, double dropout) {
    fill_inputs(p->x);
    targets_fill(&p->targets, p->x, class_n);
    net_init(&p->m, class_n == 2 ? 1 : class_n);
    fr_mlp_pass_init(&p->pass, &p->m, MLP_ROWS);
    p->dropout = dropout;
    p->n = MLP_ROWS;
}

static void probe_fini(struct probe *p) {
    fr_mlp_pass_fini(&p->pass);
    fr_mlp_fini(&p->m);
}

/* The same generator each time: the same units are dropped. */
static double probe_loss(struct probe *p) {
    struct fr_rng rng = {9};
    const float *out = fr_mlp_forward(&p->m, &p->pass, p->n, p->x, p->dropout, &rng);
    return class_loss(&p->targets, p->n, out, p->output_gradient);
}

static double difference(struct probe *p, float *at) {
    float was = *at;
    *at = was + 2e-3f;
    double up = probe_loss(p);
    *at = was - 2e-3f;
    double down = probe_loss(p);
    *at = was;
    return (up - down) / 4e-3;
}

struct tally {
    unsigned checked, off, moving;
};

static void compare(struct probe *p, float *at, const float *gradient, size_t n, struct tally *t) {
    for (size_t i = 0; i < n; i++) {
        double d = difference(p, &at[i]);
        t->checked++;
        t->off += fabs(d - (double)gradient[i]) > 2e-4;
        t->moving += fabs(d) > 4e-3;
    }
}

/* Every weight and bias of every layer, and every input of a few rows. ReLU has kinks: a step over one is allowed for in one of a
 * hundred. */
static void check_gradients(uint32_t class_n, double dropout) {
    struct probe p;
    struct tally t = {0};
    probe_init(&p, class_n, dropout);
    p.n = 4;
    float *gradient = calloc(p.m.weight_n, sizeof *gradient);
    probe_loss(&p);
    fr_mlp_backward(&p.m, &p.pass, p.n, p.output_gradient, gradient, p.input_gradient);
    compare(&p, p.m.weights, gradient, p.m.weight_n, &t);
    compare(&p, p.x, p.input_gradient, p.n * MLP_INPUTS, &t);
    CHECK(t.off * 100 <= t.checked);
    CHECK(t.moving * 5 > t.checked * 2); /* many are far above the tolerance */
    free(gradient);
    probe_fini(&p);
}

static void test_gradients_are_finite_differences(void) {
    check_gradients(3, 0);
    check_gradients(2, 0);
    check_gradients(3, .4);
}

static void test_gradients_add_up(void) {
    struct probe p;
    probe_init(&p, 3, 0);
    float *once = calloc(p.m.weight_n, sizeof *once), *twice = calloc(p.m.weight_n, sizeof *twice);
    probe_loss(&p);
    fr_mlp_backward(&p.m, &p.pass, MLP_ROWS, p.output_gradient, once, NULL);
    for (int i = 0; i < 2; i++) fr_mlp_backward(&p.m, &p.pass, MLP_ROWS, p.output_gradient, twice, NULL);
    for (size_t i = 0; i < p.m.weight_n; i++) CHECK_NEAR(twice[i], 2 * once[i], 1e-5);
    free(once);
    free(twice);
    probe_fini(&p);
}

/* Of 64 x 50 units a share is 0, and the mean of the output stays: the network is linear, its units all above 0. */
static void test_dropout_expectation(void) {
    enum { WIDTH = 64, ROWS = 50 };
    struct fr_mlp m;
    struct fr_mlp_pass p;
    struct fr_rng rng = {3};
    float x[ROWS];
    fr_mlp_init(&m, 2, (uint32_t[]){1, WIDTH, 1}, 1);
    for (size_t i = 0; i < m.weight_n; i++) m.weights[i] = i < 2 * WIDTH ? .5f : 1.f / WIDTH;
    m.weights[m.weight_n - 1] = 0;
    for (int i = 0; i < ROWS; i++) x[i] = 1;
    fr_mlp_pass_init(&p, &m, ROWS);
    double zeros = 0, sum = 0;
    for (int round = 0; round < 10; round++) {
        const float *out = fr_mlp_forward(&m, &p, ROWS, x, .3, &rng);
        for (int i = 0; i < ROWS * WIDTH; i++) zeros += !(p.units[0][i] > 0);
        for (int i = 0; i < ROWS; i++) sum += (double)out[i];
    }
    CHECK_NEAR(zeros / (10 * ROWS * WIDTH), .3, .01);
    CHECK_NEAR(sum / (10 * ROWS), 1, .01);
    CHECK_NEAR(fr_mlp_forward(&m, &p, ROWS, x, 0, NULL)[7], 1, 1e-5);
    fr_mlp_pass_fini(&p);
    fr_mlp_fini(&m);
}

static void test_plain_is_forward(void) {
    struct probe p;
    probe_init(&p, 3, 0);
    const float *out = fr_mlp_forward(&p.m, &p.pass, MLP_ROWS, p.x, 0, NULL);
    for (uint32_t i = 0; i < MLP_ROWS; i++) {
        float plain[3];
        fr_mlp_plain(&p.m, p.x + i * MLP_INPUTS, plain);
        for (int c = 0; c < 3; c++) CHECK_NEAR(plain[c], out[i * 3 + (uint32_t)c], 1e-5);
    }
    probe_fini(&p);
}

/* To first order the loss rises by epsilon times the sum of the absolute gradient; no other move of that size does better. */
static void test_fgsm_is_the_worst_move(void) {
    static float moved[MLP_ROWS * MLP_INPUTS];
    struct probe p;
    probe_init(&p, 3, 0);
    float *gradient = calloc(p.m.weight_n, sizeof *gradient);
    double before = probe_loss(&p), slope = 0;
    fr_mlp_backward(&p.m, &p.pass, MLP_ROWS, p.output_gradient, gradient, p.input_gradient);
    fr_mlp_fgsm(MLP_ROWS * MLP_INPUTS, p.x, p.input_gradient, 1e-3, moved);
    for (size_t i = 0; i < MLP_ROWS * MLP_INPUTS; i++) slope += fabs((double)p.input_gradient[i]);
    memcpy(p.x, moved, sizeof moved);
    CHECK_NEAR((probe_loss(&p) - before) / 1e-3, slope, .02 * slope);
    CHECK(slope > .1);
    free(gradient);
    probe_fini(&p);
}

/* Mean loss on inputs that an adversary moved, after training with epsilon. */
static double loss_under_attack(double epsilon) {
    static float moved[MLP_ROWS * MLP_INPUTS];
    struct probe p;
    probe_init(&p, 2, 0);
    struct fr_mlp_options options = {.adam = FR_ADAM_DEFAULTS, .epsilon = epsilon};
    options.adam.rate = .01;
    struct fr_mlp_trainer t;
    fr_mlp_trainer_init(&t, &p.m, &options, MLP_ROWS, 1);
    for (int step = 0; step < 150; step++) fr_mlp_trainer_step(&t, MLP_ROWS, p.x, class_loss, &p.targets);
    float *gradient = calloc(p.m.weight_n, sizeof *gradient);
    probe_loss(&p);
    fr_mlp_backward(&p.m, &p.pass, MLP_ROWS, p.output_gradient, gradient, p.input_gradient);
    fr_mlp_fgsm(MLP_ROWS * MLP_INPUTS, p.x, p.input_gradient, .2, moved);
    memcpy(p.x, moved, sizeof moved);
    double loss = probe_loss(&p);
    free(gradient);
    fr_mlp_trainer_fini(&t);
    probe_fini(&p);
    return loss;
}

static void test_adversarial_training_hardens(void) {
    CHECK(loss_under_attack(.2) < .8 * loss_under_attack(0));
}

static void test_saved_and_loaded(void) {
    struct fr_mlp m, loaded;
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f = NULL;
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    net_init(&m, 3);
    fr_mlp_save(&m, "x", w);
    fr_tensors_put_vector(w, "short.sizes", FR_TENSOR_U32, 4,
                          (uint32_t[]){6, 8, 5, 4}); /* one more than weights */
    fr_tensors_put_vector(w, "short.weights", FR_TENSOR_F32, m.weight_n, m.weights);
    fr_tensors_put_vector(w, "none.sizes", FR_TENSOR_U32, 2, (uint32_t[]){0, 0});
    fr_tensors_put_vector(w, "none.weights", FR_TENSOR_F32, 0, NULL);
    fr_tensors_finish(w, &bytes);
    fr_tensors_writer_free(w);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    CHECK(fr_mlp_load(&loaded, "x", f));
    CHECK_INT(loaded.layer_n, 3);
    CHECK(loaded.weight_n == m.weight_n && !memcmp(loaded.weights, m.weights, m.weight_n * sizeof(float)));
    fr_mlp_fini(&loaded);
    CHECK(!fr_mlp_load(&loaded, "short", f));
    CHECK(!fr_mlp_load(&loaded, "none", f));
    CHECK(!fr_mlp_load(&loaded, "absent", f));
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    fr_mlp_fini(&m);
}

static void test_same_seed_same_bits(void) {
    float weights[2][200] = {{0}};
    for (int run = 0; run < 2; run++) {
        struct probe p;
        probe_init(&p, 3, 0);
        struct fr_mlp_options options = {.adam = FR_ADAM_DEFAULTS, .dropout = .5, .epsilon = .1};
        struct fr_mlp_trainer t;
        fr_mlp_trainer_init(&t, &p.m, &options, MLP_ROWS, 4);
        for (int step = 0; step < 5; step++) fr_mlp_trainer_step(&t, MLP_ROWS, p.x, class_loss, &p.targets);
        memcpy(weights[run], p.m.weights, p.m.weight_n * sizeof(float));
        fr_mlp_trainer_fini(&t);
        probe_fini(&p);
    }
    CHECK(memcmp(weights[0], weights[1], sizeof weights[0]) == 0);
}

static void test_first_weights(void) {
    struct fr_mlp m;
    fr_mlp_init(&m, 1, (uint32_t[]){100, 50}, 7);
    double bound = sqrt(6. / 150), squares = 0;
    for (size_t i = 0; i < 5000; i++) {
        CHECK(fabs((double)m.weights[i]) <= bound);
        squares += (double)(m.weights[i] * m.weights[i]);
    }
    CHECK_NEAR(squares / 5000, bound * bound / 3, .05 * bound * bound);
    for (size_t i = 5000; i < 5050; i++) CHECK_NEAR(m.weights[i], 0, 0);
    fr_mlp_fini(&m);
}

int main(void) {
    fr_la_threads(1); /* products this small only wait for each other */
    RUN(test_softmax_like_scikit_learn);
    RUN(test_logistic_batches_like_scikit_learn);
    RUN(test_gradients_are_finite_differences);
    RUN(test_gradients_add_up);
    RUN(test_dropout_expectation);
    RUN(test_plain_is_forward);
    RUN(test_fgsm_is_the_worst_move);
    RUN(test_adversarial_training_hardens);
    RUN(test_saved_and_loaded);
    RUN(test_same_seed_same_bits);
    RUN(test_first_weights);
    return check_done();
}
