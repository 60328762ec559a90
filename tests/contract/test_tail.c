/* The tail against port/tail.h: over the twin, and over a real broker when FRESHET_TEST_KAFKA names one. */
#include "bus_factory.h"
#include "freshet/adapt/tail_kafka.h"
#include "freshet/adapt/tail_memory.h"
#include "freshet/base/buf.h"

#define TOPIC FR_TOPIC_RECOMMENDATIONS

static struct fr_tail *tail;
static struct fr_buf seen; /* "partition key=value;" a record, tombstones without "=value" */
static bool caught_up;

static void open_tail(void) {
    struct fr_errmsg msg = {0};
    if (at.kafka)
        CHECK_INT(fr_tail_kafka_open(&at.cluster, TOPIC, &tail, &msg), FR_OK);
    else
        tail = fr_tail_memory_open(at.memory, TOPIC, PARTITIONS);
    if (msg.code) fprintf(stderr, "%s\n", msg.text);
    fr_buf_clear(&seen);
    caught_up = false;
}

static void close_tail(void) {
    tail->ops->close(tail);
    fr_buf_fini(&seen);
}

static uint32_t poll_once(uint32_t timeout_ms) {
    struct fr_tail_poll got = {0};
    struct fr_errmsg msg = {0};
    CHECK_INT(tail->ops->poll(tail, timeout_ms, &got, &msg), FR_OK);
    caught_up = got.is_caught_up;
    for (uint32_t i = 0; i < got.record_n; i++) {
        const struct fr_record *r = &got.records[i];
        fr_buf_printf(&seen, "%d %.*s", (int)r->partition, FR_STR_ARG(r->key));
        if (r->value.ptr) fr_buf_printf(&seen, "=%.*s", FR_STR_ARG(r->value));
        for (uint32_t h = 0; h < r->header_n; h++)
            fr_buf_printf(&seen, "[%.*s]", FR_STR_ARG(r->headers[h].value));
        fr_buf_byte(&seen, ';');
    }
    return got.record_n;
}

/* Until n records more have come and the end was reached. */
static void poll_until(uint32_t n) {
    for (int waited = 0; (n > 0 || !caught_up) && waited < WAIT_MS; waited += SLICE_MS) {
        uint32_t got = poll_once(SLICE_MS);
        CHECK(got <= n);
        n -= got < n ? got : n;
    }
    CHECK(caught_up);
    CHECK_INT(n, 0);
}

static const char *all_seen(void) {
    fr_buf_byte(&seen, '\0');
    seen.len--;
    return seen.data;
}

static void put(int32_t partition, const char *key, const char *value) {
    struct fr_header header = {FR_STR("h"), FR_STR("x")};
    struct fr_out out = {.topic = TOPIC,
                         .partition = partition,
                         .key = fr_str_of(key),
                         .value = fr_str_of(value),
                         .headers = &header,
                         .header_n = value != NULL};
    produce_all(&out, 1);
}

static void test_an_empty_topic_is_caught_up(void) {
    open_tail();
    poll_until(0);
    CHECK_INT(seen.len, 0);
    close_tail();
}

static bool count(void *context, const struct fr_record *r) {
    (void)r;
    ++*(int *)context;
    return true;
}

static void test_all_records_then_the_later_ones(void) {
    put(1, "a", "one");
    put(1, "a", NULL);
    put(1, "b", "");
    open_tail();
    poll_until(3);
    CHECK_STR(all_seen(), "1 a=one[x];1 a;1 b=[x];");
    CHECK_INT(poll_once(0), 0);
    put(2, "c", "late");
    poll_until(1);
    CHECK_STR(all_seen(), "1 a=one[x];1 a;1 b=[x];2 c=late[x];");
    close_tail();
    open_tail(); /* again from the beginning */
    poll_until(4);
    close_tail();
    int n = 0; /* as whoever reads a range sees it */
    for (int32_t p = 0; p < PARTITIONS; p++) read_committed(TOPIC, p, count, &n);
    CHECK_INT(n, 4);
}

static void test_more_than_one_poll_gives(void) {
    enum { MANY = 3500 };
    struct fr_out *records = fr_alloc(MANY * sizeof *records);
    char(*keys)[8] = fr_alloc(MANY * sizeof *keys);
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "%d", i);
        records[i] = (struct fr_out){
            .topic = TOPIC, .partition = i % PARTITIONS, .key = fr_str_of(keys[i]), .value = FR_STR("v")};
    }
    produce_all(records, MANY);
    open_tail();
    uint32_t first = poll_once(WAIT_MS);
    CHECK(first > 0 && first < MANY);
    if (!at.kafka) CHECK(!caught_up); /* a broker's client may know that the other partitions have ended */
    poll_until(MANY - first);
    close_tail();
    free(records);
    free(keys);
}

static void test_what_is_not_committed_does_not_come(void) {
    if (at.kafka) return; /* test_bus holds the broker to that */
    struct fr_bus *bus = open_as("m", "t", true);
    struct fr_out out = {.topic = TOPIC, .partition = 0, .key = FR_STR("k"), .value = FR_STR("v")};
    struct fr_errmsg msg = {0};
    open_tail();
    CHECK_INT(bus->ops->txn_submit(bus, &(struct fr_txn){.records = &out, .record_n = 1}, &msg), FR_OK);
    fr_bus_memory_crash(bus);
    CHECK_INT(poll_once(20), 0);
    close_tail();
}

#define CASE(test)      \
    do {                \
        cluster_new();  \
        RUN(test);      \
        cluster_free(); \
    } while (0)

static void suite(const char *adapter) {
    printf("-- tail on %s\n", adapter);
    CASE(test_an_empty_topic_is_caught_up);
    CASE(test_all_records_then_the_later_ones);
    CASE(test_more_than_one_poll_gives);
    CASE(test_what_is_not_committed_does_not_come);
}

int main(void) {
    suite("memory");
    at.kafka = getenv("FRESHET_TEST_KAFKA");
    if (at.kafka && *at.kafka)
        suite("Kafka");
    else
        printf("-- skipped: the tail on Kafka (FRESHET_TEST_KAFKA=host:port names a broker)\n");
    return check_done();
}
