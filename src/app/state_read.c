#include "freshet/app/state_read.h"
#include "freshet/base/hash.h"
#include "freshet/base/pack.h"
#include "freshet/profile/codec.h"
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_KEYS = 500, ID_BYTES_SHOWN = 100 };

/* ---- opening ---- */

/* A stage's number of partitions stands in each of its meta values, and partition 0 has few possible tags. */
static enum fr_err find_partitions(struct fr_state_reader *r, enum fr_stage_kind stage,
                                   struct fr_errmsg *msg) {
    struct fr_str keys[FR_KEYS_FIRST_MAX], values[FR_KEYS_FIRST_MAX];
    const char *prefix = r->rules.topic_prefix, *name = fr_stage_name(stage);
    uint32_t n = fr_keys_first_metas(prefix, name, keys, &r->arena), partitions = 0;
    enum fr_err err = r->store->ops->load(r->store, keys, n, values, &r->arena, msg);
    for (uint32_t i = 0; i < n && err == FR_OK; i++) {
        struct fr_meta meta;
        if (!values[i].len) continue;
        if (!fr_meta_decode(values[i], &meta) || meta.partitions == 0)
            return fr_err_set(msg, FR_STATE_CORRUPT, "%.*s cannot be read", FR_STR_ARG(keys[i]));
        partitions = meta.partitions;
    }
    if (partitions) fr_keys_init(&r->keys[stage], prefix, name, partitions, 1);
    return err;
}

enum fr_err fr_state_open(struct fr_state_reader *r, const struct fr_config *config, struct fr_errmsg *msg) {
    *r = (struct fr_state_reader){0};
    fr_dict_init(&r->ids);
    enum fr_err err = fr_wire_rules(config, &r->rules, msg);
    if (err == FR_OK) err = fr_wire_store(config, "freshet-report", &r->store, msg);
    for (int stage = 0; stage < FR_STAGE_N && err == FR_OK; stage++)
        err = find_partitions(r, (enum fr_stage_kind)stage, msg);
    return err;
}

void fr_state_close(struct fr_state_reader *r) {
    if (r->store) r->store->ops->close(r->store);
    for (int stage = 0; stage < FR_STAGE_N; stage++) fr_keys_fini(&r->keys[stage]);
    fr_dict_fini(&r->ids);
    fr_arena_fini(&r->arena);
    fr_rules_fini(&r->rules);
}

/* ---- partitions ---- */

enum fr_err fr_state_metas(struct fr_state_reader *r, enum fr_stage_kind stage, struct fr_meta *metas,
                           struct fr_errmsg *msg) {
    const struct fr_keys *k = &r->keys[stage];
    struct fr_str *keys = fr_arena_alloc(&r->arena, k->partitions * sizeof *keys);
    struct fr_str *values = fr_arena_alloc(&r->arena, k->partitions * sizeof *values);
    for (uint32_t p = 0; p < k->partitions; p++) keys[p] = fr_keys_meta(k, (int32_t)p, &r->arena);
    enum fr_err err = r->store->ops->load(r->store, keys, k->partitions, values, &r->arena, msg);
    for (uint32_t p = 0; p < k->partitions && err == FR_OK; p++) {
        metas[p] = (struct fr_meta){.next_offset = -1};
        if (values[p].len && !fr_meta_decode(values[p], &metas[p]))
            err = fr_err_set(msg, FR_STATE_CORRUPT, "%.*s cannot be read", FR_STR_ARG(keys[p]));
    }
    return err;
}

/* [stamp, state] */
static bool unwrap(struct fr_str value, struct fr_state *out) {
    struct fr_reader in = fr_reader_of(value);
    bool shaped = fr_pack_read_array(&in) == 2;
    out->stamp = fr_pack_read_int(&in);
    out->bytes = (struct fr_str){(const char *)in.at, (uint32_t)(in.end - in.at)};
    out->value_bytes = value.len;
    return shaped && in.ok && out->bytes.len > 0;
}

static enum fr_err corrupt(const struct fr_state *state, struct fr_errmsg *msg) {
    struct fr_str shown = state->key;
    if (shown.len > ID_BYTES_SHOWN) shown.len = ID_BYTES_SHOWN;
    return fr_err_set(msg, FR_STATE_CORRUPT, "the value of %.*s cannot be read", FR_STR_ARG(shown));
}

enum fr_err fr_state_epoch(struct fr_state_reader *r, int32_t *epoch, struct fr_errmsg *msg) {
    const struct fr_keys *k = &r->keys[FR_STAGE_USER];
    struct fr_str *keys = fr_arena_alloc(&r->arena, k->partitions * sizeof *keys);
    struct fr_str *values = fr_arena_alloc(&r->arena, k->partitions * sizeof *values);
    const struct fr_str watermark = {(const char[]){FR_KEY_WATERMARK}, 1};
    for (uint32_t p = 0; p < k->partitions; p++) keys[p] = fr_keys_state(k, (int32_t)p, watermark, &r->arena);
    enum fr_err err = r->store->ops->load(r->store, keys, k->partitions, values, &r->arena, msg);
    fr_time_ms latest_ms = INT64_MIN;
    for (uint32_t p = 0; p < k->partitions && err == FR_OK; p++) {
        struct fr_state state = {.key = keys[p]};
        if (!values[p].len) continue;
        if (!unwrap(values[p], &state)) return corrupt(&state, msg);
        struct fr_reader in = fr_reader_of(state.bytes);
        fr_time_ms watermark_ms = fr_pack_read_int(&in);
        if (watermark_ms > latest_ms) latest_ms = watermark_ms;
    }
    *epoch = latest_ms == INT64_MIN ? 0 : fr_epoch_of(&r->rules.profile, latest_ms);
    return err;
}

/* ---- all states of a stage ---- */

static struct fr_str state_name(enum fr_stage_kind stage) {
    static const char names[FR_STAGE_N][3] = {{FR_KEY_USER, ':'}, {FR_KEY_ITEM, ':'}, {FR_KEY_MODEL, ':'}};
    return fr_str_of(names[stage]);
}

struct listing {
    struct fr_state_list *list;
    const struct fr_keys *keys;
    struct fr_str name;
};

static bool add_key(void *context, struct fr_str full) {
    struct listing *l = context;
    struct fr_state_list *list = l->list;
    struct fr_str key;
    if (!fr_keys_parse_state(l->keys, full, &key)) return true;
    if (key.len < l->name.len || memcmp(key.ptr, l->name.ptr, l->name.len) != 0) return true;
    if (list->n == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 1024;
        list->at = fr_realloc(list->at, list->cap * sizeof *list->at);
    }
    struct fr_str copy = fr_arena_copy(&list->text, full);
    uint32_t id_bytes = key.len - l->name.len;
    list->at[list->n++] = (struct fr_state){.key = copy, .id = {copy.ptr + copy.len - id_bytes, id_bytes}};
    return true;
}

static int compare_states(const void *a, const void *b) {
    const struct fr_state *x = a, *y = b;
    int order = fr_str_cmp(x->id, y->id);
    return order ? order : fr_str_cmp(x->key, y->key);
}

enum fr_err fr_state_list(struct fr_state_reader *r, enum fr_stage_kind stage, struct fr_state_list *out,
                          struct fr_errmsg *msg) {
    *out = (struct fr_state_list){0};
    const struct fr_keys *k = &r->keys[stage];
    if (k->partitions == 0) return FR_OK;
    char prefix[FR_KEYS_PREFIX_BYTES + 48];
    snprintf(prefix, sizeof prefix, "%s:%s:%u:{", k->prefix, k->stage, k->generation);
    struct listing l = {out, k, state_name(stage)};
    enum fr_err err = r->store->ops->scan(r->store, fr_str_of(prefix), add_key, &l, msg);
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

enum fr_err fr_state_each(struct fr_state_reader *r, const struct fr_state_list *list,
                          enum fr_err (*visit)(void *context, const struct fr_state *state,
                                               struct fr_errmsg *msg),
                          void *context, struct fr_errmsg *msg) {
    struct fr_str keys[CHUNK_KEYS], values[CHUNK_KEYS];
    struct fr_arena arena = {0};
    enum fr_err err = FR_OK;
    for (uint32_t from = 0; from < list->n && err == FR_OK; from += CHUNK_KEYS) {
        uint32_t n = list->n - from < CHUNK_KEYS ? list->n - from : CHUNK_KEYS;
        for (uint32_t i = 0; i < n; i++) keys[i] = list->at[from + i].key;
        err = r->store->ops->load(r->store, keys, n, values, &arena, msg);
        for (uint32_t i = 0; i < n && err == FR_OK; i++) {
            struct fr_state state = list->at[from + i];
            if (!values[i].len) continue;
            err = unwrap(values[i], &state) ? visit(context, &state, msg) : corrupt(&state, msg);
        }
        fr_arena_clear(&arena);
    }
    fr_arena_fini(&arena);
    return err;
}

/* ---- one state ---- */

static enum fr_err load_one(struct fr_state_reader *r, enum fr_stage_kind stage, struct fr_str key,
                            int32_t partition, struct fr_state *out, struct fr_errmsg *msg) {
    struct fr_str value;
    out->key = fr_keys_state(&r->keys[stage], partition, key, &r->arena);
    out->bytes = (struct fr_str){NULL, 0};
    enum fr_err err = r->store->ops->load(r->store, &out->key, 1, &value, &r->arena, msg);
    if (err != FR_OK || !value.len) return err;
    return unwrap(value, out) ? FR_OK : corrupt(out, msg);
}

enum fr_err fr_state_find(struct fr_state_reader *r, enum fr_stage_kind stage, struct fr_str id,
                          struct fr_state *out, int32_t *partition, struct fr_errmsg *msg) {
    *out = (struct fr_state){.id = id};
    uint32_t partitions = r->keys[stage].partitions;
    if (partitions == 0) return FR_OK;
    struct fr_str name = state_name(stage);
    char *text = fr_arena_alloc(&r->arena, name.len + id.len);
    memcpy(text, name.ptr, name.len);
    memcpy(text + name.len, id.ptr, id.len);
    struct fr_str key = {text, name.len + id.len};
    uint32_t likely = fr_murmur2(id) % partitions;
    enum fr_err err = FR_OK;
    for (uint32_t i = 0; i < partitions && err == FR_OK && !out->bytes.len; i++) {
        *partition = (int32_t)((likely + i) % partitions);
        err = load_one(r, stage, key, *partition, out, msg);
    }
    return err;
}

enum fr_err fr_state_user(struct fr_state_reader *r, const struct fr_state *state, struct fr_user *out,
                          struct fr_errmsg *msg) {
    fr_user_init(out);
    return fr_user_decode(out, state->bytes, &r->rules.profile, &r->ids, NULL) == FR_OK ? FR_OK
                                                                                        : corrupt(state, msg);
}

enum fr_err fr_state_item(struct fr_state_reader *r, const struct fr_state *state, struct fr_item *out,
                          struct fr_errmsg *msg) {
    *out = (struct fr_item){0};
    return fr_item_decode(out, &r->ids, state->bytes) ? FR_OK : corrupt(state, msg);
}

/* ---- what to say ---- */

int fr_report_failed(const char *command, enum fr_err err, const struct fr_errmsg *msg) {
    fprintf(stderr, "freshet %s: %s\n", command, msg->text[0] ? msg->text : fr_err_text(err));
    if (err == FR_CONFIG) return FR_EXIT_CONFIG;
    if (err == FR_STATE_CORRUPT || err == FR_IO || err == FR_LIMIT) return FR_EXIT_INTERNAL;
    return FR_EXIT_UNAVAILABLE;
}
