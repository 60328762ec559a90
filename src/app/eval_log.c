#include "freshet/app/command.h"
#include "eval_log.h"
#include <stdio.h>

enum fr_err eval_log_read(const struct eval_log *log, struct fr_replay_sink sink, struct fr_errmsg *msg) {
    struct fr_replay *r = fr_replay_new(log->rules, sink, 0, false);
    enum fr_err err = fr_replay_file(r, log->first, msg);
    for (int i = 0; i < log->more_n && err == FR_OK; i++) err = fr_replay_file(r, log->more[i], msg);
    fr_replay_free(&r);
    return err;
}

static enum fr_err count_line(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg) {
    (void)line;
    (void)msg;
    ++*(uint64_t *)context;
    return FR_OK;
}

enum fr_err eval_log_count(const struct eval_log *log, uint64_t *lines, struct fr_errmsg *msg) {
    return eval_log_read(log, (struct fr_replay_sink){lines, count_line}, msg);
}

int eval_write(const char *path, const struct fr_buf *text) {
    FILE *f = fopen(path, "we");
    bool ok = f && fwrite(text->data, 1, text->len, f) == text->len;
    if (f && fclose(f)) ok = false;
    if (ok) return FR_EXIT_OK;
    fprintf(stderr, "freshet: %s: cannot be written\n", path);
    return FR_EXIT_UNAVAILABLE;
}
