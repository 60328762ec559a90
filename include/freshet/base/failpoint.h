/* failpoint.h - named places where a crash test can kill the process.
 *
 *   FRESHET_FAILPOINT=C4:3    SIGKILL at the third pass of the place called C4 (":N" absent: the first)
 *
 * The environment is read once; without it a pass costs one load and one branch. Threads: any. */
#ifndef FR_BASE_FAILPOINT_H
#define FR_BASE_FAILPOINT_H

#include <stdbool.h>

/* Does not return when this was the pass that was asked for. */
void fr_failpoint(const char *name);

/* As fr_failpoint, but delay_us later and on a thread of its own: the end comes while the call that follows is under
 * way. When name is not wanted it costs no thread. */
void fr_failpoint_soon(const char *name, unsigned delay_us);
/* Whether name is the place that was asked for: lets code set the scene that the crash needs. */
bool fr_failpoint_armed(const char *name);

#endif
