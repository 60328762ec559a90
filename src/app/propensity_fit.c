#include "propensity_fit.h"
#include "freshet/app/models.h"
#include "freshet/base/hash.h"
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include "freshet/learn/la.h"
#include "freshet/run/propensity_follow.h"
#include "kafka_command.h"
#include <stdio.h>

static const int64_t DAY_MS = 86400000;

/* What is read from the log. */
struct reading {
    const struct propensity_fit *f;
    const struct fr_config *config;
    struct fr_training_task task;
    struct fr_propensity_features features;
    struct fr_dict ids;
    struct fr_arena names, record;
    struct fr_decoder *decoder;
    struct fr_training_rows *log; /* of the partition at hand; NULL before its first event */
    struct fr_propensity_rows rows;
    fr_time_ms watermark_ms;
    uint64_t records;
    double part;  /* of the partitions that have been read */
    double share; /* of the users that is learnt from, so that there are not too many rows */
    bool given_up, is_full;
};

/* ---- reading ---- */

static void begin_log(struct reading *r, fr_time_ms first_ms) {
    int64_t every_ms = r->config->propensities.every_days * DAY_MS;
    fr_time_ms from_ms = first_ms + r->config->propensities.warmup_days * DAY_MS;
    struct fr_training_schedule schedule = {.first_ms = (from_ms + every_ms - 1) / every_ms * every_ms,
                                            .every_ms = every_ms,
                                            .recent_ms = r->config->propensities.recent_days * DAY_MS,
                                            .without_prices = true};
    r->log = fr_training_rows_new(&r->task, &schedule, &r->features, &r->f->rules->profile, &r->ids);
}

/* Whether reading goes on. */
static bool is_wanted(struct reading *r) {
    enum { LOOK = 5000 };
    if (++r->records % LOOK) return true;
    uint64_t rows = r->rows.table.row_n + (uint64_t)(r->log ? fr_training_rows_n(r->log) : 0);
    r->is_full = rows > (uint64_t)r->config->propensities.rows_most;
    if (r->is_full) return false;
    if (!r->f->progress) return true;
    r->given_up = !r->f->progress(r->f->context, "reading events", r->part);
    return !r->given_up;
}

static bool take_record(void *context, const struct fr_record *record) {
    struct reading *r = context;
    struct fr_event event;
    fr_arena_clear(&r->record);
    struct fr_decode_header *headers = fr_arena_alloc(&r->record, record->header_n * sizeof *headers);
    for (uint32_t i = 0; i < record->header_n; i++)
        headers[i] = (struct fr_decode_header){record->headers[i].name, record->headers[i].value};
    struct fr_decode_input in = {record->key, record->value, headers, record->header_n};
    if (fr_decode(r->decoder, &in, &r->record, &event, NULL) != FR_REJECT_NONE) return is_wanted(r);
    if (fr_clean(&r->f->rules->events, &r->record, record->timestamp_ms, r->watermark_ms, &event, NULL) !=
            FR_REJECT_NONE ||
        event.user_id.len == 0 || !fr_propensity_sampled(event.user_id, r->share))
        return is_wanted(r);
    if (!r->log) begin_log(r, event.time_ms);
    fr_training_rows_add(r->log, &event);
    r->watermark_ms = fr_watermark_advance(r->watermark_ms, &event);
    return is_wanted(r);
}

static enum fr_err read_partition(struct reading *r, int32_t partition, struct fr_errmsg *msg) {
    const struct fr_kafka_range all = {partition, -1, -1};
    r->log = NULL;
    r->is_full = false;
    r->watermark_ms = INT64_MIN;
    enum fr_err err = fr_kafka_read(&r->f->wiring->cluster, FR_TOPIC_EVENTS, all, true, take_record, r, msg);
    if (err == FR_OK && r->given_up) err = fr_err_set(msg, FR_TIMEOUT, "given up");
    if (err == FR_OK && r->log && !r->is_full)
        fr_propensity_rows_add(&r->rows, r->log, r->f->rules->ads.consent_must_be_given);
    if (r->log) fr_training_rows_free(r->log);
    return err;
}

/* Half of the users are left out, of what was read before too. */
static void thin(struct reading *r) {
    r->share /= 2;
    fr_propensity_rows_thin(&r->rows, &r->ids, r->share);
}

/* A partition that brings too many rows is read again, for fewer users. */
static enum fr_err read_within(struct reading *r, int32_t partition, struct fr_errmsg *msg) {
    enum fr_err err = read_partition(r, partition, msg);
    while (err == FR_OK && r->is_full) {
        thin(r);
        err = read_partition(r, partition, msg);
    }
    while (err == FR_OK && r->rows.table.row_n > r->config->propensities.rows_most) thin(r);
    return err;
}

static enum fr_err read_log(struct reading *r, struct fr_errmsg *msg) {
    uint32_t partitions = 0;
    enum fr_err err = kafka_command_partitions(&r->f->wiring->cluster, FR_TOPIC_EVENTS, &partitions, msg);
    r->decoder = fr_decoder_new(&r->f->rules->events);
    for (uint32_t p = 0; p < partitions && err == FR_OK; p++) {
        r->part = (double)p / (double)partitions;
        err = read_within(r, (int32_t)p, msg);
    }
    fr_decoder_free(&r->decoder);
    return err;
}

/* ---- one task ---- */

static enum fr_err read_incumbent(const struct reading *r, const char *task, struct propensity_fitted *out,
                                  struct fr_propensity **incumbent, struct fr_errmsg *msg) {
    struct fr_propensity_list list;
    const char *prefix = r->config->topic_prefix;
    *incumbent = NULL;
    enum fr_err err = fr_propensity_list_get(r->f->store, prefix, &list, msg);
    const struct fr_propensity_entry *e = err == FR_OK ? fr_propensity_list_find(&list, task) : NULL;
    if (!e || !e->version[0]) return err;
    struct fr_errmsg why = {0};
    err = fr_propensity_get(r->f->store, prefix, task, e->version, incumbent, &why);
    if (err == FR_STATE_CORRUPT) return FR_OK; /* what cannot be asked is nothing to be held to */
    if (err != FR_OK) return fr_err_set(msg, err, "%s", why.text);
    if (!fr_live_propensity_fits(*incumbent, &r->features)) {
        fr_propensity_free(*incumbent);
        *incumbent = NULL;
        return FR_OK;
    }
    memcpy(out->incumbent, e->version, sizeof out->incumbent);
    return FR_OK;
}

static void name_version(const struct reading *r, char out[FR_PROPENSITY_VERSION_BYTES]) {
    struct fr_bundle named = {.created_ms = fr_clock_wall_ms(),
                              .fingerprint =
                                  fr_hash64(r->rows.table.labels, r->rows.table.row_n, r->rows.table.row_n)};
    fr_bundle_name(&named);
    snprintf(out, FR_PROPENSITY_VERSION_BYTES, "%s", named.version);
}

static enum fr_err tell(const struct propensity_fit *f, const char *task, enum fr_model_event_kind kind,
                        const struct propensity_fitted *out, const char *in_force, const char *reason,
                        struct fr_errmsg *msg) {
    struct fr_kafka_cluster cluster = f->wiring->cluster;
    const struct fr_model_event event = {.kind = kind,
                                         .task = task,
                                         .version = out->version,
                                         .in_force = in_force,
                                         .by = f->by,
                                         .reason = reason,
                                         .time_ms = fr_clock_wall_ms(),
                                         .verdict = out->verdict.because ? &out->verdict : NULL,
                                         .test =
                                             "paired t, one-sided, of 1 - (p - y)^2 on the latest quarter",
                                         .alpha = f->wiring->config->models.alpha};
    return fr_models_announce(&cluster, &event, NULL, msg);
}

static enum fr_err put_in_force(const struct reading *r, const char *task, const struct fr_propensity *model,
                                const struct propensity_fitted *out, struct fr_errmsg *msg) {
    struct fr_buf bytes = {0};
    enum fr_err err = fr_propensity_save(model, &bytes, msg);
    if (err == FR_OK)
        err = fr_propensity_put(r->f->store, r->config->topic_prefix, task, out->version,
                                fr_buf_slice(&bytes), msg);
    fr_buf_fini(&bytes);
    return err;
}

static struct fr_propensity_refit refit_of(const struct reading *r, const char *task, const char *version,
                                           const struct fr_propensity *incumbent) {
    struct fr_propensity_refit refit = {.horizon_ms = r->task.horizon_ms,
                                        .options = FR_PROPENSITY_DEFAULTS,
                                        .judge = FR_JUDGE_DEFAULTS,
                                        .incumbent = incumbent};
    refit.judge.alpha = r->config->models.alpha;
    refit.options.kind = (enum fr_propensity_kind)r->config->propensities.model;
    refit.options.threads = (unsigned)r->config->models.threads;
    refit.options.task = task;
    refit.options.version = version;
    refit.options.progress = r->f->progress;
    refit.options.context = r->f->context;
    return refit;
}

static void note(struct propensity_fitted *out, const struct fr_propensity_refitted *fitted) {
    out->verdict = fitted->verdict;
    out->learnt = fitted->learnt;
    out->asked = fitted->asked;
    out->rate = fitted->rate;
    out->auc = fitted->auc;
    out->log_loss = fitted->log_loss;
}

static enum fr_err settle(const struct reading *r, const char *task, const struct fr_propensity *model,
                          const struct propensity_fitted *out, struct fr_errmsg *msg) {
    bool accepted = out->verdict.accepted;
    enum fr_err err = accepted ? put_in_force(r, task, model, out, msg) : FR_OK;
    if (err != FR_OK) return err;
    return tell(r->f, task, accepted ? FR_MODEL_EVENT_PROMOTED : FR_MODEL_EVENT_REFUSED, out,
                accepted ? out->version : out->incumbent, out->verdict.because, msg);
}

static enum fr_err decide(const struct reading *r, const char *task, struct propensity_fitted *out,
                          struct fr_errmsg *msg) {
    struct fr_propensity *incumbent;
    struct fr_propensity_refitted fitted = {0};
    enum fr_err err = read_incumbent(r, task, out, &incumbent, msg);
    if (err != FR_OK) return err;
    name_version(r, out->version);
    struct fr_propensity_refit refit = refit_of(r, task, out->version, incumbent);
    err = fr_la_open(msg); /* where linear models and networks are part of it */
    if (err == FR_OK) fr_la_threads(refit.options.threads);
    if (err == FR_OK) err = fr_propensity_refit_run(&refit, &r->rows, &fitted, msg);
    note(out, &fitted);
    if (err == FR_OK) err = settle(r, task, fitted.model, out, msg);
    fr_propensity_free(incumbent);
    fr_propensity_free(fitted.model);
    return err;
}

enum fr_err propensity_fit_run(const struct propensity_fit *f, const char *task,
                               struct propensity_fitted *out, struct fr_errmsg *msg) {
    struct reading r = {.f = f, .config = f->wiring->config, .share = 1};
    *out = (struct propensity_fitted){0};
    bool known = fr_training_task_read(fr_str_of(task), &r.task);
    FR_ASSERT(known && r.task.kind != FR_TRAINING_CATEGORY);
    r.task.horizon_ms = r.config->propensities.horizon_days * DAY_MS;
    fr_dict_init(&r.ids);
    fr_propensity_features_init(&r.features, NULL, FR_STR(""), &r.names);
    enum fr_err err = read_log(&r, msg);
    if (err == FR_OK) err = decide(&r, task, out, msg);
    fr_propensity_rows_fini(&r.rows);
    fr_dict_fini(&r.ids);
    fr_arena_fini(&r.names);
    fr_arena_fini(&r.record);
    return err;
}

enum fr_err propensity_fit_roll_back(const struct propensity_fit *f, const char *task, const char *reason,
                                     struct fr_errmsg *msg) {
    const char *prefix = f->wiring->config->topic_prefix;
    struct fr_propensity_list list;
    enum fr_err err = fr_propensity_list_get(f->store, prefix, &list, msg);
    if (err == FR_OK) err = fr_propensity_roll_back(f->store, prefix, task, msg);
    if (err != FR_OK) return err;
    const struct fr_propensity_entry *e = fr_propensity_list_find(&list, task);
    struct propensity_fitted gone = {0};
    memcpy(gone.version, e->version, sizeof gone.version);
    return tell(f, task, FR_MODEL_EVENT_ROLLED_BACK, &gone, e->before, reason, msg);
}
