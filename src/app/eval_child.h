/* eval_child.h - a piece of work in a process of its own: what it takes at most is its own, and if it dies the others go on.
 *
 * What the work leaves behind it writes to shared memory that was made before. */
#ifndef FR_APP_EVAL_CHILD_H
#define FR_APP_EVAL_CHILD_H

#include "freshet/base/err.h"

/* Zeroed, seen by children that are made later; aborts when memory is gone. */
void *eval_shared_new(size_t bytes);
void eval_shared_free(void *shared, size_t bytes);

/* Runs work(context) in a child and waits. The process must have no other thread. FR_IO: no child could be made, or it died
 * before the end of work. */
enum fr_err eval_child_run(void (*work)(void *context), void *context, struct fr_errmsg *msg) FR_MUST_USE;

/* The most memory that this process has had since it began, in MiB. */
double eval_peak_mib(void);

#endif
