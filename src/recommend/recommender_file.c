/* Everything learnt as arrays: ids, fact sheets, coverage, the ranker, and each source's own. */
#include "freshet/base/err.h"
#include "recommender_internal.h"
#include <stdlib.h>

enum { FACTS = 4 }; /* numbers of a fact sheet */

/* Up to the last item that anything is known of: how many there is room for depends on when the process was started. */
static uint32_t facts_used(const struct fr_recommender *r) {
    uint32_t n = r->fact_n;
    while (n && r->facts[n - 1].first_ms == INT64_MIN) n--;
    return n;
}

static void save_facts(const struct fr_recommender *r, struct fr_tensors_writer *w) {
    uint32_t n = facts_used(r);
    int64_t *rows = fr_alloc(((size_t)n + 1) * FACTS * sizeof *rows);
    for (uint32_t i = 0; i < n; i++) {
        int64_t *row = rows + (size_t)i * FACTS;
        row[0] = r->facts[i].first_ms;
        row[1] = r->facts[i].last_ms;
        row[2] = (int64_t)r->facts[i].taken;
        row[3] = (int64_t)r->facts[i].passed;
    }
    uint64_t shape[2] = {n, FACTS};
    fr_tensors_put(w, "items.facts", FR_TENSOR_I64, shape, 2, rows);
    free(rows);
}

void fr_recommender_save(const struct fr_recommender *r, struct fr_tensors_writer *w) {
    fr_tensors_put_strings(w, "ids", r->ids.strings, r->ids.n);
    fr_tensors_put_vector(w, "coverage", FR_TENSOR_F64, 2, (double[]){r->asked, r->found});
    fr_allowance_save(&r->lessons, "lessons", w);
    save_facts(r, w);
    fr_rank_save(r->rank, w);
    fr_shown_save(&r->shown, w);
    for (uint32_t b = 0; b < EXPOSURES; b++) r->exposures[b]->ops->save(r->exposures[b], w);
    for (uint32_t s = 0; s < r->source_n; s++)
        if (r->sources[s]->ops->save) r->sources[s]->ops->save(r->sources[s], w);
}

/* Numbers are places in the list of strings: a string that is there twice would move all others. */
static enum fr_err load_ids(struct fr_recommender *r, const struct fr_tensors_file *f,
                            struct fr_errmsg *msg) {
    struct fr_arena arena = {0};
    uint32_t n = 0;
    const struct fr_str *strings = fr_tensors_get_strings(f, "ids", &n, &arena);
    bool ok = strings && r->ids.n == 0;
    for (uint32_t i = 0; ok && i < n; i++) ok = fr_dict_intern(&r->ids, strings[i]) == i;
    fr_arena_fini(&arena);
    return ok ? FR_OK : fr_err_set(msg, FR_STATE_CORRUPT, "ids: missing, or not each once");
}

static enum fr_err load_facts(struct fr_recommender *r, const struct fr_tensors_file *f,
                              struct fr_errmsg *msg) {
    const struct fr_tensor *facts = fr_tensors_get(f, "items.facts", FR_TENSOR_I64);
    const struct fr_tensor *coverage = fr_tensors_get(f, "coverage", FR_TENSOR_F64);
    if (!facts || facts->dimension_n != 2 || facts->shape[1] != FACTS || facts->shape[0] >= FR_DICT_NONE ||
        !coverage || coverage->count != 2)
        return fr_err_set(msg, FR_STATE_CORRUPT, "items.facts or coverage: missing or of another shape");
    const int64_t *row = facts->data;
    for (uint32_t i = 0; i < facts->shape[0] && i < r->ids.n; i++, row += FACTS)
        if (row[0] != INT64_MIN)
            *item_fact_of(r, i) = (struct item_fact){row[0], row[1], (uint64_t)row[2], (uint64_t)row[3]};
    r->asked = ((const double *)coverage->data)[0];
    r->found = ((const double *)coverage->data)[1];
    if (!(r->asked > 0 && r->found >= 0 && r->found <= r->asked))
        return fr_err_set(msg, FR_STATE_CORRUPT, "coverage: not a share");
    return FR_OK;
}

enum fr_err fr_recommender_load(struct fr_recommender *r, const struct fr_tensors_file *f,
                                struct fr_errmsg *msg) {
    enum fr_err err = load_ids(r, f, msg);
    if (err == FR_OK) err = load_facts(r, f, msg);
    if (err == FR_OK) err = fr_allowance_load(&r->lessons, "lessons", f, msg);
    if (err == FR_OK) err = fr_rank_load(r->rank, f, msg);
    if (err == FR_OK) err = fr_shown_load(&r->shown, f, msg);
    for (uint32_t b = 0; b < EXPOSURES && err == FR_OK; b++)
        err = r->exposures[b]->ops->load(r->exposures[b], f, msg);
    for (uint32_t s = 0; s < r->source_n && err == FR_OK; s++)
        if (r->sources[s]->ops->load) err = r->sources[s]->ops->load(r->sources[s], f, msg);
    return err;
}

size_t fr_recommender_bytes(const struct fr_recommender *r) {
    size_t sum = sizeof *r + fr_dict_bytes(&r->ids) + r->fact_n * sizeof *r->facts;
    sum += fr_shown_bytes(&r->shown);
    for (uint32_t b = 0; b < EXPOSURES; b++) sum += r->exposures[b]->ops->bytes(r->exposures[b]);
    for (uint32_t s = 0; s < r->source_n; s++) sum += r->sources[s]->ops->bytes(r->sources[s]);
    return sum;
}
