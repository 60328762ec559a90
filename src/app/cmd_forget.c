/* freshet forget: a user_delete event for each user; the log orders it among everything else they did. */
#include "freshet/base/hash.h"
#include "freshet/base/json.h"
#include "freshet/base/utf8.h"
#include "kafka_command.h"
#include <stdio.h>
#include <unistd.h>

static const char help[] =
    "Sends a user_delete event for each user. When it is processed, the profile is deleted, what it gave to "
    "item\n"
    "affinities is taken back and the published list gets a tombstone. The events themselves stay in the "
    "log\n"
    "until its retention ends.\n"
    "\n"
    "Examples:\n"
    "  freshet forget u42                    asks first\n"
    "  freshet forget --yes u42 u43          does not\n"
    "  freshet forget --yes anon:5f3c        somebody known by an anonymous_id only\n"
    "  freshet show user u42                 whether it has happened: there is no such user\n";

/* What an accepted user_id is; see event/clean.h. */
static bool is_id(struct fr_str id) {
    for (uint32_t i = 0; i < id.len; i++)
        if ((unsigned char)id.ptr[i] <= 0x20 || id.ptr[i] == 0x7f) return false;
    return id.len > 0 && id.len <= FR_EVENT_ID_BYTES && fr_utf8_valid(id);
}

static bool confirmed(char **users, int n) {
    char answer[16] = "";
    fprintf(stderr, "Delete what is kept about %d user%s (", n, n == 1 ? "" : "s");
    for (int i = 0; i < n && i < 5; i++) fprintf(stderr, "%s%s", i ? ", " : "", users[i]);
    fprintf(stderr, "%s)? This cannot be undone. [y/N] ", n > 5 ? ", ..." : "");
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static void put_event(struct fr_str user, fr_time_ms now_ms, struct fr_buf *out) {
    char id[37];
    fr_hash_uuid(fr_hash128(user.ptr, user.len, (uint64_t)now_ms), id);
    fr_json_open(out, '{');
    fr_json_key(out, "event_type");
    fr_json_str(out, fr_str_of(fr_event_type_text(FR_EVENT_USER_DELETE)));
    fr_json_key(out, "user_id");
    fr_json_str(out, user);
    fr_json_key(out, "event_id");
    fr_json_str(out, fr_str_of(id));
    fr_json_key(out, "timestamp");
    fr_json_time(out, now_ms);
    fr_json_close(out, '}');
}

static int forget(const struct fr_app *app, const struct fr_wiring *w, char **users, int n) {
    struct fr_kafka_writer *writer;
    struct fr_errmsg msg = {0};
    struct fr_buf value = {0};
    fr_time_ms now_ms = fr_clock_wall_ms();
    enum fr_err err = FR_OK;
    int code = kafka_command_writer("forget", w, FR_TOPIC_EVENTS, &writer);
    if (code != FR_EXIT_OK) return code;
    for (int i = 0; i < n && err == FR_OK; i++) {
        struct fr_str user = fr_str_of(users[i]);
        fr_buf_clear(&value);
        put_event(user, now_ms, &value);
        struct fr_out record = {.topic = FR_TOPIC_EVENTS,
                                .partition = -1,
                                .timestamp_ms = now_ms,
                                .key = user,
                                .value = fr_buf_slice(&value)};
        err = fr_kafka_writer_put(writer, &record, &msg);
    }
    fr_buf_fini(&value);
    err = kafka_command_finish(&writer, err, &msg);
    if (err != FR_OK) return kafka_command_failed("forget", &app->config, err, &msg);
    if (app->json)
        printf("{\"sent\":%d}\n", n);
    else
        printf("%d user_delete event%s sent. Deletion happens when `freshet run` comes to %s; to see it: "
               "freshet show user %s\n",
               n, n == 1 ? "" : "s", n == 1 ? "it" : "them", users[0]);
    return FR_EXIT_OK;
}

int fr_cmd_forget(struct fr_app *app, int argc, char **argv) {
    bool yes = false;
    const struct fr_option options[] = {{"yes", 'y', NULL, FR_OPTION_FLAG, &yes, "do not ask"}};
    int code = fr_options_read(app, options, 1, help, &argc, argv);
    if (code >= 0) return code;
    if (argc < 2) return fr_usage("forget", "which user?");
    for (int i = 1; i < argc; i++)
        if (!is_id(fr_str_of(argv[i]))) return fr_usage("forget", "argument %d cannot be a user_id", i);
    if (!yes && !isatty(STDIN_FILENO))
        return fr_usage("forget", "standard input is not a terminal to ask on: add --yes");
    if (!yes && !confirmed(argv + 1, argc - 1)) {
        fprintf(stderr, "freshet forget: nothing was sent\n");
        return FR_EXIT_USAGE;
    }
    code = fr_app_configure(app);
    if (code) return code;
    struct fr_wiring wiring;
    fr_wiring_init(&wiring, &app->config, NULL);
    code = forget(app, &wiring, argv + 1, argc - 1);
    fr_wiring_fini(&wiring);
    return code;
}
