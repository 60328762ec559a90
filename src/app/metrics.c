/* base/stat.h's table in Prometheus' text format. Label values come from the tables that own them. */
#include "freshet/app/metrics.h"
#include "freshet/base/log.h"
#include "freshet/event/event.h"
#include "freshet/event/reject.h"
#include "freshet/port/topics.h"
#include "process.h"
#include <math.h>
#include <stdio.h>

static const struct metric {
    const char *name, *help;
    enum fr_stat_kind kind;
    enum fr_stat_label label;
} metrics[FR_STAT_N] = {
#define METRIC(id, metric, kind, label, help) {"freshet_" metric, help, FR_STAT_##kind, FR_LABEL_##label},
    FR_STAT_MAP(METRIC)
#undef METRIC
};

static const char *const kind_names[] = {"counter", "gauge", "histogram"};
static const char *const stages[] = {"user", "aggregate", "learner", "campaigns"};

/* Name of a label's i-th value, NULL after the last. */
static const char *label_value(enum fr_stat_label label, unsigned i) {
    switch (label) {
    case FR_LABEL_NONE: return i == 0 ? "" : NULL;
    case FR_LABEL_EVENT_TYPE: return i < FR_EVENT_TYPE_N ? fr_event_type_text((enum fr_event_type)i) : NULL;
    case FR_LABEL_REJECT: return i < FR_REJECT_N ? fr_reject_code((enum fr_reject)i) : NULL;
    case FR_LABEL_STAGE: return i < sizeof stages / sizeof *stages ? stages[i] : NULL;
    case FR_LABEL_TOPIC: return i < FR_TOPIC_N ? fr_topic_info((enum fr_topic)i)->suffix : NULL;
    case FR_LABEL_KIND: return NULL;
    }
    return NULL;
}

static const char *label_name(enum fr_stat_label label) {
    static const char *const names[] = {
        [FR_LABEL_NONE] = "",       [FR_LABEL_EVENT_TYPE] = "type", [FR_LABEL_REJECT] = "reason",
        [FR_LABEL_STAGE] = "stage", [FR_LABEL_TOPIC] = "topic",     [FR_LABEL_KIND] = "kind"};
    return names[label];
}

_Static_assert((int)FR_EVENT_TYPE_N <= (int)FR_STAT_LABELS && (int)FR_REJECT_N <= (int)FR_STAT_LABELS,
               "every label value has its number");

static void put_head(struct fr_buf *out, const char *name, const char *kind, const char *help) {
    fr_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static void put_label_text(struct fr_buf *out, struct fr_str s) {
    for (uint32_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' || s.ptr[i] == '"') fr_buf_byte(out, '\\');
        if (s.ptr[i] == '\n')
            fr_buf_append(out, "\\n", 2);
        else
            fr_buf_byte(out, (unsigned char)s.ptr[i]);
    }
}

static uint64_t sum(const struct fr_metrics_source *source, unsigned id, unsigned label) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < source->block_n; i++)
        total += fr_stat_get(source->blocks[i], (enum fr_stat_id)id, label);
    return total;
}

/* Times are the latest of all threads, not their sum. */
static uint64_t latest(const struct fr_metrics_source *source, unsigned id, unsigned label) {
    uint64_t most = 0;
    for (uint32_t i = 0; i < source->block_n; i++) {
        uint64_t v = fr_stat_get(source->blocks[i], (enum fr_stat_id)id, label);
        if (v > most) most = v;
    }
    return most;
}

static void put_values(const struct fr_metrics_source *source, unsigned id, struct fr_buf *out) {
    const struct metric *m = &metrics[id];
    const char *value;
    for (unsigned i = 0; (value = label_value(m->label, i)); i++) {
        if (m->label == FR_LABEL_REJECT && i == FR_REJECT_NONE) continue;
        uint64_t v = id == FR_STAT_LAST_RECORD_TIME ? latest(source, id, i) : sum(source, id, i);
        fr_buf_printf(out, "%s", m->name);
        if (m->label) fr_buf_printf(out, "{%s=\"%s\"}", label_name(m->label), value);
        fr_buf_printf(out, " %llu\n", (unsigned long long)v);
    }
}

/* One histogram of one label value: cumulative buckets, sum, count. */
static void put_histogram(const struct fr_metrics_source *source, unsigned id, unsigned label,
                          const char *labels, struct fr_buf *out) {
    const char *comma = *labels ? "," : "";
    uint64_t below = 0;
    double total = 0;
    for (unsigned b = 0; b < FR_STAT_BUCKETS; b++) {
        for (uint32_t i = 0; i < source->block_n; i++)
            below += atomic_load_explicit(&source->blocks[i]->histograms[id][label]->counts[b],
                                          memory_order_relaxed);
        if (isinf(fr_stat_bound(b)))
            fr_buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", metrics[id].name, labels, comma,
                          (unsigned long long)below);
        else
            fr_buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", metrics[id].name, labels, comma,
                          fr_stat_bound(b), (unsigned long long)below);
    }
    for (uint32_t i = 0; i < source->block_n; i++)
        total += atomic_load_explicit(&source->blocks[i]->histograms[id][label]->sum, memory_order_relaxed);
    const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    fr_buf_printf(out, "%s_sum%s%s%s %.17g\n", metrics[id].name, open, labels, close, total);
    fr_buf_printf(out, "%s_count%s%s%s %llu\n", metrics[id].name, open, labels, close,
                  (unsigned long long)below);
}

static void put_histograms(const struct fr_metrics_source *source, unsigned id, struct fr_buf *out) {
    const char *value;
    for (unsigned i = 0; i < 4 && (value = label_value(metrics[id].label, i)); i++) {
        struct fr_buf labels = {0};
        if (metrics[id].label) fr_buf_printf(&labels, "%s=\"%s\"", label_name(metrics[id].label), value);
        fr_buf_byte(&labels, '\0');
        put_histogram(source, id, i, labels.data, out);
        fr_buf_fini(&labels);
    }
}

static void put_build(struct fr_buf *out) {
    put_head(out, "freshet_build_info", "gauge", "Version of the running program; always 1.");
    fr_buf_printf(out, "freshet_build_info{version=\"%s\"} 1\n", FRESHET_VERSION);
    put_head(out, "freshet_log_messages_total", "counter", "Log lines, those kept back included.");
    static const char *const levels[FR_LOG_LEVEL_N] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < FR_LOG_LEVEL_N; i++)
        fr_buf_printf(out, "freshet_log_messages_total{level=\"%s\"} %llu\n", levels[i],
                      fr_log_count((enum fr_log_level)i));
}

static void put_process(struct fr_buf *out) {
    struct process_figures p;
    if (!process_read(&p)) return;
#define PROCESS(member, name, kind, help) \
    put_head(out, name, kind, help);      \
    fr_buf_printf(out, name " %.17g\n", p.member);
    PROCESS_MAP(PROCESS)
#undef PROCESS
}

void fr_metrics_write(const struct fr_metrics_source *source, struct fr_buf *out) {
    for (unsigned id = 0; id < FR_STAT_N; id++) {
        put_head(out, metrics[id].name, kind_names[metrics[id].kind], metrics[id].help);
        if (metrics[id].kind == FR_STAT_HISTOGRAM)
            put_histograms(source, id, out);
        else
            put_values(source, id, out);
    }
    put_build(out);
    put_process(out);
    if (source->extra) source->extra(source->context, out);
}

void fr_metrics_gauge(struct fr_buf *out, const char *name, const char *help) {
    fr_buf_printf(out, "# HELP freshet_%s %s\n# TYPE freshet_%s gauge\n", name, help, name);
}

void fr_metrics_value(struct fr_buf *out, const char *name, const struct fr_metrics_label *labels, uint32_t n,
                      double value) {
    fr_buf_printf(out, "freshet_%s", name);
    for (uint32_t i = 0; i < n; i++) {
        fr_buf_printf(out, "%s%s=\"", i ? "," : "{", labels[i].name);
        put_label_text(out, labels[i].value);
        fr_buf_byte(out, '"');
    }
    fr_buf_printf(out, "%s %.17g\n", n ? "}" : "", value);
}

#define LAG "kafka_consumer_lag"
#define LAG_HELP "Records between the committed offset and the end of the partition."

void fr_metrics_lag_head(struct fr_buf *out) { fr_metrics_gauge(out, LAG, LAG_HELP); }

void fr_metrics_lag(struct fr_buf *out, struct fr_str topic, int32_t partition, int64_t records) {
    char number[16];
    int n = snprintf(number, sizeof number, "%d", partition);
    const struct fr_metrics_label labels[] = {{"topic", topic}, {"partition", {number, (uint32_t)n}}};
    fr_metrics_value(out, LAG, labels, 2, (double)records);
}

static void put_doc(struct fr_buf *out, const char *name, const char *kind, const char *label,
                    const char *help) {
    fr_buf_printf(out, "| `%s` | %s | %s | %s |\n", name, kind, label, help);
}

void fr_metrics_docs(struct fr_buf *out) {
    fr_buf_printf(out,
                  "# Metrics\n\n"
                  "Generated from the table in `base/stat.h` by `freshet check --print-metrics`.\n\n"
                  "`GET /metrics` on `http.listen` answers in Prometheus' text format 0.0.4. A known label "
                  "value is there from the\nstart, as 0. No metric has user or item ids as labels.\n\n"
                  "| metric | kind | label | meaning |\n|---|---|---|---|\n");
    for (unsigned id = 0; id < FR_STAT_N; id++)
        put_doc(out, metrics[id].name, kind_names[metrics[id].kind], label_name(metrics[id].label),
                metrics[id].help);
    put_doc(out, "freshet_build_info", "gauge", "version", "Version of the running program; always 1.");
    put_doc(out, "freshet_log_messages_total", "counter", "level", "Log lines, those kept back included.");
#define PROCESS_DOC(member, name, kind, help) put_doc(out, name, kind, "", help);
    PROCESS_MAP(PROCESS_DOC)
#undef PROCESS_DOC
    static const enum fr_stat_label listed[] = {FR_LABEL_STAGE, FR_LABEL_EVENT_TYPE, FR_LABEL_REJECT};
    fr_buf_printf(out, "\n## Label values\n");
    for (size_t k = 0; k < sizeof listed / sizeof *listed; k++) {
        const char *value;
        fr_buf_printf(out, "\n%s:", label_name(listed[k]));
        for (unsigned i = listed[k] == FR_LABEL_REJECT; (value = label_value(listed[k], i)); i++)
            fr_buf_printf(out, " `%s`", value);
        fr_buf_byte(out, '\n');
    }
}
