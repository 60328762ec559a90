/* Settings, epochs and the order of strengths. */
#include "check.h"
#include "freshet/profile/rules.h"

static struct fr_event_rules events;
static struct fr_profile_rules rules;

static void test_epochs_round_towards_minus_infinity(void) {
    fr_profile_rules_default(&rules, &events);
    rules.epoch_ms = 1000;
    CHECK_INT(fr_epoch_of(&rules, 0), 0);
    CHECK_INT(fr_epoch_of(&rules, 999), 0);
    CHECK_INT(fr_epoch_of(&rules, 1000), 1);
    CHECK_INT(fr_epoch_of(&rules, -1), -1);
    CHECK_INT(fr_epoch_of(&rules, -1000), -1);
    CHECK_INT(fr_epoch_of(&rules, -1001), -2);
    rules.epoch_ms = 1;
    CHECK_INT(fr_epoch_of(&rules, INT64_MAX), INT32_MAX);
    CHECK_INT(fr_epoch_of(&rules, INT64_MIN), INT32_MIN);
}

static int cmp(int32_t wa, int32_t ea, int32_t wb, int32_t eb) {
    return fr_strength_cmp(&rules, (struct fr_strength){ea, wa}, (struct fr_strength){eb, wb});
}

static void test_strengths_order_by_what_is_left_of_them(void) {
    fr_profile_rules_default(&rules, &events);
    CHECK_INT(rules.weight_rank[1], 0);
    CHECK_INT(rules.weight_rank[2], 1 << 20);
    CHECK_INT(rules.weight_rank[3], 1661954);
    CHECK_INT(rules.epoch_rank, 74898);
    CHECK(cmp(4, 0, 3, 0) > 0 && cmp(1, 5, 1, 4) > 0 && cmp(3, 3, 3, 3) == 0);
    CHECK(cmp(4, 0, 1, 27) > 0 && cmp(4, 0, 1, 29) < 0); /* 4 fades to 1 in 28 epochs */
    CHECK(cmp(0, 0, 1, -1000) < 0 && cmp(1, -1000, 0, 0) > 0 && cmp(0, 0, 0, 0) == 0);
    struct fr_strength a = {0, 4}, b = {20, 1}, nothing = {0, 0};
    CHECK(fr_strength_eq(fr_strength_min(&rules, a, b), b));
    CHECK(fr_strength_eq(fr_strength_min(&rules, b, a), b));
    CHECK(fr_strength_eq(fr_strength_min(&rules, a, nothing), nothing));
}

/* With a half life of one epoch 2 at epoch 0 and 1 at epoch 1 are equal: the later epoch is the larger. */
static void test_equal_ranks_order_by_epoch(void) {
    fr_profile_rules_default(&rules, &events);
    rules.half_life_epochs = 1;
    CHECK_INT(fr_profile_rules_prepare(&rules, NULL), FR_OK);
    CHECK(cmp(2, 0, 1, 1) < 0);
    CHECK(cmp(4, 1, 2, 2) < 0);
}

static void test_settings_out_of_range_are_refused(void) {
    fr_profile_rules_default(&rules, &events);
    struct fr_errmsg msg = {0};
    rules.times_kept = FR_PROFILE_TIMES_MAX + 1;
    CHECK_INT(fr_profile_rules_prepare(&rules, &msg), FR_CONFIG);
    CHECK_STR(msg.text, "times_kept must be 1 to 8");
    rules.times_kept = 1;
    rules.history_items = 0;
    CHECK_INT(fr_profile_rules_prepare(&rules, NULL), FR_CONFIG);
}

int main(void) {
    fr_event_rules_init(&events);
    RUN(test_epochs_round_towards_minus_infinity);
    RUN(test_strengths_order_by_what_is_left_of_them);
    RUN(test_equal_ranks_order_by_epoch);
    RUN(test_settings_out_of_range_are_refused);
    fr_event_rules_fini(&events);
    return check_done();
}
