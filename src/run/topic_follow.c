#include "freshet/run/topic_follow.h"
#include "freshet/base/clock.h"
#include "freshet/base/log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { POLL_MS = 100, RETRY_MS = 500, NAP_MS = 20, REST_SHARE = 9, FAULTS_LOGGED = 20 };

struct fr_topic_follow {
    struct fr_topic_source source;
    struct fr_topic_owner owner;
    struct fr_slot *slot;
    struct fr_tail *tail;          /* NULL: to be opened */
    uint64_t number, made_changes; /* of the last version; 0: none yet */
    fr_mono_us next_us;            /* no version before that */
    pthread_t thread;
    _Atomic bool stop; /* written by stop(), read by the thread */
};

enum fr_fault_telling fr_fault_telling(uint64_t n) {
    return n < FAULTS_LOGGED ? FR_FAULT_TELL : n == FAULTS_LOGGED ? FR_FAULT_TELL_LAST : FR_FAULT_COUNT;
}

static void make_version(struct fr_topic_follow *f) {
    fr_mono_us start_us = fr_clock_mono_us();
    f->made_changes = f->owner.changes(f->owner.owner);
    void *version = f->owner.make_version(f->owner.owner, ++f->number);
    fr_mono_us took_us = fr_clock_mono_us() - start_us, rest_us = REST_SHARE * took_us;
    fr_mono_us least_us = (fr_mono_us)f->source.interval_ms * 1000;
    f->next_us = fr_clock_mono_us() + (rest_us > least_us ? rest_us : least_us);
    fr_log(FR_LOG_DEBUG, f->owner.name, "version=%llu ms=%lld", (unsigned long long)f->number,
           (long long)(took_us / 1000));
    fr_slot_put(f->slot, version);
}

static enum fr_err step(struct fr_topic_follow *f, struct fr_errmsg *msg) {
    struct fr_tail_poll got;
    enum fr_err err =
        f->tail ? FR_OK : f->source.open_tail(f->source.context, f->source.topic, &f->tail, msg);
    if (err == FR_OK) err = f->tail->ops->poll(f->tail, POLL_MS, &got, msg);
    if (err != FR_OK) return err;
    for (uint32_t i = 0; i < got.record_n; i++) f->owner.apply(f->owner.owner, &got.records[i]);
    bool is_new = f->number == 0 || f->owner.changes(f->owner.owner) != f->made_changes;
    if (got.is_caught_up && is_new && fr_clock_mono_us() >= f->next_us) make_version(f);
    return FR_OK;
}

static void drop_tail(struct fr_topic_follow *f) {
    if (f->tail) f->tail->ops->close(f->tail);
    f->tail = NULL;
}

static void *follow(void *arg) {
    struct fr_topic_follow *f = arg;
    while (!atomic_load(&f->stop)) {
        struct fr_errmsg msg = {0};
        enum fr_err err = step(f, &msg);
        if (err == FR_OK) continue;
        fr_log(FR_LOG_WARN, "TOPIC-WAITS", "follower=%s error=%s text=\"%s\"", f->owner.name,
               fr_err_name(err), msg.text);
        if (err != FR_BUS_DOWN) drop_tail(f); /* reading it again changes nothing */
        for (int slept = 0; slept < RETRY_MS && !atomic_load(&f->stop); slept += NAP_MS)
            fr_clock_sleep_ms(NAP_MS);
    }
    return NULL;
}

struct fr_topic_follow *fr_topic_follow_start(const struct fr_topic_source *source,
                                              const struct fr_topic_owner *owner) {
    struct fr_topic_follow *f = fr_alloc_zero(1, sizeof *f);
    f->source = *source;
    f->owner = *owner;
    f->slot = fr_slot_new(owner->free_version);
    int failed = pthread_create(&f->thread, NULL, follow, f);
    FR_ASSERT(failed == 0);
    return f;
}

struct fr_slot *fr_topic_follow_slot(struct fr_topic_follow *f) {
    return f->slot;
}

void fr_topic_follow_stop(struct fr_topic_follow **follow_at) {
    struct fr_topic_follow *f = *follow_at;
    if (!f) return;
    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    drop_tail(f);
    fr_slot_free(&f->slot);
    free(f);
    *follow_at = NULL;
}
