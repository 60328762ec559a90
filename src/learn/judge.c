#include "freshet/learn/judge.h"
#include <math.h>

/* ---- distributions ---- */

double fr_normal_cdf(double z) { return 0.5 * erfc(-z * M_SQRT1_2); }

/* The continued fraction of the incomplete beta function, by Lentz's method (Numerical Recipes, 3rd ed., 6.4). */
static double beta_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m <= 10000; m++) {
        double even = m * (b - m) * x / ((a - 1 + 2 * m) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 1 + 2 * m));
        double change = 1;
        for (int half = 0; half < 2; half++) {
            double term = half ? odd : even;
            d = 1 + term * d;
            c = 1 + term / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            if (fabs(c) < tiny) c = tiny;
            change = c * d;
            h *= change;
        }
        if (fabs(change - 1) < 1e-16) break;
    }
    return h;
}

/* I_x(a, b), 0 <= x <= 1. */
static double incomplete_beta(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double fr_student_cdf(double t, double df) {
    if (isinf(t)) return t > 0;
    double tail = 0.5 * incomplete_beta(df / 2, 0.5, df / (df + t * t));
    return t > 0 ? 1 - tail : tail;
}

/* Where an ascending function of distribution reaches p: by halving, which needs no derivative and ends at the last bit. */
static double quantile(double (*cdf)(double, double), double p, double df) {
    double low = -1, high = 1;
    while (cdf(low, df) > p && low > -1e150) low *= 2;
    while (cdf(high, df) < p && high < 1e150) high *= 2;
    for (int i = 0; i < 200; i++) {
        double middle = low + (high - low) / 2;
        if (cdf(middle, df) < p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static double normal(double z, double df) {
    (void)df;
    return fr_normal_cdf(z);
}

double fr_student_quantile(double p, double df) { return quantile(fr_student_cdf, p, df); }
double fr_normal_quantile(double p) { return quantile(normal, p, 0); }

/* ---- before: the paired test ---- */

static double mean_of(const float *x, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += (double)x[i];
    return n ? sum / n : 0;
}

/* Of the differences a - b around their mean, n > 1. */
static double standard_error(const float *a, const float *b, uint32_t n, double mean) {
    double squares = 0;
    for (uint32_t i = 0; i < n; i++) {
        double d = (double)a[i] - (double)b[i] - mean;
        squares += d * d;
    }
    return sqrt(squares / (n - 1) / n);
}

/* When all differences are the same, how they stand is certain. */
static double p_of(double difference, double error, double df) {
    if (error > 0) return fr_student_cdf(difference / error, df);
    return difference < 0 ? 0 : 1;
}

struct fr_verdict fr_judge(const struct fr_judge_params *p, const float *candidate, const float *incumbent,
                           uint32_t n) {
    struct fr_verdict v = {.cases = n, .p_worse = 1, .because = "too few cases to judge by"};
    v.candidate = mean_of(candidate, n);
    v.incumbent = mean_of(incumbent, n);
    v.difference = v.candidate - v.incumbent;
    v.lower = v.upper = v.difference;
    if (n < 2 || n < p->cases_least) return v;
    double error = standard_error(candidate, incumbent, n, v.difference), df = n - 1;
    double reach = error > 0 ? fr_student_quantile(0.975, df) * error : 0;
    v.lower -= reach;
    v.upper += reach;
    v.p_worse = p_of(v.difference, error, df);
    v.accepted = v.p_worse >= p->alpha;
    v.because = v.accepted ? "not significantly worse" : "significantly worse";
    return v;
}

/* ---- after: the monitor ---- */

static struct fr_monitor_count sum_blocks(const struct fr_monitor *m) {
    struct fr_monitor_count sum = m->current;
    for (int i = 0; i < FR_MONITOR_BLOCKS; i++) {
        sum.n += m->blocks[i].n;
        sum.hits += m->blocks[i].hits;
    }
    return sum;
}

bool fr_monitor_promoted(struct fr_monitor *m) {
    struct fr_monitor_count seen = sum_blocks(m);
    bool has_block = seen.n > m->current.n;
    *m =
        (struct fr_monitor){.watching = has_block, .before = has_block ? seen : (struct fr_monitor_count){0}};
    return has_block;
}

double fr_monitor_z(const struct fr_monitor *m, const struct fr_monitor_params *p) {
    if (!m->before.n || !m->after.n) return 0;
    double n = m->before.n, k = m->after.n, keep = 1 - p->drop;
    double before = m->before.hits / n, after = m->after.hits / k;
    double variance = after * (1 - after) / k + keep * keep * before * (1 - before) / n;
    double distance = after - keep * before;
    if (variance > 0) return distance / sqrt(variance);
    return distance < 0 ? -(double)INFINITY : 0;
}

static void push_block(struct fr_monitor *m) {
    m->blocks[m->next] = m->current;
    m->next = (m->next + 1) % FR_MONITOR_BLOCKS;
    m->current = (struct fr_monitor_count){0};
}

static enum fr_monitor_state look(struct fr_monitor *m, const struct fr_monitor_params *p) {
    m->after.n += m->current.n;
    m->after.hits += m->current.hits;
    push_block(m);
    m->look++;
    if (fr_monitor_z(m, p) < fr_normal_quantile(p->alpha / p->looks)) {
        struct fr_monitor_count before = m->before, after = m->after;
        /* What was seen in the trial says nothing of what comes back; what was seen before it does. */
        *m = (struct fr_monitor){.blocks = {before}, .next = 1, .before = before, .after = after};
        return FR_MONITOR_ROLL_BACK;
    }
    m->watching = m->look < p->looks;
    return m->watching ? FR_MONITOR_WATCHING : FR_MONITOR_SETTLED;
}

enum fr_monitor_state fr_monitor_add(struct fr_monitor *m, const struct fr_monitor_params *p, bool hit) {
    m->current.n++;
    m->current.hits += hit;
    bool full = m->current.n >= p->block;
    if (m->watching) return full ? look(m, p) : FR_MONITOR_WATCHING;
    if (full) push_block(m);
    return FR_MONITOR_IDLE;
}

/* ---- as an array ---- */

enum { HEAD = 9, NUMBERS = HEAD + 2 * FR_MONITOR_BLOCKS };

void fr_monitor_save(const struct fr_monitor *m, struct fr_tensors_writer *w) {
    uint32_t out[NUMBERS] = {m->current.n,  m->current.hits, m->before.n, m->before.hits, m->after.n,
                             m->after.hits, m->next,         m->look,     m->watching};
    for (int i = 0; i < FR_MONITOR_BLOCKS; i++) {
        out[HEAD + 2 * i] = m->blocks[i].n;
        out[HEAD + 2 * i + 1] = m->blocks[i].hits;
    }
    fr_tensors_put_vector(w, "monitor", FR_TENSOR_U32, NUMBERS, out);
}

static bool holds(const struct fr_monitor_count *c) { return c->hits <= c->n && c->n < UINT32_MAX / 64; }

static bool is_sound(const struct fr_monitor *m) {
    bool sound = holds(&m->current) && holds(&m->before) && holds(&m->after) && m->next < FR_MONITOR_BLOCKS;
    for (int i = 0; i < FR_MONITOR_BLOCKS; i++) sound = sound && holds(&m->blocks[i]);
    return sound;
}

enum fr_err fr_monitor_load(struct fr_monitor *m, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    *m = (struct fr_monitor){0};
    const struct fr_tensor *t = fr_tensors_get(f, "monitor", FR_TENSOR_U32);
    if (!t || t->count != NUMBERS || t->dimension_n != 1)
        return fr_err_set(msg, FR_STATE_CORRUPT, "there is no array monitor");
    const uint32_t *in = t->data;
    struct fr_monitor read = {.current = {in[0], in[1]},
                              .before = {in[2], in[3]},
                              .after = {in[4], in[5]},
                              .next = in[6],
                              .look = in[7],
                              .watching = in[8] == 1};
    for (int i = 0; i < FR_MONITOR_BLOCKS; i++)
        read.blocks[i] = (struct fr_monitor_count){in[HEAD + 2 * i], in[HEAD + 2 * i + 1]};
    if (!is_sound(&read)) return fr_err_set(msg, FR_STATE_CORRUPT, "the array monitor does not hold");
    *m = read;
    return FR_OK;
}
