#include "propensity_internal.h"
#include <math.h>
#include <stdlib.h>

static const char *const kind_names[] = {
#define KIND_NAME(name, text) text,
    FR_PROPENSITY_MAP(KIND_NAME)
#undef KIND_NAME
};

const char *fr_propensity_kind_name(enum fr_propensity_kind kind) { return kind_names[kind]; }

bool fr_propensity_kind_find(struct fr_str name, enum fr_propensity_kind *kind) {
    for (int k = 0; k < FR_PROPENSITY_KINDS; k++) {
        if (!fr_str_eq(name, fr_str_of(kind_names[k]))) continue;
        *kind = (enum fr_propensity_kind)k;
        return true;
    }
    return false;
}

void fr_propensity_free(struct fr_propensity *p) {
    if (!p) return;
    for (uint32_t i = 0; i < p->part_n; i++) part_fini(&p->parts[i]);
    fr_calibration_fini(&p->calibration);
    fr_arena_fini(&p->arena);
    free(p);
}

void propensity_set_columns(struct fr_propensity *p, const struct fr_str *names, uint32_t n) {
    struct fr_str *columns = fr_arena_alloc(&p->arena, (n + 1) * sizeof *columns);
    for (uint32_t i = 0; i < n; i++) columns[i] = fr_arena_copy(&p->arena, names[i]);
    p->columns = columns;
    p->column_n = n;
}

const struct fr_str *fr_propensity_columns(const struct fr_propensity *p, uint32_t *n) {
    *n = p->column_n;
    return p->columns;
}

const char *fr_propensity_task(const struct fr_propensity *p) { return p->task; }
const char *fr_propensity_version(const struct fr_propensity *p) { return p->version; }
double fr_propensity_threshold(const struct fr_propensity *p) { return p->threshold; }

enum fr_segment fr_propensity_segment(const struct fr_propensity *p, double probability) {
    if (probability >= p->threshold) return FR_SEGMENT_HIGH;
    return probability >= p->threshold / 2 ? FR_SEGMENT_MEDIUM : FR_SEGMENT_LOW;
}

const char *fr_segment_name(enum fr_segment segment) {
    static const char *const names[] = {"low", "medium", "high"};
    return names[segment];
}

enum fr_err propensity_sum(const struct fr_propensity *p, const float *values, uint32_t n, double *out,
                           struct fr_errmsg *msg) {
    double *scores = fr_alloc(((size_t)n + 1) * sizeof *scores);
    enum fr_err err = FR_OK;
    for (uint32_t i = 0; i < n; i++) out[i] = 0;
    for (uint32_t k = 0; k < p->part_n && err == FR_OK; k++) {
        const struct part *part = &p->parts[k];
        err = part_score(part, values, n, p->column_n, scores, msg);
        for (uint32_t i = 0; i < n && err == FR_OK; i++)
            out[i] += part->weight * (part->platt.slope * scores[i] + part->platt.intercept);
    }
    free(scores);
    return err;
}

enum fr_err fr_propensity_score(const struct fr_propensity *p, const float *values, uint32_t n,
                                double *probabilities, struct fr_errmsg *msg) {
    enum fr_err err = propensity_sum(p, values, n, probabilities, msg);
    for (uint32_t i = 0; i < n && err == FR_OK; i++)
        probabilities[i] = fr_calibration_apply(&p->calibration, probabilities[i]);
    return err;
}

/* ---- reasons ---- */

static int compare_reasons(const void *a, const void *b) {
    const struct fr_propensity_reason *x = a, *y = b;
    double order = fabs(y->log_odds) - fabs(x->log_odds);
    if (order != 0) return order > 0 ? 1 : -1;
    return (x->column > y->column) - (x->column < y->column);
}

static enum fr_err sum_columns(const struct fr_propensity *p, const float *values, double *sums,
                               struct fr_errmsg *msg) {
    double slope = p->calibration.kind == FR_CALIBRATION_PLATT ? p->calibration.slope : 1;
    enum fr_err err = FR_OK;
    for (uint32_t k = 0; k < p->part_n && err == FR_OK; k++) {
        const struct part *part = &p->parts[k];
        if (part->weight > 0)
            err =
                part_explain(part, values, p->column_n, slope * part->weight * part->platt.slope, sums, msg);
    }
    return err;
}

/* sums becomes reasons, largest first; what is past the first n goes into the base. */
static uint32_t pick_reasons(const double *sums, uint32_t column_n, struct fr_propensity_reason *out,
                             uint32_t n, double *base) {
    struct fr_propensity_reason *all = fr_alloc(((size_t)column_n + 1) * sizeof *all);
    for (uint32_t c = 0; c < column_n; c++) all[c] = (struct fr_propensity_reason){c, sums[c]};
    qsort(all, column_n, sizeof *all, compare_reasons);
    if (n > column_n) n = column_n;
    for (uint32_t i = 0; i < n; i++) {
        out[i] = all[i];
        *base -= all[i].log_odds;
    }
    free(all);
    return n;
}

uint32_t fr_propensity_explain(const struct fr_propensity *p, const float *values,
                               struct fr_propensity_reason *out, uint32_t n, double *base,
                               struct fr_errmsg *msg) {
    double probability;
    double *sums = fr_alloc_zero((size_t)p->column_n + 1, sizeof *sums);
    enum fr_err err = fr_propensity_score(p, values, 1, &probability, msg);
    if (err == FR_OK) err = sum_columns(p, values, sums, msg);
    *base = err == FR_OK ? fr_log_odds(probability) : 0;
    n = err == FR_OK ? pick_reasons(sums, p->column_n, out, n, base) : 0;
    free(sums);
    return n;
}

void fr_propensity_describe(const struct fr_propensity *p, struct fr_buf *out) {
    for (uint32_t k = 0; k < p->part_n; k++) {
        const struct part *part = &p->parts[k];
        fr_buf_printf(out, "%s%s %.3g", k ? " + " : "", kind_names[part->kind], part->weight);
        if (part->kind == FR_PROPENSITY_BOOSTING)
            fr_buf_printf(out, " (%.0f rounds)", fr_forest_rounds(part->forest));
    }
}
