/* refitting.h - the refits of a running freshet. Private to the room.
 *
 * Threads   one owner. Memory: borrows wiring and rules until stop. */
#ifndef FR_APP_REFITTING_H
#define FR_APP_REFITTING_H

#include "freshet/app/wiring.h"
#include "freshet/run/refitter.h"

struct refitting;

/* Starts the thread where the learner stage runs; *out is NULL where it does not. FR_CONFIG, FR_IO: models.parameters. */
/* catalogs: of the runner, NULL: none; kept until stop. */
enum fr_err refitting_start(struct fr_wiring *wiring, const struct fr_rules *rules, struct fr_slot *catalogs,
                            struct refitting **out, struct fr_errmsg *msg);
/* To be called now and then: asks for a refit when the lists of the running stages are hit less often than they were. NULL is
 * accepted. */
void refitting_watch(struct refitting *r, struct fr_runner *runner);
/* A refit as soon as possible; what it is doing. r is not NULL. */
void refitting_ask(struct refitting *r);
void refitting_status(struct refitting *r, struct fr_refitter_status *out);
/* Gives up a fit under way. NULL is accepted. */
void refitting_stop(struct refitting **r);

#endif
