#include "freshet/app/replay.h"
#include "freshet/app/lines.h"
#include "freshet/base/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TERMINAL_US = 200000, LOG_US = 5000000, LOOK_EVERY = 256 };

struct fr_replay {
    struct fr_replay_sink sink;
    struct fr_decoder *decoder;
    struct fr_arena arena;
    double rate;
    bool progress, terminal;
    fr_mono_us start, next_report;
    struct fr_replay_totals totals;

    const char *name; /* of the file being read */
};

struct fr_replay *fr_replay_new(const struct fr_event_rules *rules, struct fr_replay_sink sink, double rate,
                                bool progress) {
    struct fr_replay *r = fr_alloc_zero(1, sizeof *r);
    r->sink = sink;
    r->decoder = fr_decoder_new(rules);
    r->rate = rate;
    r->progress = progress;
    r->terminal = isatty(STDERR_FILENO);
    r->start = fr_clock_mono_us();
    r->next_report = r->start + TERMINAL_US;
    return r;
}

void fr_replay_free(struct fr_replay **replay) {
    if (!*replay) return;
    fr_decoder_free(&(*replay)->decoder);
    fr_arena_fini(&(*replay)->arena);
    free(*replay);
    *replay = NULL;
}

static double elapsed_s(const struct fr_replay *r) { return (double)(fr_clock_mono_us() - r->start) / 1e6; }

/* Sleeps while the lines sent are ahead of the rate. */
static void keep_pace(const struct fr_replay *r) {
    if (r->rate <= 0) return;
    double ahead_s = (double)r->totals.lines / r->rate - elapsed_s(r);
    if (ahead_s > .001) fr_clock_sleep_ms((unsigned)(ahead_s < 3600 ? ahead_s * 1000 : 3600000));
}

/* done: how much of the file has been read, 0: not known. */
static void report(struct fr_replay *r, double done) {
    fr_mono_us now = fr_clock_mono_us();
    if (!r->progress || now < r->next_report) return;
    r->next_report = now + (r->terminal ? TERMINAL_US : LOG_US);
    double s = elapsed_s(r);
    fprintf(stderr, "%s%s: %llu lines, %.0f/s", r->terminal ? "\r\033[K" : "", r->name,
            (unsigned long long)r->totals.lines, (double)r->totals.lines / s);
    if (done > 0) fprintf(stderr, ", %.0f %%, about %.0f s left", 100 * done, s * (1 - done) / done);
    if (r->totals.bad) fprintf(stderr, ", %llu bad", (unsigned long long)r->totals.bad);
    if (!r->terminal) fputc('\n', stderr);
    fflush(stderr);
}

/* What the decoder makes of a line: key and time, if it has them. */
static struct fr_replay_line look_at(struct fr_replay *r, struct fr_str text) {
    struct fr_replay_line line = {.value = text};
    struct fr_event event;
    fr_arena_clear(&r->arena);
    if (fr_decode_native(r->decoder, text, &r->arena, &event, NULL) != FR_REJECT_NONE) {
        r->totals.bad++;
        return line;
    }
    struct fr_str key = event.user_id.len ? event.user_id : event.anonymous_id;
    if (key.len) line.key = key;
    line.has_time = event.has_time;
    line.time_ms = event.has_time ? event.time_ms : 0;
    return line;
}

static enum fr_err take_line(void *context, const struct fr_line *l, struct fr_errmsg *msg) {
    struct fr_replay *r = context;
    r->totals.too_long += l->is_overlong;
    if (l->text.len == 0) return FR_OK;
    struct fr_replay_line line = look_at(r, l->text);
    enum fr_err err = r->sink.send(r->sink.context, &line, msg);
    if (err != FR_OK) return err;
    r->totals.lines++;
    r->totals.bytes += l->text.len;
    keep_pace(r);
    if (r->totals.lines % LOOK_EVERY == 0) report(r, l->done);
    return FR_OK;
}

enum fr_err fr_replay_file(struct fr_replay *r, const char *path, struct fr_errmsg *msg) {
    r->name = fr_lines_name(path);
    enum fr_err err = fr_lines_each(path, FR_REPLAY_LINE_BYTES, take_line, r, msg);
    if (r->progress && r->terminal) fputs("\r\033[K", stderr);
    return err;
}

struct fr_replay_totals fr_replay_totals(const struct fr_replay *r) {
    return r->totals;
}

void fr_replay_summary(const struct fr_replay *r, bool json, struct fr_buf *out) {
    double s = elapsed_s(r), per_s = s > 0 ? (double)r->totals.lines / s : 0;
    if (!json) {
        fr_buf_printf(out, "%llu lines, %llu bytes in %.1f s (%.0f/s); %llu not decodable, %llu too long\n",
                      (unsigned long long)r->totals.lines, (unsigned long long)r->totals.bytes, s, per_s,
                      (unsigned long long)r->totals.bad, (unsigned long long)r->totals.too_long);
        return;
    }
    fr_json_open(out, '{');
    fr_json_key(out, "lines");
    fr_json_int(out, (int64_t)r->totals.lines);
    fr_json_key(out, "bytes");
    fr_json_int(out, (int64_t)r->totals.bytes);
    fr_json_key(out, "bad");
    fr_json_int(out, (int64_t)r->totals.bad);
    fr_json_key(out, "too_long");
    fr_json_int(out, (int64_t)r->totals.too_long);
    fr_json_key(out, "seconds");
    fr_json_number(out, s);
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}
