#include "freshet/app/config.h"
#include "freshet/base/log.h"
#include "generated.h"

static struct fr_config config;
static struct fr_buf problems;

static int load(const char *yaml, const char *const *environment, const char *const *sets, uint32_t set_n) {
    fr_config_fini(&config);
    fr_buf_clear(&problems);
    int code = fr_config_load(&config,
                              &(struct fr_config_inputs){.file = yaml ? "x.yaml" : NULL,
                                                         .text = yaml ? fr_str_of(yaml) : (struct fr_str){0},
                                                         .environment = environment,
                                                         .sets = sets,
                                                         .set_n = set_n},
                              &problems);
    fr_buf_byte(&problems, '\0');
    return code;
}

/* CHECK_INT would print the whole text of the call. */
static void check_code(int got, int want) { CHECK_INT(got, want); }

static int load_yaml(const char *yaml) { return load(yaml, NULL, NULL, 0); }

static void test_defaults(void) {
    check_code(load_yaml(NULL), 0);
    CHECK_STR(problems.data, "");
    CHECK_STR(config.topic_prefix, "freshet");
    CHECK_STR(config.kafka.bootstrap_servers, "127.0.0.1:9092");
    CHECK_INT(config.events.weights[FR_EVENT_PURCHASE], 4);
    CHECK_INT(config.events.weights[FR_EVENT_UNLIKE], 0);
    CHECK_INT(config.events.earliest_time, 946684800000);
    CHECK_INT(config.run.stages.n, 4);
    CHECK_STR(config.run.stages.at[1].value, "aggregate");
    CHECK_INT(config.recommend.hide_seen, 1);
    CHECK_NEAR(config.recommend.trend_weight, .005, 0);
}

static void test_values_from_the_file(void) {
    check_code(load_yaml("kafka:\n"
                         "  group_id: no\n"
                         "  properties: {security.protocol: SSL, sasl.password: \"x\"}\n"
                         "log: {level: debug, format: json}\n"
                         "redis:\n"
                         "  list_views: true\n"
                         "events:\n"
                         "  weights: {click: 7}\n"
                         "  type_names: {product_viewed: view}\n"
                         "  earliest_time: 2020-01-01T00:00:00Z\n"
                         "profile:\n"
                         "  group_by:\n"
                         "  - age\n"
                         "  - \"gender\"\n"
                         "http:\n"),
               0);
    CHECK_STR(problems.data, "");
    CHECK_STR(config.kafka.group_id, "no");
    CHECK_INT(config.kafka.properties.n, 2);
    CHECK_STR(config.kafka.properties.at[0].name, "security.protocol");
    CHECK_INT(config.kafka.properties.at[0].line, 3);
    CHECK_INT(config.log.level, FR_LOG_DEBUG);
    CHECK_INT(config.log.format, FR_LOG_JSON);
    CHECK(config.redis.list_views);
    CHECK_INT(config.events.weights[FR_EVENT_CLICK], 7);
    CHECK_STR(config.events.type_names.at[0].value, "view");
    CHECK_INT(config.events.earliest_time, 1577836800000);
    CHECK_INT(config.profile.group_by.n, 2);
    CHECK_STR(config.profile.group_by.at[1].value, "gender");
}

static void test_json_is_yaml(void) {
    check_code(
        load_yaml("{\"kafka\": {\"partitions\": 3, \"group_id\": \"g\"}, \"run\": {\"stages\": [\"user\"]}}"),
        0);
    CHECK_INT(config.kafka.partitions, 3);
    CHECK_INT(config.run.stages.n, 1);
}

static void test_each_problem_with_its_place(void) {
    static const struct {
        const char *yaml, *want;
    } cases[] = {
        {"kafka:\n  bootstrap_server: x\n",
         "x.yaml:2:3: kafka.bootstrap_server: no such key (did you mean kafka.bootstrap_servers?)\n"},
        {"kafak: {}\n", "x.yaml:1:1: kafak: no such key (`freshet check --print-docs` lists all keys)\n"},
        {"kafka:\n  url: x\n", "x.yaml:2:3: kafka.url: no such key (did you mean redis.url?)\n"},
        {"kafka:\n  partitions: many\n",
         "x.yaml:2:15: kafka.partitions: \"many\" is not a whole number (a whole number from 1 to 10000)\n"},
        {"kafka:\n  partitions: 0\n",
         "x.yaml:2:15: kafka.partitions: 0 is out of range (a whole number from 1 to 10000)\n"},
        {"kafka:\n  partitions: 99999999999999999999\n",
         "x.yaml:2:15: kafka.partitions: 99999999999999999999 is out of range (a whole number from 1 to "
         "10000)\n"},
        {"kafka:\n  partitions: \"8\"\n",
         "x.yaml:2:15: kafka.partitions: this is a text (remove the quotes)\n"},
        {"kafka:\n  partitions: [8]\n",
         "x.yaml:2:15: kafka.partitions: this is a list or a section (one value is wanted here)\n"},
        {"kafka:\n  partitions:\n",
         "x.yaml:2:14: kafka.partitions: has no value (write \"\" for an empty text, or "
         "leave the key out)\n"},
        {"kafka: 5\n", "x.yaml:1:8: kafka: a section is wanted here (write key: value, one a line)\n"},
        {"- a\n", "x.yaml:1:1: YAML: a section is wanted here (write key: value, one a line)\n"},
        {"kafka:\n  group_id: a\n  group_id: b\n",
         "x.yaml:3:3: group_id: this key stands here twice (keep one of them)\n"},
        {"kafka: &a {}\n", "x.yaml:1:8: kafka: anchors (&), aliases (*) and tags (!) are not used here "
                           "(write the value out)\n"},
        {"kafka: {group_id: !!str a}\n",
         "x.yaml:1:19: kafka.group_id: anchors (&), aliases (*) and tags (!) are not "
         "used here (write the value out)\n"},
        {"? [a]\n: b\n", "x.yaml:1:3: : a key is not a text (write key: value)\n"},
        {"redis:\n  list_views: yes\n",
         "x.yaml:2:15: redis.list_views: \"yes\" is neither true nor false (use true or false)\n"},
        {"log:\n  level: loud\n",
         "x.yaml:2:10: log.level: \"loud\" is not known (use one of debug, info, warn, error)\n"},
        {"recommend:\n  shrinkage: -1\n",
         "x.yaml:2:14: recommend.shrinkage: -1 is out of range (a number from 0 to 1e+06)\n"},
        {"recommend:\n  shrinkage: nan\n",
         "x.yaml:2:14: recommend.shrinkage: \"nan\" is not a number (a number from 0 to 1e+06)\n"},
        {"events:\n  earliest_time: today\n",
         "x.yaml:2:18: events.earliest_time: \"today\" is not a time (as RFC 3339 "
         "has it: 2020-01-31T00:00:00Z)\n"},
        {"run:\n  stages: user\n", "x.yaml:2:11: run.stages: a list is wanted here (write [a, b])\n"},
        {"run:\n  stages: [user, usr]\n",
         "x.yaml:2:18: run.stages: \"usr\" is not known (use one of user, aggregate, learner, campaigns)\n"},
        {"run:\n  stages: [user, user]\n",
         "x.yaml:2:18: run.stages: a stage stands there twice (name it once)\n"},
        {"run:\n  stages: []\n", "x.yaml:2:11: run.stages: names no stage (user, aggregate or both)\n"},
        {"kafka:\n  properties: {group.id: x}\n",
         "x.yaml:2:26: kafka.properties: group.id is freshet's own to set (use kafka.group_id)\n"},
        {"topic_prefix: a/b\n",
         "x.yaml:1:15: topic_prefix: cannot be part of a topic's name (1 to 63 letters, "
         "digits, dots, underscores and hyphens)\n"},
        {"http:\n  listen: here\n",
         "x.yaml:2:11: http.listen: is not address:port (127.0.0.1:9464 or off)\n"},
        {"recommend: {group_weight: 0.6, trend_weight: 0.5}\n",
         "x.yaml:1:46: recommend.trend_weight: leaves nothing for the user's own interests (together with "
         "recommend.group_weight it must be below 1)\n"},
        {"---\nkafka: {}\n---\nredis: {}\n", "x.yaml:3:1: YAML: a second document begins here (keep one)\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_code(load_yaml(cases[i].yaml), 78);
        CHECK_STR(problems.data, cases[i].want);
    }
}

static void test_syntax_error_has_a_place(void) {
    check_code(load_yaml("kafka:\n\tgroup_id: a\n"), 78);
    CHECK(strncmp(problems.data, "x.yaml:2:1: YAML: ", 18) == 0);
    CHECK(strstr(problems.data, "not tabs") != NULL);
}

static void test_all_problems_at_once(void) {
    const char *const environment[] = {"FRESHET_KAFKA_GROUP=x", "FRESHET_RUN_WORKERS=0", "HOME=/", NULL};
    const char *const sets[] = {"redis.uri=x", "log.level"};
    check_code(
        load("kafka:\n  partition: 1\nrun:\n  workers: x\n  stages: [user]\nno: 1\n", environment, sets, 2),
        78);
    CHECK_STR(problems.data,
              "x.yaml:2:3: kafka.partition: no such key (did you mean kafka.partitions?)\n"
              "x.yaml:4:12: run.workers: \"x\" is not a whole number (a whole number from 1 to 64)\n"
              "x.yaml:6:1: no: no such key (`freshet check --print-docs` lists all keys)\n"
              "environment: FRESHET_KAFKA_GROUP: no setting has this variable (did you mean "
              "FRESHET_KAFKA_GROUP_ID?)\n"
              "FRESHET_RUN_WORKERS: run.workers: 0 is out of range (a whole number from 1 to 64)\n"
              "--set: redis.uri: no such key (did you mean redis.url?)\n"
              "--set: log.level: has no value (write --set key=value)\n");
}

static void test_the_last_source_wins(void) {
    const char *const environment[] = {"FRESHET_KAFKA_BOOTSTRAP_SERVERS=env:1",
                                       "FRESHET_REDIS_URL=redis://env:2/0",
                                       "FRESHET_HTTP_LISTEN=off",
                                       "FRESHET_TOPIC_PREFIX=env",
                                       "FRESHET_RUN_STAGES=aggregate",
                                       "FRESHET_TEST_KAFKA=theirs",
                                       NULL};
    const char *const sets[] = {"topic_prefix=set", "kafka.properties.security.protocol=SSL"};
    check_code(load("kafka: {bootstrap_servers: 'file:1', properties: {a: b}}\ntopic_prefix: file\n",
                    environment, sets, 2),
               0);
    CHECK_STR(problems.data, "");
    CHECK_STR(config.kafka.bootstrap_servers, "env:1");
    CHECK_STR(config.redis.url, "redis://env:2/0");
    CHECK_STR(config.http.listen, "off");
    CHECK_STR(config.topic_prefix, "set");
    CHECK_INT(config.run.stages.n, 1);
    CHECK_INT(config.kafka.properties.n, 2);
    CHECK_STR(config.kafka.properties.at[1].value, "SSL");
}

static void test_show_has_origins_and_no_credentials(void) {
    const char *const environment[] = {"FRESHET_KAFKA_PROPERTIES=sasl.username=u,sasl.password=hidden", NULL};
    struct fr_buf out = {0};
    check_code(load("redis:\n  url: redis://me:hidden@h:1/0\n", environment, NULL, 0), 0);
    fr_config_show(&config, &out);
    fr_config_show_json(&config, &out);
    fr_buf_byte(&out, '\0');
    CHECK(strstr(out.data, "hidden") == NULL);
    CHECK(strstr(out.data, "redis.url: \"redis://me:***@h:1/0\"  # x.yaml:2:8\n") != NULL);
    CHECK(strstr(out.data, "\"sasl.username\": \"u\"") != NULL);
    CHECK(strstr(out.data, "# FRESHET_KAFKA_PROPERTIES\n") != NULL);
    CHECK(strstr(out.data, "run.workers: 1  # default\n") != NULL);
    fr_buf_fini(&out);
}

/* The values alone, so that where they come from does not matter. */
static void values(struct fr_buf *out) {
    struct fr_buf all = {0};
    fr_config_show(&config, &all);
    fr_buf_byte(&all, '\0');
    for (char *line = all.data; *line;) {
        size_t len = strcspn(line, "\n");
        char *origin = memmem(line, len, "  # ", 4);
        fr_buf_append(out, line, (size_t)(origin - line) + 1);
        line += len + 1;
    }
    fr_buf_byte(out, '\0');
    fr_buf_fini(&all);
}

static void test_the_sample_is_the_defaults(void) {
    struct fr_buf sample = {0}, before = {0}, after = {0};
    load_yaml(NULL);
    values(&before);
    fr_config_sample(&sample);
    fr_buf_byte(&sample, '\0');
    check_code(load_yaml(sample.data), 0);
    CHECK_STR(problems.data, "");
    values(&after);
    CHECK(strcmp(before.data, after.data) == 0);
    uint32_t n;
    fr_config_rows(&n);
    for (uint32_t i = 0; i < n; i++) CHECK_INT(config.origins[i].source == FR_CONFIG_DEFAULT, false);
    fr_buf_fini(&sample);
    fr_buf_fini(&before);
    fr_buf_fini(&after);
}

static void test_generated_files_are_fresh(void) {
    check_generated("config/freshet.yaml", fr_config_sample);
    check_generated("docs/CONFIGURATION.md", fr_config_docs);
}

static void test_a_file_that_is_not_there(void) {
    fr_config_fini(&config);
    fr_buf_clear(&problems);
    CHECK_INT(fr_config_load(&config, &(struct fr_config_inputs){.file = "/nowhere/x.yaml"}, &problems), 66);
    CHECK(problems.len > 0);
}

int main(void) {
    RUN(test_defaults);
    RUN(test_values_from_the_file);
    RUN(test_json_is_yaml);
    RUN(test_each_problem_with_its_place);
    RUN(test_syntax_error_has_a_place);
    RUN(test_all_problems_at_once);
    RUN(test_the_last_source_wins);
    RUN(test_show_has_origins_and_no_credentials);
    RUN(test_the_sample_is_the_defaults);
    RUN(test_generated_files_are_fresh);
    RUN(test_a_file_that_is_not_there);
    fr_config_fini(&config);
    fr_buf_fini(&problems);
    return check_done();
}
