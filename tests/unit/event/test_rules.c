/* fr_event_rules: defaults, names, weights. */
#include "check.h"
#include "freshet/event/rules.h"

static struct fr_event_rules rules;

static void test_defaults(void) {
    fr_event_rules_init(&rules);
    CHECK_INT(rules.weight[FR_EVENT_PURCHASE], 4);
    CHECK_INT(rules.weight[FR_EVENT_UNLIKE], 0);
    CHECK_INT(rules.undoes[FR_EVENT_UNLIKE], FR_EVENT_LIKE);
    CHECK_INT(rules.undoes[FR_EVENT_LIKE], FR_EVENT_NONE);
    CHECK_INT(rules.polarity[FR_EVENT_LIKE], FR_POLARITY_POSITIVE);
    CHECK_INT(rules.polarity[FR_EVENT_DISLIKE], FR_POLARITY_NEGATIVE);
    CHECK_INT(rules.polarity[FR_EVENT_SEARCH], FR_POLARITY_NEUTRAL);
    CHECK_INT(rules.max_bytes, 262144);
    CHECK_INT(rules.max_future_ms, 300000);
    CHECK_INT(rules.lateness_ms, 3600000);
    CHECK_INT(rules.max_per_minute, 600);
    fr_time_ms millennium;
    CHECK(fr_time_parse_rfc3339(FR_STR("2000-01-01T00:00:00Z"), &millennium));
    CHECK_INT(rules.earliest_ms, millennium);
    fr_event_rules_fini(&rules);
}

static void test_names(void) {
    fr_event_rules_init(&rules);
    for (unsigned i = 0; i < FR_EVENT_TYPE_N; i++) {
        enum fr_event_type type = (enum fr_event_type)i;
        CHECK_INT(fr_event_rules_type(&rules, fr_str_of(fr_event_type_text(type))), type);
    }
    CHECK_INT(fr_event_rules_type(&rules, FR_STR("Product Viewed")), FR_EVENT_NONE);
    CHECK(fr_event_rules_add_name(&rules, FR_STR("Product Viewed"), FR_EVENT_VIEW));
    CHECK_INT(fr_event_rules_type(&rules, FR_STR("Product Viewed")), FR_EVENT_VIEW);
    CHECK(fr_event_rules_add_name(&rules, FR_STR("Product Viewed"), FR_EVENT_CLICK));
    CHECK_INT(fr_event_rules_type(&rules, FR_STR("Product Viewed")), FR_EVENT_CLICK);
    CHECK(!fr_event_rules_add_name(&rules, FR_STR(""), FR_EVENT_VIEW));
    CHECK_INT(fr_event_rules_type(&rules, FR_STR("")), FR_EVENT_NONE);
    fr_event_rules_fini(&rules);
}

static void test_names_are_bounded(void) {
    char name[16];
    fr_event_rules_init(&rules);
    for (int i = 0; i < FR_EVENT_TYPE_NAMES - FR_EVENT_TYPE_N; i++) {
        int n = snprintf(name, sizeof name, "n%d", i);
        CHECK(fr_event_rules_add_name(&rules, (struct fr_str){name, (uint32_t)n}, FR_EVENT_VIEW));
    }
    CHECK(!fr_event_rules_add_name(&rules, FR_STR("one more"), FR_EVENT_VIEW));
    CHECK(fr_event_rules_add_name(&rules, FR_STR("n7"), FR_EVENT_LIKE));
    fr_event_rules_fini(&rules);
}

static void test_weights(void) {
    fr_event_rules_init(&rules);
    CHECK(fr_event_rules_set_weight(&rules, FR_EVENT_SEARCH, FR_EVENT_WEIGHT_MAX));
    CHECK_INT(rules.polarity[FR_EVENT_SEARCH], FR_POLARITY_POSITIVE);
    CHECK(fr_event_rules_set_weight(&rules, FR_EVENT_LIKE, 0));
    CHECK_INT(rules.polarity[FR_EVENT_LIKE], FR_POLARITY_NEUTRAL);
    CHECK(!fr_event_rules_set_weight(&rules, FR_EVENT_LIKE, -1));
    CHECK(!fr_event_rules_set_weight(&rules, FR_EVENT_LIKE, FR_EVENT_WEIGHT_MAX + 1));
    fr_event_rules_fini(&rules);
}

int main(void) {
    RUN(test_defaults);
    RUN(test_names);
    RUN(test_names_are_bounded);
    RUN(test_weights);
    return check_done();
}
