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
/* Whether name is the place that was asked for: lets code set the scene that the crash needs. */
bool fr_failpoint_armed(const char *name);

#endif
