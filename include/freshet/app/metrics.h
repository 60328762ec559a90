/* metrics.h - the numbers of base/stat.h in Prometheus' text format 0.0.4, and what is known of the process.
 *
 * Promise   every metric of the table is there with each known label value, 0 included; the same order every
 *           time; passes `promtool check metrics` (tests/metrics_lint.sh).
 * Not       no user or item ids as labels, ever.
 * Threads   any; blocks are only read. */
#ifndef FR_APP_METRICS_H
#define FR_APP_METRICS_H

#include "freshet/base/buf.h"
#include "freshet/base/stat.h"

#define FR_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct fr_metrics_source {
    struct fr_stat_block *const *blocks; /* summed */
    uint32_t block_n;
    void (*extra)(void *context, struct fr_buf *out); /* appends more, NULL: none */
    void *context;
};

void fr_metrics_write(const struct fr_metrics_source *source, struct fr_buf *out);

/* For extra(): "# HELP" and "# TYPE" of a gauge, then a line per value. name without the prefix. */
void fr_metrics_gauge(struct fr_buf *out, const char *name, const char *help);
struct fr_metrics_label {
    const char *name;
    struct fr_str value; /* escaped here */
};
void fr_metrics_value(struct fr_buf *out, const char *name, const struct fr_metrics_label *labels, uint32_t n,
                      double value);

/* kafka_consumer_lag{topic,partition}, one call a partition after one fr_metrics_lag_head. */
void fr_metrics_lag_head(struct fr_buf *out);
void fr_metrics_lag(struct fr_buf *out, struct fr_str topic, int32_t partition, int64_t records);

/* docs/METRICS.md */
void fr_metrics_docs(struct fr_buf *out);

#endif
