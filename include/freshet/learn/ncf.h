/* ncf.h - neural collaborative filtering as a model ("ncf"): what a user and an item have in common, by a product and by a
 * perceptron.
 *
 * Model       logit(u, i) = g_u . g_i + MLP(m_u, m_i), each user and item with two vectors of `factors` floats, the perceptron
 *             2 factors -> factors -> factors / 2 ... -> 1 with `layers` hidden layers (NeuMF: He et al. 2017; their output
 *             weights of the product are absorbed by the vectors).
 * Loss        cross entropy of each entry against `negatives` items drawn evenly from those that are not in the user's history.
 *             An entry is one positive, whatever its value.
 * Training    Adam, its rate falling evenly to 0; batches of 32 to 1,024 entries, about 400 an epoch. The vectors' moments stand
 *             still while a batch does not touch them, decay (AdamW) likewise. With epsilon each batch is also learnt from
 *             with the vectors moved by epsilon along the signs of the loss's gradient (FGSM).
 * Fold-in     a history's user has as vectors a linear function of the sum of its items' vectors divided by the square root of
 *             their number; that function is the ridge regression of the fit's own user vectors on their histories. It
 *             serves users of the fit, too: it generalises better than their own vectors (recall@10 on a part of LastFM's
 *             training file that was put aside: .132 against .109).
 * Parameters  factors (up to FR_NCF_FACTORS_MAX, rounded up to a multiple of 8), layers (1 to FR_NCF_LAYERS_MAX), epochs, rate,
 *             negatives, dropout, epsilon, decay. However many epochs are asked for, a fit ends after FR_NCF_SAMPLES_MAX
 *             samples (entries and their negatives): small data are gone through often, large ones a few times.
 * Promise     scores are plain loops in a fixed order: the same bits on any machine. A fit gives the same bits for any number of
 *             its threads, as far as the products of learn/la do.
 * Time        of a fit O(samples factors^2), of a score O(items factors^2).
 * Memory      of a fit 24 (U + I) factors bytes; of a model 16 I factors. */
#ifndef FR_LEARN_NCF_H
#define FR_LEARN_NCF_H

#include "freshet/learn/model.h"

enum { FR_NCF_FACTORS_MAX = 128, FR_NCF_LAYERS_MAX = 3, FR_NCF_SAMPLES_MAX = 32 * 1000 * 1000 };

extern const struct fr_model_ops fr_ncf_ops;

#endif
