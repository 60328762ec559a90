#include "freshet/run/propensity_store.h"
#include "freshet/base/pack.h"
#include "plain_key.h"
#include <stdio.h>
#include <stdlib.h>

enum { KEY_BYTES = 320 };

static struct fr_str list_key(const char *prefix, char out[KEY_BYTES]) {
    snprintf(out, KEY_BYTES, "%s:models:propensities", prefix);
    return fr_str_of(out);
}

static struct fr_str model_key(const char *prefix, const char *task, const char *version,
                               char out[KEY_BYTES]) {
    snprintf(out, KEY_BYTES, "%s:models:propensity:%s:%s", prefix, task, version);
    return fr_str_of(out);
}

/* ---- the list ---- */

static bool read_text(struct fr_reader *in, char *out, size_t bytes) {
    struct fr_str text = fr_pack_read_str(in);
    if (!in->ok || text.len >= bytes || memchr(text.ptr, 0, text.len)) return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
    return true;
}

static bool read_list(struct fr_str value, struct fr_propensity_list *out) {
    struct fr_reader in = fr_reader_of(value);
    uint32_t n = fr_pack_read_array(&in);
    *out = (struct fr_propensity_list){0};
    if (!in.ok || n > FR_PROPENSITY_TASKS) return false;
    for (uint32_t i = 0; i < n; i++) {
        struct fr_propensity_entry *e = &out->at[i];
        if (fr_pack_read_array(&in) != 3 || !read_text(&in, e->task, sizeof e->task) ||
            !read_text(&in, e->version, sizeof e->version) || !read_text(&in, e->before, sizeof e->before))
            return false;
    }
    out->n = n;
    return in.ok && in.at == in.end;
}

static void write_list(const struct fr_propensity_list *list, struct fr_buf *out) {
    fr_pack_array(out, list->n);
    for (uint32_t i = 0; i < list->n; i++) {
        fr_pack_array(out, 3);
        fr_pack_str(out, fr_str_of(list->at[i].task));
        fr_pack_str(out, fr_str_of(list->at[i].version));
        fr_pack_str(out, fr_str_of(list->at[i].before));
    }
}

enum fr_err fr_propensity_list_get(struct fr_store *store, const char *prefix, struct fr_propensity_list *out,
                                   struct fr_errmsg *msg) {
    char key[KEY_BYTES];
    struct fr_arena arena = {0};
    struct fr_str value;
    *out = (struct fr_propensity_list){0};
    enum fr_err err = plain_key_get(store, list_key(prefix, key), &value, &arena, msg);
    if (err == FR_OK && value.len && !read_list(value, out)) {
        *out = (struct fr_propensity_list){0};
        err = fr_err_set(msg, FR_STATE_CORRUPT, "%s cannot be read", key);
    }
    fr_arena_fini(&arena);
    return err;
}

static enum fr_err put_list(struct fr_store *store, const char *prefix, const struct fr_propensity_list *list,
                            struct fr_errmsg *msg) {
    char key[KEY_BYTES];
    struct fr_buf out = {0};
    write_list(list, &out);
    enum fr_err err = plain_key_put(store, list_key(prefix, key), fr_buf_slice(&out), 0, msg);
    fr_buf_fini(&out);
    return err;
}

struct fr_propensity_entry *fr_propensity_list_find(struct fr_propensity_list *list, const char *task) {
    for (uint32_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i].task, task) == 0) return &list->at[i];
    return NULL;
}

/* Ascending by task. */
static struct fr_propensity_entry *insert(struct fr_propensity_list *list, const char *task) {
    uint32_t at = 0;
    if (list->n == FR_PROPENSITY_TASKS) return NULL;
    while (at < list->n && strcmp(list->at[at].task, task) < 0) at++;
    memmove(&list->at[at + 1], &list->at[at], (list->n - at) * sizeof list->at[0]);
    list->n++;
    list->at[at] = (struct fr_propensity_entry){0};
    snprintf(list->at[at].task, sizeof list->at[at].task, "%s", task);
    return &list->at[at];
}

/* ---- models ---- */

enum fr_err fr_propensity_put(struct fr_store *store, const char *prefix, const char *task,
                              const char *version, struct fr_str bytes, struct fr_errmsg *msg) {
    char key[KEY_BYTES], gone[FR_PROPENSITY_VERSION_BYTES];
    struct fr_propensity_list list;
    enum fr_err err = fr_propensity_list_get(store, prefix, &list, msg);
    if (err != FR_OK) return err;
    struct fr_propensity_entry *e = fr_propensity_list_find(&list, task);
    if (!e) e = insert(&list, task);
    if (!e)
        return fr_err_set(msg, FR_LIMIT, "there are propensities for %d tasks already", FR_PROPENSITY_TASKS);
    memcpy(gone, e->before, sizeof gone);
    memcpy(e->before, e->version, sizeof e->before);
    snprintf(e->version, sizeof e->version, "%s", version);
    err = plain_key_put(store, model_key(prefix, task, version, key), bytes, 0, msg);
    if (err == FR_OK) err = put_list(store, prefix, &list, msg);
    if (err == FR_OK && gone[0]) err = plain_key_delete(store, model_key(prefix, task, gone, key), msg);
    return err;
}

enum fr_err fr_propensity_roll_back(struct fr_store *store, const char *prefix, const char *task,
                                    struct fr_errmsg *msg) {
    struct fr_propensity_list list;
    enum fr_err err = fr_propensity_list_get(store, prefix, &list, msg);
    if (err != FR_OK) return err;
    struct fr_propensity_entry *e = fr_propensity_list_find(&list, task);
    if (!e || !e->before[0]) return fr_err_set(msg, FR_LIMIT, "there is none before for %s", task);
    struct fr_propensity_entry old = *e;
    memcpy(e->version, old.before, sizeof e->version);
    memcpy(e->before, old.version, sizeof e->before);
    return put_list(store, prefix, &list, msg);
}

enum fr_err fr_propensity_get(struct fr_store *store, const char *prefix, const char *task,
                              const char *version, struct fr_propensity **out, struct fr_errmsg *msg) {
    char key[KEY_BYTES];
    struct fr_arena arena = {0};
    struct fr_str value;
    struct fr_errmsg why = {0};
    *out = NULL;
    enum fr_err err = plain_key_get(store, model_key(prefix, task, version, key), &value, &arena, msg);
    if (err == FR_OK && !value.len) err = fr_err_set(msg, FR_STATE_CORRUPT, "%s is not there", key);
    if (err == FR_OK) {
        void *aligned = fr_alloc(value.len);
        memcpy(aligned, value.ptr, value.len);
        *out = fr_propensity_load((struct fr_str){aligned, value.len}, &why);
        free(aligned);
        if (!*out) err = fr_err_set(msg, why.code, "%s: %s", key, why.text);
    }
    fr_arena_fini(&arena);
    return err;
}
