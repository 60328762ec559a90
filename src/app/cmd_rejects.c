/* freshet rejects: what could not be used, and sending it again. */
#include "freshet/app/reject_view.h"
#include "freshet/base/json.h"
#include "freshet/event/reject.h"
#include "kafka_command.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "list    the newest records of the rejects topic, oldest first: when, where the record stood, why, its "
    "size\n"
    "        and its first bytes\n"
    "replay  sends the original records (key, bytes, headers, time) to the events topic again, once each: "
    "after\n"
    "        producers or settings were mended. Rejects that come from a replay are left out, for they are "
    "copies;\n"
    "        a second run sends the originals again, and events that have an event_id still count once.\n"
    "\n"
    "Examples:\n"
    "  freshet rejects list --limit 5\n"
    "  freshet rejects list --json | jq -r '.rejects[].code' | sort | uniq -c\n"
    "  freshet rejects replay --code unknown_event_type --since 2026-11-23T00:00:00Z\n";

static int failed(const struct fr_wiring *w, enum fr_err err, const struct fr_errmsg *msg) {
    return kafka_command_failed("rejects", w->config, err, msg);
}

static enum fr_err partitions_of(const struct fr_wiring *w, uint32_t *n, struct fr_errmsg *msg) {
    enum fr_topic rejects = FR_TOPIC_REJECTS;
    struct fr_kafka_topic_state state;
    enum fr_err err = fr_kafka_topics_describe(&w->cluster, &rejects, 1, &state, NULL, msg);
    if (err != FR_OK) return err;
    *n = state.partitions;
    if (state.exists) return FR_OK;
    return fr_err_set(msg, FR_BUS_NO_TOPIC,
                      "topic %s.%s does not exist (create it with: freshet topics create)",
                      w->cluster.topic_prefix, fr_topic_info(rejects)->suffix);
}

/* ---- list ---- */

struct row {
    fr_time_ms time_ms;
    int32_t partition;
    int64_t offset;
    struct fr_buf text;
};

/* The newest of all partitions read so far are rows[0..kept), newest first; those of the partition being read go round
 * in rows[kept..kept + limit). */
struct listing {
    struct row *rows; /* [2 * limit] */
    uint32_t limit, kept;
    uint64_t seen; /* in this partition */
    bool json;
};

static bool keep(void *context, const struct fr_record *r) {
    struct listing *l = context;
    struct row *row = &l->rows[l->kept + l->seen++ % l->limit];
    row->time_ms = r->timestamp_ms;
    row->partition = r->partition;
    row->offset = r->offset;
    fr_buf_clear(&row->text);
    fr_reject_print(r, l->json, &row->text);
    return true;
}

static int newest_first(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? 1 : -1;
    if (x->partition != y->partition) return x->partition < y->partition ? 1 : -1;
    return (x->offset < y->offset) - (x->offset > y->offset);
}

/* The end of a partition: offsets are also taken by what ends transactions, so a window may hold fewer records than
 * offsets and is widened until it holds enough or all. */
static enum fr_err list_partition(const struct fr_wiring *w, int32_t partition, struct listing *l,
                                  struct fr_errmsg *msg) {
    int64_t first, stable, end, window = 2 * (int64_t)l->limit;
    enum fr_err err = fr_kafka_ends(&w->cluster, FR_TOPIC_REJECTS, partition, &first, &stable, &end, msg);
    for (bool all = false; err == FR_OK && !all && l->seen < l->limit; window *= 8) {
        all = stable - window <= first;
        l->seen = 0;
        struct fr_kafka_range range = {partition, all ? first : stable - window, stable};
        err = fr_kafka_read(&w->cluster, FR_TOPIC_REJECTS, range, true, keep, l, msg);
    }
    uint32_t n = l->kept + (l->seen < l->limit ? (uint32_t)l->seen : l->limit);
    qsort(l->rows, n, sizeof *l->rows, newest_first);
    l->kept = n < l->limit ? n : l->limit;
    l->seen = 0;
    return err;
}

static void print_rows(const struct listing *l) {
    struct fr_buf out = {0};
    if (l->json) {
        fr_json_open(&out, '{');
        fr_json_key(&out, "rejects");
        fr_json_open(&out, '[');
    }
    for (uint32_t i = l->kept; i-- > 0;)
        if (l->json)
            fr_json_raw(&out, fr_buf_slice(&l->rows[i].text));
        else
            fr_buf_str(&out, fr_buf_slice(&l->rows[i].text));
    if (l->json) {
        fr_json_close(&out, ']');
        fr_json_close(&out, '}');
        fr_buf_byte(&out, '\n');
    } else if (!l->kept) {
        fr_buf_printf(&out, "no rejects\n");
    }
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
}

static int list(const struct fr_wiring *w, uint32_t limit, bool json) {
    struct listing l = {.limit = limit, .json = json};
    struct fr_errmsg msg = {0};
    uint32_t partitions = 0;
    l.rows = fr_alloc_zero(2 * (size_t)limit, sizeof *l.rows);
    enum fr_err err = partitions_of(w, &partitions, &msg);
    for (uint32_t p = 0; p < partitions && err == FR_OK; p++) err = list_partition(w, (int32_t)p, &l, &msg);
    if (err == FR_OK) print_rows(&l);
    for (uint32_t i = 0; i < 2 * limit; i++) fr_buf_fini(&l.rows[i].text);
    free(l.rows);
    return err == FR_OK ? FR_EXIT_OK : failed(w, err, &msg);
}

/* ---- replay ---- */

struct replaying {
    struct fr_kafka_writer *writer;
    char events[160]; /* the topic's name */
    const char *code; /* NULL: all */
    fr_time_ms since_ms;
    uint64_t sent, filtered, again, elsewhere;
    struct fr_arena arena;
    enum fr_err err;
    struct fr_errmsg *msg;
};

static bool send_again(void *context, const struct fr_record *r) {
    struct replaying *s = context;
    struct fr_reject_view v = fr_reject_view(r);
    uint64_t *left_out = NULL;
    if (!fr_str_eq(v.topic, fr_str_of(s->events)))
        left_out = &s->elsewhere;
    else if (v.replayed)
        left_out = &s->again;
    else if ((s->code && !fr_str_eq(v.code, fr_str_of(s->code))) || r->timestamp_ms < s->since_ms)
        left_out = &s->filtered;
    if (left_out) {
        ++*left_out;
        return true;
    }
    fr_arena_clear(&s->arena);
    struct fr_header *headers = fr_arena_alloc(&s->arena, (r->header_n + 1) * sizeof *headers);
    struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                         .partition = -1,
                         .timestamp_ms = v.timestamp_ms > 0 ? v.timestamp_ms : 0,
                         .key = r->key,
                         .value = r->value,
                         .headers = headers,
                         .header_n = fr_reject_headers(r, headers)};
    s->err = fr_kafka_writer_put(s->writer, &out, s->msg);
    s->sent += s->err == FR_OK;
    return s->err == FR_OK;
}

static void print_totals(const struct replaying *s, bool json) {
    if (json)
        printf("{\"sent\":%" PRIu64 ",\"filtered\":%" PRIu64 ",\"replayed_before\":%" PRIu64
               ",\"other_topics\":%" PRIu64 "}\n",
               s->sent, s->filtered, s->again, s->elsewhere);
    else
        printf("%" PRIu64 " sent to %s; left out: %" PRIu64 " by --code or --since, %" PRIu64
               " that came from a replay, %" PRIu64 " of other topics\n",
               s->sent, s->events, s->filtered, s->again, s->elsewhere);
}

static int replay(const struct fr_wiring *w, const char *code, fr_time_ms since_ms, bool json) {
    struct fr_errmsg msg = {0};
    struct replaying s = {.code = code, .since_ms = since_ms, .msg = &msg};
    uint32_t partitions = 0;
    snprintf(s.events, sizeof s.events, "%s.%s", w->cluster.topic_prefix,
             fr_topic_info(FR_TOPIC_EVENTS)->suffix);
    enum fr_err err = partitions_of(w, &partitions, &msg);
    if (err != FR_OK) return failed(w, err, &msg);
    int exit_code = kafka_command_writer("rejects", w, FR_TOPIC_EVENTS, &s.writer);
    if (exit_code != FR_EXIT_OK) return exit_code;
    for (uint32_t p = 0; p < partitions && err == FR_OK; p++) {
        struct fr_kafka_range all = {(int32_t)p, -1, -1};
        err = fr_kafka_read(&w->cluster, FR_TOPIC_REJECTS, all, true, send_again, &s, &msg);
        if (err == FR_OK) err = s.err;
    }
    err = kafka_command_finish(&s.writer, err, &msg);
    fr_arena_fini(&s.arena);
    print_totals(&s, json);
    return err == FR_OK ? FR_EXIT_OK : failed(w, err, &msg);
}

/* ---- the command ---- */

static int bad_code(const char *code) {
    const char *names[FR_REJECT_N];
    for (unsigned i = 1; i < FR_REJECT_N; i++) {
        names[i - 1] = fr_reject_code((enum fr_reject)i);
        if (strcmp(names[i - 1], code) == 0) return 0;
    }
    const char *near = fr_suggest(code, names, FR_REJECT_N - 1);
    if (near) return fr_usage("rejects", "--code %s: not a reason; did you mean %s?", code, near);
    return fr_usage("rejects", "--code %s: not a reason (docs/EVENTS.md lists them)", code);
}

int fr_cmd_rejects(struct fr_app *app, int argc, char **argv) {
    enum { LIMIT_MAX = 100000 };
    int64_t limit = 20;
    const char *code = NULL, *since = NULL;
    fr_time_ms since_ms = INT64_MIN;
    const struct fr_option options[] = {
        {"limit", 0, "N", FR_OPTION_INT, &limit, "list: at most so many (default 20)"},
        {"code", 0, "CODE", FR_OPTION_TEXT, &code, "replay: only those refused for this reason"},
        {"since", 0, "TIME", FR_OPTION_TEXT, &since, "replay: only those refused then or later (RFC 3339)"},
    };
    int exit_code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (exit_code >= 0) return exit_code;
    if (argc != 2) return fr_usage("rejects", "say one of list, replay");
    bool is_list = strcmp(argv[1], "list") == 0;
    if (!is_list && strcmp(argv[1], "replay") != 0)
        return fr_usage("rejects", "%s: not one of list, replay", argv[1]);
    if (limit < 1 || limit > LIMIT_MAX) return fr_usage("rejects", "--limit is from 1 to %d", LIMIT_MAX);
    if (since && !fr_time_parse_rfc3339(fr_str_of(since), &since_ms))
        return fr_usage("rejects", "--since %s: not a time like 2026-11-23T15:04:05Z", since);
    if (is_list && (code || since)) return fr_usage("rejects", "--code and --since are for replay");
    if (code && (exit_code = bad_code(code)) != 0) return exit_code;
    exit_code = fr_app_configure(app);
    if (exit_code) return exit_code;
    struct fr_wiring wiring;
    fr_wiring_init(&wiring, &app->config, NULL);
    exit_code =
        is_list ? list(&wiring, (uint32_t)limit, app->json) : replay(&wiring, code, since_ms, app->json);
    fr_wiring_fini(&wiring);
    return exit_code;
}
