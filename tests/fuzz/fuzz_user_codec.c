/* Any bytes as a stored user: refused, or a state that holds and encodes to bytes that read back the same. The
 * first byte picks the bounds. */
#include "freshet/profile/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode_twice(struct fr_user *u, const struct fr_profile_rules *rules, struct fr_dict *ids) {
    struct fr_buf once = {0}, twice = {0};
    struct fr_user same;
    fr_user_init(&same);
    FR_ASSERT(fr_user_check(u, rules, ids) == NULL);
    fr_user_encode(u, rules, ids, &once);
    enum fr_err err = fr_user_decode(&same, fr_buf_slice(&once), rules, ids, NULL);
    FR_ASSERT(err == FR_OK);
    fr_user_encode(&same, rules, ids, &twice);
    FR_ASSERT(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    fr_buf_clear(&twice);
    fr_user_json(&twice, FR_STR("u"), u, rules, ids, true);
    fr_user_fini(&same);
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct fr_event_rules events;
    static struct fr_profile_rules rules;
    if (size == 0) return 0;
    if (!rules.events) {
        fr_event_rules_init(&events);
        fr_profile_rules_default(&rules, &events);
    }
    rules.history_items = 1 + data[0] % 8;
    rules.times_kept = 1 + data[0] / 8 % 4;

    struct fr_dict ids;
    struct fr_user user;
    fr_dict_init(&ids);
    fr_user_init(&user);
    struct fr_str bytes = {(const char *)data + 1, (uint32_t)(size - 1)};
    if (fr_user_decode(&user, bytes, &rules, &ids, NULL) == FR_OK) encode_twice(&user, &rules, &ids);
    fr_user_fini(&user);
    fr_dict_fini(&ids);
    return 0;
}
