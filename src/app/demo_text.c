#include "demo.h"
#include <stdio.h>

void demo_count(struct fr_buf *out, uint64_t n, int width) {
    char digits[32], text[48];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    fr_buf_printf(out, "%*.*s", width, at, text);
}

void demo_bytes(struct fr_buf *out, uint64_t bytes) {
    fr_buf_printf(out, "%.*f MB", bytes < 10000000, (double)bytes / 1e6);
}

void demo_latency(struct fr_buf *out, double seconds) {
    if (seconds < .001)
        fr_buf_printf(out, "under 1 ms");
    else if (seconds < 1)
        fr_buf_printf(out, "%.0f ms", seconds * 1e3);
    else
        fr_buf_printf(out, "%.1f s", seconds);
}

double demo_percent(uint64_t part, uint64_t whole) { return whole ? 100 * (double)part / (double)whole : 0; }

/* A co-occurrence without its item is the sum of many. */
static const char *const words[FR_REASON_N + 1] = {[FR_REASON_CO_OCCURRENCE] = "because of several",
                                                   [FR_REASON_POPULAR_IN_GROUP] = "popular in the group",
                                                   [FR_REASON_TRENDING] = "trending",
                                                   [FR_REASON_N] = ""};

void demo_entry(struct fr_buf *out, const struct fr_demo_entry *e, const struct fr_dict *items) {
    fr_buf_str(out, fr_dict_str(items, e->item));
    if (e->because != (uint32_t)FR_DICT_NONE)
        fr_buf_printf(out, "  because of %.*s", FR_STR_ARG(fr_dict_str(items, e->because)));
    else
        fr_buf_printf(out, "  %s", words[e->code]);
}
