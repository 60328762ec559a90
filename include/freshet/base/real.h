/* real.h - powers and logarithms that give the same bits on every processor.
 *
 * Problem   the C library picks its exp2 and log by the processor (with or without fused multiply-add), and their last bit
 *           differs. What is learnt from a stream feeds back into itself: one bit is enough for another list.
 * Promise   additions, multiplications, one division, in a fixed order: the same bits wherever the same build runs. Within
 *           4e-16 of the true value: relative for powers of 2 (fr_exp: times 1 + |x|), of 1 + |value| for logarithms.
 * Range     fr_exp2 gives 0 below -1022 and the largest double above 1023, also for NaN 0; fr_log2 is for x > 0, normal. */
#ifndef FR_BASE_REAL_H
#define FR_BASE_REAL_H

#include <float.h>
#include <stdint.h>
#include <string.h>

static inline double fr_real_of_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^x: 2^n by the exponent's bits, 2^f = exp(f ln 2) with |f| <= 1/2 by 13 terms of its series. */
static inline double fr_exp2(double x) {
    if (!(x >= -1022)) return 0;
    if (x >= 1023) return DBL_MAX;
    int64_t n = (int64_t)(x + 1536.5) - 1536; /* the nearest integer */
    double f = (x - (double)n) * 0x1.62e42fefa39efp-1, sum = 1;
    static const double inverse[] = {1,      1. / 2, 1. / 3,  1. / 4,  1. / 5,  1. / 6, 1. / 7,
                                     1. / 8, 1. / 9, 1. / 10, 1. / 11, 1. / 12, 1. / 13};
    for (int k = 12; k >= 0; k--) sum = 1 + f * inverse[k] * sum;
    return sum * fr_real_of_bits((uint64_t)(n + 1023) << 52);
}

static inline double fr_exp(double x) { return fr_exp2(x * 0x1.71547652b82fep+0); }

/* ln x = e ln 2 + 2 artanh((m - 1) / (m + 1)), x = m 2^e, m within sqrt(1/2) .. sqrt(2). */
static inline double fr_ln(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t e = (int64_t)(bits >> 52) - 1023;
    double m = fr_real_of_bits((bits & 0xfffffffffffffu) | 0x3ff0000000000000u);
    if (m > 0x1.6a09e667f3bcdp+0) m /= 2, e++;
    double s = (m - 1) / (m + 1), square = s * s, sum = 0;
    static const double odd[] = {1,       1. / 3,  1. / 5,  1. / 7,  1. / 9, 1. / 11,
                                 1. / 13, 1. / 15, 1. / 17, 1. / 19, 1. / 21};
    for (int k = 10; k >= 0; k--) sum = odd[k] + square * sum;
    return (double)e * 0x1.62e42fefa39efp-1 + 2 * s * sum;
}

/* ---- in single precision, three times as fast: for what is added up as floats anyway ---- */

/* 2^x within 3e-7, relative. 0 below -126, at most 2^127. Six terms of the series. */
static inline float fr_exp2_single(float x) {
    float bounded = x < 127 ? x : 127;
    if (!(bounded >= -126)) return 0;
    int32_t n = (int32_t)(bounded + 192.5f) - 192; /* the nearest integer */
    float f = (bounded - (float)n) * 0x1.62e430p-1f;
    float sum = 1 + f * (1 + f / 2 * (1 + f / 3 * (1 + f / 4 * (1 + f / 5 * (1 + f / 6)))));
    uint32_t bits = (uint32_t)(n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return sum * power;
}

/* log2 x within 4e-7 of 1 + |value|; x > 0, normal. */
static inline float fr_log2_single(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t e = (int32_t)(bits + 0x4afb0d) >> 23; /* one more from sqrt(2) on */
    bits -= (uint32_t)(e - 127) << 23;
    float m;
    memcpy(&m, &bits, sizeof m);
    float s = (m - 1) / (m + 1), square = s * s;
    return (float)(e - 127) +
           s * (0x1.715476p+1f * (1 + square * (1.f / 3 + square * (1.f / 5 + square / 7))));
}

/* 1 / (1 + exp(-x)): the probability of log-odds x. */
static inline double fr_logistic(double x) {
    double tail = fr_exp(x < 0 ? x : -x);
    return (x < 0 ? tail : 1) / (1 + tail);
}

static inline double fr_log2(double x) { return fr_ln(x) * 0x1.71547652b82fep+0; }

#endif
