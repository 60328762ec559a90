#include "freshet/run/meta.h"
#include "freshet/base/hash.h"
#include "freshet/base/pack.h"
#include <stdlib.h>

enum { META_VERSION = 1 };

void fr_meta_encode(const struct fr_meta *m, struct fr_meta_bytes *out) {
    struct fr_buf b = {0};
    fr_pack_array(&b, 7);
    fr_pack_int(&b, META_VERSION);
    fr_pack_int(&b, (int64_t)(m->topic >> 1)); /* 63 bits, so that every reader has an integer for it */
    fr_pack_int(&b, m->partitions);
    fr_pack_int(&b, m->code);
    fr_pack_int(&b, (int64_t)m->epoch);
    fr_pack_int(&b, m->next_offset);
    fr_pack_int(&b, (int64_t)(m->fingerprint >> 1));
    FR_ASSERT(b.len <= FR_META_BYTES);
    memcpy(out->data, b.data, b.len);
    out->len = (uint32_t)b.len;
    fr_buf_fini(&b);
}

bool fr_meta_decode(struct fr_str bytes, struct fr_meta *out) {
    struct fr_reader r = fr_reader_of(bytes);
    if (fr_pack_read_array(&r) != 7 || fr_pack_read_int(&r) != META_VERSION) return false;
    struct fr_meta m;
    m.topic = (uint64_t)fr_pack_read_int(&r) << 1;
    m.partitions = (uint32_t)fr_pack_read_int(&r);
    m.code = (uint32_t)fr_pack_read_int(&r);
    m.epoch = (uint64_t)fr_pack_read_int(&r);
    m.next_offset = fr_pack_read_int(&r);
    m.fingerprint = (uint64_t)fr_pack_read_int(&r) << 1;
    if (!r.ok || r.at != r.end) return false;
    *out = m;
    return true;
}

uint64_t fr_meta_fingerprint(const struct fr_record *r) {
    uint64_t h = fr_hash64(r->key.ptr, r->key.len, (uint64_t)r->offset);
    h = fr_hash64(r->value.ptr, r->value.len, h);
    return fr_hash64(&r->timestamp_ms, sizeof r->timestamp_ms, h) & ~1ull;
}
