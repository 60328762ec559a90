#include "bundle_head.h"
#include "plain_key.h"
#include "freshet/base/hash.h"
#include "freshet/base/pack.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- names ---- */

static struct fr_str in_force_key(const char *prefix, char out[BUNDLE_KEY_BYTES]) {
    snprintf(out, BUNDLE_KEY_BYTES, "%s:models:in-force", prefix);
    return fr_str_of(out);
}

struct fr_str fr_bundle_in_force_key(const char *prefix, struct fr_arena *arena) {
    char key[BUNDLE_KEY_BYTES];
    return fr_arena_copy(arena, in_force_key(prefix, key));
}

/* ---- writing ---- */

static void write_head(const struct fr_bundle *b, const struct fr_buf *bytes, uint32_t chunks,
                       struct fr_buf *out) {
    struct fr_buf manifest = {0};
    fr_bundle_json(b, &manifest);
    fr_pack_map(out, 5);
    fr_pack_str(out, FR_STR("bytes"));
    fr_pack_int(out, (int64_t)bytes->len);
    fr_pack_str(out, FR_STR("chunks"));
    fr_pack_int(out, chunks);
    fr_pack_str(out, FR_STR("hash"));
    fr_pack_int(out, (int64_t)bundle_hash(fr_buf_slice(bytes)));
    fr_pack_str(out, FR_STR("parent"));
    fr_pack_str(out, fr_str_of(b->parent));
    fr_pack_str(out, FR_STR("manifest"));
    fr_pack_str(out, fr_buf_slice(&manifest));
    fr_buf_fini(&manifest);
}

static enum fr_err put_chunks(const struct fr_bundle_store *s, const char *version,
                              const struct fr_buf *bytes, uint32_t *chunks, struct fr_errmsg *msg) {
    char key[BUNDLE_KEY_BYTES];
    enum fr_err err = FR_OK;
    *chunks = 0;
    for (size_t at = 0; at < bytes->len && err == FR_OK; at += FR_BUNDLE_CHUNK_BYTES) {
        size_t n = bytes->len - at < FR_BUNDLE_CHUNK_BYTES ? bytes->len - at : FR_BUNDLE_CHUNK_BYTES;
        struct fr_str chunk = {bytes->data + at, (uint32_t)n};
        err = plain_key_put(s->store, bundle_chunk_key(s->prefix, version, (*chunks)++, key), chunk, 0, msg);
    }
    return err;
}

enum fr_err fr_bundle_put(const struct fr_bundle_store *s, const struct fr_bundle *b, struct fr_errmsg *msg) {
    struct fr_buf bytes = {0}, head = {0};
    char key[BUNDLE_KEY_BYTES];
    uint32_t chunks;
    fr_bundle_write(b, &bytes);
    enum fr_err err = put_chunks(s, b->version, &bytes, &chunks, msg);
    if (err == FR_OK) {
        write_head(b, &bytes, chunks, &head);
        err =
            plain_key_put(s->store, bundle_head_key(s->prefix, b->version, key), fr_buf_slice(&head), 0, msg);
    }
    fr_buf_fini(&bytes);
    fr_buf_fini(&head);
    return err;
}

/* ---- reading ---- */

static void copy_version(struct fr_str from, char to[FR_BUNDLE_VERSION_BYTES]) {
    if (!fr_bundle_version_valid(from)) from.len = 0;
    if (from.len) memcpy(to, from.ptr, from.len);
    to[from.len] = '\0';
}

enum fr_err fr_bundle_get(const struct fr_bundle_store *s, const char *version, struct fr_bundle **out,
                          struct fr_errmsg *msg) {
    struct fr_bundle_fetch f;
    struct fr_arena arena = {0};
    const struct fr_str *keys;
    enum fr_err err = FR_OK;
    *out = NULL;
    fr_bundle_fetch_init(&f, s->prefix, fr_str_of(version));
    while (err == FR_OK && fr_bundle_fetch_keys(&f, &arena, &keys)) {
        struct fr_str value;
        err = plain_key_get(s->store, keys[0], &value, &arena, msg);
        if (err == FR_OK) fr_bundle_fetch_values(&f, &value, 1);
        fr_arena_clear(&arena);
    }
    if (err == FR_OK && !f.bundle) err = fr_err_set(msg, f.err, "%s", f.why.text);
    if (err == FR_OK) *out = f.bundle, f.bundle = NULL;
    fr_bundle_fetch_fini(&f);
    fr_arena_fini(&arena);
    return err;
}

enum fr_err fr_bundle_in_force(const struct fr_bundle_store *s, char version[FR_BUNDLE_VERSION_BYTES],
                               struct fr_errmsg *msg) {
    struct fr_arena arena = {0};
    struct fr_str value;
    char key[BUNDLE_KEY_BYTES];
    enum fr_err err = plain_key_get(s->store, in_force_key(s->prefix, key), &value, &arena, msg);
    copy_version(err == FR_OK ? value : (struct fr_str){0}, version);
    fr_arena_fini(&arena);
    return err;
}

enum fr_err fr_bundle_set_in_force(const struct fr_bundle_store *s, const char *version,
                                   struct fr_errmsg *msg) {
    char key[BUNDLE_KEY_BYTES];
    return plain_key_put(s->store, in_force_key(s->prefix, key), fr_str_of(version),
                         version[0] ? 0 : PLAIN_KEY_GONE_AFTER_S, msg);
}

/* ---- which there are ---- */

struct names {
    uint32_t skip; /* bytes before the version */
    char (*at)[FR_BUNDLE_VERSION_BYTES];
    uint32_t n, cap;
};

/* <prefix>:models:<kind>:<version>[:<n>] */
static bool note_version(void *context, struct fr_str key) {
    struct names *names = context;
    struct fr_str version = {key.ptr + names->skip, key.len - names->skip};
    const char *colon = memchr(version.ptr, ':', version.len);
    if (colon) version.len = (uint32_t)(colon - version.ptr);
    if (!fr_bundle_version_valid(version)) return true;
    if (names->n == names->cap)
        names->at = fr_realloc(names->at, (names->cap = 2 * names->cap + 16) * sizeof *names->at);
    memcpy(names->at[names->n], version.ptr, version.len);
    names->at[names->n++][version.len] = '\0';
    return true;
}

static int compare_versions(const void *a, const void *b) { return strcmp(a, b); }

/* Ascending, each once. */
static enum fr_err find_versions(const struct fr_bundle_store *s, const char *kind, struct names *out,
                                 struct fr_errmsg *msg) {
    char prefix[BUNDLE_KEY_BYTES];
    *out =
        (struct names){.skip = (uint32_t)snprintf(prefix, sizeof prefix, "%s:models:%s:", s->prefix, kind)};
    enum fr_err err = s->store->ops->scan(s->store, fr_str_of(prefix), note_version, out, msg);
    if (out->n) qsort(out->at, out->n, sizeof *out->at, compare_versions);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->n; i++)
        if (i == 0 || strcmp(out->at[i], out->at[kept - 1]) != 0)
            memmove(out->at[kept++], out->at[i], sizeof *out->at);
    out->n = kept;
    return err;
}

enum fr_err fr_bundle_list(const struct fr_bundle_store *s, struct fr_stored_bundle out[FR_BUNDLES_MAX],
                           uint32_t *n, struct fr_arena *arena, struct fr_errmsg *msg) {
    struct names names;
    char key[BUNDLE_KEY_BYTES];
    *n = 0;
    enum fr_err err = find_versions(s, "bundle", &names, msg);
    uint32_t first = names.n > FR_BUNDLES_MAX ? names.n - FR_BUNDLES_MAX : 0;
    for (uint32_t i = first; i < names.n && err == FR_OK; i++) {
        struct fr_str value;
        struct bundle_head head;
        err = plain_key_get(s->store, bundle_head_key(s->prefix, names.at[i], key), &value, arena, msg);
        if (err != FR_OK || !bundle_head_read(value, &head)) continue; /* deleted meanwhile */
        struct fr_stored_bundle *b = &out[(*n)++];
        *b = (struct fr_stored_bundle){.bytes = head.bytes, .manifest = head.manifest};
        memcpy(b->version, names.at[i], sizeof b->version);
    }
    free(names.at);
    return err;
}

/* ---- deleting ---- */

static enum fr_err delete_bundle(const struct fr_bundle_store *s, const char *version,
                                 struct fr_errmsg *msg) {
    struct fr_arena arena = {0};
    struct fr_str value;
    char key[BUNDLE_KEY_BYTES];
    struct bundle_head head = {0};
    enum fr_err err = plain_key_get(s->store, bundle_head_key(s->prefix, version, key), &value, &arena, msg);
    if (err == FR_OK && value.len) bundle_head_read(value, &head);
    if (err == FR_OK)
        err = plain_key_delete(s->store, bundle_head_key(s->prefix, version, key),
                               msg); /* first: nobody may find half of it */
    for (uint32_t i = 0; i < head.chunks && err == FR_OK; i++)
        err = plain_key_delete(s->store, bundle_chunk_key(s->prefix, version, i, key), msg);
    fr_arena_fini(&arena);
    return err;
}

static enum fr_err delete_orphan(const struct fr_bundle_store *s, const char *version,
                                 struct fr_errmsg *msg) {
    char key[BUNDLE_KEY_BYTES];
    enum fr_err err = FR_OK;
    for (uint32_t i = 0; i < UINT32_MAX / FR_BUNDLE_CHUNK_BYTES + 1 && err == FR_OK; i++)
        err = plain_key_delete(s->store, bundle_chunk_key(s->prefix, version, i, key), msg);
    return err;
}

enum fr_err fr_bundle_parent(const struct fr_bundle_store *s, const char *version,
                             char parent[FR_BUNDLE_VERSION_BYTES], struct fr_errmsg *msg) {
    struct fr_arena arena = {0};
    struct fr_str value;
    struct bundle_head head;
    char key[BUNDLE_KEY_BYTES];
    parent[0] = '\0';
    enum fr_err err = plain_key_get(s->store, bundle_head_key(s->prefix, version, key), &value, &arena, msg);
    if (err == FR_OK && !value.len) err = fr_err_set(msg, FR_LIMIT, "there is no bundle %s", version);
    if (err == FR_OK && bundle_head_read(value, &head)) copy_version(head.parent, parent);
    fr_arena_fini(&arena);
    return err;
}

/* The version in force may not be deleted, nor the one to go back to. */
static enum fr_err protect(const struct fr_bundle_store *s, char kept[2][FR_BUNDLE_VERSION_BYTES],
                           struct fr_errmsg *msg) {
    kept[1][0] = '\0';
    enum fr_err err = fr_bundle_in_force(s, kept[0], msg);
    if (err != FR_OK || !kept[0][0]) return err;
    err = fr_bundle_parent(s, kept[0], kept[1], msg);
    return err == FR_LIMIT ? FR_OK : err; /* it is gone already */
}

static bool is_among(const struct names *names, const char *version) {
    return names->n && bsearch(version, names->at, names->n, sizeof *names->at, compare_versions);
}

enum fr_err fr_bundle_prune(const struct fr_bundle_store *s, uint32_t keep, fr_time_ms now_ms,
                            struct fr_errmsg *msg) {
    char kept[2][FR_BUNDLE_VERSION_BYTES];
    struct names heads = {0}, chunks = {0};
    struct fr_bundle yesterday = {.created_ms = now_ms - FR_BUNDLE_ORPHAN_MS};
    fr_bundle_name(&yesterday);
    enum fr_err err = protect(s, kept, msg);
    if (err == FR_OK) err = find_versions(s, "bundle", &heads, msg);
    if (err == FR_OK) err = find_versions(s, "chunk", &chunks, msg);
    for (uint32_t i = 0; i < chunks.n && err == FR_OK; i++)
        if (!is_among(&heads, chunks.at[i]) && strcmp(chunks.at[i], yesterday.version) < 0)
            err = delete_orphan(s, chunks.at[i], msg);
    for (uint32_t i = 0; i + keep < heads.n && err == FR_OK; i++)
        if (strcmp(heads.at[i], kept[0]) != 0 && strcmp(heads.at[i], kept[1]) != 0)
            err = delete_bundle(s, heads.at[i], msg);
    free(heads.at);
    free(chunks.at);
    return err;
}
