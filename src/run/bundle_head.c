#include "bundle_head.h"
#include "freshet/base/hash.h"
#include "freshet/base/pack.h"
#include <stdio.h>

struct fr_str bundle_head_key(const char *prefix, const char *version, char out[BUNDLE_KEY_BYTES]) {
    snprintf(out, BUNDLE_KEY_BYTES, "%s:models:bundle:%s", prefix, version);
    return fr_str_of(out);
}

struct fr_str bundle_chunk_key(const char *prefix, const char *version, uint32_t n,
                               char out[BUNDLE_KEY_BYTES]) {
    snprintf(out, BUNDLE_KEY_BYTES, "%s:models:chunk:%s:%u", prefix, version, n);
    return fr_str_of(out);
}

uint64_t bundle_hash(struct fr_str bytes) { return fr_hash64(bytes.ptr, bytes.len, 0) >> 1; }

bool bundle_head_read(struct fr_str value, struct bundle_head *out) {
    struct fr_reader in = fr_reader_of(value);
    *out = (struct bundle_head){0};
    for (uint32_t n = fr_pack_read_map(&in); n && in.ok; n--) {
        struct fr_str key = fr_pack_read_str(&in);
        if (fr_str_eq(key, FR_STR("bytes")))
            out->bytes = (uint64_t)fr_pack_read_int(&in);
        else if (fr_str_eq(key, FR_STR("chunks")))
            out->chunks = (uint32_t)fr_pack_read_int(&in);
        else if (fr_str_eq(key, FR_STR("hash")))
            out->hash = (uint64_t)fr_pack_read_int(&in);
        else if (fr_str_eq(key, FR_STR("parent")))
            out->parent = fr_pack_read_str(&in);
        else if (fr_str_eq(key, FR_STR("manifest")))
            out->manifest = fr_pack_read_str(&in);
        else
            fr_pack_skip(&in);
    }
    return in.ok && out->bytes > 0 && out->bytes <= UINT32_MAX && out->manifest.len &&
           out->chunks == (out->bytes + FR_BUNDLE_CHUNK_BYTES - 1) / FR_BUNDLE_CHUNK_BYTES;
}
