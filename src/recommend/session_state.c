/* A session index as arrays. Sessions are written from the oldest kept one on, so a slot follows from the order; places in
 * lists may point to what is gone, as they may while the index lives. */
#include "freshet/base/err.h"
#include "session_index_internal.h"
#include <stdio.h>
#include <stdlib.h>

enum { NAME_BYTES = 96 };

static const char *named(char out[NAME_BYTES], const char *name, const char *array) {
    snprintf(out, NAME_BYTES, "%s.%s", name, array);
    return out;
}

static uint64_t first_kept(const struct fr_session_index *x) {
    return x->begun > x->p.sessions ? x->begun - x->p.sessions + 1 : 1;
}

static void save_sessions(const struct fr_session_index *x, struct fr_tensors_writer *w, const char *name) {
    struct fr_buf appended = {0}, last_ms = {0}, items = {0};
    char array[NAME_BYTES];
    uint64_t n = 0, item_n = 0;
    for (uint64_t number = first_kept(x); number <= x->begun; number++, n++) {
        uint32_t slot = (uint32_t)((number - 1) % x->p.sessions);
        const struct session *s = &x->sessions[slot];
        fr_buf_append(&appended, &s->appended, sizeof s->appended);
        fr_buf_append(&last_ms, &s->last_ms, sizeof s->last_ms);
        for (uint32_t k = fr_session_first(x, s); k < s->appended; k++, item_n++)
            fr_buf_append(&items, fr_session_item(x, slot, k), sizeof *x->items);
    }
    fr_tensors_put_vector(w, named(array, name, "begun"), FR_TENSOR_U64, 1, &x->begun);
    fr_tensors_put_vector(w, named(array, name, "appended"), FR_TENSOR_U32, n, appended.data);
    fr_tensors_put_vector(w, named(array, name, "last_ms"), FR_TENSOR_I64, n, last_ms.data);
    fr_tensors_put_vector(w, named(array, name, "items"), FR_TENSOR_U32, item_n, items.data);
    fr_buf_fini(&appended);
    fr_buf_fini(&last_ms);
    fr_buf_fini(&items);
}

static void save_lists(const struct fr_session_index *x, struct fr_tensors_writer *w, const char *name) {
    struct fr_buf ends = {0}, postings = {0}, sessions = {0};
    char array[NAME_BYTES];
    uint64_t end = 0;
    for (uint32_t i = 0; i < x->places.n; i++) {
        const struct list *list = &x->lists[i];
        end += list->n;
        fr_buf_append(&ends, &end, sizeof end);
        fr_buf_append(&sessions, &list->sessions, sizeof list->sessions);
        fr_buf_append(&postings, list->at + list->start, (list->n - list->start) * sizeof *list->at);
        fr_buf_append(&postings, list->at, list->start * sizeof *list->at);
    }
    fr_places_save(&x->places, w, named(array, name, "places"));
    fr_tensors_put_vector(w, named(array, name, "list_ends"), FR_TENSOR_U64, x->places.n, ends.data);
    fr_tensors_put_vector(w, named(array, name, "list_sessions"), FR_TENSOR_U32, x->places.n, sessions.data);
    fr_tensors_put(w, named(array, name, "lists"), FR_TENSOR_U32, (uint64_t[]){end, 2}, 2, postings.data);
    fr_buf_fini(&ends);
    fr_buf_fini(&postings);
    fr_buf_fini(&sessions);
}

void fr_session_index_save(const struct fr_session_index *x, struct fr_tensors_writer *w, const char *name) {
    save_sessions(x, w, name);
    save_lists(x, w, name);
}

static const struct fr_tensor *get(const struct fr_tensors_file *f, const char *name, const char *array,
                                   enum fr_tensor_type type) {
    char text[NAME_BYTES];
    return fr_tensors_get(f, named(text, name, array), type);
}

static bool note_item(struct fr_session_index *x, uint32_t item) {
    if (item >= FR_DICT_NONE) return false;
    if (item >= x->number_end) x->number_end = item + 1;
    return true;
}

/* The session with this number gets its items; gives how many, or -1. */
static int64_t load_session(struct fr_session_index *x, uint64_t number, uint32_t appended,
                            fr_time_ms last_ms, const uint32_t *items, uint64_t item_n) {
    uint32_t slot = (uint32_t)((number - 1) % x->p.sessions);
    struct session *s = &x->sessions[slot];
    *s = (struct session){number, last_ms, appended};
    uint32_t first = fr_session_first(x, s);
    if (appended - first > item_n) return -1;
    for (uint32_t k = first; k < appended; k++) {
        if (!note_item(x, items[k - first])) return -1;
        *fr_session_item(x, slot, k) = items[k - first];
    }
    return appended - first;
}

static bool load_sessions(struct fr_session_index *x, const struct fr_tensors_file *f, const char *name) {
    const struct fr_tensor *begun = get(f, name, "begun", FR_TENSOR_U64);
    const struct fr_tensor *appended = get(f, name, "appended", FR_TENSOR_U32);
    const struct fr_tensor *last_ms = get(f, name, "last_ms", FR_TENSOR_I64);
    const struct fr_tensor *items = get(f, name, "items", FR_TENSOR_U32);
    if (!begun || !appended || !last_ms || !items || begun->count != 1) return false;
    x->begun = *(const uint64_t *)begun->data;
    uint64_t n = x->begun < x->p.sessions ? x->begun : x->p.sessions;
    if (x->begun >= INT64_MAX || appended->count != n || last_ms->count != n) return false;
    x->session_cap = (uint32_t)n;
    x->sessions = fr_alloc_zero(n ? n : 1, sizeof *x->sessions);
    x->items = fr_alloc_zero(n ? n : 1, x->p.length * sizeof *x->items);
    uint64_t at = 0;
    for (uint64_t i = 0; i < n; i++) {
        int64_t taken = load_session(x, first_kept(x) + i, ((const uint32_t *)appended->data)[i],
                                     ((const fr_time_ms *)last_ms->data)[i],
                                     (const uint32_t *)items->data + at, items->count - at);
        if (taken < 0) return false;
        at += (uint64_t)taken;
    }
    return at == items->count;
}

static bool load_lists(struct fr_session_index *x, const struct fr_tensors_file *f, const char *name) {
    const struct fr_tensor *ends = get(f, name, "list_ends", FR_TENSOR_U64);
    const struct fr_tensor *sessions = get(f, name, "list_sessions", FR_TENSOR_U32);
    const struct fr_tensor *postings = get(f, name, "lists", FR_TENSOR_U32);
    uint32_t n = x->places.n;
    if (!ends || !sessions || !postings || ends->count != n || sessions->count != n ||
        postings->dimension_n != 2 || postings->shape[1] != 2)
        return false;
    x->lists = fr_alloc_zero(n ? n : 1, sizeof *x->lists);
    x->list_cap = n;
    uint64_t from = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t end = ((const uint64_t *)ends->data)[i];
        if (end < from || end > postings->shape[0] || end - from > x->p.per_item) return false;
        struct list *list = &x->lists[i];
        list->n = list->cap = (uint32_t)(end - from);
        list->sessions = ((const uint32_t *)sessions->data)[i];
        list->at = fr_alloc((list->n ? list->n : 1) * sizeof *list->at);
        if (list->n)
            memcpy(list->at, (const struct posting *)postings->data + from, list->n * sizeof *list->at);
        if (!note_item(x, x->places.at[i].number)) return false;
        from = end;
    }
    return from == postings->shape[0];
}

enum fr_err fr_session_index_load(struct fr_session_index *x, const struct fr_tensors_file *f,
                                  const char *name, struct fr_errmsg *msg) {
    char text[NAME_BYTES];
    enum fr_err err = fr_places_load(&x->places, f, named(text, name, "places"), msg);
    if (err) return err;
    if (load_sessions(x, f, name) && load_lists(x, f, name)) return FR_OK;
    return fr_err_set(msg, FR_STATE_CORRUPT, "%s: not a session index", name);
}
