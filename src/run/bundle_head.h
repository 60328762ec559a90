/* bundle_head.h - the names of a bundle's keys and what its head says; for the files that read and write bundles. */
#ifndef FR_RUN_BUNDLE_HEAD_H
#define FR_RUN_BUNDLE_HEAD_H

#include "freshet/run/bundle_store.h"

enum { BUNDLE_KEY_BYTES = 192 };

struct bundle_head {
    uint64_t bytes, hash;
    uint32_t chunks;
    struct fr_str manifest, parent; /* lent from the value */
};

struct fr_str bundle_head_key(const char *prefix, const char *version, char out[BUNDLE_KEY_BYTES]);
struct fr_str bundle_chunk_key(const char *prefix, const char *version, uint32_t n,
                               char out[BUNDLE_KEY_BYTES]);
/* The hash of a bundle's bytes, as its head has it. */
uint64_t bundle_hash(struct fr_str bytes);
bool bundle_head_read(struct fr_str value, struct bundle_head *out);

#endif
