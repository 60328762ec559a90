/* Problem   a score of all items is the perceptron for each of them: its first layer alone is 2 k x k products an item.
 * Choice    the first layer is linear in the item's half of its input, so that half is multiplied once for all users
 *           (strips); a user adds its own half. The rest is done for NCF_STRIP items at a time, unit by unit: each loop runs
 *           over items, which lie side by side, so that it fills registers without reordering a sum.
 *
 *     strip of 64 items:  [g_1 of 64 items] ... [g_k] [first layer's unit 1 of 64 items] ... [unit h] */
#include "ncf_internal.h"
#include "freshet/learn/la.h"
#include "freshet/learn/parallel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t strip_count(const struct ncf *m) { return (m->item_n + NCF_STRIP - 1) / NCF_STRIP; }
static uint32_t strip_rows(const struct ncf *m) { return m->k + m->mlp.sizes[1]; }

/* Half of the first layer: units[h] = sum of vector[k] times rows first .. first + k of its weights. */
static void half_layer(const struct ncf *m, uint32_t first, const float *vector, float *units) {
    uint32_t hidden = m->mlp.sizes[1];
    for (uint32_t j = 0; j < m->k; j++)
        for (uint32_t h = 0; h < hidden; h++)
            units[h] += vector[j] * m->mlp.weights[(size_t)(first + j) * hidden + h];
}

void ncf_strips(struct ncf *m) {
    uint32_t rows = strip_rows(m), k = m->k, hidden = m->mlp.sizes[1];
    m->strips = fr_alloc_zero((size_t)strip_count(m) * rows * NCF_STRIP + 1, sizeof *m->strips);
    for (uint32_t item = 0; item < m->item_n; item++) {
        float units[FR_NCF_FACTORS_MAX] = {0},
              *strip = m->strips + (size_t)(item / NCF_STRIP) * rows * NCF_STRIP;
        const float *vectors = m->items + (size_t)item * 2 * k;
        half_layer(m, k, vectors + k, units);
        for (uint32_t j = 0; j < k; j++) strip[j * NCF_STRIP + item % NCF_STRIP] = vectors[j];
        for (uint32_t h = 0; h < hidden; h++) strip[(k + h) * NCF_STRIP + item % NCF_STRIP] = units[h];
    }
}

typedef float strip_units[FR_NCF_FACTORS_MAX][NCF_STRIP];

/* One layer for a strip: out[j] = biases[j] + sum of in[i] weights[i][j]. */
FR_WIDE static void strip_layer(uint32_t in_n, uint32_t out_n, const float *weights, bool is_last,
                                float (*in)[NCF_STRIP], float (*out)[NCF_STRIP]) {
    for (uint32_t j = 0; j < out_n; j++) {
        float sum[NCF_STRIP];
        for (int s = 0; s < NCF_STRIP; s++) sum[s] = weights[(size_t)in_n * out_n + j];
        for (uint32_t i = 0; i < in_n; i++) {
            float w = weights[(size_t)i * out_n + j];
            for (int s = 0; s < NCF_STRIP; s++) sum[s] += w * in[i][s];
        }
        for (int s = 0; s < NCF_STRIP; s++) out[j][s] = is_last || sum[s] > 0 ? sum[s] : 0;
    }
}

/* The product and the first layer. */
FR_WIDE static void strip_begin(uint32_t k, uint32_t hidden, const float *strip, const float *user,
                                const float *user_units, float product[NCF_STRIP],
                                float (*units)[NCF_STRIP]) {
    for (int s = 0; s < NCF_STRIP; s++) product[s] = 0;
    for (uint32_t j = 0; j < k; j++, strip += NCF_STRIP)
        for (int s = 0; s < NCF_STRIP; s++) product[s] += user[j] * strip[s];
    for (uint32_t h = 0; h < hidden; h++, strip += NCF_STRIP)
        for (int s = 0; s < NCF_STRIP; s++) {
            float sum = user_units[h] + strip[s];
            units[h][s] = sum > 0 ? sum : 0;
        }
}

static void score_user(const struct ncf *m, const float *user, float *out) {
    strip_units units[2];
    float user_units[FR_NCF_FACTORS_MAX], product[NCF_STRIP];
    uint32_t hidden = m->mlp.sizes[1];
    memcpy(user_units, m->mlp.weights + (size_t)2 * m->k * hidden, hidden * sizeof *user_units);
    half_layer(m, 0, user + m->k, user_units);
    for (uint32_t first = 0; first < m->item_n; first += NCF_STRIP) {
        const float *strip = m->strips + (size_t)(first / NCF_STRIP) * strip_rows(m) * NCF_STRIP;
        strip_begin(m->k, hidden, strip, user, user_units, product, units[0]);
        for (uint32_t l = 1; l < m->mlp.layer_n; l++)
            strip_layer(m->mlp.sizes[l], m->mlp.sizes[l + 1], m->mlp.weights + fr_mlp_layer(&m->mlp, l),
                        l + 1 == m->mlp.layer_n, units[(l - 1) % 2], units[l % 2]);
        const float *last = units[(m->mlp.layer_n - 1) % 2][0];
        for (uint32_t s = 0; s < NCF_STRIP && first + s < m->item_n; s++)
            out[first + s] = product[s] + last[s];
    }
}

void ncf_history_sum(const struct ncf *m, const struct fr_rows *rows, uint32_t row, float *sum) {
    uint32_t width = 2 * m->k, n = fr_rows_length(rows, row);
    memset(sum, 0, width * sizeof *sum);
    for (size_t i = rows->start[row]; i < rows->start[row + 1]; i++) {
        const float *item = m->items + (size_t)rows->columns[i] * width;
        for (uint32_t j = 0; j < width; j++) sum[j] += item[j];
    }
    float scale = n ? 1 / sqrtf((float)n) : 0;
    for (uint32_t j = 0; j < width; j++) sum[j] *= scale;
    sum[width] = 1;
}

static void fold_in(const struct ncf *m, const struct fr_rows *rows, uint32_t row, float *user) {
    float sum[2 * FR_NCF_FACTORS_MAX + 1];
    uint32_t width = 2 * m->k;
    ncf_history_sum(m, rows, row, sum);
    memset(user, 0, width * sizeof *user);
    for (uint32_t i = 0; i <= width; i++)
        for (uint32_t j = 0; j < width; j++) user[j] += sum[i] * m->fold[(size_t)i * width + j];
}

void ncf_score(const struct ncf *m, const struct fr_rows *rows, uint32_t first, uint32_t n, float *out) {
    for (uint32_t i = 0; i < n; i++) {
        float user[2 * FR_NCF_FACTORS_MAX];
        fold_in(m, rows, first + i, user);
        score_user(m, user, out + (size_t)i * m->item_n);
    }
}

enum { FOLD_ROWS = 512 };

/* gram += S^T S and product += users^T S over the rows of a block. */
static void add_block(const struct ncf *m, const struct fr_rows *by_user, uint32_t first, uint32_t n,
                      float *sums, float *gram, float *product) {
    uint32_t width = 2 * m->k;
    for (uint32_t i = 0; i < n; i++) ncf_history_sum(m, by_user, first + i, sums + (size_t)i * (width + 1));
    fr_la_gram(n, width + 1, sums, 1, gram);
    fr_la_gemm(true, false, width, width + 1, n, 1, m->users + (size_t)first * width, sums, 1, product);
}

void ncf_fit_fold(struct ncf *m, const struct fr_rows *by_user) {
    uint32_t width = 2 * m->k, rows = width + 1;
    float *gram = fr_alloc_zero((size_t)rows * rows, sizeof *gram);
    float *product = fr_alloc_zero((size_t)width * rows, sizeof *product);
    float *sums = fr_alloc((size_t)FOLD_ROWS * rows * sizeof *sums), trace = 0;
    for (uint32_t first = 0; first < m->user_n; first += FOLD_ROWS) {
        uint32_t left = m->user_n - first;
        add_block(m, by_user, first, left < FOLD_ROWS ? left : FOLD_ROWS, sums, gram, product);
    }
    for (uint32_t i = 0; i < rows; i++) trace += gram[(size_t)i * rows + i];
    for (uint32_t i = 0; i < rows; i++) gram[(size_t)i * rows + i] += 1e-4f * trace / (float)rows + 1e-6f;
    if (!fr_la_solve_spd(rows, gram, width, product))
        memset(product, 0, (size_t)width * rows * sizeof *product);
    m->fold = fr_alloc((size_t)rows * width * sizeof *m->fold);
    for (uint32_t i = 0; i < rows; i++)
        for (uint32_t j = 0; j < width; j++) m->fold[(size_t)i * width + j] = product[(size_t)j * rows + i];
    free(gram);
    free(product);
    free(sums);
}
