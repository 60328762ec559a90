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

/* With its item, and without: then it is the sum of many, or of no item. */
static const struct {
    const char *with_item, *without;
} words[FR_REASON_N + 1] = {
    [FR_REASON_CO_OCCURRENCE] = {"because of", "because of several"},
    [FR_REASON_NEXT_ITEM] = {"often after", "often next"},
    [FR_REASON_SIMILAR_SESSION] = {"visits with", "visits like this"},
    [FR_REASON_SIMILAR_PEOPLE] = {"people who share", "people like you"},
    [FR_REASON_SIMILAR_CONTENT] = {"is like", "is like several"},
    [FR_REASON_TASTE] = {"taste, by", "taste"},
    [FR_REASON_FOLLOWED] = {"followed, by", "people you follow"},
    [FR_REASON_POPULAR_IN_GROUP] = {"in the group, by", "popular in the group"},
    [FR_REASON_POPULAR] = {"popular, by", "popular"},
    [FR_REASON_TRENDING] = {"trending, by", "trending"},
    [FR_REASON_NEW_ITEM] = {"new, by", "new"},
    [FR_REASON_N] = {"", ""},
};

void demo_entry(struct fr_buf *out, const struct fr_demo_entry *e, const struct fr_dict *items) {
    fr_buf_str(out, fr_dict_str(items, e->item));
    if (e->because != (uint32_t)FR_DICT_NONE)
        fr_buf_printf(out, "  %s %.*s", words[e->code].with_item, FR_STR_ARG(fr_dict_str(items, e->because)));
    else
        fr_buf_printf(out, "  %s", words[e->code].without);
}
