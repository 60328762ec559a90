/* Any bytes as a stored ledger: refused, or a state that encodes to bytes that read back the same, can be shown, and
 * takes a difference. */
#include "freshet/target/traffic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode_twice(const struct fr_ledger *ledger, uint32_t hours_kept) {
    struct fr_buf once = {0}, twice = {0};
    struct fr_ledger same = {0};
    fr_ledger_encode(ledger, &once);
    bool ok = fr_ledger_decode(&same, hours_kept, fr_buf_slice(&once));
    FR_ASSERT(ok);
    fr_ledger_encode(&same, &twice);
    FR_ASSERT(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    fr_ledger_fini(&same);
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
}

static void use(struct fr_ledger *ledger, uint32_t hours_kept) {
    struct fr_buf out = {0};
    struct fr_traffic_shape shape, prior;
    fr_ledger_json(&out, FR_STR("c"), ledger);
    fr_traffic_shape_uniform(&prior);
    fr_traffic_shape_of(&shape, ledger, ((fr_time_ms)ledger->newest_hour + 1) * FR_HOUR_MS, &prior);
    double day = fr_traffic_between(&shape, 0, 24 * (fr_time_ms)FR_HOUR_MS);
    FR_ASSERT(day > 1 - 1e-9 && day < 1 + 1e-9);
    struct fr_ledger_delta delta = {.hour = ledger->newest_hour < INT32_MAX ? ledger->newest_hour + 1 : 0};
    delta.add.of[FR_LEDGER_CLICKS] = 1;
    fr_ledger_apply(ledger, hours_kept, &delta);
    FR_ASSERT(fr_ledger_check(ledger, hours_kept) == NULL);
    fr_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_ledger ledger = {0};
    struct fr_str bytes = {(const char *)data, (uint32_t)size};
    static const uint32_t kept[] = {FR_LEDGER_HOURS, FR_TRAFFIC_HOURS};
    for (unsigned i = 0; i < 2; i++) {
        if (!fr_ledger_decode(&ledger, kept[i], bytes)) continue;
        encode_twice(&ledger, kept[i]);
        use(&ledger, kept[i]);
        fr_ledger_fini(&ledger);
    }
    return 0;
}
