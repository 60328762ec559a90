/* A fitted model as a source.
 *
 * Problem   ties must be broken by item ids, and a model knows columns; sorting a hundred thousand ids for each list is out.
 * Choice    the order of the ids is worked out once: scores are offered to base/topk in that order, so that its smaller
 *           number is the smaller id. */
#include "freshet/learn/model_source.h"
#include "freshet/base/topk.h"
#include <stdlib.h>

enum { VOTES_MAX = 1000, NO_COLUMN = FR_DICT_NONE };

struct model_source {
    struct fr_source base;
    struct fr_source_ops ops; /* of this source: name and reason are the model's */
    const struct fr_model *model;
    struct fr_model *owned; /* the same, or NULL: lent */
    uint32_t n;
    uint32_t *numbers; /* [n] by column */
    uint32_t *order;   /* [n] columns, ascending by id */
    uint32_t *columns; /* [number_n] by number, NO_COLUMN: not the model's */
    uint32_t number_n;
    uint32_t work_floats;
};

struct history {
    uint32_t columns[FR_MODEL_SOURCE_SEEDS]; /* ascending */
    float ones[FR_MODEL_SOURCE_SEEDS];
    uint32_t n;
};

static uint32_t column_of(const struct model_source *m, uint32_t number) {
    return number < m->number_n ? m->columns[number] : NO_COLUMN;
}

static bool speaks(const struct fr_seed *s) { return s->strength > 0 && !s->disliked; }

/* Puts a column where it belongs. */
static void insert(struct history *h, uint32_t column) {
    uint32_t at = h->n++;
    for (; at && h->columns[at - 1] > column; at--) h->columns[at] = h->columns[at - 1];
    h->columns[at] = column;
    h->ones[h->n - 1] = 1;
}

static void fold(const struct model_source *m, const struct fr_query *q, struct history *out) {
    out->n = 0;
    for (uint32_t i = 0; i < q->seed_n && out->n < FR_MODEL_SOURCE_SEEDS; i++) {
        uint32_t column = speaks(&q->seeds[i]) ? column_of(m, q->seeds[i].item) : NO_COLUMN;
        if (column != NO_COLUMN) insert(out, column);
    }
}

static void score_all(const struct model_source *m, const struct history *h, float *work, float *scores) {
    const struct fr_model_ops *ops = m->model->ops;
    if (ops->score_some) {
        ops->score_some(m->model, h->columns, h->ones, h->n, NULL, m->n, work, scores);
        return;
    }
    size_t start[2] = {0, h->n};
    struct history copy = *h; /* rows are not const */
    const struct fr_rows row = {1, m->n, start, copy.columns, copy.ones};
    ops->score(m->model, &row, 0, 1, false, scores);
}

static uint32_t best(const struct model_source *m, const float *scores, uint32_t most,
                     struct fr_scored *out) {
    struct fr_topk top = {out, 0, most};
    for (uint32_t i = 0; i < m->n; i++) {
        float score = scores[m->order[i]];
        if (score > 0) fr_topk_offer(&top, (double)score, i);
    }
    fr_topk_sort(&top);
    return top.n;
}

/* Which seed speaks most for each vote. */
static void explain(const struct model_source *m, const struct fr_query *q, struct fr_scratch *s, uint32_t n,
                    struct fr_vote *votes) {
    uint32_t wanted[VOTES_MAX], done = 0;
    const float one = 1;
    if (!m->model->ops->score_some) return;
    float *work = fr_scratch_floats(s, (size_t)m->work_floats + 2 * (size_t)n);
    float *scores = work + m->work_floats, *highest = scores + n;
    for (uint32_t i = 0; i < n; i++) wanted[i] = column_of(m, votes[i].item);
    for (uint32_t i = 0; i < q->seed_n && done < FR_MODEL_SOURCE_SEEDS; i++) {
        uint32_t column = speaks(&q->seeds[i]) ? column_of(m, q->seeds[i].item) : NO_COLUMN;
        if (column == NO_COLUMN) continue;
        m->model->ops->score_some(m->model, &column, &one, 1, wanted, n, work, scores);
        for (uint32_t v = 0; v < n; v++) {
            if (done && !(scores[v] > highest[v])) continue;
            highest[v] = scores[v];
            votes[v].because = q->seeds[i].item;
        }
        done++;
    }
}

/* The votes of a model that is rows: O(what stands in the rows of the history), and each vote knows whose it is. */
static uint32_t propose_rows(const struct model_source *m, const struct fr_query *q, struct fr_scratch *s,
                             uint32_t most, struct fr_vote *out) {
    const struct fr_rows *rows = m->model->ops->rows(m->model);
    uint32_t spoke = 0;
    fr_scratch_reserve(s, m->number_n);
    for (uint32_t i = 0; i < q->seed_n && spoke < FR_MODEL_SOURCE_SEEDS; i++) {
        uint32_t column = speaks(&q->seeds[i]) ? column_of(m, q->seeds[i].item) : NO_COLUMN;
        if (column == NO_COLUMN) continue;
        for (size_t e = rows->start[column]; e < rows->start[column + 1]; e++)
            fr_scratch_add(s, m->numbers[rows->columns[e]], rows->values[e], q->seeds[i].item);
        spoke++;
    }
    return fr_scratch_best(s, q->ids, most, out);
}

static uint32_t propose(const struct fr_source *source, const struct fr_query *q, struct fr_scratch *s,
                        uint32_t most, struct fr_vote *out) {
    const struct model_source *m = (const struct model_source *)source;
    if (m->model->ops->rows) return propose_rows(m, q, s, most, out);
    struct history h;
    struct fr_scored top[VOTES_MAX];
    fold(m, q, &h);
    if (h.n == 0 || most == 0) return 0;
    float *work = fr_scratch_floats(s, (size_t)m->work_floats + m->n), *scores = work + m->work_floats;
    score_all(m, &h, work, scores);
    uint32_t n = best(m, scores, most < VOTES_MAX ? most : VOTES_MAX, top);
    for (uint32_t i = 0; i < n; i++)
        out[i] = (struct fr_vote){m->numbers[m->order[top[i].id]], (float)top[i].score, FR_DICT_NONE};
    explain(m, q, s, n, out);
    return n;
}

static size_t bytes(const struct fr_source *source) {
    const struct model_source *m = (const struct model_source *)source;
    return sizeof *m + m->model->ops->bytes(m->model) + 4 * (2 * (size_t)m->n + m->number_n);
}

static void free_source(struct fr_source *source) {
    struct model_source *m = (struct model_source *)source;
    if (m->owned) m->owned->ops->free(m->owned);
    free(m->numbers);
    free(m->order);
    free(m->columns);
    free(m);
}

/* ---- making one ---- */

struct named {
    struct fr_str id;
    uint32_t column;
};

static int compare_ids(const void *a, const void *b) {
    return fr_str_cmp(((const struct named *)a)->id, ((const struct named *)b)->id);
}

static void order_by_id(struct model_source *m, const struct fr_dict *ids) {
    struct named *named = fr_alloc((m->n + (size_t)1) * sizeof *named);
    for (uint32_t i = 0; i < m->n; i++) named[i] = (struct named){fr_dict_str(ids, m->numbers[i]), i};
    qsort(named, m->n, sizeof *named, compare_ids);
    m->order = fr_alloc((m->n + (size_t)1) * sizeof *m->order);
    for (uint32_t i = 0; i < m->n; i++) m->order[i] = named[i].column;
    free(named);
}

static void index_numbers(struct model_source *m) {
    for (uint32_t i = 0; i < m->n; i++)
        if (m->numbers[i] >= m->number_n) m->number_n = m->numbers[i] + 1;
    m->columns = fr_alloc((m->number_n + (size_t)1) * sizeof *m->columns);
    for (uint32_t i = 0; i < m->number_n; i++) m->columns[i] = NO_COLUMN;
    for (uint32_t i = 0; i < m->n; i++) {
        FR_ASSERT(m->columns[m->numbers[i]] == NO_COLUMN);
        m->columns[m->numbers[i]] = i;
    }
}

struct fr_source *fr_model_source_new(struct fr_model *model, const struct fr_dict *ids,
                                      const uint32_t *numbers, uint32_t n, enum fr_reason_code reason) {
    struct fr_source *s = fr_model_source_lend(model, ids, numbers, n, reason);
    ((struct model_source *)s)->owned = model;
    return s;
}

struct fr_source *fr_model_source_lend(const struct fr_model *model, const struct fr_dict *ids,
                                       const uint32_t *numbers, uint32_t n, enum fr_reason_code reason) {
    struct model_source *m = fr_alloc_zero(1, sizeof *m);
    const struct fr_model_ops *ops = model->ops;
    FR_ASSERT(!ops->items || ops->items(model) == n);
    m->ops = (struct fr_source_ops){
        .name = ops->name, .reason = reason, .propose = propose, .bytes = bytes, .free = free_source};
    m->base.ops = &m->ops;
    m->model = model;
    m->n = n;
    m->work_floats = ops->score_some && ops->work_floats ? ops->work_floats(model) : 0;
    m->numbers = fr_alloc((n + (size_t)1) * sizeof *m->numbers);
    memcpy(m->numbers, numbers, n * sizeof *numbers);
    order_by_id(m, ids);
    index_numbers(m);
    return &m->base;
}
