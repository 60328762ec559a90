#include "check.h"
#include "freshet/base/stat.h"

static void test_counters_and_gauges(void) {
    struct fr_stat_block *s = fr_stat_block_new();
    fr_stat_add(s, FR_STAT_RECORDS_READ, 1, 5);
    fr_stat_add(s, FR_STAT_RECORDS_READ, 1, 7);
    fr_stat_set(s, FR_STAT_PARTITIONS_OWNED, 0, 9);
    fr_stat_set(s, FR_STAT_PARTITIONS_OWNED, 0, 3);
    CHECK_INT(fr_stat_get(s, FR_STAT_RECORDS_READ, 1), 12);
    CHECK_INT(fr_stat_get(s, FR_STAT_RECORDS_READ, 0), 0);
    CHECK_INT(fr_stat_get(s, FR_STAT_PARTITIONS_OWNED, 0), 3);
    fr_stat_add(NULL, FR_STAT_RECORDS_READ, 0, 1);
    fr_stat_observe(NULL, FR_STAT_TXN_SECONDS, 0, 1);
    CHECK_INT(fr_stat_get(NULL, FR_STAT_RECORDS_READ, 0), 0);
    fr_stat_block_free(&s);
    CHECK(s == NULL);
}

static uint64_t bucket_of(double value) {
    struct fr_stat_block *s = fr_stat_block_new();
    fr_stat_observe(s, FR_STAT_TXN_SECONDS, 2, value);
    uint64_t found = FR_STAT_BUCKETS;
    for (unsigned i = 0; i < FR_STAT_BUCKETS; i++)
        if (atomic_load(&s->histograms[FR_STAT_TXN_SECONDS][2]->counts[i])) found = i;
    fr_stat_block_free(&s);
    return found;
}

static void test_buckets(void) {
    CHECK_INT(bucket_of(0), 0);
    CHECK_INT(bucket_of(-1), 0);
    CHECK_INT(bucket_of(.0001), 0);
    CHECK_INT(bucket_of(.00011), 1);
    CHECK_INT(bucket_of(10000), FR_STAT_BUCKETS - 2);
    CHECK_INT(bucket_of(10001), FR_STAT_BUCKETS - 1);
    for (unsigned i = 1; i < FR_STAT_BUCKETS; i++) CHECK(fr_stat_bound(i) > fr_stat_bound(i - 1));
    CHECK(isinf(fr_stat_bound(FR_STAT_BUCKETS - 1)));
}

static void test_sums(void) {
    struct fr_stat_block *s = fr_stat_block_new();
    for (int i = 0; i < 10; i++) fr_stat_observe(s, FR_STAT_BATCH_RECORDS, 0, 2.5);
    CHECK_NEAR(atomic_load(&s->histograms[FR_STAT_BATCH_RECORDS][0]->sum), 25, 1e-9);
    fr_stat_block_free(&s);
}

int main(void) {
    RUN(test_counters_and_gauges);
    RUN(test_buckets);
    RUN(test_sums);
    return check_done();
}
