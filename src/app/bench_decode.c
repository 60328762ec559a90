/* The native scanner against Jansson behind the same decode table, on the same bytes. The two take turns, so that a
 * busy machine is busy for both. */
#include "freshet/app/bench.h"
#include "freshet/event/decode.h"
#include <stdlib.h>

enum { EVENTS = 200000 };

typedef enum fr_reject decode_native(struct fr_decoder *, struct fr_str, struct fr_arena *, struct fr_event *,
                                     struct fr_str *);

struct texts {
    struct fr_str *at;
    uint32_t n;
    uint64_t bytes;
    struct fr_arena arena;
};

static void make_texts(const struct fr_bench_options *o, struct texts *texts) {
    struct fr_bench_load *load = fr_bench_load_new((uint32_t)o->users, (uint32_t)o->items, (uint64_t)o->seed);
    *texts = (struct texts){.n = (uint32_t)(o->events ? o->events : EVENTS)};
    texts->at = fr_arena_alloc(&texts->arena, texts->n * sizeof *texts->at);
    for (uint32_t i = 0; i < texts->n; i++) {
        struct fr_str text = fr_bench_text(fr_bench_load_next(load, 1700000000000 + i));
        texts->at[i] = fr_arena_copy(&texts->arena, text);
        texts->bytes += text.len;
    }
    fr_bench_load_free(&load);
}

static double ns_per_event(decode_native *decode, struct fr_decoder *decoder, const struct texts *texts) {
    struct fr_arena arena = {0};
    int64_t start = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < texts->n; i++) {
        struct fr_event event;
        fr_arena_clear(&arena);
        enum fr_reject reject = decode(decoder, texts->at[i], &arena, &event, NULL);
        FR_ASSERT(reject == FR_REJECT_NONE);
    }
    int64_t took = fr_clock_cpu_ns() - start;
    fr_arena_fini(&arena);
    return (double)took / texts->n;
}

static void add(struct fr_bench_report *report, const char *name, double ns, const struct texts *texts) {
    fr_bench_section(report, name);
    fr_bench_value(report, "ns_per_event", ns);
    fr_bench_value(report, "events_per_cpu_s", 1e9 / ns);
    fr_bench_value(report, "megabytes_per_cpu_s", (double)texts->bytes / texts->n / ns * 1e3);
}

void fr_bench_decode(const struct fr_bench_options *o, const struct fr_rules *rules,
                     struct fr_bench_report *report) {
    struct texts texts;
    make_texts(o, &texts);
    struct fr_decoder *decoder = fr_decoder_new(&rules->events);
    double native = 0, jansson = 0;
    struct fr_bench_progress progress = {.what = "decode", .total = (uint64_t)o->rounds};
    fr_bench_progress(&progress, 0);
    for (int64_t round = 0; round < o->rounds; round++) {
        double a = ns_per_event(fr_decode_native, decoder, &texts);
        double b = ns_per_event(fr_decode_native_jansson, decoder, &texts);
        native = round == 0 || a < native ? a : native;
        jansson = round == 0 || b < jansson ? b : jansson;
        fr_bench_progress(&progress, (uint64_t)round + 1);
    }
    add(report, "native", native, &texts);
    add(report, "jansson", jansson, &texts);
    fr_bench_section(report, "ratio");
    fr_bench_value(report, "mean_event_bytes", (double)texts.bytes / texts.n);
    fr_bench_value(report, "times_jansson", jansson / native);
    fr_decoder_free(&decoder);
    fr_arena_fini(&texts.arena);
}
