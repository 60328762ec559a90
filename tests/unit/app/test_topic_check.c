#include "check.h"
#include "freshet/app/topic_check.h"

static struct fr_kafka_topic_state states[FR_TOPIC_N];
static struct fr_topic_problems problems;

static void set_good(void) {
    for (unsigned t = 0; t < FR_TOPIC_N; t++) {
        const struct fr_topic_info *info = fr_topic_info((enum fr_topic)t);
        states[t] =
            (struct fr_kafka_topic_state){.exists = true,
                                          .partitions = info->many ? 8 : 1,
                                          .replication = 1,
                                          .compacted = info->compacted,
                                          .retention_ms = -1,
                                          .max_record_bytes = fr_topic_record_bytes((enum fr_topic)t)};
    }
    problems = (struct fr_topic_problems){.n = 0};
}

static void judge(uint32_t n, uint32_t errors, const char *part) {
    problems = (struct fr_topic_problems){.n = 0};
    fr_topic_judge("p", states, &problems);
    CHECK_INT(problems.n, n);
    CHECK_INT(problems.errors, errors);
    if (n) CHECK(strstr(problems.at[0].text, part) != NULL);
}

static void test_good_topics_have_no_problems(void) {
    set_good();
    judge(0, 0, "");
}

static void test_each_fault_is_said(void) {
    set_good();
    states[FR_TOPIC_AFFINITY].exists = false;
    judge(1, 1, "p.affinity does not exist");
    set_good();
    states[FR_TOPIC_AFFINITY].partitions = 4;
    judge(1, 1, "p.affinity has 4 partitions and p.events has 8");
    set_good();
    states[FR_TOPIC_RECOMMENDATIONS].compacted = false;
    judge(1, 1, "cleanup.policy delete, it must be compact");
    set_good();
    states[FR_TOPIC_EVENTS].retention_ms = 7 * 86400000LL - 1;
    judge(1, 0, "p.events keeps records for 7.0 days");
    states[FR_TOPIC_EVENTS].retention_ms++;
    judge(0, 0, "");
    states[FR_TOPIC_EVENTS].max_record_bytes = 1000;
    judge(1, 0, "at most 1000 bytes");
    set_good();
    states[FR_TOPIC_EVENTS].max_record_bytes = FR_TOPIC_REJECT_BYTES;
    judge(1, 0, "may not fit with its reason");
}

static void test_rejects_may_have_any_partitions_and_retention(void) {
    set_good();
    states[FR_TOPIC_REJECTS].partitions = 3;
    states[FR_TOPIC_REJECTS].retention_ms = 1;
    judge(0, 0, "");
}

static void test_samples(void) {
    set_good();
    fr_topic_judge_sample("p", &(struct fr_topic_sample){.keyed = 100, .unkeyed = 100}, &problems);
    CHECK_INT(problems.n, 0);
    fr_topic_judge_sample("p", &(struct fr_topic_sample){.keyed = 100, .astray = 1}, &problems);
    CHECK_INT(problems.n, 1);
    CHECK(strstr(problems.at[0].text, "partitioner=murmur2_random") != NULL);
    fr_topic_judge_sample("p", &(struct fr_topic_sample){.keyed = 1, .unkeyed = 2}, &problems);
    CHECK_INT(problems.n, 2);
    CHECK_INT(problems.errors, 0);
}

static void test_specs_follow_the_configuration(void) {
    struct fr_kafka_topic_spec specs[FR_TOPIC_N];
    struct fr_config config = {.kafka = {.partitions = 5, .replication_factor = 3, .retention_ms = 1000}};
    fr_topic_specs(&config, specs);
    CHECK_INT(specs[FR_TOPIC_EVENTS].partitions, 5);
    CHECK_INT(specs[FR_TOPIC_EVENTS].retention_ms, 1000);
    CHECK(!specs[FR_TOPIC_EVENTS].append_time);
    CHECK_INT(specs[FR_TOPIC_REJECTS].partitions, 1);
    CHECK_INT(specs[FR_TOPIC_REJECTS].retention_ms, -1);
    CHECK_INT(specs[FR_TOPIC_REJECTS].replication, 3);
}

static void test_reports(void) {
    struct fr_buf out = {0};
    set_good();
    states[FR_TOPIC_REJECTS].exists = false;
    fr_topic_table("p", states, &out);
    fr_buf_byte(&out, '\0');
    CHECK(strstr(out.data, "p.events") != NULL && strstr(out.data, "missing") != NULL);
    fr_buf_fini(&out);
}

int main(void) {
    RUN(test_good_topics_have_no_problems);
    RUN(test_each_fault_is_said);
    RUN(test_rejects_may_have_any_partitions_and_retention);
    RUN(test_samples);
    RUN(test_specs_follow_the_configuration);
    RUN(test_reports);
    return check_done();
}
