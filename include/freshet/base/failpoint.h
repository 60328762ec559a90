/* failpoint.h - places where a test may kill the process: FRESHET_FAILPOINT="NAME:COUNT" sends SIGKILL to
 * itself at the COUNT-th pass of the point NAME. Nothing else reads the variable; unset, a pass costs one
 * look at the environment. Threads: any. */
#ifndef FR_BASE_FAILPOINT_H
#define FR_BASE_FAILPOINT_H

void fr_failpoint(const char *name);

#endif
