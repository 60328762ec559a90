/* What was measured, as a table, as JSON rows and as a plot. */
#include "freshet/base/json.h"
#include "eval_ctr.h"
#include "plot.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { DECILES = 10, SLICES = 20, GROUPS_SHOWN = 10, GROUP_ROWS = 500 };

/* The decided impressions of a part of the log. */
struct part {
    double *predicted;
    bool *labels;
    size_t n;
};

struct figures {
    double rate, auc, log_loss, ratio, calibration_error, normalized_loss;
    size_t n;
};

/* What was predicted and seen of some rows. */
struct sums {
    double predicted, seen;
    uint64_t n;
};

static double share(double part, double all) { return all > 0 ? part / all : 0; }

static double peak_mib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

/* [from, to) of the impressions. */
static struct part part_of(const struct ctr_judge *j, size_t from, size_t to) {
    struct part p = {fr_alloc((to - from + 1) * sizeof *p.predicted), fr_alloc(to - from + 1), 0};
    for (size_t i = from; i < to; i++) {
        if (j->labels[i] < 0) continue;
        p.predicted[p.n] = j->predicted[i];
        p.labels[p.n++] = j->labels[i] > 0;
    }
    return p;
}

static void part_fini(struct part *p) {
    free(p->predicted);
    free(p->labels);
}

static struct sums sums_of(const struct part *p, size_t from, size_t to) {
    struct sums s = {.n = to - from};
    for (size_t i = from; i < to; i++) {
        s.predicted += p->predicted[i];
        s.seen += p->labels[i];
    }
    return s;
}

static struct figures figures_of(const struct ctr_judge *j, size_t from, size_t to) {
    struct part p = part_of(j, from, to);
    struct sums s = sums_of(&p, 0, p.n);
    struct figures f = {.n = p.n,
                        .rate = share(s.seen, (double)p.n),
                        .auc = fr_binary_auc(p.predicted, p.labels, p.n),
                        .log_loss = fr_binary_log_loss(p.predicted, p.labels, p.n),
                        .ratio = share(s.predicted, s.seen),
                        .calibration_error = fr_binary_calibration_error(p.predicted, p.labels, p.n)};
    double entropy = -f.rate * log(f.rate) - (1 - f.rate) * log(1 - f.rate);
    f.normalized_loss = entropy > 0 ? f.log_loss / entropy : 0;
    part_fini(&p);
    return f;
}

/* ---- deciles: tenths of the rows by what was predicted ---- */

struct pair {
    double predicted;
    bool label;
};

static int by_prediction(const void *a, const void *b) {
    const struct pair *x = a, *y = b;
    return (x->predicted > y->predicted) - (x->predicted < y->predicted);
}

static void deciles_of(const struct ctr_judge *j, struct sums out[DECILES]) {
    struct part p = part_of(j, 0, j->n);
    struct pair *pairs = fr_alloc((p.n + 1) * sizeof *pairs);
    for (size_t i = 0; i < p.n; i++) pairs[i] = (struct pair){p.predicted[i], p.labels[i]};
    qsort(pairs, p.n, sizeof *pairs, by_prediction);
    for (size_t i = 0; i < p.n; i++) {
        p.predicted[i] = pairs[i].predicted;
        p.labels[i] = pairs[i].label;
    }
    for (size_t d = 0; d < DECILES; d++) out[d] = sums_of(&p, p.n * d / DECILES, p.n * (d + 1) / DECILES);
    free(pairs);
    part_fini(&p);
}

/* ---- groups: campaigns, or the brands of items ---- */

struct group {
    struct sums sums;
    uint32_t number;
};

static int by_rows(const void *a, const void *b) {
    const struct group *x = a, *y = b;
    if (x->sums.n != y->sums.n) return x->sums.n > y->sums.n ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* By falling size; free with free. */
static struct group *groups_of(const struct ctr_report *r) {
    uint32_t n = ctr_world_groups(r->world);
    struct group *groups = fr_alloc_zero(n + 1, sizeof *groups);
    for (uint32_t g = 0; g < n; g++) groups[g].number = g;
    for (size_t i = 0; i < r->judge->n; i++) {
        if (r->judge->groups[i] >= n || r->judge->labels[i] < 0) continue;
        struct sums *s = &groups[r->judge->groups[i]].sums;
        s->n++;
        s->predicted += r->judge->predicted[i];
        s->seen += r->judge->labels[i];
    }
    qsort(groups, n, sizeof *groups, by_rows);
    return groups;
}

/* Of groups of GROUP_ROWS and more: the mean, by rows, of |predicted - seen| over seen. */
static double group_error(const struct group *groups, uint32_t n, uint32_t *counted) {
    double error = 0, seen = 0;
    for (*counted = 0; *counted < n && groups[*counted].sums.n >= GROUP_ROWS; ++*counted) {
        error += fabs(groups[*counted].sums.predicted - groups[*counted].sums.seen);
        seen += groups[*counted].sums.seen;
    }
    return share(error, seen);
}

/* ---- as a table ---- */

static void figure_row(struct fr_buf *out, const char *name, const struct figures *f) {
    fr_buf_printf(out, "  %-14s %9zu  %6.4f  %6.4f  %8.4f  %9.3f  %18.4f  %17.4f\n", name, f->n, f->rate,
                  f->auc, f->log_loss, f->normalized_loss, f->ratio, f->calibration_error);
}

static void sums_row(struct fr_buf *out, const char *name, const struct sums *s) {
    fr_buf_printf(out, "  %-14s %9llu  %9.4f  %9.4f  %18.4f\n", name, (unsigned long long)s->n,
                  share(s->predicted, (double)s->n), share(s->seen, (double)s->n),
                  share(s->predicted, s->seen));
}

static void table_groups(const struct ctr_report *r, struct fr_buf *out) {
    struct group *groups = groups_of(r);
    uint32_t counted, n = ctr_world_groups(r->world);
    double error = group_error(groups, n, &counted);
    fr_buf_printf(out, "\n  the largest campaigns, or brands\n");
    for (uint32_t g = 0; g < n && g < GROUPS_SHOWN && groups[g].sums.n; g++) {
        char name[16];
        snprintf(name, sizeof name, "%.*s", FR_STR_ARG(ctr_world_group(r->world, groups[g].number)));
        sums_row(out, name, &groups[g].sums);
    }
    if (counted)
        fr_buf_printf(out,
                      "  %u with %d impressions and more: |predicted - seen| is %.2f %% of what was seen\n",
                      counted, GROUP_ROWS, 100 * error);
    free(groups);
}

static void table_foot(const struct ctr_report *r, struct fr_buf *out) {
    const struct fr_attribution_counts *a = &r->answers;
    fr_buf_printf(out, "\n  answers (%s): %llu in time, %llu late, %llu repeated, %llu of nothing shown\n",
                  r->label, (unsigned long long)a->yes, (unsigned long long)a->late,
                  (unsigned long long)a->repeated, (unsigned long long)a->unknown);
    fr_buf_printf(out, "  impressions: %llu, of them %llu undecided at the end, %llu lost undecided\n",
                  (unsigned long long)a->shown, (unsigned long long)r->undecided,
                  (unsigned long long)a->lost);
    fr_buf_printf(out, "  features, predicting, learning: %.0f examples/s on one core\n",
                  share((double)r->judge->n, r->model_s));
    fr_buf_printf(out, "  %llu events, %llu rejected, %.1f s, %.0f events/s with reading, %.0f MiB\n",
                  (unsigned long long)r->events, (unsigned long long)ctr_world_rejected(r->world), r->total_s,
                  share((double)r->events, r->total_s), peak_mib());
}

void ctr_report_table(const struct ctr_report *r, struct fr_buf *out) {
    size_t n = r->judge->n;
    struct figures whole = figures_of(r->judge, 0, n), second = figures_of(r->judge, n / 2, n);
    fr_buf_printf(out, "                 decided    rate     AUC  log loss  / entropy  predicted / actual  "
                       "calibration error\n");
    figure_row(out, "whole log", &whole);
    figure_row(out, "second half", &second);
    struct sums deciles[DECILES];
    deciles_of(r->judge, deciles);
    fr_buf_printf(out, "\n  by decile           n  predicted       seen  predicted / actual\n");
    for (int d = 0; d < DECILES; d++) {
        char name[16];
        snprintf(name, sizeof name, "%d", d + 1);
        sums_row(out, name, &deciles[d]);
    }
    table_groups(r, out);
    table_foot(r, out);
}

/* ---- as JSON ---- */

static void number(struct fr_buf *out, const char *key, double value) {
    fr_json_key(out, key);
    fr_json_number(out, value);
}

static void row_open(const struct ctr_report *r, struct fr_buf *out, const char *part, struct fr_str name) {
    fr_json_open(out, '{');
    fr_json_key(out, "label");
    fr_json_str(out, fr_str_of(r->label));
    fr_json_key(out, "part");
    fr_json_str(out, fr_str_of(part));
    if (!name.len) return;
    fr_json_key(out, "name");
    fr_json_str(out, name);
}

static void row_close(struct fr_buf *out) {
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}

static void json_figures(const struct ctr_report *r, struct fr_buf *out, const char *part,
                         const struct figures *f) {
    row_open(r, out, part, (struct fr_str){0});
    number(out, "decided", (double)f->n);
    number(out, "rate", f->rate);
    number(out, "auc", f->auc);
    number(out, "log_loss", f->log_loss);
    number(out, "normalized_log_loss", f->normalized_loss);
    number(out, "predicted_to_actual", f->ratio);
    number(out, "calibration_error", f->calibration_error);
    number(out, "window_minutes", r->window_minutes);
    number(out, "late", (double)r->answers.late);
    number(out, "lost", (double)r->answers.lost);
    number(out, "undecided", (double)r->undecided);
    number(out, "unknown", (double)r->answers.unknown);
    number(out, "examples_per_second", share((double)r->judge->n, r->model_s));
    number(out, "events_per_second", share((double)r->events, r->total_s));
    number(out, "peak_mib", peak_mib());
    row_close(out);
}

static void json_sums(const struct ctr_report *r, struct fr_buf *out, const char *part, struct fr_str name,
                      const struct sums *s) {
    row_open(r, out, part, name);
    number(out, "decided", (double)s->n);
    number(out, "predicted", share(s->predicted, (double)s->n));
    number(out, "seen", share(s->seen, (double)s->n));
    row_close(out);
}

void ctr_report_json(const struct ctr_report *r, struct fr_buf *out) {
    size_t n = r->judge->n;
    struct figures whole = figures_of(r->judge, 0, n), second = figures_of(r->judge, n / 2, n);
    json_figures(r, out, "all", &whole);
    json_figures(r, out, "second half", &second);
    struct sums deciles[DECILES];
    deciles_of(r->judge, deciles);
    for (int d = 0; d < DECILES; d++) {
        char name[8];
        snprintf(name, sizeof name, "%d", d + 1);
        json_sums(r, out, "decile", fr_str_of(name), &deciles[d]);
    }
    struct group *groups = groups_of(r);
    for (uint32_t g = 0; g < ctr_world_groups(r->world) && groups[g].sums.n; g++)
        json_sums(r, out, "group", ctr_world_group(r->world, groups[g].number), &groups[g].sums);
    free(groups);
}

/* ---- as a plot: reliability by deciles, and both rates over the log ---- */

enum { PLOT_WIDTH = 900, RELIABILITY_SIDE = 420, LINES_HEIGHT = 260 };

static void plot_over_log(const struct ctr_report *r, struct plot_box box, struct fr_buf *out) {
    double predicted[SLICES], seen[SLICES];
    struct plot_line lines[] = {{"predicted", predicted}, {"seen", seen}};
    for (size_t i = 0; i < SLICES; i++) {
        struct part p = part_of(r->judge, r->judge->n * i / SLICES, r->judge->n * (i + 1) / SLICES);
        struct sums s = sums_of(&p, 0, p.n);
        predicted[i] = share(s.predicted, (double)s.n);
        seen[i] = share(s.seen, (double)s.n);
        part_fini(&p);
    }
    plot_lines(out, box, "Share answered, over the log", "twentieths of the log", lines, 2, SLICES);
}

void ctr_report_plot(const struct ctr_report *r, struct fr_buf *out) {
    struct sums deciles[DECILES];
    struct plot_point points[DECILES];
    char title[96];
    deciles_of(r->judge, deciles);
    for (int d = 0; d < DECILES; d++) {
        points[d].predicted = share(deciles[d].predicted, (double)deciles[d].n);
        points[d].seen = share(deciles[d].seen, (double)deciles[d].n);
    }
    snprintf(title, sizeof title, "How true predictions are: %.60s", r->label);
    plot_open(out, PLOT_WIDTH, 76 + RELIABILITY_SIDE + LINES_HEIGHT + 20, title);
    plot_reliability(out, (struct plot_box){24, 56, PLOT_WIDTH - 48, RELIABILITY_SIDE},
                     "Tenths of the impressions, by what was predicted", points, DECILES);
    plot_over_log(r, (struct plot_box){24, 76 + RELIABILITY_SIDE, PLOT_WIDTH - 48, LINES_HEIGHT}, out);
    plot_close(out);
}
