/* loss.h - losses of a batch of outputs, and their gradients.
 *
 * Promise   returns the mean loss and fills gradient, of the mean, for each output. Safe for any finite output.
 * Checked   against finite differences: tests/unit/learn/test_loss.c. */
#ifndef FR_LEARN_LOSS_H
#define FR_LEARN_LOSS_H

#include <stddef.h>
#include <stdint.h>

/* Cross entropy of logits[n] with labels[n] in 0..1, mean over n. */
double fr_loss_logistic(uint32_t n, const float *logits, const float *labels, float *gradient);
/* Cross entropy of the softmax of logits[n][class_n] with classes[n], mean over n. */
double fr_loss_softmax(uint32_t n, uint32_t class_n, const float *logits, const uint32_t *classes,
                       float *gradient);
/* Listwise: cross entropy of the softmax over each group's scores with its labels divided by their sum, mean over
 * the groups that have a positive label (0 if there is none); others get gradient 0. Group g: rows [starts[g],
 * starts[g + 1]) less starts[0]. */
double fr_loss_listwise(uint32_t group_n, const uint32_t *starts, const float *scores, const float *labels,
                        float *gradient);

#endif
