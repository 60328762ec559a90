/* meta.h - the meta value of a partition: who may write, how far the state is, what it was made from.
 * One MessagePack array: [version, topic, partitions, code, epoch, next_offset, fingerprint]. docs/STATE.md.
 */
#ifndef FR_RUN_META_H
#define FR_RUN_META_H

#include "freshet/base/buf.h"
#include "freshet/port/bus.h"

enum {
    FR_META_BYTES = 128,
    FR_STATE_CODE = 1
}; /* FR_STATE_CODE: grows when old states can no longer be continued */

struct fr_meta {
    uint64_t topic;      /* hash of the input topic's name and the rules that shape states */
    uint32_t partitions; /* of the input topic */
    uint32_t code;
    uint64_t epoch;       /* one more at every take-over */
    int64_t next_offset;  /* o_r: the state is F(log[0, next_offset)); -1: nothing yet */
    uint64_t fingerprint; /* of the record at next_offset - 1 */
};

/* A meta value as stored, so that it can be compared byte for byte. */
struct fr_meta_bytes {
    char data[FR_META_BYTES];
    uint32_t len; /* 0: absent */
};

void fr_meta_encode(const struct fr_meta *m, struct fr_meta_bytes *out);
bool fr_meta_decode(struct fr_str bytes, struct fr_meta *out);
uint64_t fr_meta_fingerprint(const struct fr_record *record);
static inline struct fr_str fr_meta_slice(const struct fr_meta_bytes *b) {
    return (struct fr_str){b->len ? b->data : NULL, b->len};
}

#endif
