/* replay.h - a recorded log, JSON lines, plain or gzip, line by line to whoever takes records.
 *
 * Promise   every line that is not empty goes out as it is, in order, keyed by its user_id (anonymous_id where
 *           there is none); a line that cannot be decoded goes out without a key and is counted, for the
 *           rejects topic to tell why. A line over FR_REPLAY_LINE_BYTES is left out and counted.
 * Not       it does not know Kafka: send does. It does not wait for what send has only queued.
 * Threads   one owner.
 * Errors    FR_IO: the file cannot be opened, read or unpacked; what send returns. */
#ifndef FR_APP_REPLAY_H
#define FR_APP_REPLAY_H

#include "freshet/base/buf.h"
#include "freshet/base/clock.h"
#include "freshet/event/decode.h"

/* What the topics that `freshet topics create` makes take, less some room for key and framing. */
enum { FR_REPLAY_LINE_BYTES = (4 << 20) - 4096 };

struct fr_replay_line {
    struct fr_str key, value; /* key.ptr NULL: no key */
    fr_time_ms time_ms;       /* when it happened by the event's own word; valid if has_time */
    bool has_time;
};

struct fr_replay_sink {
    void *context;
    /* Lent during the call. */
    enum fr_err (*send)(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg);
};

struct fr_replay_totals {
    uint64_t lines, bytes; /* sent */
    uint64_t bad;          /* of them, those that cannot be decoded */
    uint64_t too_long;     /* left out */
};

struct fr_replay;

/* rate: lines a second, 0: as fast as send takes them. progress: a line on standard error, in place when that
 * is a terminal, else every few seconds. Keeps rules until free. */
struct fr_replay *fr_replay_new(const struct fr_event_rules *rules, struct fr_replay_sink sink, double rate,
                                bool progress);
void fr_replay_free(struct fr_replay **replay);
/* Adds to the totals; "-" is standard input. */
enum fr_err fr_replay_file(struct fr_replay *replay, const char *path, struct fr_errmsg *msg) FR_MUST_USE;
struct fr_replay_totals fr_replay_totals(const struct fr_replay *replay);
/* One line for a person, or one JSON object. */
void fr_replay_summary(const struct fr_replay *replay, bool json, struct fr_buf *out);

#endif
