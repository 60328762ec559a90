/* What the range of a single row cannot say. */
#include "config_internal.h"
#include "freshet/adapt/redis_url.h"
#include "freshet/app/http.h"
#include "freshet/app/surfaces.h"
#include "freshet/learn/bundle.h"
#include "freshet/profile/rules.h"
#include "freshet/run/keys.h"
#include <ctype.h>
#include <stdio.h>

/* A problem with a setting, at the place where its value was written. */
static void wrong(struct fr_config_loader *l, const char *path, const char *hint, const char *what) {
    const struct fr_config_row *row = fr_config_row_find(fr_str_of(path));
    char variable[FR_CONFIG_PATH_BYTES];
    struct fr_config_place place = fr_config_place_of(l->config, row, variable);
    fr_config_problem(l, &place, fr_str_of(path), hint, "%s", what);
}

/* Names that become part of topic names. */
static bool is_topic_text(const char *text) {
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p)) return false;
    return *text && strlen(text) < FR_KEYS_PREFIX_BYTES;
}

static void check_kafka(struct fr_config_loader *l) {
    const struct fr_config *c = l->config;
    const char *name_hint = "1 to 63 letters, digits, dots, underscores and hyphens";
    if (!is_topic_text(c->topic_prefix))
        wrong(l, "topic_prefix", name_hint, "cannot be part of a topic's name");
    if (c->kafka.group_id != c->topic_prefix && !is_topic_text(c->kafka.group_id))
        wrong(l, "kafka.group_id", name_hint, "cannot be a group's name");
    if (!*c->kafka.bootstrap_servers || strchr(c->kafka.bootstrap_servers, ' '))
        wrong(l, "kafka.bootstrap_servers", "host:port,host:port", "is not a list of brokers");
}

/* librdkafka's properties that exactly-once rests on, or that have a setting here. */
static void check_properties(struct fr_config_loader *l) {
    static const struct {
        const char *name, *hint;
    } ours[] = {{"bootstrap.servers", "use kafka.bootstrap_servers"},
                {"metadata.broker.list", "use kafka.bootstrap_servers"},
                {"group.id", "use kafka.group_id"},
                {"group.instance.id", "use kafka.instance_id"},
                {"transaction.timeout.ms", "use kafka.transaction_timeout_ms"},
                {"transactional.id", "it follows from kafka.group_id and the partitions"},
                {"enable.auto.commit", "offsets are committed with the transaction"},
                {"enable.auto.offset.store", "offsets are committed with the transaction"},
                {"enable.idempotence", "a transactional producer always is"},
                {"isolation.level", "aborted records must not be read"},
                {"partition.assignment.strategy", "all instances must share one"},
                {"partitioner", "keys must be where Java clients put them"}};
    const struct fr_config_list *list = &l->config->kafka.properties;
    const struct fr_config_row *row = fr_config_row_find(FR_STR("kafka.properties"));
    for (uint32_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++) {
            if (strcmp(list->at[i].name, ours[k].name) != 0) continue;
            char variable[FR_CONFIG_PATH_BYTES];
            struct fr_config_place place = fr_config_place_of(l->config, row, variable);
            if (list->at[i].line) place.line = list->at[i].line, place.column = list->at[i].column;
            fr_config_problem(l, &place, fr_str_of(row->path), ours[k].hint, "%s is freshet's own to set",
                              ours[k].name);
        }
}

static void check_addresses(struct fr_config_loader *l) {
    struct fr_redis_url url;
    struct fr_errmsg msg = {0};
    char host[64], port[8];
    const char *listen = l->config->http.listen;
    if (fr_redis_url_parse(l->config->redis.url, &url, &msg) != FR_OK)
        wrong(l, "redis.url", "redis://127.0.0.1:6379/0", msg.text);
    if (strcmp(listen, "off") != 0 && !fr_http_address(listen, host, port))
        wrong(l, "http.listen", "127.0.0.1:9464 or off", "is not address:port");
}

static void check_run(struct fr_config_loader *l) {
    const struct fr_config *c = l->config;
    const struct fr_config_list *stages = &c->run.stages;
    if (stages->n == 0) wrong(l, "run.stages", "user, aggregate or both", "names no stage");
    for (uint32_t i = 0; i < stages->n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(stages->at[i].value, stages->at[k].value) == 0)
                wrong(l, "run.stages", "name it once", "a stage stands there twice");
    if (c->profile.group_by.n > FR_PROFILE_GROUP_BY_MAX)
        wrong(l, "profile.group_by", "at most 4", "too many attributes make a group");
    if (!(c->recommend.group_weight + c->recommend.trend_weight < 1))
        wrong(l, "recommend.trend_weight", "together with recommend.group_weight it must be below 1",
              "leaves nothing for the user's own interests");
    if (!*c->recommend.surface) wrong(l, "recommend.surface", "for example default", "is empty");
}

/* What a refit can fit from histories and the catalogue, and store. */
static bool is_family(const char *name) {
    const struct fr_model_ops *ops = fr_model_find(name);
    return ops && ops->fit && ops->load && !ops->needs_friends;
}

static void check_models(struct fr_config_loader *l) {
    const struct fr_config_list *families = &l->config->models.families;
    const char *hint = "for example [spectral, als, content]";
    if (families->n == 0) wrong(l, "models.families", hint, "names no model");
    if (families->n > FR_BUNDLE_MODELS_MAX) wrong(l, "models.families", hint, "names too many models");
    for (uint32_t i = 0; i < families->n; i++) {
        if (!is_family(families->at[i].value))
            wrong(l, "models.families", hint, "names a model that a refit cannot fit");
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(families->at[i].value, families->at[k].value) == 0)
                wrong(l, "models.families", "name it once", "a model stands there twice");
    }
}

static void tell_surface(void *context, const struct fr_config_member *member, const char *hint,
                         const char *text) {
    struct fr_config_loader *l = context;
    const struct fr_config_row *row = fr_config_row_find(FR_STR("surfaces"));
    char variable[FR_CONFIG_PATH_BYTES], key[FR_CONFIG_PATH_BYTES];
    struct fr_config_place place = fr_config_place_of(l->config, row, variable);
    if (member->line) place.line = member->line, place.column = member->column;
    int n = snprintf(key, sizeof key, "surfaces.%.200s", member->name);
    fr_config_problem(l, &place, (struct fr_str){key, (uint32_t)n}, hint, "\"%.60s\": %s", member->value,
                      text);
}

static void check_surfaces(struct fr_config_loader *l) {
    struct fr_arena arena = {0};
    fr_surfaces_read(l->config, &arena, tell_surface, l);
    fr_arena_fini(&arena);
}

void fr_config_check(struct fr_config_loader *l) {
    check_kafka(l);
    check_properties(l);
    check_addresses(l);
    check_run(l);
    check_models(l);
    check_surfaces(l);
}
