#include "freshet/learn/calibration.h"
#include "freshet/base/real.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

double fr_log_odds(double probability) {
    double p = fmin(fmax(probability, 1e-12), 1 - 1e-12);
    return log(p) - log1p(-p);
}

/* ---- Platt ---- */

struct platt {
    const double *scores;
    const bool *labels;
    size_t n;
    double yes_target, no_target;
};

/* ln(1 + e^z) - t z: the loss of one row with log odds z held to t. */
static double row_loss(double z, double t) { return (z > 0 ? z : 0) + log1p(exp(-fabs(z))) - t * z; }

static double platt_loss(const struct platt *p, double slope, double intercept) {
    double sum = 0;
    for (size_t i = 0; i < p->n; i++)
        sum += row_loss(slope * p->scores[i] + intercept, p->labels[i] ? p->yes_target : p->no_target);
    return sum;
}

/* Gradient (by slope, by intercept) and Hessian (its upper triangle). */
struct platt_slope {
    double by_slope, by_intercept, ss, si, ii;
};

static struct platt_slope platt_slopes(const struct platt *p, double slope, double intercept) {
    struct platt_slope s = {.ss = 1e-12, .ii = 1e-12}; /* so that it can be solved */
    for (size_t i = 0; i < p->n; i++) {
        double x = p->scores[i], q = fr_logistic(slope * x + intercept);
        double off = q - (p->labels[i] ? p->yes_target : p->no_target), weight = q * (1 - q);
        s.by_slope += off * x;
        s.by_intercept += off;
        s.ss += weight * x * x;
        s.si += weight * x;
        s.ii += weight;
    }
    return s;
}

/* Newton's steps, halved until the loss falls. */
static void fit_platt(struct fr_calibration *c, const struct platt *p) {
    double loss = platt_loss(p, c->slope, c->intercept);
    for (int step = 0; step < 100; step++) {
        struct platt_slope s = platt_slopes(p, c->slope, c->intercept);
        if (fabs(s.by_slope) < 1e-9 && fabs(s.by_intercept) < 1e-9) return;
        double determinant = s.ss * s.ii - s.si * s.si;
        double by_slope = (s.ii * s.by_slope - s.si * s.by_intercept) / determinant;
        double by_intercept = (s.ss * s.by_intercept - s.si * s.by_slope) / determinant;
        double share = 1, next = HUGE_VAL;
        for (; share > 1e-10; share /= 2) {
            next = platt_loss(p, c->slope - share * by_slope, c->intercept - share * by_intercept);
            if (next < loss) break;
        }
        if (!(next < loss)) return; /* as low as doubles tell */
        loss = next;
        c->slope -= share * by_slope;
        c->intercept -= share * by_intercept;
    }
}

/* ---- isotonic ---- */

struct point {
    double score, label;
};

/* Points that have one value: from the lowest to the highest score. */
struct step {
    double first, last, sum, rows;
};

static int compare_points(const void *a, const void *b) {
    double x = ((const struct point *)a)->score, y = ((const struct point *)b)->score;
    return (x > y) - (x < y);
}

static bool violates(const struct step *before, const struct step *s) {
    return before->sum * s->rows >= s->sum * before->rows;
}

/* Sorted points become steps with ascending means; returns how many. */
static size_t pool(const struct point *points, size_t n, struct step *steps) {
    size_t step_n = 0;
    for (size_t i = 0; i < n;) {
        struct step s = {.first = points[i].score, .last = points[i].score};
        for (; i < n && points[i].score == s.first; i++) {
            s.sum += points[i].label;
            s.rows++;
        }
        for (; step_n && violates(&steps[step_n - 1], &s); step_n--) {
            s.first = steps[step_n - 1].first;
            s.sum += steps[step_n - 1].sum;
            s.rows += steps[step_n - 1].rows;
        }
        steps[step_n++] = s;
    }
    return step_n;
}

static void fit_isotonic(struct fr_calibration *c, const double *scores, const bool *labels, size_t n) {
    struct point *points = fr_alloc((n + 1) * sizeof *points);
    struct step *steps = fr_alloc((n + 1) * sizeof *steps);
    for (size_t i = 0; i < n; i++) points[i] = (struct point){scores[i], labels[i]};
    qsort(points, n, sizeof *points, compare_points);
    size_t step_n = pool(points, n, steps);
    c->points = fr_alloc((2 * step_n + 1) * sizeof *c->points);
    c->values = fr_alloc((2 * step_n + 1) * sizeof *c->values);
    double least = 1 / ((double)n + 2);
    for (size_t i = 0; i < step_n; i++)
        for (int end = 0; end < (steps[i].last > steps[i].first ? 2 : 1); end++) {
            c->points[c->n] = end ? steps[i].last : steps[i].first;
            c->values[c->n++] = fmin(fmax(steps[i].sum / steps[i].rows, least), 1 - least);
        }
    free(points);
    free(steps);
}

void fr_calibration_fit(struct fr_calibration *c, enum fr_calibration_kind kind, const double *scores,
                        const bool *labels, size_t n) {
    *c = (struct fr_calibration){.kind = kind};
    if (kind == FR_CALIBRATION_ISOTONIC) {
        fit_isotonic(c, scores, labels, n);
        return;
    }
    double yes = 0;
    for (size_t i = 0; i < n; i++) yes += labels[i];
    double no = (double)n - yes;
    struct platt p = {scores, labels, n, (yes + 1) / (yes + 2), 1 / (no + 2)};
    if (n == 0) return;
    c->intercept = log((yes + 1) / (no + 1));
    fit_platt(c, &p);
}

void fr_calibration_fini(struct fr_calibration *c) {
    free(c->points);
    free(c->values);
    *c = (struct fr_calibration){0};
}

/* The last point at or below the score; the first when there is none. */
static uint32_t find_point(const struct fr_calibration *c, double score) {
    uint32_t low = 0, high = c->n;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (c->points[middle] <= score)
            low = middle;
        else
            high = middle;
    }
    return low;
}

double fr_calibration_apply(const struct fr_calibration *c, double score) {
    if (c->kind == FR_CALIBRATION_PLATT) return fr_logistic(c->slope * score + c->intercept);
    if (c->n == 0) return .5;
    uint32_t i = find_point(c, score);
    if (i + 1 == c->n || score <= c->points[i]) return c->values[i];
    double share = (score - c->points[i]) / (c->points[i + 1] - c->points[i]);
    return c->values[i] + share * (c->values[i + 1] - c->values[i]);
}

/* ---- arrays ---- */

void fr_calibration_save(const struct fr_calibration *c, struct fr_tensors_writer *w) {
    if (c->kind == FR_CALIBRATION_PLATT) {
        fr_tensors_put_vector(w, "calibration.platt", FR_TENSOR_F64, 2, (double[]){c->slope, c->intercept});
        return;
    }
    fr_tensors_put_vector(w, "calibration.points", FR_TENSOR_F64, c->n, c->points);
    fr_tensors_put_vector(w, "calibration.values", FR_TENSOR_F64, c->n, c->values);
}

static bool is_steps(const double *points, const double *values, uint64_t n) {
    for (uint64_t i = 0; i < n; i++) {
        if (!isfinite(points[i]) || !(values[i] >= 0 && values[i] <= 1)) return false;
        if (i && !(points[i - 1] < points[i] && values[i - 1] <= values[i])) return false;
    }
    return n <= UINT32_MAX;
}

static bool load_steps(struct fr_calibration *c, const struct fr_tensors_file *f) {
    const struct fr_tensor *points = fr_tensors_get(f, "calibration.points", FR_TENSOR_F64);
    const struct fr_tensor *values = fr_tensors_get(f, "calibration.values", FR_TENSOR_F64);
    if (!points || !values || points->count != values->count) return false;
    if (!is_steps(points->data, values->data, points->count)) return false;
    size_t bytes = points->count * sizeof(double);
    c->kind = FR_CALIBRATION_ISOTONIC;
    c->n = (uint32_t)points->count;
    c->points = fr_alloc(bytes + 1);
    c->values = fr_alloc(bytes + 1);
    if (bytes) memcpy(c->points, points->data, bytes);
    if (bytes) memcpy(c->values, values->data, bytes);
    return true;
}

bool fr_calibration_load(struct fr_calibration *c, const struct fr_tensors_file *f) {
    const struct fr_tensor *platt = fr_tensors_get(f, "calibration.platt", FR_TENSOR_F64);
    *c = (struct fr_calibration){0};
    if (!platt) return load_steps(c, f);
    const double *at = platt->data;
    if (platt->count != 2 || !isfinite(at[0]) || !isfinite(at[1])) return false;
    c->slope = at[0];
    c->intercept = at[1];
    return true;
}
