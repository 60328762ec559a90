/* The topics as a table for a person and as JSON. */
#include "freshet/app/topic_check.h"
#include "freshet/base/json.h"
#include <inttypes.h>
#include <stdio.h>

static void put_retention(const struct fr_kafka_topic_state *s, struct fr_buf *out) {
    enum { HOUR_MS = 3600000 };
    if (s->compacted)
        fr_buf_printf(out, "latest per key\n");
    else if (s->retention_ms < 0)
        fr_buf_printf(out, "for ever\n");
    else
        fr_buf_printf(out, "%.1f h\n", (double)s->retention_ms / HOUR_MS);
}

void fr_topic_table(const char *prefix, const struct fr_kafka_topic_state states[FR_TOPIC_N],
                    struct fr_buf *out) {
    char name[160];
    fr_buf_printf(out, "%-32s %10s %8s %-7s  %s\n", "TOPIC", "PARTITIONS", "REPLICAS", "CLEANUP", "KEPT");
    for (unsigned t = 0; t < FR_TOPIC_N; t++) {
        const struct fr_kafka_topic_state *s = &states[t];
        snprintf(name, sizeof name, "%s.%s", prefix, fr_topic_info((enum fr_topic)t)->suffix);
        if (!s->exists) {
            fr_buf_printf(out, "%-32s %10s\n", name, "missing");
            continue;
        }
        fr_buf_printf(out, "%-32s %10u %8u %-7s  ", name, s->partitions, s->replication,
                      s->compacted ? "compact" : "delete");
        put_retention(s, out);
    }
}

static void put_name(const char *prefix, enum fr_topic topic, struct fr_buf *out) {
    char name[160];
    int n = snprintf(name, sizeof name, "%s.%s", prefix, fr_topic_info(topic)->suffix);
    fr_json_str(out, (struct fr_str){name, (uint32_t)n});
}

static void put_topic(const char *prefix, enum fr_topic topic, const struct fr_kafka_topic_state *s,
                      struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "name");
    put_name(prefix, topic, out);
    fr_json_key(out, "exists");
    fr_json_bool(out, s->exists);
    if (s->exists) {
        fr_json_key(out, "partitions");
        fr_json_int(out, s->partitions);
        fr_json_key(out, "replication");
        fr_json_int(out, s->replication);
        fr_json_key(out, "cleanup");
        fr_json_str(out, fr_str_of(s->compacted ? "compact" : "delete"));
        fr_json_key(out, "retention_ms");
        fr_json_int(out, s->retention_ms);
        fr_json_key(out, "max_record_bytes");
        fr_json_int(out, s->max_record_bytes);
        fr_json_key(out, "timestamps");
        fr_json_str(out, fr_str_of(s->append_time ? "LogAppendTime" : "CreateTime"));
    }
    fr_json_close(out, '}');
}

void fr_topic_json(const char *prefix, const struct fr_kafka_topic_state states[FR_TOPIC_N],
                   const struct fr_topic_problems *problems, struct fr_buf *out) {
    fr_json_key(out, "topics");
    fr_json_open(out, '[');
    for (unsigned t = 0; t < FR_TOPIC_N; t++) put_topic(prefix, (enum fr_topic)t, &states[t], out);
    fr_json_close(out, ']');
    fr_json_key(out, "problems");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < problems->n; i++) {
        const struct fr_topic_problem *p = &problems->at[i];
        fr_json_open(out, '{');
        fr_json_key(out, "topic");
        put_name(prefix, p->topic, out);
        fr_json_key(out, "severity");
        fr_json_str(out, fr_str_of(p->error ? "error" : "warning"));
        fr_json_key(out, "text");
        fr_json_str(out, fr_str_of(p->text));
        fr_json_close(out, '}');
    }
    fr_json_close(out, ']');
}
