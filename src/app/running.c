#include "running.h"
#include "freshet/app/metrics.h"

enum { SILENT_MS = 60000 }; /* a loop that has not gone round for so long hangs */

static bool is_live(void *context) {
    struct fr_runner_status s;
    fr_runner_status(context, &s);
    return fr_clock_wall_ms() - s.last_step_ms < SILENT_MS;
}

static void say(struct fr_buf *why, bool ok, const char *name, const char *missing) {
    if (ok)
        fr_buf_printf(why, "[+]%s ok\n", name);
    else
        fr_buf_printf(why, "[-]%s %s\n", name, missing);
}

static bool is_ready(void *context, struct fr_buf *why) {
    struct fr_runner_status s;
    fr_runner_status(context, &s);
    say(why, s.opened == s.workers, "connections", "Kafka or Redis has not been reached yet");
    say(why, s.with_partitions > 0, "partitions", "the group has not given any yet");
    say(why, s.failed == FR_OK, "workers", "one has stopped");
    return s.opened == s.workers && s.with_partitions > 0 && s.failed == FR_OK;
}

static void metrics(void *context, struct fr_buf *out) {
    struct fr_metrics_source source = {0};
    source.block_n = fr_runner_stats(context, &source.blocks);
    fr_metrics_write(&source, out);
}

struct fr_http_source running_source(struct fr_runner *runner) {
    return (struct fr_http_source){runner, is_live, is_ready, metrics};
}
