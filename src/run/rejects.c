#include "freshet/run/rejects.h"
#include <inttypes.h>
#include <stdio.h>

enum { ERROR_HEADERS = 8 };

static struct fr_str print(struct fr_arena *arena, long long number) {
    char *text = fr_arena_alloc(arena, 24);
    int n = snprintf(text, 24, "%lld", number);
    return (struct fr_str){text, (uint32_t)n};
}

static struct fr_str topic_name(const struct fr_stage *stage, const char *prefix, struct fr_arena *arena) {
    char *text = fr_arena_alloc(arena, 96);
    int n = snprintf(text, 96, "%s.%s", prefix, fr_topic_info(stage->ops->input)->suffix);
    return (struct fr_str){text, (uint32_t)n};
}

static struct fr_str sentence(struct fr_arena *arena, enum fr_reject reason, struct fr_str detail) {
    const char *text = fr_reject_text(reason);
    if (detail.len == 0) return fr_str_of(text);
    size_t size = strlen(text) + detail.len + 3;
    char *both = fr_arena_alloc(arena, size);
    int n = snprintf(both, size, "%s: %.*s", text, FR_STR_ARG(detail));
    return (struct fr_str){both, (uint32_t)n};
}

void fr_reject_record(const struct fr_stage *stage, const struct fr_stage_batch *b, const char *topic_prefix,
                      uint32_t record, enum fr_reject reason, struct fr_str detail) {
    const struct fr_record *r = &b->records[record];
    struct fr_header *h = fr_arena_alloc(b->arena, (r->header_n + ERROR_HEADERS) * sizeof *h);
    for (uint32_t i = 0; i < r->header_n; i++) h[i] = r->headers[i];
    struct fr_header *e = h + r->header_n;
    e[0] = (struct fr_header){FR_STR("__freshet.errors.topic"), topic_name(stage, topic_prefix, b->arena)};
    e[1] = (struct fr_header){FR_STR("__freshet.errors.partition"), print(b->arena, r->partition)};
    e[2] = (struct fr_header){FR_STR("__freshet.errors.offset"), print(b->arena, r->offset)};
    e[3] = (struct fr_header){FR_STR("__freshet.errors.timestamp"), print(b->arena, r->timestamp_ms)};
    e[4] = (struct fr_header){FR_STR("__freshet.errors.stage"), fr_str_of(stage->ops->name)};
    e[5] = (struct fr_header){FR_STR("__freshet.errors.code"), fr_str_of(fr_reject_code(reason))};
    e[6] = (struct fr_header){FR_STR("__freshet.errors.message"), sentence(b->arena, reason, detail)};
    e[7] = (struct fr_header){FR_STR("__freshet.errors.version"), FR_STR(FRESHET_VERSION)};
    struct fr_out out = {.topic = FR_TOPIC_REJECTS,
                         .partition = (int32_t)((uint32_t)r->partition % b->partitions[FR_TOPIC_REJECTS]),
                         .key = r->key,
                         .value = r->value,
                         .headers = h,
                         .header_n = r->header_n + ERROR_HEADERS};
    fr_outbox_record(b->out, &out);
    fr_stat_add(b->stat, FR_STAT_EVENTS_REJECTED, reason, 1);
    if (reason == FR_REJECT_TOO_LATE) fr_stat_add(b->stat, FR_STAT_EVENTS_LATE, 0, 1);
}
