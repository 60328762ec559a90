#include "freshet/app/bench.h"
#include <stdio.h>

void fr_bench_campaign(struct fr_buf *out, uint32_t n, const char *rule) {
    fr_buf_clear(out);
    fr_buf_printf(
        out,
        "{\"id\":\"campaign-%u\",\"advertiser\":\"a%u\",\"creatives\":[\"%u-a\",\"%u-b\",\"%u-c\",\"%u-d\"],"
        "\"pays\":{\"for\":\"click\",\"price\":0.%u},\"caps\":{\"day\":3}",
        n, n % 50, n, n, n, n, 1 + n % 9);
    if (*rule) fr_buf_printf(out, ",\"rule\":\"%s\"", rule);
    fr_buf_byte(out, '}');
}

void fr_bench_campaign_rule(uint32_t n, char rule[64]) {
    rule[0] = 0;
    if (n % 10) snprintf(rule, 64, "purchases(30d) >= %u", 2 + n % 5);
}
