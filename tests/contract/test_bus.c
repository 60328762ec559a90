/* The contract of port/bus.h, held against the twin in memory and, where FRESHET_TEST_KAFKA=host:port names one, a real
 * broker. The cases know only the port and a small factory. */

#include "contract/bus_factory.h"

/* ---- steps ---- */

static struct fr_out record_of(enum fr_topic topic, int32_t partition, const char *key, const char *value) {
    return (struct fr_out){.topic = topic,
                           .partition = partition,
                           .timestamp_ms = 1700000000000,
                           .key = fr_str_of(key),
                           .value = fr_str_of(value)};
}

static void produce(int32_t partition, const char *key, const char *value) {
    struct fr_out r = record_of(FR_TOPIC_EVENTS, partition, key, value);
    produce_all(&r, 1);
}

/* Polls until something other than nothing happens; a broker that is not there yet is waited for. */
static enum fr_err poll_something(struct fr_bus *bus, struct fr_bus_poll *out) {
    enum fr_err err = FR_OK;
    for (int waited = 0; waited < WAIT_MS; waited += SLICE_MS) {
        err = bus->ops->poll(bus, 100, SLICE_MS, out, NULL);
        if (err == FR_BUS_DOWN) continue;
        if (err != FR_OK || out->event != FR_BUS_NONE) return err;
    }
    return err;
}

static enum fr_bus_event next_event(struct fr_bus *bus, struct fr_bus_poll *out) {
    CHECK_INT(poll_something(bus, out), FR_OK);
    return out->event;
}

/* Takes the assignment and starts all its partitions at an offset. Returns its number. */
static uint64_t take_over(struct fr_bus *bus, int64_t offset) {
    struct fr_bus_poll got;
    if (next_event(bus, &got) != FR_BUS_ASSIGN) {
        CHECK_INT(got.event, FR_BUS_ASSIGN);
        return 0;
    }
    struct fr_start starts[PARTITIONS];
    for (uint32_t i = 0; i < got.partition_n; i++) starts[i] = (struct fr_start){got.partitions[i], offset};
    CHECK_INT(bus->ops->start(bus, starts, got.partition_n, NULL), FR_OK);
    return got.assignment;
}

static enum fr_err finish(struct fr_bus *bus, enum fr_err (*ask)(struct fr_bus *, struct fr_errmsg *)) {
    struct fr_errmsg msg = {0};
    enum fr_err err = FR_PENDING;
    for (int waited = 0; err == FR_PENDING && waited < WAIT_MS; waited++) {
        err = ask(bus, &msg);
        if (err == FR_PENDING) fr_clock_sleep_ms(1);
    }
    return err;
}

static enum fr_err commit(struct fr_bus *bus, const struct fr_txn *txn) {
    CHECK_INT(bus->ops->txn_submit(bus, txn, NULL), FR_OK);
    return finish(bus, bus->ops->txn_poll);
}

/* A transaction of one record to the lists' topic and the offset of partition 0. */
static enum fr_err commit_one(struct fr_bus *bus, uint64_t assignment, const char *value, int64_t offset) {
    struct fr_out r = record_of(FR_TOPIC_RECOMMENDATIONS, 0, "k", value);
    struct fr_commit_offset o = {0, offset, "note"};
    struct fr_txn txn = {&r, 1, &o, 1, assignment};
    return commit(bus, &txn);
}

static enum fr_err committed(struct fr_bus *bus, int32_t partition, int64_t *offset, char metadata[256]) {
    enum fr_err err = FR_TIMEOUT;
    for (int tries = 0; tries < 20 && (err == FR_TIMEOUT || err == FR_BUS_UNSTABLE || err == FR_BUS_DOWN);
         tries++)
        err = bus->ops->committed(bus, partition, true, offset, metadata, NULL);
    return err;
}

static int64_t committed_offset(struct fr_bus *bus, int32_t partition) {
    int64_t offset = -2;
    char metadata[256];
    CHECK_INT(committed(bus, partition, &offset, metadata), FR_OK);
    return offset;
}

struct texts {
    char text[400];
    unsigned n;
};

static bool note_value(void *context, const struct fr_record *r) {
    struct texts *t = context;
    size_t used_bytes = strlen(t->text);
    snprintf(t->text + used_bytes, sizeof t->text - used_bytes, "%s%.*s", t->n++ ? " " : "",
             FR_STR_ARG(r->value));
    return true;
}

static struct texts values_in(enum fr_topic topic, int32_t partition) {
    struct texts t = {0};
    read_committed(topic, partition, note_value, &t);
    return t;
}

/* Reads records until n are there or time is up, and writes their values of one partition down. */
static struct texts read_values(struct fr_bus *bus, unsigned n) {
    struct texts t = {0};
    struct fr_bus_poll got;
    while (t.n < n) {
        if (next_event(bus, &got) != FR_BUS_RECORDS) break;
        for (uint32_t i = 0; i < got.record_n; i++) note_value(&t, &got.records[i]);
    }
    return t;
}

/* ---- cases ---- */

static void test_reads_in_order_from_the_start(void) {
    produce(0, "a", "one");
    produce(0, "a", "two");
    produce(0, "a", "three");
    struct fr_bus *bus = open_as("w", "t", false);
    struct fr_bus_poll got;
    CHECK_INT(next_event(bus, &got), FR_BUS_ASSIGN);
    CHECK_INT(got.partition_n, PARTITIONS);
    for (int32_t p = 0; p < PARTITIONS; p++) CHECK_INT(got.partitions[p], p);
    /* One by one: a second start adds to the first. */
    CHECK_INT(bus->ops->start(bus, &(struct fr_start){1, 0}, 1, NULL), FR_OK);
    CHECK_INT(bus->ops->poll(bus, 10, 0, &got, NULL), FR_OK);
    CHECK_INT(bus->ops->start(bus, &(struct fr_start){0, 1}, 1, NULL), FR_OK);
    CHECK_STR(read_values(bus, 2).text, "two three");
    CHECK_INT(bus->ops->restart(bus, (struct fr_start){0, 0}, NULL), FR_OK);
    CHECK_STR(read_values(bus, 3).text, "one two three");
    bus->ops->close(bus);
}

static void test_outputs_and_offsets_commit_together(void) {
    struct fr_bus *bus = open_as("w", "t", false);
    uint64_t assignment = take_over(bus, 0);
    CHECK_INT(committed_offset(bus, 0), -1);
    CHECK_INT(commit_one(bus, assignment, "first", 7), FR_OK);
    int64_t offset = 0;
    char metadata[256] = "";
    CHECK_INT(committed(bus, 0, &offset, metadata), FR_OK);
    CHECK_INT(offset, 7);
    CHECK_STR(metadata, "note");
    CHECK_INT(committed_offset(bus, 1), -1);
    CHECK_INT(commit_one(bus, assignment, "second", 9), FR_OK);
    CHECK_INT(committed_offset(bus, 0), 9);
    CHECK_STR(values_in(FR_TOPIC_RECOMMENDATIONS, 0).text, "first second");
    bus->ops->close(bus);
}

static void test_an_empty_transaction_moves_the_offset(void) {
    struct fr_bus *bus = open_as("w", "t", false);
    uint64_t assignment = take_over(bus, 0);
    struct fr_commit_offset o = {2, 5, ""};
    struct fr_txn txn = {NULL, 0, &o, 1, assignment};
    CHECK_INT(commit(bus, &txn), FR_OK);
    CHECK_INT(committed_offset(bus, 2), 5);
    bus->ops->close(bus);
}

static void test_partition_by_murmur2_or_as_named(void) {
    struct fr_bus *bus = open_as("w", "t", false);
    uint64_t assignment = take_over(bus, 0);
    int32_t expected = (int32_t)(fr_murmur2(FR_STR("some-user")) % PARTITIONS);
    int32_t other = (expected + 1) % PARTITIONS;
    struct fr_out records[] = {record_of(FR_TOPIC_AFFINITY, -1, "some-user", "hashed"),
                               record_of(FR_TOPIC_AFFINITY, other, "some-user", "named")};
    struct fr_commit_offset o = {0, 1, NULL};
    struct fr_txn txn = {records, 2, &o, 1, assignment};
    CHECK_INT(commit(bus, &txn), FR_OK);
    CHECK_STR(values_in(FR_TOPIC_AFFINITY, expected).text, "hashed");
    CHECK_STR(values_in(FR_TOPIC_AFFINITY, other).text, "named");
    CHECK_INT(bus->ops->partitions(bus, FR_TOPIC_AFFINITY), PARTITIONS);
    bus->ops->close(bus);
}

static bool shape_is_kept(void *context, const struct fr_record *r) {
    unsigned *n = context;
    switch ((*n)++) {
    case 0: /* bytes */
        CHECK(fr_str_eq(r->key, FR_STR("k\0y")));
        CHECK(fr_str_eq(r->value, FR_STR("v\0\xff")));
        CHECK_INT(r->timestamp_ms, 1700000000000);
        CHECK_INT(r->header_n, 2);
        CHECK(r->header_n == 2 && fr_str_eq(r->headers[0].name, FR_STR("ce_id")));
        CHECK(r->header_n == 2 && fr_str_eq(r->headers[1].value, FR_STR("b\0b")));
        break;
    case 1: /* tombstone */
        CHECK(r->value.ptr == NULL);
        CHECK(fr_str_eq(r->key, FR_STR("gone")));
        break;
    case 2: /* empty is not a tombstone */
        CHECK(r->value.ptr != NULL);
        CHECK_INT(r->value.len, 0);
        break;
    default: /* no key, and much of it */ CHECK(r->key.ptr == NULL); CHECK_INT(r->value.len, LARGE_BYTES);
    }
    return true;
}

static void test_bytes_arrive_as_they_were(void) {
    char *large = malloc(LARGE_BYTES);
    for (int i = 0; i < LARGE_BYTES; i++) large[i] = (char)((unsigned)i * 7919u >> 3);
    struct fr_header headers[] = {{FR_STR("ce_id"), FR_STR("1")}, {FR_STR("x"), FR_STR("b\0b")}};
    struct fr_out records[] = {{.topic = FR_TOPIC_EVENTS,
                                .timestamp_ms = 1700000000000,
                                .key = FR_STR("k\0y"),
                                .value = FR_STR("v\0\xff"),
                                .headers = headers,
                                .header_n = 2},
                               {.topic = FR_TOPIC_EVENTS, .key = FR_STR("gone")},
                               {.topic = FR_TOPIC_EVENTS, .key = FR_STR("e"), .value = FR_STR("")},
                               {.topic = FR_TOPIC_EVENTS, .value = {large, LARGE_BYTES}}};
    produce_all(records, 4);
    struct fr_bus *bus = open_as("w", "t", false);
    uint64_t assignment = take_over(bus, 0);
    struct fr_bus_poll got;
    unsigned n = 0;
    while (n < 4 && next_event(bus, &got) == FR_BUS_RECORDS)
        for (uint32_t i = 0; i < got.record_n; i++) shape_is_kept(&n, &got.records[i]);
    CHECK_INT(n, 4);
    for (int i = 0; i < 4; i++) records[i].topic = FR_TOPIC_REJECTS; /* and the same through a transaction */
    struct fr_commit_offset o = {0, 4, NULL};
    CHECK_INT(commit(bus, &(struct fr_txn){records, 4, &o, 1, assignment}), FR_OK);
    n = 0;
    read_committed(FR_TOPIC_REJECTS, 0, shape_is_kept, &n);
    CHECK_INT(n, 4);
    bus->ops->close(bus);
    free(large);
}

static void test_an_offset_outside_the_log_is_a_gap(void) {
    produce(0, "a", "one");
    struct fr_bus *bus = open_as("w", "t", false);
    struct fr_bus_poll got;
    CHECK_INT(next_event(bus, &got), FR_BUS_ASSIGN);
    int64_t first = -1, end = -1;
    CHECK_INT(bus->ops->log_range(bus, 0, &first, &end, NULL), FR_OK);
    CHECK_INT(first, 0);
    CHECK_INT(end, 1);
    if (!at.kafka) fr_bus_memory_truncate_front(at.memory, FR_TOPIC_EVENTS, 0, 1);
    /* The twin drops the front; a broker is asked for an offset that it never had. */
    CHECK_INT(bus->ops->start(bus, &(struct fr_start){0, at.kafka ? 1000 : 0}, 1, NULL), FR_OK);
    CHECK_INT(poll_something(bus, &got), FR_LOG_GAP);
    bus->ops->close(bus);
}

static void test_recycling_keeps_what_was_committed(void) {
    struct fr_bus *bus = open_as("w", "t", false);
    uint64_t assignment = take_over(bus, 0);
    CHECK_INT(commit_one(bus, assignment, "before", 1), FR_OK);
    CHECK_INT(finish(bus, bus->ops->recycle), FR_OK);
    CHECK_INT(committed_offset(bus, 0), 1);
    CHECK_INT(commit_one(bus, assignment, "after", 2), FR_OK);
    CHECK_STR(values_in(FR_TOPIC_RECOMMENDATIONS, 0).text, "before after");
    bus->ops->close(bus);
}

static void test_the_same_transactional_id_fences_the_older(void) {
    struct fr_bus *old = open_as("w1", "same", false);
    uint64_t assignment = take_over(old, 0);
    CHECK_INT(commit_one(old, assignment, "old", 1), FR_OK);
    struct fr_bus *young = open_as("w2", "same", false);
    CHECK_INT(finish(young, young->ops->recycle), FR_OK); /* its claim has reached the broker */
    CHECK_INT(commit_one(old, assignment, "zombie", 2), FR_BUS_DOUBTFUL);
    CHECK_INT(finish(old, old->ops->recycle), FR_OK);
    CHECK_INT(committed_offset(old, 0), 1);
    CHECK_STR(values_in(FR_TOPIC_RECOMMENDATIONS, 0).text, "old");
    young->ops->close(young);
    old->ops->close(old);
}

static void test_an_old_assignment_is_fenced(void) {
    struct fr_bus *bus = open_as("w", "t", false);
    uint64_t assignment = take_over(bus, 0);
    CHECK_INT(commit_one(bus, assignment + 1000, "forged", 5), FR_BUS_FENCED);
    CHECK_INT(commit_one(bus, assignment, "right", 6), FR_OK);
    CHECK_INT(committed_offset(bus, 0), 6);
    CHECK_STR(values_in(FR_TOPIC_RECOMMENDATIONS, 0).text, "right");
    bus->ops->close(bus);
}

/* A process whose place in the group was taken by its own successor must not commit: the broker itself says no. */
static void test_a_replaced_member_is_fenced(void) {
    struct fr_bus *old = open_as("w", "t1", true);
    uint64_t assignment = take_over(old, 0);
    CHECK_INT(commit_one(old, assignment, "old", 1), FR_OK);
    struct fr_bus *young = open_as("w", "t2", true);
    uint64_t now = take_over(young, 0);
    CHECK_INT(commit_one(old, assignment, "zombie", 2), FR_BUS_FENCED);
    CHECK_INT(committed_offset(young, 0), 1);
    CHECK_INT(commit_one(young, now, "young", 2), FR_OK);
    CHECK_STR(values_in(FR_TOPIC_RECOMMENDATIONS, 0).text, "old young");
    struct fr_bus_poll got;
    CHECK_INT(poll_something(old, &got), FR_BUS_FATAL);
    old->ops->close(old);
    young->ops->close(young);
}

/* Lets two endpoints poll in turn until each holds an assignment of the new round. */
static void share(struct fr_bus *bus[2], uint32_t owned[2], uint64_t assignments[2]) {
    bool told[2] = {false, false};
    for (int waited = 0; !(told[0] && told[1]) && waited < WAIT_MS; waited += SLICE_MS)
        for (int i = 0; i < 2; i++) {
            struct fr_bus_poll got;
            if (bus[i]->ops->poll(bus[i], 100, SLICE_MS / 2, &got, NULL) != FR_OK) continue;
            if (got.event == FR_BUS_REVOKE || got.event == FR_BUS_LOST) {
                told[i] = false;
                CHECK_INT(bus[i]->ops->stop(bus[i], NULL), FR_OK);
            }
            if (got.event != FR_BUS_ASSIGN) continue;
            told[i] = got.partition_n > 0 && got.partition_n < PARTITIONS;
            owned[i] = got.partition_n;
            assignments[i] = got.assignment;
            for (uint32_t k = 0; k < got.partition_n; k++)
                bus[i]->ops->start(bus[i], &(struct fr_start){got.partitions[k], 0}, 1, NULL);
        }
    CHECK(told[0] && told[1]);
}

static void test_two_endpoints_share_the_partitions(void) {
    struct fr_bus *bus[2] = {open_as("w1", "t1", false), NULL};
    uint64_t first = take_over(bus[0], 0), assignments[2] = {0};
    uint32_t owned[2] = {0};
    bus[1] = open_as("w2", "t2", false);
    share(bus, owned, assignments);
    CHECK_INT(owned[0] + owned[1], PARTITIONS);
    CHECK(assignments[0] != first);
    CHECK_INT(commit_one(bus[0], first, "stale", 1), FR_BUS_FENCED);
    bus[1]->ops->close(bus[1]);
    struct fr_bus_poll got;
    CHECK_INT(next_event(bus[0], &got), FR_BUS_REVOKE);
    CHECK_INT(bus[0]->ops->stop(bus[0], NULL), FR_OK);
    CHECK_INT(next_event(bus[0], &got), FR_BUS_ASSIGN);
    CHECK_INT(got.partition_n, PARTITIONS);
    bus[0]->ops->close(bus[0]);
}

/* Real broker only: a refused property and a wrong one say so by name; the rest of the administration. */
static void test_properties_are_judged(void) {
    static const struct {
        struct fr_kafka_property property;
        const char *says;
    } cases[] = {{{"isolation.level", "read_uncommitted"}, "kafka property isolation.level cannot be set"},
                 {{"no.such", "1"}, "kafka property no.such=1"},
                 {{"linger.ms", "soon"}, "kafka property linger.ms=soon"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fr_bus_kafka_config config = {.cluster = {"127.0.0.1:1", "freshet", &cases[i].property, 1},
                                             .group_id = "g",
                                             .transactional_id = "t"};
        struct fr_bus *bus = NULL;
        struct fr_errmsg msg = {0};
        CHECK_INT(fr_bus_kafka_open(&config, &bus, &msg), FR_CONFIG);
        CHECK(bus == NULL && strncmp(msg.text, cases[i].says, strlen(cases[i].says)) == 0);
    }
}

static void test_topics_are_described(void) {
    enum fr_topic topics[] = {FR_TOPIC_EVENTS, FR_TOPIC_RECOMMENDATIONS, FR_TOPIC_ITEM_NEIGHBORS};
    struct fr_kafka_topic_state states[3];
    char id[64] = "";
    CHECK_INT(fr_kafka_topics_describe(&at.cluster, topics, 3, states, id, NULL), FR_OK);
    CHECK(id[0] != 0);
    CHECK(states[0].exists && !states[0].compacted && states[0].retention_ms == -1);
    CHECK_INT(states[0].partitions, PARTITIONS);
    CHECK(states[1].exists && states[1].compacted);
    CHECK(!states[2].exists);
    struct fr_kafka_lag lags[PARTITIONS];
    produce(1, "a", "one");
    CHECK_INT(fr_kafka_group_lag(&at.cluster, "nobody", FR_TOPIC_EVENTS, lags, PARTITIONS, NULL), FR_OK);
    CHECK_INT(lags[1].committed, -1);
    CHECK_INT(lags[1].end, 1);
}

#define CASE(test)      \
    do {                \
        cluster_new();  \
        RUN(test);      \
        cluster_free(); \
    } while (0)

static void suite(const char *adapter) {
    printf("-- bus on %s\n", adapter);
    CASE(test_reads_in_order_from_the_start);
    CASE(test_outputs_and_offsets_commit_together);
    CASE(test_an_empty_transaction_moves_the_offset);
    CASE(test_partition_by_murmur2_or_as_named);
    CASE(test_bytes_arrive_as_they_were);
    CASE(test_an_offset_outside_the_log_is_a_gap);
    CASE(test_recycling_keeps_what_was_committed);
    CASE(test_the_same_transactional_id_fences_the_older);
    CASE(test_an_old_assignment_is_fenced);
    CASE(test_a_replaced_member_is_fenced);
    CASE(test_two_endpoints_share_the_partitions);
}

int main(void) {
    suite("memory");
    RUN(test_properties_are_judged);
    at.kafka = getenv("FRESHET_TEST_KAFKA");
    if (!at.kafka || !*at.kafka) {
        printf("-- skipped: the bus on Kafka (FRESHET_TEST_KAFKA=host:port names a broker)\n");
        return check_done();
    }
    suite("Kafka");
    CASE(test_topics_are_described);
    return check_done();
}
