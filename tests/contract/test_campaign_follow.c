/* Campaigns that follow their topic: versions, a tombstone, a record that is no campaign. */
#include "check.h"
#include "freshet/adapt/tail_memory.h"
#include "freshet/base/clock.h"
#include "freshet/run/campaign_follow.h"

enum { WAIT_MS = 20000 };

static struct fr_bus_memory *cluster;

static enum fr_err open_tail(void *context, enum fr_topic topic, struct fr_tail **out,
                             struct fr_errmsg *msg) {
    (void)context;
    (void)msg;
    *out = fr_tail_memory_open(cluster, topic, 1);
    return FR_OK;
}

static void put(const char *key, const char *value) {
    struct fr_out out = {.topic = FR_TOPIC_CAMPAIGNS, .partition = -1, .key = fr_str_of(key)};
    if (value) out.value = fr_str_of(value);
    fr_bus_memory_produce(cluster, &out);
}

/* Waits for a version made of so many records at least. */
static struct fr_slot_hold await(struct fr_campaign_follow *f, uint64_t records) {
    struct fr_slot_hold hold = {0};
    for (int waited = 0; waited < WAIT_MS; waited += 5) {
        hold = fr_slot_take(fr_campaign_follow_slot(f));
        const struct fr_campaign_set *set = hold.thing;
        if (set && set->records >= records) return hold;
        fr_slot_release(fr_campaign_follow_slot(f), &hold);
        fr_clock_sleep_ms(5);
    }
    check_report(false, __FILE__, __LINE__, "no version in time");
    return hold;
}

static void test_versions_follow_the_topic(void) {
    struct fr_bus_memory_config config = {.session_timeout_ms = 10000, .txn_timeout_ms = 10000};
    for (unsigned t = 0; t < FR_TOPIC_N; t++) config.partitions[t] = 1;
    cluster = fr_bus_memory_new(&config);
    put("a", "{\"id\":\"a\",\"pays\":{\"price\":1}}");
    put("b", "{\"id\":\"b\",\"pays\":{\"price\":0}}"); /* no campaign */
    put("vip", "{\"id\":\"vip\",\"kind\":\"segment\",\"rule\":\"events > 3\"}");
    struct fr_campaign_follow *f =
        fr_campaign_follow_start(&(struct fr_campaign_follow_config){NULL, open_tail, 1});
    struct fr_slot_hold first = await(f, 3);
    const struct fr_campaign_set *set = first.thing;
    CHECK(set && set->campaign_n == 1 && set->segment_n == 1);
    CHECK(fr_campaign_set_find(set, FR_STR("a")) && !fr_campaign_set_find(set, FR_STR("b")));
    put("a", NULL);
    put("b", "{\"id\":\"b\",\"pays\":{\"price\":2}}");
    struct fr_slot_hold second = await(f, 5);
    const struct fr_campaign_set *later = second.thing;
    CHECK(later && !fr_campaign_set_find(later, FR_STR("a")) && fr_campaign_set_find(later, FR_STR("b")));
    CHECK(later->number > set->number && fr_campaign_set_find(set, FR_STR("a")));
    fr_slot_release(fr_campaign_follow_slot(f), &first);
    fr_slot_release(fr_campaign_follow_slot(f), &second);
    fr_campaign_follow_stop(&f);
    fr_bus_memory_free(&cluster);
}

int main(void) {
    RUN(test_versions_follow_the_topic);
    return check_done();
}
