/* The producer's thread.
 *
 * Problem   librdkafka's transaction calls block for milliseconds on a good day and for the transaction time-out on a
 * bad one; the worker computes its next batch meanwhile. Choice: one thread per endpoint that owns the producer and does
 * one job at a time, with a letter box of one (state under a lock). Rejected: a pool, which gains nothing with one
 * transaction per endpoint; the *_async calls, which 2.0.2 does not have.
 *
 *   owner:   IDLE -> WAITS                       DONE -> IDLE (poll takes the result)
 *   thread:          WAITS -> RUNS -> DONE
 *
 * A producer is made when the thread starts, so that what a dead process left open is ended early, and again before any
 * transaction that follows a doubt. */
#include "bus_kafka_internal.h"
#include "freshet/base/clock.h"
#include "freshet/base/failpoint.h"
#include "freshet/base/log.h"
#include <stdlib.h>
#include <time.h>

bool kafka_producer_closing(struct kafka_producer *p) {
    pthread_mutex_lock(&p->lock);
    bool closing = p->closing;
    pthread_mutex_unlock(&p->lock);
    return closing;
}

/* ---- the thread ---- */

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    struct kafka_bus *b = opaque;
    int none = 0;
    if (m->err) atomic_compare_exchange_strong(&b->producer.delivery_error, &none, (int)m->err);
}

static void transport_failed(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    (void)rk;
    (void)reason;
    struct kafka_bus *b = opaque;
    if (err != RD_KAFKA_RESP_ERR__TRANSPORT && err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
    atomic_fetch_add(&b->producer.commit_faults, 1);
    atomic_fetch_add(&b->transport_errors, 1);
}

static void drop_producer(struct kafka_producer *p) {
    if (!p->rk) return;
    for (int t = 0; t < FR_TOPIC_N; t++) {
        if (p->topics[t]) rd_kafka_topic_destroy(p->topics[t]);
        p->topics[t] = NULL;
    }
    rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(p->rk);
    p->rk = NULL;
}

/* Waits, but not beyond the wish to close. */
static void back_off(struct kafka_producer *p, unsigned ms) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&p->lock);
    if (!p->closing) pthread_cond_timedwait(&p->changed, &p->lock, &until);
    pthread_mutex_unlock(&p->lock);
}

static enum fr_err init_transactions(struct kafka_producer *p, struct fr_errmsg *msg) {
    enum { SLICE_MS = 2000, BACK_OFF_MS = 200 };
    rd_kafka_error_t *error;
    while ((error = rd_kafka_init_transactions(p->rk, SLICE_MS))) {
        if (!rd_kafka_error_is_retriable(error) || kafka_producer_closing(p)) break;
        rd_kafka_error_destroy(error);
        back_off(p, BACK_OFF_MS);
    }
    return error ? kafka_error_take(error, FR_BUS_FATAL, "transactional producer", msg) : FR_OK;
}

static enum fr_err new_producer(struct kafka_bus *b, struct fr_errmsg *msg) {
    struct kafka_producer *p = &b->producer;
    if (p->rk) atomic_fetch_add(&p->recycled, 1);
    drop_producer(p);
    p->in_doubt = false;
    fr_failpoint("C22");
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(p->conf);
    rd_kafka_conf_set_opaque(conf, b);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_error_cb(conf, transport_failed);
    p->rk = kafka_client_new(RD_KAFKA_PRODUCER, conf, msg);
    if (!p->rk) return FR_BUS_FATAL;
    enum fr_err err = init_transactions(p, msg);
    if (err != FR_OK) drop_producer(p);
    return err;
}

static enum fr_err run_job(struct kafka_bus *b, enum kafka_job job, struct fr_errmsg *msg) {
    struct kafka_producer *p = &b->producer;
    if (!p->rk || p->in_doubt || job == JOB_RECYCLE) {
        enum fr_err err = new_producer(b, msg);
        if (err != FR_OK || job == JOB_RECYCLE) return err;
    }
    atomic_store(&p->txn_began_us, fr_clock_mono_us());
    enum fr_err err = kafka_txn_run(b, p->txn, p->membership, msg);
    atomic_store(&p->txn_began_us, 0);
    if (err != FR_OK)
        fr_log(FR_LOG_WARN, "KAFKA-TXN", "topic=%s result=%s text=\"%s\"", b->topic_names[b->input],
               fr_err_name(err), msg->text);
    return err;
}

static void *thread_main(void *opaque) {
    struct kafka_bus *b = opaque;
    struct kafka_producer *p = &b->producer;
    struct fr_errmsg early = {0};
    if (new_producer(b, &early) != FR_OK && !kafka_producer_closing(p))
        fr_log(FR_LOG_WARN, "KAFKA-PRODUCER", "text=\"%s\"",
               early.text); /* the first job tries again and reports */
    pthread_mutex_lock(&p->lock);
    while (!p->closing) {
        if (p->state != JOB_WAITS) {
            pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        p->state = JOB_RUNS;
        enum kafka_job job = p->job;
        pthread_mutex_unlock(&p->lock);
        struct fr_errmsg msg = {0};
        enum fr_err err = run_job(b, job, &msg);
        pthread_mutex_lock(&p->lock);
        p->result = err;
        p->message = msg;
        p->state = JOB_DONE;
        rd_kafka_queue_yield(b->queue); /* the owner may sit in a poll: its answer is here */
    }
    pthread_mutex_unlock(&p->lock);
    drop_producer(p);
    return NULL;
}

/* ---- the owner's side ---- */

void kafka_producer_start(struct kafka_bus *b) {
    struct kafka_producer *p = &b->producer;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    int failed = pthread_create(&p->thread, NULL, thread_main, b);
    FR_ASSERT(!failed);
}

void kafka_producer_close(struct kafka_bus *b) {
    struct kafka_producer *p = &b->producer;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    kafka_membership_release(p->membership);
    rd_kafka_conf_destroy(p->conf);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
}

static void post(struct kafka_producer *p, enum kafka_job job) {
    pthread_mutex_lock(&p->lock);
    FR_ASSERT(p->state == JOB_IDLE);
    p->job = job;
    p->state = JOB_WAITS;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static enum fr_err take_result(struct kafka_producer *p, struct fr_errmsg *msg) {
    pthread_mutex_lock(&p->lock);
    enum fr_err err = FR_PENDING;
    if (p->state == JOB_DONE) {
        err = p->result;
        if (err != FR_OK) fr_err_set(msg, err, "%s", p->message.text);
        p->state = JOB_IDLE;
        p->job = JOB_NONE;
    }
    pthread_mutex_unlock(&p->lock);
    return err;
}

enum fr_err kafka_txn_submit(struct fr_bus *bus, const struct fr_txn *txn, struct fr_errmsg *msg) {
    (void)msg;
    struct kafka_bus *b = (struct kafka_bus *)bus;
    struct kafka_producer *p = &b->producer;
    bool ours = b->membership && b->membership->assignment == txn->assignment;
    p->txn = txn;
    p->membership = ours ? b->membership : NULL; /* NULL: poll says fenced without asking anybody */
    if (!ours) return FR_OK;
    b->membership->holders++;
    post(p, JOB_TXN);
    return FR_OK;
}

enum fr_err kafka_txn_poll(struct fr_bus *bus, struct fr_errmsg *msg) {
    struct kafka_producer *p = &((struct kafka_bus *)bus)->producer;
    FR_ASSERT(p->txn);
    enum fr_err err = p->membership ? take_result(p, msg)
                                    : fr_err_set(msg, FR_BUS_FENCED, "the assignment is not ours any more");
    if (err == FR_PENDING) return err;
    p->txn = NULL;
    kafka_membership_release(p->membership);
    p->membership = NULL;
    return err;
}

enum fr_err kafka_recycle(struct fr_bus *bus, struct fr_errmsg *msg) {
    struct kafka_producer *p = &((struct kafka_bus *)bus)->producer;
    if (p->job == JOB_NONE) { /* the owner's own last word: only it changes job */
        post(p, JOB_RECYCLE);
        return FR_PENDING;
    }
    return take_result(p, msg);
}
