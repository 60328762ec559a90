#include "freshet/app/items_read.h"
#include "freshet/app/replay.h"
#include "freshet/event/clean.h"
#include "eval_propensity_log.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t DAY_MS = 86400000;

struct propensity_world {
    const struct fr_rules *rules;
    struct propensity_log log;
    struct fr_dict ids;
    struct fr_catalog catalog;
    struct fr_arena names, batch;
    struct fr_decoder *decoder;
    struct fr_propensity_features features;
    struct fr_training_task task;
    struct fr_training_rows *rows;
    const struct fr_table *table;
    const struct fr_training_row *at;
    uint32_t *users; /* of each row */
    fr_time_ms watermark_ms;
};

/* ---- reading ---- */

static void begin_rows(struct propensity_world *w, fr_time_ms first_ms) {
    const struct propensity_log *o = &w->log;
    struct fr_training_schedule schedule = {first_ms + o->warmup_days * DAY_MS, o->every_days * DAY_MS,
                                            o->recent_days * DAY_MS, false};
    w->rows = fr_training_rows_new(&w->task, &schedule, &w->features, &w->rules->profile, &w->ids);
}

static enum fr_err take_line(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg) {
    struct propensity_world *w = context;
    struct fr_event event;
    (void)msg;
    fr_arena_clear(&w->batch);
    if (fr_decode_native(w->decoder, line->value, &w->batch, &event, NULL) != FR_REJECT_NONE) return FR_OK;
    if (fr_clean(&w->rules->events, &w->batch, fr_clock_wall_ms(), w->watermark_ms, &event, NULL) !=
        FR_REJECT_NONE)
        return FR_OK;
    if (!w->rows) begin_rows(w, event.time_ms);
    fr_training_rows_add(w->rows, &event);
    w->watermark_ms = fr_watermark_advance(w->watermark_ms, &event);
    return FR_OK;
}

static enum fr_err read_events(struct propensity_world *w, struct fr_errmsg *msg) {
    w->decoder = fr_decoder_new(&w->rules->events);
    struct fr_replay *replay =
        fr_replay_new(&w->rules->events, (struct fr_replay_sink){w, take_line}, 0, false);
    enum fr_err err = fr_replay_file(replay, w->log.events, msg);
    fr_replay_free(&replay);
    fr_decoder_free(&w->decoder);
    if (err != FR_OK) return err;
    if (!w->rows) return fr_err_set(msg, FR_CONFIG, "%s: not one event", w->log.events);
    w->table = fr_training_rows_end(w->rows, &w->at);
    w->users = fr_alloc(((size_t)w->table->row_n + 1) * sizeof *w->users);
    for (uint32_t i = 0; i < w->table->row_n; i++) w->users[i] = w->at[i].user;
    return FR_OK;
}

static enum fr_err read_all(struct propensity_world *w, struct fr_errmsg *msg) {
    if (!fr_training_task_read(fr_str_of(w->log.predict), &w->task))
        return fr_err_set(msg, FR_CONFIG,
                          "--predict: %s is none of purchase, active, churn, conversion, category:NAME",
                          w->log.predict);
    if (w->task.kind == FR_TRAINING_CATEGORY && !w->log.items)
        return fr_err_set(msg, FR_CONFIG, "--predict %s needs --items", w->log.predict);
    w->task.horizon_ms = w->log.horizon_days * DAY_MS;
    enum fr_err err = w->log.items ? fr_items_load(w->log.items, &w->catalog, msg) : FR_OK;
    if (err != FR_OK) return err;
    fr_propensity_features_init(&w->features, w->log.items ? &w->catalog : NULL, w->task.category, &w->names);
    return read_events(w, msg);
}

enum fr_err propensity_log_read(const struct propensity_log *log, const struct fr_rules *rules,
                                struct propensity_world **out, struct fr_errmsg *msg) {
    struct propensity_world *w = fr_alloc_zero(1, sizeof *w);
    w->rules = rules;
    w->log = *log;
    w->watermark_ms = INT64_MIN;
    fr_dict_init(&w->ids);
    fr_catalog_init(&w->catalog, &w->ids);
    enum fr_err err = read_all(w, msg);
    if (err == FR_OK)
        *out = w;
    else
        propensity_log_free(w);
    return err;
}

void propensity_log_free(struct propensity_world *w) {
    if (!w) return;
    if (w->rows) fr_training_rows_free(w->rows);
    fr_catalog_fini(&w->catalog);
    fr_dict_fini(&w->ids);
    fr_arena_fini(&w->names);
    fr_arena_fini(&w->batch);
    free(w->users);
    free(w);
}

const struct fr_table *propensity_log_table(const struct propensity_world *w) { return w->table; }

const uint32_t *propensity_log_users(const struct propensity_world *w) { return w->users; }

/* ---- the split ---- */

struct propensity_split *propensity_log_split(const struct propensity_world *w, struct fr_errmsg *msg) {
    struct propensity_split *split = fr_alloc_zero(1, sizeof *split);
    size_t room = ((size_t)w->table->row_n + 1) * sizeof(uint32_t);
    split->learnt = fr_alloc(room);
    split->asked = fr_alloc(room);
    fr_time_ms asked_ms = fr_training_asked_from(w->at, w->table->row_n);
    for (uint32_t i = 0; i < w->table->row_n; i++) {
        enum fr_training_part part = fr_training_part_of(&w->at[i], w->task.horizon_ms, asked_ms);
        if (part == FR_TRAINING_LEARN) split->learnt[split->learnt_n++] = i;
        if (part == FR_TRAINING_ASK) split->asked[split->asked_n++] = i;
    }
    if (split->learnt_n && split->asked_n) return split;
    fr_err_set(
        msg, FR_CONFIG,
        "%s: %u rows to learn from and %u to ask: the log is too short for --warmup-days, --every-days "
        "and --horizon-days",
        w->log.events, split->learnt_n, split->asked_n);
    propensity_splits_free(split, 1);
    return NULL;
}

/* How often and how recently, and of a category how much: what a marketer would sort by. */
uint32_t propensity_log_baseline(const struct propensity_world *w, uint32_t *out) {
    static const char *const names[] = {
        "silent_days",        "events",       "purchase_ever", "purchases_a_week",
        "ad_conversion_ever", "target_share", "target_90d",    "days_since_target"};
    uint32_t n = 0;
    for (uint32_t c = 0; c < w->table->column_n; c++)
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
            if (fr_str_eq(w->table->names[c], fr_str_of(names[i]))) out[n++] = c;
    return n;
}

/* ---- the rows for others ---- */

static void write_row(const struct propensity_world *w, FILE *file, uint32_t row, fr_time_ms asked_ms) {
    static const char *const parts[] = {"learn", "gap", "ask"};
    struct fr_str user = fr_dict_str(&w->ids, w->at[row].user);
    fprintf(file, "\"%.*s\",%lld,%s,%d", FR_STR_ARG(user), (long long)w->at[row].time_ms,
            parts[fr_training_part_of(&w->at[row], w->task.horizon_ms, asked_ms)], w->table->labels[row]);
    for (uint32_t c = 0; c < w->table->column_n; c++) {
        double x = (double)w->table->values[(size_t)row * w->table->column_n + c];
        if (x == x)
            fprintf(file, ",%.9g", x);
        else
            fputc(',', file);
    }
    fputc('\n', file);
}

bool propensity_log_write(const struct propensity_world *w, const char *path, struct fr_errmsg *msg) {
    FILE *file = fopen(path, "we");
    if (!file) {
        fr_err_set(msg, FR_IO, "%s: %s", path, strerror(errno));
        return false;
    }
    fr_time_ms asked_ms = fr_training_asked_from(w->at, w->table->row_n);
    fprintf(file, "user,time_ms,part,label");
    for (uint32_t c = 0; c < w->table->column_n; c++)
        fprintf(file, ",\"%.*s\"", FR_STR_ARG(w->table->names[c]));
    fputc('\n', file);
    for (uint32_t i = 0; i < w->table->row_n; i++) write_row(w, file, i, asked_ms);
    bool failed = ferror(file);
    failed |= fclose(file) != 0;
    if (failed) fr_err_set(msg, FR_IO, "%s: it could not be written", path);
    return !failed;
}
