#include "freshet/learn/loss.h"
#include <math.h>

double fr_loss_logistic(uint32_t n, const float *logits, const float *labels, float *gradient) {
    double loss = 0;
    for (uint32_t i = 0; i < n; i++) {
        double z = (double)logits[i], y = (double)labels[i], tail = exp(-fabs(z));
        double chance = z >= 0 ? 1 / (1 + tail) : tail / (1 + tail);
        loss += (z > 0 ? z : 0) - z * y + log1p(tail); /* -y log p - (1 - y) log(1 - p) without a log of 0 */
        gradient[i] = (float)((chance - y) / n);
    }
    return n ? loss / n : 0;
}

/* chances[n] = softmax of scores[n]; returns the logarithm of what they were divided by. */
static double softmax(uint32_t n, const float *scores, float *chances) {
    double most = (double)scores[0], sum = 0;
    for (uint32_t i = 1; i < n; i++) most = fmax(most, (double)scores[i]);
    for (uint32_t i = 0; i < n; i++) sum += exp((double)scores[i] - most);
    for (uint32_t i = 0; i < n; i++) chances[i] = (float)(exp((double)scores[i] - most) / sum);
    return most + log(sum);
}

double fr_loss_softmax(uint32_t n, uint32_t class_n, const float *logits, const uint32_t *classes,
                       float *gradient) {
    double loss = 0;
    for (uint32_t i = 0; i < n; i++) {
        const float *row = logits + (size_t)i * class_n;
        float *out = gradient + (size_t)i * class_n;
        loss += softmax(class_n, row, out) - (double)row[classes[i]];
        out[classes[i]] -= 1;
        for (uint32_t c = 0; c < class_n; c++) out[c] /= (float)n;
    }
    return n ? loss / n : 0;
}

static double label_sum(const float *labels, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += (double)labels[i];
    return sum;
}

/* The loss of one group of at least one row; total > 0. */
static double list_loss(uint32_t n, const float *scores, const float *labels, double total, double share,
                        float *gradient) {
    double loss = softmax(n, scores, gradient);
    for (uint32_t i = 0; i < n; i++) {
        double part = (double)labels[i] / total;
        loss -= part * (double)scores[i];
        gradient[i] = (float)(((double)gradient[i] - part) * share);
    }
    return loss;
}

static uint32_t groups_that_teach(uint32_t group_n, const uint32_t *starts, const float *labels) {
    uint32_t n = 0;
    for (uint32_t g = 0; g < group_n; g++)
        n += label_sum(labels + (starts[g] - starts[0]), starts[g + 1] - starts[g]) > 0;
    return n;
}

double fr_loss_listwise(uint32_t group_n, const uint32_t *starts, const float *scores, const float *labels,
                        float *gradient) {
    uint32_t teaching = groups_that_teach(group_n, starts, labels);
    double loss = 0;
    for (uint32_t g = 0; g < group_n; g++) {
        uint32_t first = starts[g] - starts[0], n = starts[g + 1] - starts[g];
        double total = label_sum(labels + first, n);
        if (total > 0)
            loss += list_loss(n, scores + first, labels + first, total, 1. / teaching, gradient + first);
        else
            for (uint32_t i = 0; i < n; i++) gradient[first + i] = 0;
    }
    return teaching ? loss / teaching : 0;
}
