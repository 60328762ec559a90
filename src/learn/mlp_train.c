#include "freshet/learn/mlp.h"
#include "freshet/base/err.h"
#include <stdlib.h>
#include <string.h>

static float *floats_new(size_t n) { return fr_alloc_zero(n + 1, sizeof(float)); }

void fr_mlp_trainer_init(struct fr_mlp_trainer *t, struct fr_mlp *mlp, const struct fr_mlp_options *options,
                         uint32_t row_cap, uint64_t seed) {
    *t = (struct fr_mlp_trainer){.mlp = mlp, .options = *options, .rng = {seed}};
    size_t input_n = options->epsilon > 0 ? (size_t)row_cap * mlp->sizes[0] : 0;
    fr_mlp_pass_init(&t->pass, mlp, row_cap);
    t->gradient = floats_new(mlp->weight_n);
    t->m = floats_new(mlp->weight_n);
    t->v = floats_new(mlp->weight_n);
    t->output_gradient = floats_new((size_t)row_cap * mlp->sizes[mlp->layer_n]);
    t->input_gradient = floats_new(input_n);
    t->moved = floats_new(input_n);
}

void fr_mlp_trainer_fini(struct fr_mlp_trainer *t) {
    fr_mlp_pass_fini(&t->pass);
    float *arrays[] = {t->gradient, t->m, t->v, t->output_gradient, t->input_gradient, t->moved};
    for (unsigned i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    *t = (struct fr_mlp_trainer){0};
}

/* Adds the gradient of one pass over the batch. */
static double learn_from(struct fr_mlp_trainer *t, uint32_t n, const float *inputs, fr_mlp_loss *loss,
                         void *context, float *input_gradient) {
    const float *outputs = fr_mlp_forward(t->mlp, &t->pass, n, inputs, t->options.dropout, &t->rng);
    double mean = loss(context, n, outputs, t->output_gradient);
    fr_mlp_backward(t->mlp, &t->pass, n, t->output_gradient, t->gradient, input_gradient);
    return mean;
}

double fr_mlp_trainer_step(struct fr_mlp_trainer *t, uint32_t n, const float *inputs, fr_mlp_loss *loss,
                           void *context) {
    bool is_adversarial = t->options.epsilon > 0;
    memset(t->gradient, 0, t->mlp->weight_n * sizeof *t->gradient);
    double mean = learn_from(t, n, inputs, loss, context, is_adversarial ? t->input_gradient : NULL);
    if (is_adversarial) {
        fr_mlp_fgsm((size_t)n * t->mlp->sizes[0], inputs, t->input_gradient, t->options.epsilon, t->moved);
        learn_from(t, n, t->moved, loss, context, NULL);
    }
    fr_adam_step(&t->options.adam, ++t->step, t->mlp->weight_n, t->gradient, t->m, t->v, t->mlp->weights);
    return mean;
}
