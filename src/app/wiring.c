#include "freshet/app/wiring.h"
#include "freshet/app/surfaces.h"
#include "freshet/adapt/tail_kafka.h"
#include "freshet/adapt/tail_memory.h"
#include <stdio.h>
#include <unistd.h>

static bool wire_names(const struct fr_config *c, struct fr_event_rules *r) {
    for (uint32_t i = 0; i < c->events.type_names.n; i++) {
        const struct fr_config_member *m = &c->events.type_names.at[i];
        enum fr_event_type type = fr_event_rules_type(r, fr_str_of(m->value));
        if (type == FR_EVENT_NONE || !fr_event_rules_add_name(r, fr_str_of(m->name), type)) return false;
    }
    return true;
}

static bool wire_events(const struct fr_config *c, struct fr_event_rules *r) {
    for (unsigned t = 0; t < FR_EVENT_TYPE_N; t++)
        fr_event_rules_set_weight(r, (enum fr_event_type)t, (int32_t)c->events.weights[t]);
    r->unknown_type = (enum fr_unknown_type)c->events.unknown_types;
    r->max_bytes = (uint32_t)c->events.max_bytes;
    r->max_future_ms = c->events.max_future_ms;
    r->lateness_ms = c->events.lateness_ms;
    r->earliest_ms = c->events.earliest_time;
    r->max_per_minute = (uint32_t)c->events.max_per_minute;
    return wire_names(c, r);
}

static void wire_profile(const struct fr_config *c, struct fr_profile_rules *p) {
    p->history_items = (uint32_t)c->profile.history_items;
    p->times_kept = (uint32_t)c->profile.times_kept;
    p->followees = (uint32_t)c->profile.followees;
    p->sharers = (uint32_t)c->profile.sharers;
    p->exposures = (uint32_t)c->profile.exposures;
    p->recent_ids = (uint32_t)c->profile.recent_ids;
    p->attributes = (uint32_t)c->profile.attributes;
    p->session_gap_ms = c->profile.session_gap_ms;
    p->epoch_ms = c->affinity.epoch_ms;
    for (p->group_by_n = 0; p->group_by_n < c->profile.group_by.n && p->group_by_n < FR_PROFILE_GROUP_BY_MAX;
         p->group_by_n++)
        p->group_by[p->group_by_n] = fr_str_of(c->profile.group_by.at[p->group_by_n].value);
}

static void wire_list(const struct fr_config *c, struct fr_rules *r) {
    r->list.items = (uint32_t)c->recommend.items;
    r->list.seeds = (uint32_t)c->recommend.seeds;
    r->list.reasons_per_item = (uint32_t)c->recommend.reasons;
    r->list.popular_items = (uint32_t)c->recommend.popular_items;
    r->list.shrinkage = c->recommend.shrinkage;
    r->list.group_weight = c->recommend.group_weight;
    r->list.trend_weight = c->recommend.trend_weight;
    r->list.seen = (enum fr_seen)c->recommend.hide_seen;
    r->list_ttl_ms = (uint32_t)c->recommend.list_ttl_ms;
    snprintf(r->surface, sizeof r->surface, "%s", c->recommend.surface);
}

static void wire_models(const struct fr_config *c, struct fr_rules *r) {
    r->blend = c->models.blend;
    r->snapshot_ms = (uint32_t)c->models.snapshot_ms;
    r->recommender.votes = (uint32_t)c->models.votes;
    r->recommender.lessons_per_s = (uint32_t)c->models.lessons_per_s;
    r->recommender.diversity = c->models.diversity;
    r->recommender.exploration = c->models.exploration;
}

static void wire_ads(const struct fr_config *c, struct fr_ad_rules *ads) {
    ads->enabled = c->targeting.ads;
    ads->consent_must_be_given = c->targeting.consent == 1;
    ads->score_views = c->targeting.score_views;
    ads->tell_withheld = c->targeting.tell_withheld;
    ads->ttl_ms = (uint32_t)c->targeting.score_ttl_ms;
    ads->scores_most = (uint32_t)c->targeting.scores_most;
    ads->exploration = c->targeting.exploration;
    ads->bought_ms = c->targeting.bought_ms;
    snprintf(ads->surface, sizeof ads->surface, "%s", c->targeting.surface);
    ads->snapshot_ms = (uint32_t)c->targeting.ad_snapshot_ms;
    ads->models = (struct fr_live_ads_params){.model_bits = (uint32_t)c->targeting.model_bits,
                                              .click_window_ms = c->targeting.click_window_ms,
                                              .conversion_window_ms = c->targeting.conversion_window_ms,
                                              .late_ms = c->targeting.late_ms,
                                              .waiting_most = (uint32_t)c->targeting.waiting_most};
}

/* The rules of the surface that the published lists are for. */
static void wire_surface(const struct fr_config *c, struct fr_rules *r) {
    struct fr_surfaces surfaces = fr_surfaces_read(c, &r->texts, NULL, NULL);
    r->arrange = fr_surfaces_find(&surfaces, fr_str_of(c->recommend.surface));
}

enum fr_err fr_wire_rules(const struct fr_config *c, struct fr_rules *r, struct fr_errmsg *msg) {
    fr_rules_default(r);
    wire_surface(c, r);
    if (!wire_events(c, &r->events)) return fr_err_set(msg, FR_CONFIG, "events.type_names: too many names");
    wire_profile(c, &r->profile);
    wire_list(c, r);
    wire_models(c, r);
    wire_ads(c, &r->ads);
    r->propensities = (struct fr_propensity_rules){c->propensities.tasks.n > 0, c->propensities.change};
    r->pairs_per_item = (uint32_t)c->affinity.pairs_per_item;
    r->neighbors = (uint32_t)c->affinity.neighbors;
    r->publish_interval_ms = (uint32_t)c->affinity.publish_interval_ms;
    r->publish_per_batch = (uint32_t)c->affinity.publish_per_batch;
    r->list_views = c->redis.list_views;
    snprintf(r->topic_prefix, sizeof r->topic_prefix, "%s", c->topic_prefix);
    snprintf(r->source, sizeof r->source, "/freshet/%s", c->topic_prefix);
    return fr_rules_prepare(r, (uint32_t)c->affinity.half_life_epochs,
                            (uint32_t)c->affinity.trend_half_life_epochs, (uint32_t)c->affinity.window_epochs,
                            msg);
}

struct fr_kafka_cluster fr_wire_cluster(const struct fr_config *c, struct fr_arena *arena) {
    struct fr_kafka_property *p = fr_arena_alloc(arena, c->kafka.properties.n * sizeof *p);
    for (uint32_t i = 0; i < c->kafka.properties.n; i++)
        p[i] = (struct fr_kafka_property){c->kafka.properties.at[i].name, c->kafka.properties.at[i].value};
    return (struct fr_kafka_cluster){.bootstrap_servers = c->kafka.bootstrap_servers,
                                     .topic_prefix = c->topic_prefix,
                                     .properties = p,
                                     .property_n = c->kafka.properties.n};
}

static const char *set_or_null(const char *text) { return text[0] ? text : NULL; }

enum fr_err fr_wire_store(const struct fr_config *c, const char *client_name, struct fr_store **out,
                          struct fr_errmsg *msg) {
    struct fr_store_redis_config redis = {.url = c->redis.url,
                                          .username = set_or_null(c->redis.username),
                                          .password_file = set_or_null(c->redis.password_file),
                                          .client_name = client_name,
                                          .connect_timeout_ms = (uint32_t)c->redis.connect_timeout_ms,
                                          .command_timeout_ms = (uint32_t)c->redis.command_timeout_ms};
    return fr_store_redis_open(&redis, out, msg);
}

static enum fr_err open_bus(struct fr_wiring *w, enum fr_stage_kind kind, unsigned index, struct fr_bus **bus,
                            struct fr_errmsg *msg) {
    char group[160], member[160];
    snprintf(group, sizeof group, "%s-%s", w->config->kafka.group_id, fr_stage_name(kind));
    snprintf(member, sizeof member, "%s-%s-%u", w->instance, fr_stage_name(kind), index);
    enum fr_topic input = fr_stage_input(kind);
    if (w->memory) {
        struct fr_bus_memory_endpoint_config memory = {
            .input = input, .group = group, .instance = member, .transactional_id = member};
        *bus = fr_bus_memory_open(w->memory, &memory);
        return FR_OK;
    }
    char transactional_id[324];
    snprintf(transactional_id, sizeof transactional_id, "%s-%s", w->config->kafka.group_id, member);
    struct fr_bus_kafka_config kafka = {.cluster = w->cluster,
                                        .input = input,
                                        .group_id = group,
                                        .group_instance_id = member,
                                        .transactional_id = transactional_id,
                                        .transaction_timeout_ms =
                                            (uint32_t)w->config->kafka.transaction_timeout_ms};
    return fr_bus_kafka_open(&kafka, bus, msg);
}

static enum fr_err open_worker(void *context, enum fr_stage_kind kind, unsigned index, struct fr_bus **bus,
                               struct fr_store **store, struct fr_errmsg *msg) {
    struct fr_wiring *w = context;
    char name[96];
    snprintf(name, sizeof name, "freshet-%s-%u", fr_stage_name(kind), index);
    enum fr_err err = fr_wire_store(w->config, name, store, msg);
    if (err != FR_OK) return err;
    err = open_bus(w, kind, index, bus, msg);
    if (err != FR_OK) (*store)->ops->close(*store);
    return err;
}

static enum fr_err open_store(void *context, struct fr_store **store, struct fr_errmsg *msg) {
    const struct fr_wiring *w = context;
    return fr_wire_store(w->config, "freshet-model", store, msg);
}

static enum fr_err open_tail(void *context, enum fr_topic topic, struct fr_tail **tail,
                             struct fr_errmsg *msg) {
    const struct fr_wiring *w = context;
    return fr_wire_tail(w, topic, tail, msg);
}

enum fr_err fr_wire_tail(const struct fr_wiring *w, enum fr_topic topic, struct fr_tail **tail,
                         struct fr_errmsg *msg) {
    if (!w->memory) return fr_tail_kafka_open(&w->cluster, topic, tail, msg);
    *tail = fr_tail_memory_open(w->memory, topic, 1);
    return FR_OK;
}

void fr_wiring_init(struct fr_wiring *w, const struct fr_config *config, struct fr_bus_memory *memory) {
    *w = (struct fr_wiring){.config = config, .memory = memory};
    w->cluster = fr_wire_cluster(config, &w->arena);
    if (config->kafka.instance_id[0])
        snprintf(w->instance, sizeof w->instance, "%s", config->kafka.instance_id);
    else if (gethostname(w->instance, sizeof w->instance - 1) != 0)
        snprintf(w->instance, sizeof w->instance, "freshet");
}

void fr_wiring_fini(struct fr_wiring *w) { fr_arena_fini(&w->arena); }

static bool stage_named(const struct fr_config *c, enum fr_stage_kind kind) {
    for (uint32_t i = 0; i < c->run.stages.n; i++)
        if (strcmp(c->run.stages.at[i].value, fr_stage_name(kind)) == 0) return true;
    return false;
}

struct fr_runner_config fr_wire_runner(struct fr_wiring *w, const struct fr_rules *rules,
                                       const uint32_t partitions[FR_TOPIC_N]) {
    const struct fr_config *c = w->config;
    struct fr_runner_config r = {.rules = rules,
                                 .ports = {w, open_worker, open_tail, open_store},
                                 .workers = (unsigned)c->run.workers,
                                 .prefix = c->topic_prefix,
                                 .batch_records = (uint32_t)c->kafka.max_batch_records,
                                 .cache_bytes = (uint64_t)c->run.state_cache_bytes,
                                 .conditions = FR_CONDITIONS_ALL};
    for (unsigned kind = 0; kind < FR_STAGE_N; kind++) {
        r.stages[kind] = stage_named(c, (enum fr_stage_kind)kind);
        r.commit_interval_ms[kind] = (uint32_t)c->redis.commit_interval_ms * (kind == FR_STAGE_USER ? 1 : 10);
    }
    for (unsigned t = 0; t < FR_TOPIC_N; t++) r.partitions[t] = partitions[t];
    return r;
}
