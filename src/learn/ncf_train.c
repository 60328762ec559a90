/* Problem   a sample touches two short rows of large tables and one small network: the network wants batches for BLAS, the
 *           tables want to be touched once a batch, and threads must not change the result.
 * Choice    a batch is gathered (vectors are copied, in parallel), goes through the network as matrices, and leaves a
 *           gradient for each sample (ncf_batch.c); samples of one row are then strung together in their order, and each row
 *           is summed and stepped by one thread. So every float is made by one thread in a fixed order.
 * Rejected  lock-free updates (another result each run); a step of Adam for all rows (the tables are thousands of times larger
 *           than what a batch touches).
 *
 *     samples (user, item, label) -> copies -> logits -> gradients of copies -> chains by row -> Adam */
#include "ncf_internal.h"
#include "freshet/base/err.h"
#include "freshet/learn/parallel.h"
#include <stdlib.h>
#include <string.h>

enum { BATCH_MOST = 1024, BATCH_LEAST = 32, BATCHES_AN_EPOCH = 400 }; /* entries a batch */
enum { ROWS_A_PIECE = 128, TRIES = 8, BATCHES_A_REPORT = 32 };

static const uint32_t NONE = UINT32_MAX;

/* A table of vectors in training. */
struct table {
    float *rows, *m, *v; /* [row_n][width] */
    uint32_t width;
    uint32_t *head;           /* [row_n] the first sample of the batch, or NONE */
    uint32_t *next, *touched; /* [cap] the next sample of that row; rows with a sample */
    uint32_t touched_n;
    const struct ncf_side *side;
    struct fr_adam_pace pace;
};

struct training {
    const struct fr_fit *fit;
    const struct ncf_options *options;
    struct fr_mlp *mlp;
    struct ncf_batch batch;
    struct table users, items;
    struct fr_rng rng;
    struct fr_adam adam;
    float *mlp_m, *mlp_v;
    uint32_t *order, *owner; /* [entry_n] in which order entries are learnt, and whose they are */
    uint32_t entry_n, item_n, batch_entries;
    uint64_t step;
};

static float *floats_new(size_t n) { return fr_alloc_zero(n + 1, sizeof(float)); }
static uint32_t *numbers_new(size_t n) { return fr_alloc_zero(n + 1, sizeof(uint32_t)); }

static void table_init(struct table *t, float *rows, uint32_t row_n, const struct ncf_batch *b,
                       const struct ncf_side *side) {
    size_t n = (size_t)row_n * 2 * b->k;
    *t =
        (struct table){.rows = rows, .width = 2 * b->k, .side = side, .m = floats_new(n), .v = floats_new(n)};
    t->head = numbers_new(row_n);
    for (uint32_t row = 0; row < row_n; row++) t->head[row] = NONE;
    t->next = numbers_new(b->cap);
    t->touched = numbers_new(b->cap);
}

static void table_fini(struct table *t) {
    free(t->m);
    free(t->v);
    free(t->head);
    free(t->next);
    free(t->touched);
}

static void fill_order(struct training *t, const struct fr_rows *by_user) {
    t->order = numbers_new(t->entry_n);
    t->owner = numbers_new(t->entry_n);
    for (uint32_t i = 0; i < t->entry_n; i++) t->order[i] = i;
    for (uint32_t user = 0; user < by_user->row_n; user++)
        for (size_t i = by_user->start[user]; i < by_user->start[user + 1]; i++) t->owner[i] = user;
}

/* On small data batches are small, or an epoch would be a step or two. */
static uint32_t entries_a_batch(uint32_t entry_n) {
    uint32_t n = entry_n / BATCHES_AN_EPOCH;
    if (n > BATCH_MOST) return BATCH_MOST;
    return n < BATCH_LEAST ? BATCH_LEAST : n;
}

static void training_init(struct training *t, struct ncf *m, const struct fr_fit *fit,
                          const struct ncf_options *o) {
    *t = (struct training){
        .fit = fit, .options = o, .mlp = &m->mlp, .rng = {fit->seed + 3}, .item_n = m->item_n};
    t->adam = FR_ADAM_DEFAULTS;
    t->adam.rate = o->rate;
    t->adam.decay = o->decay;
    t->entry_n = (uint32_t)fr_interactions_count(fit->data);
    t->batch_entries = entries_a_batch(t->entry_n);
    ncf_batch_init(&t->batch, m, t->batch_entries * (1 + o->negatives), fit->threads);
    table_init(&t->users, m->users, m->user_n, &t->batch, &t->batch.users);
    table_init(&t->items, m->items, m->item_n, &t->batch, &t->batch.items);
    t->mlp_m = floats_new(m->mlp.weight_n);
    t->mlp_v = floats_new(m->mlp.weight_n);
    fill_order(t, &fit->data->by_user);
}

static void training_fini(struct training *t) {
    ncf_batch_fini(&t->batch);
    table_fini(&t->users);
    table_fini(&t->items);
    free(t->mlp_m);
    free(t->mlp_v);
    free(t->order);
    free(t->owner);
}

static bool has_entry(const struct fr_rows *r, uint32_t row, uint32_t column) {
    size_t from = r->start[row], end = r->start[row + 1];
    while (from < end) {
        size_t middle = from + (end - from) / 2;
        if (r->columns[middle] < column)
            from = middle + 1;
        else
            end = middle;
    }
    return from < r->start[row + 1] && r->columns[from] == column;
}

/* An item that is not in the history; of a user who has nearly all of them, any. */
static uint32_t draw_negative(struct training *t, uint32_t user) {
    uint32_t item = 0;
    for (int i = 0; i < TRIES; i++) {
        item = fr_rng_below(&t->rng, t->item_n);
        if (!has_entry(&t->fit->data->by_user, user, item)) break;
    }
    return item;
}

static void draw_batch(struct training *t, uint32_t first, uint32_t end) {
    ncf_batch_clear(&t->batch);
    for (uint32_t i = first; i < end; i++) {
        uint32_t entry = t->order[i], user = t->owner[entry];
        ncf_batch_add(&t->batch, user, t->fit->data->by_user.columns[entry], 1);
        for (uint32_t n = 0; n < t->options->negatives; n++)
            ncf_batch_add(&t->batch, user, draw_negative(t, user), 0);
    }
}

/* Samples of a row in their order. */
static void string_together(struct table *t, uint32_t sample_n) {
    t->touched_n = 0;
    for (uint32_t s = sample_n; s-- > 0;) {
        uint32_t row = t->side->id[s];
        if (t->head[row] == NONE) t->touched[t->touched_n++] = row;
        t->next[s] = t->head[row];
        t->head[row] = s;
    }
}

FR_WIDE static void add(uint32_t n, const float *x, float *sum) {
    for (uint32_t j = 0; j < n; j++) sum[j] += x[j];
}

static void step_rows(void *context, unsigned thread, size_t first, size_t last) {
    (void)thread;
    struct table *t = context;
    for (size_t i = first; i < last; i++) {
        float sum[2 * FR_NCF_FACTORS_MAX] = {0};
        uint32_t row = t->touched[i];
        for (uint32_t s = t->head[row]; s != NONE; s = t->next[s])
            add(t->width, t->side->gradient + (size_t)s * t->width, sum);
        size_t at = (size_t)row * t->width;
        fr_adam_apply(&t->pace, t->width, sum, t->m + at, t->v + at, t->rows + at);
        t->head[row] = NONE;
    }
}

static void step_table(struct training *t, struct table *table) {
    table->pace = fr_adam_pace(&t->adam, t->step);
    string_together(table, t->batch.n);
    fr_parallel(t->fit->threads, table->touched_n, ROWS_A_PIECE, step_rows, table);
}

static void train_batch(struct training *t) {
    ncf_batch_learn(&t->batch, t->options->dropout, t->options->epsilon, &t->rng);
    t->step++;
    step_table(t, &t->users);
    step_table(t, &t->items);
    fr_adam_step(&t->adam, t->step, t->mlp->weight_n, t->batch.mlp_gradient, t->mlp_m, t->mlp_v,
                 t->mlp->weights);
}

static void shuffle(struct training *t) {
    for (uint32_t i = t->entry_n; i > 1; i--) {
        uint32_t j = fr_rng_below(&t->rng, i), other = t->order[j];
        t->order[j] = t->order[i - 1];
        t->order[i - 1] = other;
    }
}

/* Entries to learn from, over all epochs. */
static uint64_t entries_to_learn(const struct training *t) {
    uint64_t wanted = (uint64_t)t->entry_n * t->options->epochs;
    uint64_t most = FR_NCF_SAMPLES_MAX / (1 + t->options->negatives);
    return wanted < most ? wanted : most;
}

static bool report(const struct training *t, uint64_t done, uint64_t all) {
    if (!t->fit->progress || t->step % BATCHES_A_REPORT) return true;
    return t->fit->progress(t->fit->context, "ncf", (double)done / (double)all);
}

bool ncf_train(struct ncf *m, const struct fr_fit *fit, const struct ncf_options *o) {
    struct training t;
    training_init(&t, m, fit, o);
    uint64_t all = entries_to_learn(&t), done = 0;
    bool go_on = true;
    while (done < all && go_on) {
        uint32_t first = (uint32_t)(done % t.entry_n), left = t.entry_n - first;
        uint32_t n = left < t.batch_entries ? left : t.batch_entries;
        if (!first) shuffle(&t);
        t.adam.rate = o->rate * (1 - (double)done / (double)all);
        draw_batch(&t, first, first + n);
        train_batch(&t);
        done += n;
        go_on = report(&t, done, all);
    }
    training_fini(&t);
    return go_on;
}
