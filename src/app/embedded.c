/* freshet run --embedded: a recorded log through all stages, without Kafka, for people to watch.
 *
 * Problem   somebody new wants to see within a minute that events become profiles, neighbours and lists, and whether
 *           the lists are any good.
 * Choice    the bus is the twin in memory; everything else (worker threads, transactions, Redis) is what production runs.
 *           One thread replays at an even pace, a step at a time:
 *
 *               new lists of this user's partition -> was the event's item in the list? -> produce the event
 *
 *           and between two events redraws the picture when it is due.
 * Rejected  a thread for the picture: then all that is shown would have to be locked.
 * Invariant no list is known before its transaction was committed, and no event is produced before it was judged. Log
 *           time runs thousands of times faster than it did; lists come as late after their event as they really do. */
#include "demo.h"
#include "freshet/app/replay.h"
#include "freshet/app/wiring.h"
#include "freshet/base/hash.h"
#include "freshet/base/log.h"
#include "freshet/event/clean.h"
#include "running.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PICTURE_MS = 250,
    LINE_MS = 5000,
    REDIS_MS = 1000,
    PAST = 8,
    NAP_MS = 20,
    QUIET_MS = 700,
    KEEP_BYTES = 4 << 20
};

struct embedded {
    struct fr_app *app;
    const struct fr_rules *rules;
    const struct demo_options *options;
    struct fr_bus_memory *bus;
    struct fr_runner *runner;
    struct fr_decoder *decoder;
    struct fr_arena arena; /* of one event, or of one reading of lists */
    struct fr_hits *hits;
    struct fr_demo_lists lists;
    uint32_t partitions;
    int64_t *next_list; /* [partitions] offset in the recommendations topic */

    struct demo_views views;
    struct demo_frame frame;
    struct demo_numbers past[PAST]; /* of the last pictures, the oldest at past[pictures % PAST] */
    uint64_t pictures;
    struct demo_screen screen;
    bool live;
    fr_mono_us start_us;
    fr_time_ms next_picture_ms, next_redis_ms;
    struct fr_runner_status status;
};

static double elapsed_s(const struct embedded *e) {
    return (double)(fr_clock_mono_us() - e->start_us) * 1e-6;
}

/* ---- lists, as they are committed ---- */

struct published {
    struct fr_str user_id, value;
    struct published *next;
};

struct reading {
    struct fr_arena *arena;
    struct published *first, **last;
    int64_t next;
};

/* The bus is locked meanwhile: copies, and leaves the parsing for later. */
static bool copy_list(void *context, const struct fr_record *record) {
    struct reading *r = context;
    struct published *p = fr_arena_alloc(r->arena, sizeof *p);
    *p = (struct published){fr_arena_copy(r->arena, record->key), fr_arena_copy(r->arena, record->value),
                            NULL};
    *r->last = p;
    r->last = &p->next;
    r->next = record->offset + 1;
    return true;
}

static void take_lists(struct embedded *e, uint32_t partition) {
    fr_arena_clear(&e->arena);
    struct reading r = {.arena = &e->arena, .next = e->next_list[partition]};
    r.last = &r.first;
    fr_bus_memory_read(e->bus, FR_TOPIC_RECOMMENDATIONS, (int32_t)partition, r.next, copy_list, &r);
    e->next_list[partition] = r.next;
    for (const struct published *p = r.first; p; p = p->next) {
        uint32_t user = fr_demo_lists_take(&e->lists, p->user_id, p->value);
        if (user == (uint32_t)FR_DICT_NONE) continue;
        fr_hits_list(e->hits, user, e->lists.at[user].latest.items, e->lists.at[user].latest.n);
        demo_watch(&e->frame, user, elapsed_s(e));
    }
}

/* ---- what is shown ---- */

static void read_numbers(struct embedded *e, double at_s) {
    struct fr_stat_block *const *blocks;
    uint32_t n = fr_runner_stats(e->runner, &blocks);
    struct demo_numbers *slot = &e->past[e->pictures++ % PAST];
    e->frame.before = e->pictures > PAST ? *slot : (struct demo_numbers){0};
    demo_numbers_read(slot, blocks, n, at_s);
    e->frame.now = *slot;
    e->frame.hits = fr_hits_score(e->hits);
}

static void read_redis(struct embedded *e, fr_time_ms now) {
    if (now < e->next_redis_ms) return;
    e->next_redis_ms = now + REDIS_MS;
    struct fr_store_info info;
    if (e->views.store->ops->info(e->views.store, &info, NULL) == FR_OK)
        e->frame.redis_bytes = info.used_bytes;
    demo_views_trending(&e->views, &e->frame);
}

static void show(struct embedded *e) {
    struct fr_buf text = {0};
    if (e->live) {
        demo_view_picture(&text, &e->frame, demo_screen_columns());
        demo_screen_show(&e->screen, &text);
    } else {
        demo_view_line(&text, &e->frame);
        fwrite(text.data, 1, text.len, stdout);
        fflush(stdout);
    }
    fr_buf_fini(&text);
}

/* Between two events, and while waiting: lists, numbers, the picture, whether to go on. */
static bool look(struct embedded *e) {
    fr_time_ms now = fr_clock_wall_ms();
    if (now >= e->next_picture_ms) {
        e->next_picture_ms = now + (e->live ? PICTURE_MS : LINE_MS);
        for (uint32_t p = 0; p < e->partitions; p++) take_lists(e, p);
        read_redis(e, now);
        read_numbers(e, elapsed_s(e));
        show(e);
        fr_runner_status(e->runner, &e->status);
    }
    return !*e->options->stop && e->status.failed == FR_OK;
}

/* ---- the replay ---- */

/* What the event says of items, before freshet hears of it. */
static void judge(struct embedded *e, struct fr_str line, uint32_t user) {
    struct fr_event event;
    fr_arena_clear(&e->arena);
    if (fr_decode_native(e->decoder, line, &e->arena, &event, NULL) != FR_REJECT_NONE ||
        fr_clean(&e->rules->events, &e->arena, fr_clock_wall_ms(), INT64_MIN, &event, NULL) != FR_REJECT_NONE)
        return;
    e->frame.log_time_ms = event.time_ms;
    bool interest = e->rules->events.weight[event.type] > 0;
    uint32_t last = FR_DICT_NONE;
    for (uint32_t i = 0; i < event.item_n || (i == 0 && event.item_id.len); i++) {
        last = fr_dict_intern(&e->lists.items, event.item_n ? event.items[i].item_id : event.item_id);
        if (interest) fr_hits_event(e->hits, user, last);
    }
    fr_demo_did(&e->lists, user, event.type, last);
}

static bool keep_pace(struct embedded *e) {
    if (e->frame.seconds <= 0) return look(e);
    double due_s = e->frame.seconds * (double)e->frame.sent / (double)e->frame.to_send;
    while (look(e)) {
        double ahead_s = due_s - elapsed_s(e);
        if (ahead_s < .001) return true;
        fr_clock_sleep_ms(ahead_s * 1000 < NAP_MS ? (unsigned)(ahead_s * 1000) : NAP_MS);
    }
    return false;
}

static enum fr_err send(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg) {
    struct embedded *e = context;
    if (line->key.ptr) {
        take_lists(e, fr_murmur2(line->key) % e->partitions);
        uint32_t user = fr_demo_user_number(&e->lists, line->key);
        if (user != (uint32_t)FR_DICT_NONE) judge(e, line->value, user);
    }
    struct fr_out out = {.topic = FR_TOPIC_EVENTS, .partition = -1, .key = line->key, .value = line->value};
    fr_bus_memory_produce(e->bus, &out);
    e->frame.sent++;
    return keep_pace(e) ? FR_OK : fr_err_set(msg, FR_TIMEOUT, "stopped");
}

static enum fr_err count_line(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg) {
    (void)line;
    (void)msg;
    ++*(uint64_t *)context;
    return FR_OK;
}

static enum fr_err replay(const struct embedded *e, struct fr_replay_sink sink, struct fr_errmsg *msg) {
    struct fr_replay *r = fr_replay_new(&e->rules->events, sink, 0, false);
    enum fr_err err = FR_OK;
    for (uint32_t i = 0; i < e->options->file_n && err == FR_OK; i++)
        err = fr_replay_file(r, e->options->files[i], msg);
    fr_replay_free(&r);
    return err;
}

/* Until every event has been read and nothing more comes of them. */
static void await_quiet(struct embedded *e, double *ended_s) {
    uint64_t records = 0;
    fr_time_ms begun = fr_clock_wall_ms(), quiet_since = begun;
    *ended_s = elapsed_s(e);
    while (fr_clock_wall_ms() - quiet_since < QUIET_MS && e->status.failed == FR_OK) {
        fr_clock_sleep_ms(NAP_MS);
        look(e);
        fr_runner_status(e->runner, &e->status);
        uint64_t now = e->status.records[FR_STAGE_USER] + e->status.records[FR_STAGE_AGGREGATE];
        bool quiet = e->status.caught_up == e->status.workers && now == records &&
                     e->status.records[FR_STAGE_USER] >= e->frame.sent;
        records = now;
        if (!quiet) {
            quiet_since = fr_clock_wall_ms();
            *ended_s = elapsed_s(e);
        }
        if (*e->options->stop && quiet_since - begun > e->app->config.run.drain_timeout_ms) return;
    }
}

static bool await_workers(struct embedded *e) {
    do {
        fr_clock_sleep_ms(NAP_MS);
        fr_runner_status(e->runner, &e->status);
    } while (e->status.with_partitions < e->status.workers && e->status.failed == FR_OK &&
             !*e->options->stop);
    return e->status.failed == FR_OK;
}

static void summarize(struct embedded *e, double ended_s) {
    for (uint32_t p = 0; p < e->partitions; p++) take_lists(e, p);
    e->next_redis_ms = 0;
    read_redis(e, fr_clock_wall_ms());
    demo_views_neighbors(&e->views, &e->frame);
    read_numbers(e, ended_s);
    struct fr_buf text = {0};
    fr_buf_byte(&text, '\n');
    demo_summary(&text, &e->frame);
    fwrite(text.data, 1, text.len, stdout);
    fflush(stdout);
    fr_buf_fini(&text);
}

static int watch(struct embedded *e) {
    struct fr_errmsg msg = {0};
    enum fr_err err = FR_OK;
    double ended_s = 0;
    if (await_workers(e)) {
        e->start_us = fr_clock_mono_us();
        e->next_picture_ms = fr_clock_wall_ms() + (e->live ? 0 : LINE_MS);
        err = replay(e, (struct fr_replay_sink){e, send}, &msg);
        await_quiet(e, &ended_s);
    }
    bool stopped = err == FR_TIMEOUT;
    if (e->status.failed == FR_OK && (err == FR_OK || stopped)) {
        summarize(e, ended_s);
        return FR_EXIT_OK;
    }
    fprintf(stderr, "freshet run: %s\n", e->status.failed != FR_OK ? e->status.reason : msg.text);
    return e->status.failed != FR_OK ? FR_EXIT_INTERNAL : FR_EXIT_NO_INPUT;
}

/* ---- setting up ---- */

/* A log that begins anew cannot continue a state that was made from another one. */
static enum fr_err expect_empty(struct embedded *e, struct fr_errmsg *msg) {
    struct fr_str key = fr_keys_meta(&e->views.keys, 0, &e->arena), value;
    struct fr_store *store = e->views.store;
    enum fr_err err = store->ops->load(store, &key, 1, &value, &e->arena, msg);
    if (err == FR_OK && value.ptr)
        err = fr_err_set(
            msg, FR_STATE_MISMATCH,
            "this Redis holds state under \"%s\" already, which a log that begins anew cannot continue; "
            "use an empty one, or --set topic_prefix=another",
            e->app->config.topic_prefix);
    return err;
}

static enum fr_err open_all(struct embedded *e, struct fr_errmsg *msg) {
    const struct fr_config *c = &e->app->config;
    e->partitions = (uint32_t)c->kafka.partitions;
    e->next_list = fr_alloc_zero(e->partitions, sizeof *e->next_list);
    e->decoder = fr_decoder_new(&e->rules->events);
    e->hits = fr_hits_new();
    fr_demo_lists_init(&e->lists);
    e->frame = (struct demo_frame){.seconds = (double)e->options->seconds, .lists = &e->lists};
    for (unsigned i = 0; i < DEMO_WATCHED; i++) e->frame.watched[i].user = FR_DICT_NONE;
    e->live = e->options->live && isatty(STDOUT_FILENO);
    e->views.rules = e->rules;
    fr_keys_init(&e->views.keys, c->topic_prefix, fr_stage_name(FR_STAGE_AGGREGATE), e->partitions, 1);
    enum fr_err err = replay(e, (struct fr_replay_sink){&e->frame.to_send, count_line}, msg);
    if (err == FR_OK) err = fr_wire_store(c, "freshet-demo", &e->views.store, msg);
    if (err == FR_OK) err = expect_empty(e, msg);
    return err;
}

static void close_all(struct embedded *e) {
    if (e->views.store) e->views.store->ops->close(e->views.store);
    fr_keys_fini(&e->views.keys);
    fr_arena_fini(&e->views.arena);
    fr_bus_memory_free(&e->bus);
    fr_demo_lists_fini(&e->lists);
    fr_hits_free(&e->hits);
    fr_decoder_free(&e->decoder);
    fr_arena_fini(&e->arena);
    free(e->next_list);
}

static int run_all(struct embedded *e) {
    struct fr_bus_memory_config memory = {
        .session_timeout_ms = 30000, .txn_timeout_ms = 60000, .keep_bytes = KEEP_BYTES};
    for (unsigned t = 0; t < FR_TOPIC_N; t++) memory.partitions[t] = e->partitions;
    e->bus = fr_bus_memory_new(&memory);
    struct fr_wiring wiring;
    fr_wiring_init(&wiring, &e->app->config, e->bus);
    struct fr_runner_config config = fr_wire_runner(&wiring, e->rules, memory.partitions);
    e->runner = fr_runner_start(&config);
    struct fr_http_source source = running_source(e->runner);
    struct fr_http *http = NULL;
    struct fr_errmsg msg = {0};
    int code = FR_EXIT_UNAVAILABLE;
    if (fr_http_start(e->app->config.http.listen, &source, &http, &msg) == FR_OK) {
        e->frame.http_port = http ? fr_http_port(http) : 0;
        code = watch(e);
    } else {
        fprintf(stderr, "freshet run: %s\n", msg.text);
    }
    fr_http_stop(&http);
    bool drained = fr_runner_stop(&e->runner, (uint32_t)e->app->config.run.drain_timeout_ms);
    fr_wiring_fini(&wiring);
    return code || drained ? code : FR_EXIT_TRY_AGAIN;
}

int demo_run(struct fr_app *app, const struct fr_rules *rules, const struct demo_options *options) {
    struct embedded *e = fr_alloc_zero(1, sizeof *e);
    struct fr_errmsg msg = {0};
    *e = (struct embedded){.app = app, .rules = rules, .options = options};
    enum fr_err err = open_all(e, &msg);
    int code = FR_EXIT_OK;
    if (err == FR_OK) {
        code = run_all(e);
    } else {
        fprintf(stderr, "freshet run: %s\n", msg.text);
        code = err == FR_IO ? FR_EXIT_NO_INPUT : FR_EXIT_UNAVAILABLE;
    }
    close_all(e);
    free(e);
    return code;
}
