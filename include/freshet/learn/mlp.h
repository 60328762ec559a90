/* mlp.h - a multi-layer perceptron: ReLU between layers, linear output; forward, backward, and training steps.
 *
 * Shapes    layer l maps sizes[l] to sizes[l + 1]: weights [sizes[l]][sizes[l + 1]], then as many biases; all layers lie one after
 *           the other in one array of weight_n floats (what Adam, files and tests see). Batches are [n][size], row-major.
 * Promise   a function of (weights, batch, generator): the same bits for the same build, machine and fr_la_threads.
 * Dropout   of hidden units, inverted: what stays is divided by 1 - share, so that scoring needs no correction.
 * Adversary FGSM (Goodfellow 2015): a step also learns from the batch moved by epsilon along the sign of the loss's gradient
 *           at the inputs.
 * Threads   a network is read-only in forward and backward; one pass a thread.
 * Memory    owns its arrays; a pass 8 bytes for each unit of a batch; a trainer 12 bytes a weight. */
#ifndef FR_LEARN_MLP_H
#define FR_LEARN_MLP_H

#include "freshet/base/rng.h"
#include "freshet/base/tensors.h"
#include "freshet/learn/adam.h"

enum { FR_MLP_LAYERS_MAX = 6, FR_MLP_SIZE_MAX = 4096 };

struct fr_mlp {
    uint32_t layer_n;
    uint32_t sizes[FR_MLP_LAYERS_MAX + 1];
    size_t weight_n;
    float *weights;
};

/* sizes[layer_n + 1], each 1 to FR_MLP_SIZE_MAX. Weights uniform within sqrt(6 / (in + out)) (Glorot and Bengio 2010), biases 0. */
void fr_mlp_init(struct fr_mlp *m, uint32_t layer_n, const uint32_t *sizes, uint64_t seed);
void fr_mlp_fini(struct fr_mlp *m);
/* Where layer l's weights begin; its biases follow them. */
size_t fr_mlp_layer(const struct fr_mlp *m, uint32_t l);

/* Arrays <name>.sizes and <name>.weights. */
void fr_mlp_save(const struct fr_mlp *m, const char *name, struct fr_tensors_writer *w);
/* False: not there, or not of one piece; m is then as after fini. */
bool fr_mlp_load(struct fr_mlp *m, const char *name, const struct fr_tensors_file *f);

/* What a batch leaves behind on its way. */
struct fr_mlp_pass {
    uint32_t row_cap;
    float *units[FR_MLP_LAYERS_MAX];  /* outputs of each layer, [row_cap][sizes[l + 1]] */
    float *deltas[FR_MLP_LAYERS_MAX]; /* the loss's gradient at them */
    const float *inputs;              /* of the last forward, borrowed until backward */
    float kept;                       /* 1 - dropout of the last forward */
};

void fr_mlp_pass_init(struct fr_mlp_pass *p, const struct fr_mlp *m, uint32_t row_cap);
void fr_mlp_pass_fini(struct fr_mlp_pass *p);
/* Outputs [n][sizes[layer_n]], lent until the next forward. dropout > 0 needs a generator. keeps inputs until backward. */
const float *fr_mlp_forward(const struct fr_mlp *m, struct fr_mlp_pass *p, uint32_t n, const float *inputs,
                            double dropout, struct fr_rng *rng);
/* output_gradient[n][sizes[layer_n]] of the last forward; adds to gradient[weight_n]; fills input_gradient[n][sizes[0]]
 * unless NULL. */
void fr_mlp_backward(const struct fr_mlp *m, struct fr_mlp_pass *p, uint32_t n, const float *output_gradient,
                     float *gradient, float *input_gradient);
/* Without BLAS, one row at a time, the same bits on any machine: output[sizes[layer_n]] of input[sizes[0]]. Sizes up to
 * FR_MLP_PLAIN_MAX. */
enum { FR_MLP_PLAIN_MAX = 1024 };
void fr_mlp_plain(const struct fr_mlp *m, const float *input, float *output);

/* moved = x + epsilon sign(gradient). */
void fr_mlp_fgsm(size_t n, const float *x, const float *gradient, double epsilon, float *moved);

struct fr_mlp_options {
    struct fr_adam adam;
    double dropout; /* 0 to .9 */
    double epsilon; /* FGSM; 0: none */
};

struct fr_mlp_trainer {
    struct fr_mlp *mlp; /* kept until fini */
    struct fr_mlp_options options;
    struct fr_mlp_pass pass;
    struct fr_rng rng;
    uint64_t step;
    float *gradient, *m, *v;                         /* [weight_n] */
    float *output_gradient, *input_gradient, *moved; /* of a batch; the latter two only with epsilon */
};

/* Mean loss of outputs[n][..], and its gradient. */
typedef double fr_mlp_loss(void *context, uint32_t n, const float *outputs, float *gradient);

void fr_mlp_trainer_init(struct fr_mlp_trainer *t, struct fr_mlp *mlp, const struct fr_mlp_options *options,
                         uint32_t row_cap, uint64_t seed);
void fr_mlp_trainer_fini(struct fr_mlp_trainer *t);
/* One step of Adam on a batch of 1 to row_cap rows; returns the loss before it (of the batch as it is). */
double fr_mlp_trainer_step(struct fr_mlp_trainer *t, uint32_t n, const float *inputs, fr_mlp_loss *loss,
                           void *context);

#endif
