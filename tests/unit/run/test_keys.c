#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/run/keys.h"

static void test_tags_spread_over_the_slots(void) {
    for (uint32_t n = 1; n <= 64; n += 7) {
        struct fr_keys k;
        fr_keys_init(&k, "p", "user", n, 1);
        for (uint32_t p = 0; p < n; p++) {
            uint32_t slot = fr_crc16(fr_str_of(k.tags[p])) % 16384;
            CHECK(slot >= (uint64_t)p * 16384 / n && slot < (uint64_t)(p + 1) * 16384 / n);
        }
        fr_keys_fini(&k);
    }
}

static void test_names(void) {
    struct fr_keys k;
    struct fr_arena a = {0};
    fr_keys_init(&k, "shop", "user", 4, 1);
    char want[128];
    snprintf(want, sizeof want, "shop:user:meta:{%s}", k.tags[2]);
    CHECK(fr_str_eq(fr_keys_meta(&k, 2, &a), fr_str_of(want)));
    snprintf(want, sizeof want, "shop:user:1:{%s}:u:x:}y", k.tags[3]);
    struct fr_str full = fr_keys_state(&k, 3, FR_STR("u:x:}y"), &a), key;
    CHECK(fr_str_eq(full, fr_str_of(want)));
    CHECK(fr_keys_parse_state(&k, full, &key));
    CHECK(fr_str_eq(key, FR_STR("u:x:}y")));
    CHECK(!fr_keys_parse_state(&k, fr_keys_meta(&k, 2, &a), &key));
    snprintf(want, sizeof want, "shop:view:trend:{%s}:", k.tags[0]);
    CHECK(fr_str_eq(fr_keys_view(&k, "trend", 0, FR_STR(""), &a), fr_str_of(want)));
    fr_keys_fini(&k);
    fr_arena_fini(&a);
}

int main(void) {
    RUN(test_tags_spread_over_the_slots);
    RUN(test_names);
    return check_done();
}
