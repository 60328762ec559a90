/* running.h - what a runner tells those who ask over HTTP. Private to the room.
 *
 * Threads   as http.h says of its source. */
#ifndef FR_APP_RUNNING_H
#define FR_APP_RUNNING_H

#include "freshet/app/http.h"
#include "freshet/run/runner.h"

/* Borrows the runner: stop the HTTP server before the runner. */
struct fr_http_source running_source(struct fr_runner *runner);

#endif
