/* store_memory.h - the store's twin in memory: a "server" that outlives its endpoints, and the faults a
 * server has.
 *
 * Good for  the simulator, `freshet eval`, benchmarks, tests. Same contract as the real store
 *           (tests/contract/).
 * Threads   a server may be shared by endpoints of several threads (one mutex); an endpoint has one owner. */
#ifndef FR_ADAPT_STORE_MEMORY_H
#define FR_ADAPT_STORE_MEMORY_H

#include "freshet/port/store.h"

struct fr_store_memory;

/* What becomes of one step of an operation; asked by the twin, answered by the simulator. */
enum fr_store_verdict {
    FR_STORE_GO,
    FR_STORE_WAIT,      /* not yet: FR_PENDING */
    FR_STORE_REFUSE,    /* FR_STORE_BUSY, nothing written */
    FR_STORE_CUT,       /* the connection breaks before it takes effect */
    FR_STORE_CUT_AFTER, /* it takes effect, the answer is lost */
};
enum fr_store_point { FR_STORE_AT_LOAD, FR_STORE_AT_COMMIT, FR_STORE_AT_PUT };

struct fr_store_memory_faults {
    void *context;
    enum fr_store_verdict (*decide)(void *context, enum fr_store_point point);
    /* Told of each commit that takes effect, with the endpoint that sent it (its process may be dead). May be NULL. */
    void (*executed)(void *context, const struct fr_store_commit *commit, const void *endpoint);
};

struct fr_store_memory *fr_store_memory_new(void); /* gives */
void fr_store_memory_free(struct fr_store_memory **server);
struct fr_store *fr_store_memory_open(struct fr_store_memory *server); /* gives; close with ops->close */
/* Keeps faults until replaced; NULL: none. */
void fr_store_memory_set_faults(struct fr_store_memory *server, const struct fr_store_memory_faults *faults);
/* Remember how to take back the last n commits (0: none, the default). */
void fr_store_memory_keep_undo(struct fr_store_memory *server, unsigned n);
/* The server restarts with an older state: takes back the last n commits it remembers; returns how many. */
unsigned fr_store_memory_roll_back(struct fr_store_memory *server, unsigned n);
void fr_store_memory_flush(struct fr_store_memory *server); /* FLUSHALL */
/* For negative controls: a commit that is cut leaves a part of its pairs behind. seed chooses which. */
void fr_store_memory_tear(struct fr_store_memory *server, bool on);
/* The endpoint's process died: frees it; a commit that was under way may still be executed by the server, at
 * fr_store_memory_run_orphans. */
void fr_store_memory_crash(struct fr_store *endpoint);
void fr_store_memory_run_orphans(struct fr_store_memory *server);
/* The value of a key, lent until the next write; ptr NULL when absent. */
struct fr_str fr_store_memory_get(struct fr_store_memory *server, struct fr_str key);

#endif
