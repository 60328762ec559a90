#include "freshet/app/bench.h"
#include <stdio.h>
#include <stdlib.h>

struct fr_bench_load {
    struct fr_rng rng;
    uint32_t users, items, seed;
    uint64_t made;
    double *shares; /* [items] of all events, cumulated over the items from the most popular on */
    struct fr_bench_event ring[FR_BENCH_RING];
};

struct fr_bench_load *fr_bench_load_new(uint32_t users, uint32_t items, uint64_t seed) {
    FR_ASSERT(users > 0 && users <= 999999 && items > 0 && items <= 999999);
    struct fr_bench_load *l = fr_alloc_zero(1, sizeof *l);
    l->users = users;
    l->items = items;
    l->seed = (uint32_t)seed;
    l->rng.state = seed;
    l->rng.state = fr_rng_next(&l->rng); /* far from where the next seed begins */
    l->shares = fr_alloc(items * sizeof *l->shares);
    double sum = 0;
    for (uint32_t i = 0; i < items; i++) l->shares[i] = sum += 1. / (i + 1);
    for (uint32_t i = 0; i < items; i++) l->shares[i] /= sum;
    return l;
}

void fr_bench_load_free(struct fr_bench_load **load) {
    if (!*load) return;
    free((*load)->shares);
    free(*load);
    *load = NULL;
}

uint64_t fr_bench_load_made(const struct fr_bench_load *l) { return l->made; }

static uint32_t draw_item(struct fr_bench_load *l) {
    double at = fr_rng_uniform(&l->rng);
    uint32_t low = 0, high = l->items - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (l->shares[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const char *draw_type(struct fr_bench_load *l) {
    uint32_t percent = fr_rng_below(&l->rng, 100);
    return percent < 80 ? "click" : percent < 90 ? "like" : percent < 96 ? "purchase" : "share";
}

static const char *draw_device(struct fr_bench_load *l) {
    uint32_t tenth = fr_rng_below(&l->rng, 10);
    return tenth < 6 ? "mobile" : tenth < 9 ? "desktop" : "tablet";
}

static void make(struct fr_bench_load *l, struct fr_bench_event *e, fr_time_ms time_ms) {
    uint32_t user = fr_rng_below(&l->rng, l->users), item = draw_item(l);
    const char *type = draw_type(l), *device = draw_device(l);
    uint32_t cents = 100 + fr_rng_below(&l->rng, 50000), campaign = fr_rng_below(&l->rng, 1000);
    *e = (struct fr_bench_event){.user = user, .time_ms = time_ms};
    e->key_len = (uint16_t)snprintf(e->key, sizeof e->key, "u%06u", user);
    int n = snprintf(
        e->text, sizeof e->text,
        "{\"event_id\":\"e%08x-%09llu\",\"event_type\":\"%s\",\"user_id\":\"u%06u\",\"item_id\":\"i%06u\","
        "\"timestamp\":%lld,\"session_id\":\"s%06u-%04u\",\"device\":\"%s\",\"price\":%u.%02u,"
        "\"referrer\":\"https://www.example.com/landing?campaign=c%03u&source=mail\"}",
        l->seed, (unsigned long long)l->made, type, user, item, (long long)time_ms, user,
        (unsigned)(l->made >> 16) % 10000, device, cents / 100, cents % 100, campaign);
    FR_ASSERT(n > 0 && n < FR_BENCH_EVENT_BYTES);
    e->text_len = (uint16_t)n;
}

const struct fr_bench_event *fr_bench_load_next(struct fr_bench_load *l, fr_time_ms time_ms) {
    struct fr_bench_event *e = &l->ring[l->made % FR_BENCH_RING];
    if (fr_rng_below(&l->rng, 100) == 0 && l->made >= FR_BENCH_RING) {
        const struct fr_bench_event *earlier = &l->ring[fr_rng_below(&l->rng, FR_BENCH_RING)];
        if (earlier != e) *e = *earlier;
        e->repeat = true;
    } else {
        make(l, e, time_ms);
    }
    l->made++;
    return e;
}
