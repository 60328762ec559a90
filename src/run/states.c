#include "freshet/run/states.h"
#include "freshet/base/pack.h"
#include "freshet/run/meta.h"
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_KEYS = 500, ID_BYTES_SHOWN = 100 };

/* A stage's number of partitions stands in each of its meta values, and partition 0 has few possible tags. */
static enum fr_err count_partitions(struct fr_store *store, const struct fr_str *keys, uint32_t n,
                                    struct fr_arena *arena, uint32_t *partitions, struct fr_errmsg *msg) {
    struct fr_str values[FR_KEYS_FIRST_MAX];
    enum fr_err err = store->ops->load(store, keys, n, values, arena, msg);
    for (uint32_t i = 0; i < n && err == FR_OK; i++) {
        struct fr_meta meta;
        if (!values[i].len) continue;
        if (!fr_meta_decode(values[i], &meta) || meta.partitions == 0)
            return fr_err_set(msg, FR_STATE_CORRUPT, "%.*s cannot be read", FR_STR_ARG(keys[i]));
        *partitions = meta.partitions;
    }
    return err;
}

enum fr_err fr_state_keys(struct fr_store *store, const char *prefix, const char *stage, struct fr_keys *out,
                          struct fr_errmsg *msg) {
    struct fr_str keys[FR_KEYS_FIRST_MAX];
    struct fr_arena arena = {0};
    uint32_t partitions = 0, n = fr_keys_first_metas(prefix, stage, keys, &arena);
    *out = (struct fr_keys){0};
    enum fr_err err = count_partitions(store, keys, n, &arena, &partitions, msg);
    if (err == FR_OK && partitions) fr_keys_init(out, prefix, stage, partitions, 1);
    fr_arena_fini(&arena);
    return err;
}

bool fr_state_unwrap(struct fr_str value, struct fr_state *out) {
    struct fr_reader in = fr_reader_of(value);
    bool shaped = fr_pack_read_array(&in) == 2;
    out->stamp = fr_pack_read_int(&in);
    out->bytes = (struct fr_str){(const char *)in.at, (uint32_t)(in.end - in.at)};
    out->value_bytes = value.len;
    return shaped && in.ok && out->bytes.len > 0;
}

enum fr_err fr_state_corrupt(const struct fr_state *state, struct fr_errmsg *msg) {
    struct fr_str shown = state->key;
    if (shown.len > ID_BYTES_SHOWN) shown.len = ID_BYTES_SHOWN;
    return fr_err_set(msg, FR_STATE_CORRUPT, "the value of %.*s cannot be read", FR_STR_ARG(shown));
}

struct listing {
    struct fr_state_list *list;
    const struct fr_keys *keys;
    char kind;
};

static bool add_key(void *context, struct fr_str full) {
    struct listing *l = context;
    struct fr_state_list *list = l->list;
    struct fr_str key;
    if (!fr_keys_parse_state(l->keys, full, &key)) return true;
    if (key.len < 2 || key.ptr[0] != l->kind || key.ptr[1] != ':') return true;
    if (list->n == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 1024;
        list->at = fr_realloc(list->at, list->cap * sizeof *list->at);
    }
    struct fr_str copy = fr_arena_copy(&list->text, full);
    uint32_t id_bytes = key.len - 2;
    list->at[list->n++] = (struct fr_state){.key = copy, .id = {copy.ptr + copy.len - id_bytes, id_bytes}};
    return true;
}

static int compare_states(const void *a, const void *b) {
    const struct fr_state *x = a, *y = b;
    int order = fr_str_cmp(x->id, y->id);
    return order ? order : fr_str_cmp(x->key, y->key);
}

enum fr_err fr_state_list(struct fr_store *store, const struct fr_keys *k, char kind,
                          struct fr_state_list *out, struct fr_errmsg *msg) {
    *out = (struct fr_state_list){0};
    if (k->partitions == 0) return FR_OK;
    char prefix[FR_KEYS_PREFIX_BYTES + 48];
    snprintf(prefix, sizeof prefix, "%s:%s:%u:{", k->prefix, k->stage, k->generation);
    struct listing l = {out, k, kind};
    enum fr_err err = store->ops->scan(store, fr_str_of(prefix), add_key, &l, msg);
    if (err != FR_OK || out->n == 0) return err;
    qsort(out->at, out->n, sizeof *out->at, compare_states);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < out->n; i++)
        if (!fr_str_eq(out->at[i].key, out->at[i - 1].key)) out->at[kept++] = out->at[i];
    out->n = kept;
    return FR_OK;
}

void fr_state_list_fini(struct fr_state_list *list) {
    free(list->at);
    fr_arena_fini(&list->text);
    *list = (struct fr_state_list){0};
}

enum fr_err fr_state_each(struct fr_store *store, const struct fr_state_list *list,
                          enum fr_err (*visit)(void *context, const struct fr_state *state,
                                               struct fr_errmsg *msg),
                          void *context, struct fr_errmsg *msg) {
    struct fr_str keys[CHUNK_KEYS], values[CHUNK_KEYS];
    struct fr_arena arena = {0};
    enum fr_err err = FR_OK;
    for (uint32_t from = 0; from < list->n && err == FR_OK; from += CHUNK_KEYS) {
        uint32_t n = list->n - from < CHUNK_KEYS ? list->n - from : CHUNK_KEYS;
        for (uint32_t i = 0; i < n; i++) keys[i] = list->at[from + i].key;
        err = store->ops->load(store, keys, n, values, &arena, msg);
        for (uint32_t i = 0; i < n && err == FR_OK; i++) {
            struct fr_state state = list->at[from + i];
            if (!values[i].len) continue;
            err = fr_state_unwrap(values[i], &state) ? visit(context, &state, msg)
                                                     : fr_state_corrupt(&state, msg);
        }
        fr_arena_clear(&arena);
    }
    fr_arena_fini(&arena);
    return err;
}
