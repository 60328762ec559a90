#include "freshet/app/state_read.h"
#include "freshet/base/hash.h"
#include "freshet/base/pack.h"
#include "freshet/profile/codec.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- opening ---- */

enum fr_err fr_state_open(struct fr_state_reader *r, const struct fr_config *config, struct fr_errmsg *msg) {
    *r = (struct fr_state_reader){0};
    fr_dict_init(&r->ids);
    enum fr_err err = fr_wire_rules(config, &r->rules, msg);
    if (err == FR_OK) err = fr_wire_store(config, "freshet-report", &r->store, msg);
    for (int stage = 0; stage < FR_STAGE_N && err == FR_OK; stage++)
        err = fr_state_keys(r->store, r->rules.topic_prefix, fr_stage_name((enum fr_stage_kind)stage),
                            &r->keys[stage], msg);
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

enum fr_err fr_state_latest(struct fr_state_reader *r, fr_time_ms *latest_ms, struct fr_errmsg *msg) {
    const struct fr_keys *k = &r->keys[FR_STAGE_USER];
    struct fr_str *keys = fr_arena_alloc(&r->arena, k->partitions * sizeof *keys);
    struct fr_str *values = fr_arena_alloc(&r->arena, k->partitions * sizeof *values);
    const struct fr_str watermark = {(const char[]){FR_KEY_WATERMARK}, 1};
    *latest_ms = INT64_MIN;
    for (uint32_t p = 0; p < k->partitions; p++) keys[p] = fr_keys_state(k, (int32_t)p, watermark, &r->arena);
    enum fr_err err = r->store->ops->load(r->store, keys, k->partitions, values, &r->arena, msg);
    for (uint32_t p = 0; p < k->partitions && err == FR_OK; p++) {
        struct fr_state state = {.key = keys[p]};
        if (!values[p].len) continue;
        if (!fr_state_unwrap(values[p], &state)) return fr_state_corrupt(&state, msg);
        struct fr_reader in = fr_reader_of(state.bytes);
        fr_time_ms watermark_ms = fr_pack_read_int(&in);
        if (watermark_ms > *latest_ms) *latest_ms = watermark_ms;
    }
    return err;
}

enum fr_err fr_state_epoch(struct fr_state_reader *r, int32_t *epoch, struct fr_errmsg *msg) {
    fr_time_ms latest_ms;
    enum fr_err err = fr_state_latest(r, &latest_ms, msg);
    *epoch = latest_ms == INT64_MIN ? 0 : fr_epoch_of(&r->rules.profile, latest_ms);
    return err;
}

/* ---- one state ---- */

static struct fr_str state_name(enum fr_stage_kind stage) {
    static const char names[FR_STAGE_N][3] = {
        {FR_KEY_USER, ':'}, {FR_KEY_ITEM, ':'}, {FR_KEY_MODEL, ':'}, ""};
    return fr_str_of(names[stage]);
}

static enum fr_err load_one(struct fr_state_reader *r, enum fr_stage_kind stage, struct fr_str key,
                            int32_t partition, struct fr_state *out, struct fr_errmsg *msg) {
    struct fr_str value;
    out->key = fr_keys_state(&r->keys[stage], partition, key, &r->arena);
    out->bytes = (struct fr_str){NULL, 0};
    enum fr_err err = r->store->ops->load(r->store, &out->key, 1, &value, &r->arena, msg);
    if (err != FR_OK || !value.len) return err;
    return fr_state_unwrap(value, out) ? FR_OK : fr_state_corrupt(out, msg);
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
    return fr_user_decode(out, state->bytes, &r->rules.profile, &r->ids, NULL) == FR_OK
               ? FR_OK
               : fr_state_corrupt(state, msg);
}

enum fr_err fr_state_item(struct fr_state_reader *r, const struct fr_state *state, struct fr_item *out,
                          struct fr_errmsg *msg) {
    *out = (struct fr_item){0};
    return fr_item_decode(out, &r->ids, state->bytes) ? FR_OK : fr_state_corrupt(state, msg);
}

/* ---- what to say ---- */

int fr_report_failed(const char *command, enum fr_err err, const struct fr_errmsg *msg) {
    fprintf(stderr, "freshet %s: %s\n", command, msg->text[0] ? msg->text : fr_err_text(err));
    if (err == FR_CONFIG) return FR_EXIT_CONFIG;
    if (err == FR_STATE_CORRUPT || err == FR_IO || err == FR_LIMIT) return FR_EXIT_INTERNAL;
    return FR_EXIT_UNAVAILABLE;
}
