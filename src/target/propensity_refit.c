#include "freshet/target/propensity_refit.h"
#include "freshet/base/hash.h"
#include "freshet/learn/binary_quality.h"
#include <stdlib.h>

void fr_propensity_rows_add(struct fr_propensity_rows *rows, struct fr_training_rows *log,
                            bool consent_must_be_given) {
    const struct fr_training_row *at;
    const struct fr_table *t = fr_training_rows_end(log, &at);
    rows->table.column_n = t->column_n;
    rows->table.names = t->names;
    for (uint32_t i = 0; i < t->row_n; i++) {
        if (!fr_training_row_allowed(log, &at[i], consent_must_be_given)) continue;
        if (rows->table.row_n == rows->cap) {
            rows->cap = rows->cap * 2 + 1024;
            rows->table.values =
                fr_realloc(rows->table.values, (size_t)rows->cap * t->column_n * sizeof *rows->table.values);
            rows->table.labels = fr_realloc(rows->table.labels, rows->cap);
            rows->at = fr_realloc(rows->at, rows->cap * sizeof *rows->at);
        }
        uint32_t row = rows->table.row_n++;
        memcpy(rows->table.values + (size_t)row * t->column_n, t->values + (size_t)i * t->column_n,
               t->column_n * sizeof *t->values);
        rows->table.labels[row] = t->labels[i];
        rows->at[row] = at[i];
    }
}

bool fr_propensity_sampled(struct fr_str user_id, double share) {
    return (double)(fr_hash_mix(fr_hash_str(user_id)) >> 11) * 0x1p-53 < share;
}

void fr_propensity_rows_thin(struct fr_propensity_rows *rows, const struct fr_dict *ids, double share) {
    uint32_t kept = 0, width = rows->table.column_n;
    for (uint32_t i = 0; i < rows->table.row_n; i++) {
        if (!fr_propensity_sampled(fr_dict_str(ids, rows->at[i].user), share)) continue;
        memmove(rows->table.values + (size_t)kept * width, rows->table.values + (size_t)i * width,
                width * sizeof *rows->table.values);
        rows->table.labels[kept] = rows->table.labels[i];
        rows->at[kept++] = rows->at[i];
    }
    rows->table.row_n = kept;
}

void fr_propensity_rows_fini(struct fr_propensity_rows *rows) {
    fr_table_fini(&rows->table);
    free(rows->at);
    *rows = (struct fr_propensity_rows){0};
}

/* ---- the parts ---- */

struct part {
    struct fr_table table;
    uint32_t *chosen, n, yes; /* rows of the whole table */
};

static struct part take_part(const struct fr_propensity_rows *rows, int64_t horizon_ms,
                             enum fr_training_part wanted) {
    struct part p = {.chosen = fr_alloc(((size_t)rows->table.row_n + 1) * sizeof *p.chosen)};
    fr_time_ms asked_ms = fr_training_asked_from(rows->at, rows->table.row_n);
    for (uint32_t i = 0; i < rows->table.row_n; i++) {
        if (fr_training_part_of(&rows->at[i], horizon_ms, asked_ms) != wanted) continue;
        p.chosen[p.n++] = i;
        p.yes += rows->table.labels[i];
    }
    p.table = fr_table_take(&rows->table, p.chosen, p.n);
    return p;
}

static void part_fini(struct part *p) {
    fr_table_fini(&p->table);
    free(p->chosen);
}

static enum fr_err fit(const struct fr_propensity_refit *r, const struct fr_propensity_rows *rows,
                       const struct part *learnt, struct fr_propensity **out, struct fr_errmsg *msg) {
    struct fr_propensity_options options = r->options;
    uint32_t *groups = fr_alloc(((size_t)learnt->n + 1) * sizeof *groups);
    struct fr_errmsg why = {0};
    for (uint32_t i = 0; i < learnt->n; i++) groups[i] = rows->at[learnt->chosen[i]].user;
    options.groups = groups;
    *out = fr_propensity_fit(&learnt->table, &options, &why);
    free(groups);
    return *out ? FR_OK : fr_err_set(msg, why.code, "%s", why.text);
}

/* ---- the judgement ---- */

static void figures(const struct part *asked, const double *p, float *out) {
    for (uint32_t i = 0; i < asked->n; i++) {
        double error = p[i] - asked->table.labels[i];
        out[i] = (float)(1 - error * error);
    }
}

/* Of the incumbent, or of the share of yes. */
static enum fr_err ask_incumbent(const struct fr_propensity_refit *r, const struct part *learnt,
                                 const struct part *asked, double *p, struct fr_errmsg *msg) {
    if (r->incumbent) return fr_propensity_score(r->incumbent, asked->table.values, asked->n, p, msg);
    for (uint32_t i = 0; i < asked->n; i++) p[i] = (double)learnt->yes / (double)learnt->n;
    return FR_OK;
}

static enum fr_err judge(const struct fr_propensity_refit *r, const struct part *learnt,
                         const struct part *asked, struct fr_propensity_refitted *out,
                         struct fr_errmsg *msg) {
    double *p = fr_alloc(((size_t)asked->n + 1) * sizeof *p);
    float *candidate = fr_alloc(((size_t)asked->n + 1) * sizeof *candidate);
    float *incumbent = fr_alloc(((size_t)asked->n + 1) * sizeof *incumbent);
    enum fr_err err = ask_incumbent(r, learnt, asked, p, msg);
    if (err == FR_OK) {
        figures(asked, p, incumbent);
        err = fr_propensity_score(out->model, asked->table.values, asked->n, p, msg);
    }
    if (err == FR_OK) {
        figures(asked, p, candidate);
        out->verdict = fr_judge(&r->judge, candidate, incumbent, asked->n);
        out->rate = (double)asked->yes / (double)asked->n;
        out->auc = fr_binary_auc(p, asked->table.labels, asked->n);
        out->log_loss = fr_binary_log_loss(p, asked->table.labels, asked->n);
    }
    free(p);
    free(candidate);
    free(incumbent);
    return err;
}

enum fr_err fr_propensity_refit_run(const struct fr_propensity_refit *r,
                                    const struct fr_propensity_rows *rows, struct fr_propensity_refitted *out,
                                    struct fr_errmsg *msg) {
    struct part learnt = take_part(rows, r->horizon_ms, FR_TRAINING_LEARN);
    struct part asked = take_part(rows, r->horizon_ms, FR_TRAINING_ASK);
    *out = (struct fr_propensity_refitted){.learnt = learnt.n, .asked = asked.n};
    enum fr_err err = FR_OK;
    if (learnt.n == 0 || asked.n == 0)
        err = fr_err_set(msg, FR_LIMIT, "%u rows to learn from and %u to ask: the log is too short", learnt.n,
                         asked.n);
    if (err == FR_OK) err = fit(r, rows, &learnt, &out->model, msg);
    if (err == FR_OK) err = judge(r, &learnt, &asked, out, msg);
    if (err != FR_OK) {
        fr_propensity_free(out->model);
        out->model = NULL;
    }
    part_fini(&learnt);
    part_fini(&asked);
    return err;
}
