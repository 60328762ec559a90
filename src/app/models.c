#include "freshet/app/models.h"
#include "freshet/adapt/kafka_admin.h"
#include "freshet/app/parameters_file.h"
#include "freshet/learn/announce.h"

enum { DELIVERY_MS = 60000 };

static void add_family(const char *name, const struct fr_parameters *given, struct fr_refit_params *out) {
    const struct fr_model_ops *ops = fr_model_find(name);
    FR_ASSERT(ops && out->family_n < FR_BUNDLE_MODELS_MAX); /* the configuration was checked */
    struct fr_refit_family *family = &out->families[out->family_n++];
    const struct fr_model_parameters *values = fr_parameters_of(given, ops);
    *family = (struct fr_refit_family){.ops = ops, .has_values = values != NULL};
    if (!values) return;
    memcpy(family->values, values->values, sizeof family->values);
    family->weight = given->weights[values - given->models]; /* what is not named has none */
}

/* A blend that gives nothing to any of the families is none. */
static void settle_blend(const struct fr_parameters *given, struct fr_refit_params *out) {
    double sum = 0;
    for (uint32_t i = 0; i < out->family_n; i++) sum += out->families[i].weight;
    out->has_blend = given->has_blend && sum > 0;
    out->parts = given->parts;
}

enum fr_err fr_models_params(const struct fr_config *config, struct fr_refit_params *out,
                             struct fr_errmsg *msg) {
    struct fr_parameters given = {0};
    enum fr_err err = FR_OK;
    *out = FR_REFIT_DEFAULTS;
    out->threads = (unsigned)config->models.threads;
    out->niceness = (int)config->models.niceness;
    out->near = (uint32_t)config->models.near;
    out->tune_s = (double)config->models.tune_ms * 1e-3;
    out->split.share = config->models.holdout_share;
    out->split.items_most = (uint32_t)config->models.items_most;
    out->users_most = (uint32_t)config->models.users_most;
    out->judge.alpha = config->models.alpha;
    out->keep = (uint32_t)config->models.keep;
    if (config->models.parameters[0]) err = fr_parameters_read(config->models.parameters, &given, msg);
    for (uint32_t i = 0; i < config->models.families.n; i++)
        add_family(config->models.families.at[i].value, &given, out);
    settle_blend(&given, out);
    return err;
}

static enum fr_err put(struct fr_kafka_writer *w, enum fr_topic topic, struct fr_str key,
                       const struct fr_buf *value, struct fr_errmsg *msg) {
    const struct fr_out record = {.topic = topic, .partition = -1, .key = key, .value = fr_buf_slice(value)};
    return fr_kafka_writer_put(w, &record, msg);
}

enum fr_err fr_models_announce(void *context, const struct fr_model_event *event,
                               const struct fr_control *control, struct fr_errmsg *msg) {
    const struct fr_kafka_cluster *cluster = context;
    struct fr_kafka_writer *writer;
    struct fr_buf json = {0}, bytes = {0};
    uint64_t failed = 0;
    enum fr_err err = fr_kafka_writer_open(cluster, &writer, msg);
    if (err != FR_OK) return err;
    fr_model_event_json(event, &json);
    err = put(writer, FR_TOPIC_MODELS, fr_str_of(event->version), &json, msg);
    if (err == FR_OK && control) {
        fr_control_write(control, &bytes);
        err = put(writer, FR_TOPIC_EXAMPLES, fr_str_of(FR_CONTROL_KEY), &bytes, msg);
    }
    if (err == FR_OK) err = fr_kafka_writer_flush(writer, DELIVERY_MS, &failed, msg);
    if (err == FR_OK && failed) err = fr_err_set(msg, FR_BUS_DOWN, "an announcement was not delivered");
    fr_kafka_writer_close(&writer);
    fr_buf_fini(&json);
    fr_buf_fini(&bytes);
    return err;
}
