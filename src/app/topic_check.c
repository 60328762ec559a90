#include "freshet/app/topic_check.h"
#include "freshet/base/hash.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { SAMPLE_PARTITIONS = 8, SAMPLE_RECORDS = 32, DAY_MS = 86400000, SHORT_DAYS = 7 };

uint32_t fr_topic_record_bytes(enum fr_topic topic) {
    return topic == FR_TOPIC_REJECTS ? FR_TOPIC_REJECT_BYTES : FR_TOPIC_RECORD_BYTES;
}

void fr_topic_specs(const struct fr_config *c, struct fr_kafka_topic_spec specs[FR_TOPIC_N]) {
    for (unsigned t = 0; t < FR_TOPIC_N; t++) {
        const struct fr_topic_info *info = fr_topic_info((enum fr_topic)t);
        /* Never append_time: a replayed log keeps the times its records had. */
        specs[t] = (struct fr_kafka_topic_spec){
            .topic = (enum fr_topic)t,
            .partitions = info->many ? (uint32_t)c->kafka.partitions : 1,
            .replication = (uint32_t)c->kafka.replication_factor,
            .retention_ms = info->input ? c->kafka.retention_ms : -1,
            .max_record_bytes = fr_topic_record_bytes((enum fr_topic)t),
        };
    }
}

static void add(struct fr_topic_problems *p, enum fr_topic topic, bool error, const char *format, ...)
    FR_PRINTF(4, 5);

static void add(struct fr_topic_problems *p, enum fr_topic topic, bool error, const char *format, ...) {
    if (p->n == FR_TOPIC_PROBLEMS_MAX) return;
    struct fr_topic_problem *problem = &p->at[p->n++];
    problem->topic = topic;
    problem->error = error;
    p->errors += error;
    va_list args;
    va_start(args, format);
    vsnprintf(problem->text, sizeof problem->text, format, args);
    va_end(args);
}

static void judge_kept(const char *prefix, enum fr_topic topic, const struct fr_kafka_topic_state *s,
                       struct fr_topic_problems *p) {
    const struct fr_topic_info *info = fr_topic_info(topic);
    if (s->compacted != info->compacted)
        add(p, topic, true, "%s.%s has cleanup.policy %s, it must be %s", prefix, info->suffix,
            s->compacted ? "compact" : "delete", info->compacted ? "compact" : "delete");
    if (info->input && s->retention_ms >= 0 && s->retention_ms < (int64_t)SHORT_DAYS * DAY_MS)
        add(p, topic, false,
            "%s.%s keeps records for %.1f days: state that Redis loses can be rebuilt from no more than that "
            "(set retention.ms to %d days or above, or -1)",
            prefix, info->suffix, (double)s->retention_ms / DAY_MS, SHORT_DAYS);
    uint32_t record_bytes = fr_topic_record_bytes(topic);
    if (s->max_record_bytes < (int64_t)record_bytes)
        add(p, topic, false, "%s.%s takes records of at most %" PRId64 " bytes; producers here send up to %u",
            prefix, info->suffix, s->max_record_bytes, record_bytes);
}

/* A record that the events topic took and the rejects topic refuses would stop its partition for good. */
static void judge_reject_room(const char *prefix, const struct fr_kafka_topic_state states[FR_TOPIC_N],
                              struct fr_topic_problems *p) {
    enum { ROOM_BYTES = FR_TOPIC_REJECT_BYTES - FR_TOPIC_RECORD_BYTES };
    const struct fr_kafka_topic_state *events = &states[FR_TOPIC_EVENTS],
                                      *rejects = &states[FR_TOPIC_REJECTS];
    if (!events->exists || !rejects->exists) return;
    if (rejects->max_record_bytes >= events->max_record_bytes + ROOM_BYTES) return;
    add(p, FR_TOPIC_REJECTS, false,
        "%s.rejects takes records of %" PRId64 " bytes and %s.events of %" PRId64
        ": a bad record may not fit with its reason (set max.message.bytes of the rejects to %" PRId64 ")",
        prefix, rejects->max_record_bytes, prefix, events->max_record_bytes,
        events->max_record_bytes + ROOM_BYTES);
}

void fr_topic_judge(const char *prefix, const struct fr_kafka_topic_state states[FR_TOPIC_N],
                    struct fr_topic_problems *p) {
    const struct fr_kafka_topic_state *events = &states[FR_TOPIC_EVENTS];
    for (unsigned t = 0; t < FR_TOPIC_N; t++) {
        const struct fr_topic_info *info = fr_topic_info((enum fr_topic)t);
        const struct fr_kafka_topic_state *s = &states[t];
        if (!s->exists) {
            add(p, (enum fr_topic)t, true, "%s.%s does not exist (create it with: freshet topics create)",
                prefix, info->suffix);
            continue;
        }
        if (info->many && events->exists && s->partitions != events->partitions)
            add(p, (enum fr_topic)t, true, "%s.%s has %u partitions and %s.%s has %u: they must be as many",
                prefix, info->suffix, s->partitions, prefix, fr_topic_info(FR_TOPIC_EVENTS)->suffix,
                events->partitions);
        judge_kept(prefix, (enum fr_topic)t, s, p);
    }
    judge_reject_room(prefix, states, p);
}

/* ---- partitioner ---- */

struct look {
    uint32_t partitions;
    struct fr_topic_sample *sample;
};

static bool look_at(void *context, const struct fr_record *r) {
    struct look *l = context;
    if (!r->key.ptr) {
        l->sample->unkeyed++;
        return true;
    }
    l->sample->keyed++;
    l->sample->astray += fr_murmur2(r->key) % l->partitions != (uint32_t)r->partition;
    return true;
}

static enum fr_err sample_partition(const struct fr_kafka_cluster *cluster, int32_t partition,
                                    struct look *look, struct fr_errmsg *msg) {
    int64_t first, stable, end;
    enum fr_err err = fr_kafka_ends(cluster, FR_TOPIC_EVENTS, partition, &first, &stable, &end, msg);
    if (err != FR_OK || first >= stable) return err;
    struct fr_kafka_range range = {partition, stable - SAMPLE_RECORDS, stable};
    if (range.from < first) range.from = first;
    return fr_kafka_read(cluster, FR_TOPIC_EVENTS, range, true, look_at, look, msg);
}

enum fr_err fr_topic_sample(const struct fr_kafka_cluster *cluster, uint32_t partitions,
                            struct fr_topic_sample *sample, struct fr_errmsg *msg) {
    struct look look = {partitions, sample};
    uint32_t step = (partitions + SAMPLE_PARTITIONS - 1) / SAMPLE_PARTITIONS;
    enum fr_err err = FR_OK;
    for (uint32_t i = 0; i < partitions && err == FR_OK; i += step)
        err = sample_partition(cluster, (int32_t)i, &look, msg);
    return err;
}

void fr_topic_judge_sample(const char *prefix, const struct fr_topic_sample *s, struct fr_topic_problems *p) {
    const char *name = fr_topic_info(FR_TOPIC_EVENTS)->suffix;
    if (s->astray)
        add(p, FR_TOPIC_EVENTS, false,
            "%u of %u sampled records of %s.%s are not in partition murmur2(key) %% partitions: librdkafka "
            "producers need partitioner=murmur2_random, Java's have it by default; else a user's events may "
            "be spread over partitions and their profile split",
            s->astray, s->keyed, prefix, name);
    if (s->unkeyed > s->keyed)
        add(p, FR_TOPIC_EVENTS, false,
            "%u of %u sampled records of %s.%s have no key: producers must use the user_id, else a user's "
            "events are spread over partitions",
            s->unkeyed, s->unkeyed + s->keyed, prefix, name);
}
