/* freshet replay: recorded events into the events topic. */
#include "freshet/app/replay.h"
#include "kafka_command.h"
#include <stdio.h>

static const char help[] = "FILE holds one JSON event a line, plain or gzip; - is standard input. Records "
                           "get the event's own time,\n"
                           "so that a replayed log looks like the one that was recorded. Lines that are not "
                           "events are sent too: the\n"
                           "user stage sends them on to the rejects topic with the reason.\n"
                           "\n"
                           "Examples:\n"
                           "  freshet replay day.jsonl.gz                  as fast as Kafka takes it\n"
                           "  freshet replay --rate 500 --now day.jsonl    like live traffic\n"
                           "  zstdcat day.jsonl.zst | freshet replay --json -\n";

struct sending {
    struct fr_kafka_writer *writer;
    bool now;
    fr_time_ms started_ms;
};

/* A broker refuses times that lie ahead of its clock, and one ahead of ours would be: those get the present. */
static fr_time_ms record_time(const struct sending *s, const struct fr_replay_line *line) {
    if (s->now || !line->has_time || line->time_ms < 0 || line->time_ms > s->started_ms) return 0;
    return line->time_ms;
}

static enum fr_err send(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg) {
    struct sending *s = context;
    struct fr_out record = {.topic = FR_TOPIC_EVENTS,
                            .partition = -1,
                            .timestamp_ms = record_time(s, line),
                            .key = line->key,
                            .value = line->value};
    return fr_kafka_writer_put(s->writer, &record, msg);
}

static int replay(struct fr_app *app, const struct fr_wiring *w, const struct fr_rules *rules,
                  struct sending *s, double rate, bool progress, char **files, int n) {
    struct fr_errmsg msg = {0};
    struct fr_buf out = {0};
    enum fr_err err = FR_OK;
    int code = kafka_command_writer("replay", w, FR_TOPIC_EVENTS, &s->writer);
    if (code != FR_EXIT_OK) return code;
    struct fr_replay *r = fr_replay_new(&rules->events, (struct fr_replay_sink){s, send}, rate, progress);
    for (int i = 0; i < n && err == FR_OK; i++) err = fr_replay_file(r, files[i], &msg);
    err = kafka_command_finish(&s->writer, err, &msg);
    fr_replay_summary(r, app->json, &out);
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
    fr_replay_free(&r);
    return err == FR_OK ? FR_EXIT_OK : kafka_command_failed("replay", &app->config, err, &msg);
}

int fr_cmd_replay(struct fr_app *app, int argc, char **argv) {
    struct sending sending = {.started_ms = fr_clock_wall_ms()};
    double rate = 0;
    bool quiet = false;
    const struct fr_option options[] = {
        {"rate", 0, "N", FR_OPTION_NUMBER, &rate, "lines a second (default: no limit)"},
        {"now", 0, NULL, FR_OPTION_FLAG, &sending.now, "records get the time they are sent"},
        {"no-progress", 0, NULL, FR_OPTION_FLAG, &quiet, "no progress on standard error"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (code >= 0) return code;
    if (argc < 2) return fr_usage("replay", "which file? (- is standard input)");
    code = fr_app_configure(app);
    if (code) return code;
    struct fr_rules rules;
    struct fr_errmsg msg = {0};
    struct fr_wiring wiring;
    fr_wiring_init(&wiring, &app->config, NULL);
    enum fr_err err = fr_wire_rules(&app->config, &rules, &msg);
    code = err == FR_OK ? replay(app, &wiring, &rules, &sending, rate, !quiet, argv + 1, argc - 1)
                        : kafka_command_failed("replay", &app->config, err, &msg);
    fr_wiring_fini(&wiring);
    fr_rules_fini(&rules);
    return code;
}
