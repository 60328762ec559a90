/* bundle_store.h - bundles in the store: written once, read by every instance, the old ones deleted.
 *
 *   <prefix>:models:chunk:<version>:<n>   FR_BUNDLE_CHUNK_BYTES of the bundle at most
 *   <prefix>:models:bundle:<version>      MessagePack {"bytes", "chunks", "hash", "parent", "manifest"}, written last: a bundle without it
 *                                         does not exist
 *   <prefix>:models:in-force              the version that was promoted last: a view of what freshet.examples says, for those
 *                                         who fit and for reports
 *
 * Promise   what get gives is what put was given, or FR_STATE_CORRUPT. A put that is cut anywhere leaves at most chunks that
 *           nobody sees; prune deletes them after FR_BUNDLE_ORPHAN_MS. None of this is state of a stage.
 * Threads   one owner of the store endpoint. Two processes may put at a time: versions differ.
 * Errors    FR_STORE_*; FR_STATE_CORRUPT; FR_LIMIT: no such version. */
#ifndef FR_RUN_BUNDLE_STORE_H
#define FR_RUN_BUNDLE_STORE_H

#include "freshet/learn/bundle.h"
#include "freshet/port/store.h"

enum { FR_BUNDLE_CHUNK_BYTES = 16 << 20, FR_BUNDLES_MAX = 256, FR_BUNDLE_ORPHAN_MS = 24 * 3600 * 1000 };

struct fr_bundle_store {
    struct fr_store *store; /* borrowed */
    const char *prefix;
};

/* Writes a bundle under its version. */
enum fr_err fr_bundle_put(const struct fr_bundle_store *s, const struct fr_bundle *b,
                          struct fr_errmsg *msg) FR_MUST_USE;
/* gives *out. */
enum fr_err fr_bundle_get(const struct fr_bundle_store *s, const char *version, struct fr_bundle **out,
                          struct fr_errmsg *msg) FR_MUST_USE;

/* The same a key at a time, for those who do no I/O themselves. */
struct fr_bundle_fetch {
    char version[FR_BUNDLE_VERSION_BYTES];
    const char *prefix; /* borrowed */
    bool done;
    struct fr_bundle *bundle; /* owned; NULL until it is done, and when it failed */
    enum fr_err err;          /* why it failed: FR_LIMIT, FR_STATE_CORRUPT */
    struct fr_errmsg why;
    /* what was read so far */
    uint32_t chunks, next; /* chunks 0: the head is still to come */
    uint64_t byte_n, hash;
    struct fr_buf bytes;
};

void fr_bundle_fetch_init(struct fr_bundle_fetch *f, const char *prefix, struct fr_str version);
void fr_bundle_fetch_fini(struct fr_bundle_fetch *f);
/* The key to be read next, in the arena; returns how many: 0 when it is done, else 1. */
uint32_t fr_bundle_fetch_keys(const struct fr_bundle_fetch *f, struct fr_arena *arena,
                              const struct fr_str **keys);
/* Its value; ptr NULL: absent. */
void fr_bundle_fetch_values(struct fr_bundle_fetch *f, const struct fr_str *values, uint32_t n);

/* What was in force when it was fitted; "": nothing. */
enum fr_err fr_bundle_parent(const struct fr_bundle_store *s, const char *version,
                             char parent[FR_BUNDLE_VERSION_BYTES], struct fr_errmsg *msg) FR_MUST_USE;

struct fr_stored_bundle {
    char version[FR_BUNDLE_VERSION_BYTES];
    uint64_t bytes;
    struct fr_str manifest; /* JSON, in the arena */
};
/* The versions that are there, oldest first, at most FR_BUNDLES_MAX (the latest). Gives how many in *n. */
enum fr_err fr_bundle_list(const struct fr_bundle_store *s, struct fr_stored_bundle out[FR_BUNDLES_MAX],
                           uint32_t *n, struct fr_arena *arena, struct fr_errmsg *msg) FR_MUST_USE;
/* The key of the version in force, for the stage that knows it. */
struct fr_str fr_bundle_in_force_key(const char *prefix, struct fr_arena *arena);
/* "": none. */
enum fr_err fr_bundle_in_force(const struct fr_bundle_store *s, char version[FR_BUNDLE_VERSION_BYTES],
                               struct fr_errmsg *msg) FR_MUST_USE;
enum fr_err fr_bundle_set_in_force(const struct fr_bundle_store *s, const char *version,
                                   struct fr_errmsg *msg) FR_MUST_USE;
/* Deletes all but the latest `keep`, the one in force and its parent, and chunks of puts that were cut long before now_ms. */
enum fr_err fr_bundle_prune(const struct fr_bundle_store *s, uint32_t keep, fr_time_ms now_ms,
                            struct fr_errmsg *msg) FR_MUST_USE;

#endif
