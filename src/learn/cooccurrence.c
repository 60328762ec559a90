/* Row i is gathered in an array by item: for each user of i, each item of that user. The array is cleared through the list
 * of what was touched. Rows are made apart, each by one thread, and laid end to end when all are known. */
#include "freshet/learn/cooccurrence.h"
#include "freshet/base/err.h"
#include "freshet/base/topk.h"
#include "freshet/learn/parallel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_A_PIECE = 32 };

struct row {
    uint32_t *columns;
    float *values;
    uint32_t n;
};

struct scratch {
    float *sums; /* [items], 0 between rows */
    uint32_t *touched;
    uint32_t touched_n;
    struct fr_scored *best; /* [keep] */
};

struct job {
    const struct fr_rows *by_item, *by_user;
    const struct fr_cooccurrence *how;
    uint32_t keep;
    struct scratch scratch[FR_PARALLEL_THREADS_MAX];
    struct row *rows;
};

static float value_at(const struct fr_rows *r, size_t at) { return r->values ? r->values[at] : 1; }

/* Adds weight times the history of user u; a long one by every step-th entry, from a start that differs by user. */
static void add_history(const struct job *job, struct scratch *s, uint32_t u, float weight) {
    const struct fr_rows *r = job->by_user;
    uint32_t length = fr_rows_length(r, u), step = (length - 1) / job->how->longest_max + 1;
    if (step > 1) weight *= (float)step;
    for (size_t at = r->start[u] + (step > 1 ? u % step : 0); at < r->start[u + 1]; at += step) {
        uint32_t j = r->columns[at];
        if (s->sums[j] == 0) s->touched[s->touched_n++] = j;
        s->sums[j] += weight * value_at(r, at);
    }
}

static double similarity(const struct fr_cooccurrence *how, uint32_t i, uint32_t j, float count) {
    double scale = (how->row_scale ? (double)how->row_scale[i] : 1) *
                   (how->column_scale ? (double)how->column_scale[j] : 1);
    double w = scale * (double)count;
    if (how->power < 1 || how->power > 1) w = pow(w, how->power);
    return how->shrink > 0 ? w * (double)count / ((double)count + how->shrink) : w;
}

static int by_id(const void *a, const void *b) {
    uint32_t x = ((const struct fr_scored *)a)->id, y = ((const struct fr_scored *)b)->id;
    return x < y ? -1 : x > y;
}

static struct row take_best(const struct job *job, struct scratch *s, uint32_t i) {
    struct fr_topk top = {s->best, 0, job->keep};
    for (uint32_t t = 0; t < s->touched_n; t++) {
        uint32_t j = s->touched[t];
        if (j != i || job->how->with_self) {
            double w = similarity(job->how, i, j, s->sums[j]);
            if (w > 0) fr_topk_offer(&top, w, j);
        }
        s->sums[j] = 0;
    }
    s->touched_n = 0;
    qsort(s->best, top.n, sizeof *s->best, by_id);
    struct row row = {fr_alloc((top.n + 1) * sizeof(uint32_t)), fr_alloc((top.n + 1) * sizeof(float)), top.n};
    for (uint32_t t = 0; t < top.n; t++) {
        row.columns[t] = s->best[t].id;
        row.values[t] = (float)s->best[t].score;
    }
    return row;
}

static void make_rows(void *context, unsigned thread, size_t first, size_t last) {
    struct job *job = context;
    struct scratch *s = &job->scratch[thread];
    if (!s->sums) {
        s->sums = fr_alloc_zero((size_t)job->by_item->row_n + 1, sizeof *s->sums);
        s->touched = fr_alloc(((size_t)job->by_item->row_n + 1) * sizeof *s->touched);
        s->best = fr_alloc(((size_t)job->keep + 1) * sizeof *s->best);
    }
    for (size_t i = first; i < last; i++) {
        for (size_t at = job->by_item->start[i]; at < job->by_item->start[i + 1]; at++) {
            uint32_t u = job->by_item->columns[at];
            float weight = job->how->other_weight ? job->how->other_weight[u] : 1;
            if (weight > 0) add_history(job, s, u, weight * value_at(job->by_item, at));
        }
        job->rows[i] = take_best(job, s, (uint32_t)i);
    }
}

static struct fr_rows join_rows(const struct job *job) {
    uint32_t n = job->by_item->row_n;
    struct fr_rows r = {.row_n = n, .column_n = n, .start = fr_alloc_zero((size_t)n + 1, sizeof(size_t))};
    for (uint32_t i = 0; i < n; i++) r.start[i + 1] = r.start[i] + job->rows[i].n;
    r.columns = fr_alloc((r.start[n] + 1) * sizeof *r.columns);
    r.values = fr_alloc((r.start[n] + 1) * sizeof *r.values);
    for (uint32_t i = 0; i < n; i++) {
        memcpy(r.columns + r.start[i], job->rows[i].columns, job->rows[i].n * sizeof *r.columns);
        memcpy(r.values + r.start[i], job->rows[i].values, job->rows[i].n * sizeof *r.values);
        free(job->rows[i].columns);
        free(job->rows[i].values);
    }
    return r;
}

struct fr_rows fr_cooccurrence(const struct fr_rows *by_item, const struct fr_rows *by_user,
                               const struct fr_cooccurrence *how) {
    FR_ASSERT(how->longest_max > 0);
    struct job job = {by_item, by_user, how, how->keep < by_item->row_n ? how->keep : by_item->row_n,
                      .rows = NULL};
    job.rows = fr_alloc(((size_t)by_item->row_n + 1) * sizeof *job.rows);
    fr_parallel(how->threads, by_item->row_n, ROWS_A_PIECE, make_rows, &job);
    for (unsigned t = 0; t < FR_PARALLEL_THREADS_MAX; t++) {
        free(job.scratch[t].sums);
        free(job.scratch[t].touched);
        free(job.scratch[t].best);
    }
    struct fr_rows r = join_rows(&job);
    free(job.rows);
    return r;
}
