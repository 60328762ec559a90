/* eval_log.h - what measurements on a log share: its files read as one, counted, and what is handed out in files. */
#ifndef FR_APP_EVAL_LOG_H
#define FR_APP_EVAL_LOG_H

#include "freshet/app/replay.h"

/* The files of one log, in order; each line goes to the sink. Errors: of fr_replay_file. */
struct eval_log {
    const struct fr_event_rules *rules;
    const char *first;
    char **more; /* [more_n] */
    int more_n;
};

enum fr_err eval_log_read(const struct eval_log *log, struct fr_replay_sink sink,
                          struct fr_errmsg *msg) FR_MUST_USE;
/* Lines that are not empty. */
enum fr_err eval_log_count(const struct eval_log *log, uint64_t *lines, struct fr_errmsg *msg) FR_MUST_USE;

/* The file becomes the text. The exit code: FR_EXIT_OK, or FR_EXIT_UNAVAILABLE after complaining. */
int eval_write(const char *path, const struct fr_buf *text);

#endif
