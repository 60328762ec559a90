#include "freshet/run/runner.h"
#include "freshet/base/log.h"
#include "freshet/run/ads_follow.h"
#include "freshet/run/campaign_follow.h"
#include "freshet/run/catalog_follow.h"
#include "freshet/run/live_model.h"
#include "freshet/run/propensity_follow.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    WAIT_MS = 5,
    OPEN_WAIT_MS = 500,
    FOLLOW_MS = 500,
    CATALOG_MS = 5000,
    CAMPAIGNS_MS = 500,
    PROPENSITIES_MS = 2000,
    MODEL_WAIT_MS = 5000,
    CAMPAIGNS_TOLD_MS = 10000
};

struct thread {
    struct fr_runner *runner;
    enum fr_stage_kind kind;
    unsigned index;
    pthread_t id;
    struct fr_stat_block *stat;
    /* under runner->lock */
    struct fr_worker_status status;
    fr_time_ms stepped_ms;
    bool opened, ended;
};

struct fr_runner {
    struct fr_runner_config config;
    struct fr_catalog_follow *catalog;         /* NULL: none */
    struct fr_campaign_follow *campaigns;      /* NULL: none */
    struct fr_live_follow *follow;             /* NULL: lists are made without a model */
    struct fr_ads_follow *ads;                 /* NULL: nothing is said of ads */
    struct fr_propensity_follow *propensities; /* NULL: nothing is said of them */
    struct thread *threads;
    unsigned thread_n;
    struct fr_stat_block *stats[FR_RUNNER_WORKERS_MAX];
    _Atomic bool stop,
        abandon; /* abandon: the drain limit was reached. Written by stop(), read by the threads */
    pthread_mutex_t lock;
    enum fr_err failed;
    char reason[232];
};

static const struct {
    const char *name;
    enum fr_topic input;
} stages[FR_STAGE_N] = {{"user", FR_TOPIC_EVENTS},
                        {"aggregate", FR_TOPIC_AFFINITY},
                        {"learner", FR_TOPIC_EXAMPLES},
                        {"campaigns", FR_TOPIC_CAMPAIGNS}};

const char *fr_stage_name(enum fr_stage_kind kind) { return stages[kind].name; }
enum fr_topic fr_stage_input(enum fr_stage_kind kind) { return stages[kind].input; }

static void fail(struct fr_runner *r, enum fr_err err, const char *text) {
    pthread_mutex_lock(&r->lock);
    if (r->failed == FR_OK) {
        r->failed = err;
        memcpy(r->reason, text, sizeof r->reason);
    }
    pthread_mutex_unlock(&r->lock);
    fr_log(FR_LOG_ERROR, "WORKER-STOPPED", "error=%s text=\"%s\"", fr_err_name(err), text);
    atomic_store(&r->stop, true);
}

static struct fr_stage *stage_of(struct fr_runner *r, enum fr_stage_kind kind) {
    const uint32_t *partitions = r->config.partitions;
    struct fr_stage_feeds feeds = {.models = r->follow ? fr_live_follow_slot(r->follow) : NULL,
                                   .catalogs = fr_runner_catalogs(r),
                                   .campaigns = r->campaigns ? fr_campaign_follow_slot(r->campaigns) : NULL,
                                   .ads = r->ads ? fr_ads_follow_slot(r->ads) : NULL};
    if (r->propensities) feeds.propensities = fr_propensity_follow_slot(r->propensities);
    if (kind == FR_STAGE_LEARNER) return fr_stage_learner_new(r->config.rules, partitions[FR_TOPIC_EXAMPLES]);
    if (kind == FR_STAGE_CAMPAIGNS) return fr_stage_campaigns_new(r->config.rules);
    if (kind == FR_STAGE_AGGREGATE)
        return fr_stage_aggregate_new(r->config.rules, partitions[FR_TOPIC_AFFINITY], &feeds);
    return fr_stage_user_new(r->config.rules, partitions[FR_TOPIC_AFFINITY], &feeds);
}

/* Patience until both ends are there. NULL: the run is over. */
static struct fr_worker *open_worker(struct thread *t) {
    struct fr_runner *r = t->runner;
    while (!atomic_load(&r->stop)) {
        struct fr_errmsg msg = {0};
        struct fr_worker_config c = {.stat = t->stat};
        enum fr_err err =
            r->config.ports.open(r->config.ports.context, t->kind, t->index, &c.bus, &c.store, &msg);
        if (fr_err_fate(err) == FR_FATE_FATAL) {
            fail(r, err, msg.text);
            return NULL;
        }
        if (err != FR_OK) {
            fr_log(FR_LOG_WARN, "OPEN-WAITS", "stage=%s error=%s text=\"%s\"", fr_stage_name(t->kind),
                   fr_err_name(err), msg.text);
            fr_clock_sleep_ms(OPEN_WAIT_MS);
            continue;
        }
        c.stage = stage_of(r, t->kind);
        memcpy(c.prefix, r->config.rules->topic_prefix, sizeof c.prefix);
        if (r->config.prefix) strncpy(c.prefix, r->config.prefix, sizeof c.prefix - 1);
        c.input_partitions = r->config.partitions[c.stage->ops->input];
        c.topic_hash = fr_rules_hash(r->config.rules, c.stage->ops->input);
        c.batch_records = r->config.batch_records;
        c.commit_interval_ms = r->config.commit_interval_ms[t->kind];
        c.cache_bytes = r->config.cache_bytes / (r->thread_n ? r->thread_n : 1);
        c.view_ttl_s = t->kind == FR_STAGE_USER ? r->config.rules->list_ttl_ms / 1000 : 0;
        c.conditions = r->config.conditions;
        return fr_worker_new(&c);
    }
    return NULL;
}

static void note(struct thread *t, const struct fr_worker *w) {
    pthread_mutex_lock(&t->runner->lock);
    fr_worker_status(w, &t->status);
    t->stepped_ms = fr_clock_wall_ms();
    t->opened = true;
    pthread_mutex_unlock(&t->runner->lock);
}

static void run(struct thread *t, struct fr_worker *w) {
    struct fr_runner *r = t->runner;
    while (!fr_worker_drained(w) && !atomic_load(&r->abandon)) {
        if (atomic_load(&r->stop)) fr_worker_drain(w);
        struct fr_errmsg msg = {0};
        enum fr_err err = fr_worker_step(w, fr_clock_wall_ms(), WAIT_MS, &msg);
        if (err != FR_OK) {
            fail(r, err, msg.text);
            return;
        }
        note(t, w);
    }
}

static bool has_models(struct fr_runner *r) {
    return (!r->follow || fr_live_follow_is_ready(r->follow)) &&
           (!r->ads || fr_ads_follow_is_ready(r->ads)) &&
           (!r->propensities || fr_propensity_follow_is_ready(r->propensities));
}

static bool has_campaigns(struct fr_runner *r) {
    if (!r->campaigns) return true;
    struct fr_slot *slot = fr_campaign_follow_slot(r->campaigns);
    struct fr_slot_hold hold = fr_slot_take(slot);
    bool there = hold.thing != NULL;
    fr_slot_release(slot, &hold);
    return there;
}

/* What an ad event costs is its campaign's to say: one that is read before the campaigns are known would never be billed. So this
 * waits as long as it takes; the topic is of the same cluster as the events. */
static void await_campaigns(const struct thread *t) {
    struct fr_runner *r = t->runner;
    fr_time_ms told_ms = fr_clock_wall_ms();
    if (t->kind != FR_STAGE_USER) return;
    while (!has_campaigns(r) && !atomic_load(&r->stop)) {
        fr_clock_sleep_ms(WAIT_MS);
        if (fr_clock_wall_ms() - told_ms < CAMPAIGNS_TOLD_MS) continue;
        fr_log(FR_LOG_WARN, "CAMPAIGNS-AWAITED", "text=\"no event is read before the campaigns are known\"");
        told_ms = fr_clock_wall_ms();
    }
}

/* Lists and scores made before the models have come would be worse than those of before the start; but nobody waits for long. */
static void await_models(const struct thread *t) {
    struct fr_runner *r = t->runner;
    if (t->kind != FR_STAGE_USER) return;
    fr_time_ms until_ms = fr_clock_wall_ms() + MODEL_WAIT_MS;
    while (!has_models(r) && fr_clock_wall_ms() < until_ms && !atomic_load(&r->stop))
        fr_clock_sleep_ms(WAIT_MS);
}

static void *thread_main(void *arg) {
    struct thread *t = arg;
    await_campaigns(t);
    await_models(t);
    struct fr_worker *w = open_worker(t);
    if (w) run(t, w);
    fr_worker_free(&w);
    pthread_mutex_lock(&t->runner->lock);
    t->ended = true;
    pthread_mutex_unlock(&t->runner->lock);
    return NULL;
}

static void add_thread(struct fr_runner *r, enum fr_stage_kind kind, unsigned index) {
    struct thread *t = &r->threads[r->thread_n];
    *t = (struct thread){.runner = r,
                         .kind = kind,
                         .index = index,
                         .stat = fr_stat_block_new(),
                         .stepped_ms = fr_clock_wall_ms()};
    r->stats[r->thread_n++] = t->stat;
}

static unsigned workers_of(const struct fr_runner_config *config, unsigned kind) {
    bool ads = config->rules->ads.enabled, learns = config->rules->blend || ads;
    if (!config->stages[kind] || (kind == FR_STAGE_LEARNER && !learns) ||
        (kind == FR_STAGE_CAMPAIGNS && !ads))
        return 0;
    return kind == FR_STAGE_LEARNER || kind == FR_STAGE_CAMPAIGNS ? 1 : config->workers;
}

static struct fr_snapshot_source snapshots(const struct fr_runner_config *config) {
    return (struct fr_snapshot_source){.context = config->ports.context,
                                       .open_store = config->ports.open_store,
                                       .prefix = config->rules->topic_prefix,
                                       .example_partitions = config->partitions[FR_TOPIC_EXAMPLES],
                                       .interval_ms = FOLLOW_MS};
}

static struct fr_ads_follow *start_following_ads(const struct fr_runner_config *config) {
    if (!config->rules->ads.enabled || !config->stages[FR_STAGE_USER] || !config->ports.open_store)
        return NULL;
    struct fr_snapshot_source source = snapshots(config);
    return fr_ads_follow_start(&source, &config->rules->ads.models);
}

static struct fr_propensity_follow *start_propensities(const struct fr_runner_config *config) {
    if (!config->rules->propensities.enabled || !config->stages[FR_STAGE_USER] || !config->ports.open_store)
        return NULL;
    struct fr_propensity_follow_config c = {config->ports.context, config->ports.open_store,
                                            config->rules->topic_prefix, PROPENSITIES_MS};
    return fr_propensity_follow_start(&c);
}

static struct fr_live_follow *start_following(const struct fr_runner_config *config,
                                              struct fr_slot *catalogs) {
    if (!config->rules->blend || !config->stages[FR_STAGE_USER] || !config->ports.open_store) return NULL;
    struct fr_live_follow_config c = {
        .source = snapshots(config), .params = config->rules->recommender, .catalogs = catalogs};
    return fr_live_follow_start(&c);
}

static struct fr_catalog_follow *start_catalog(const struct fr_runner_config *config) {
    if (!config->rules->blend || !config->ports.open_tail) return NULL;
    if (!config->stages[FR_STAGE_USER] && !config->stages[FR_STAGE_LEARNER]) return NULL;
    struct fr_catalog_follow_config c = {.context = config->ports.context,
                                         .open_tail = config->ports.open_tail,
                                         .features = FR_FEATURES_DEFAULTS,
                                         .interval_ms = CATALOG_MS};
    return fr_catalog_follow_start(&c);
}

static struct fr_campaign_follow *start_campaigns(const struct fr_runner_config *config) {
    bool needed = config->stages[FR_STAGE_USER] || config->stages[FR_STAGE_AGGREGATE];
    if (!config->rules->ads.enabled || !config->ports.open_tail || !needed) return NULL;
    struct fr_campaign_follow_config c = {config->ports.context, config->ports.open_tail, CAMPAIGNS_MS};
    return fr_campaign_follow_start(&c);
}

struct fr_slot *fr_runner_catalogs(struct fr_runner *r) {
    return r->catalog ? fr_catalog_follow_slot(r->catalog) : NULL;
}

struct fr_runner *fr_runner_start(const struct fr_runner_config *config) {
    struct fr_runner *r = fr_alloc_zero(1, sizeof *r);
    r->config = *config;
    pthread_mutex_init(&r->lock, NULL);
    r->catalog = start_catalog(config);
    r->follow = start_following(config, fr_runner_catalogs(r));
    r->ads = start_following_ads(config);
    r->campaigns = start_campaigns(config);
    r->propensities = start_propensities(config);
    r->threads = fr_alloc_zero(FR_RUNNER_WORKERS_MAX, sizeof *r->threads);
    for (unsigned kind = 0; kind < FR_STAGE_N; kind++)
        for (unsigned i = 0; i < workers_of(config, kind) && r->thread_n < FR_RUNNER_WORKERS_MAX; i++)
            add_thread(r, (enum fr_stage_kind)kind, i);
    for (unsigned i = 0; i < r->thread_n; i++) {
        int failed = pthread_create(&r->threads[i].id, NULL, thread_main, &r->threads[i]);
        FR_ASSERT(failed == 0);
    }
    return r;
}

void fr_runner_status(struct fr_runner *r, struct fr_runner_status *out) {
    *out = (struct fr_runner_status){.workers = r->thread_n, .last_step_ms = INT64_MAX};
    pthread_mutex_lock(&r->lock);
    for (unsigned i = 0; i < r->thread_n; i++) {
        const struct thread *t = &r->threads[i];
        const struct fr_worker_status *s = &t->status;
        out->opened += t->opened;
        out->with_partitions += s->assigned > 0;
        out->caught_up += t->opened && s->live == s->assigned && !s->replaying && !s->busy;
        out->records[t->kind] += s->records;
        out->behind_records += s->behind_records;
        out->keys += s->keys;
        out->bytes += s->bytes;
        if (s->last_record_ms > out->last_record_ms) out->last_record_ms = s->last_record_ms;
        if (t->stepped_ms < out->last_step_ms) out->last_step_ms = t->stepped_ms;
    }
    out->failed = r->failed;
    memcpy(out->reason, r->reason, sizeof out->reason);
    pthread_mutex_unlock(&r->lock);
}

uint32_t fr_runner_stats(struct fr_runner *r, struct fr_stat_block *const **blocks) {
    *blocks = r->stats;
    return r->thread_n;
}

uint64_t fr_runner_total(struct fr_runner *r, enum fr_stat_id id) {
    struct fr_stat_block *const *blocks;
    uint64_t sum = 0;
    uint32_t n = fr_runner_stats(r, &blocks);
    for (uint32_t i = 0; i < n; i++) sum += fr_stat_get(blocks[i], id, 0);
    return sum;
}

static bool all_ended(struct fr_runner *r) {
    pthread_mutex_lock(&r->lock);
    bool ended = true;
    for (unsigned i = 0; i < r->thread_n; i++) ended &= r->threads[i].ended;
    pthread_mutex_unlock(&r->lock);
    return ended;
}

bool fr_runner_stop(struct fr_runner **runner, uint32_t limit_ms) {
    struct fr_runner *r = *runner;
    if (!r) return true;
    fr_time_ms until = fr_clock_wall_ms() + limit_ms;
    atomic_store(&r->stop, true);
    while (!all_ended(r) && fr_clock_wall_ms() < until) fr_clock_sleep_ms(10);
    bool drained = all_ended(r);
    atomic_store(&r->abandon, true);
    for (unsigned i = 0; i < r->thread_n; i++) {
        pthread_join(r->threads[i].id, NULL);
        fr_stat_block_free(&r->threads[i].stat);
    }
    fr_live_follow_stop(&r->follow);
    fr_ads_follow_stop(&r->ads);
    fr_catalog_follow_stop(&r->catalog);
    fr_campaign_follow_stop(&r->campaigns);
    fr_propensity_follow_stop(&r->propensities);
    pthread_mutex_destroy(&r->lock);
    free(r->threads);
    free(r);
    *runner = NULL;
    return drained;
}
