/* The writer's thread: one commit and one put at a time, the commit first.
 *
 * The owner hands a job over under the lock and polls for its end; the thread works without the lock. So the
 * worker goes on with its next batch while the server writes this one. */
#include "store_redis_internal.h"
#include <signal.h>

static struct redis_job *next_job(struct redis_writer *w) {
    if (w->commit_job.state == REDIS_JOB_WAITING) return &w->commit_job;
    return w->put_job.state == REDIS_JOB_WAITING ? &w->put_job : NULL;
}

static enum fr_err run(struct redis_writer *w, const struct redis_job *job, struct fr_errmsg *msg) {
    if (job == &w->commit_job) return fr_redis_commit(w, w->commit, msg);
    return fr_redis_put(w, w->puts, w->put_n, w->put_ttl_s, msg);
}

static void *work(void *context) {
    struct redis_writer *w = context;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        struct redis_job *job = next_job(w);
        if (!job) {
            pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        job->state = REDIS_JOB_RUNNING;
        pthread_mutex_unlock(&w->lock);
        struct fr_errmsg msg = {0};
        enum fr_err err = run(w, job, &msg);
        pthread_mutex_lock(&w->lock);
        job->err = err;
        job->msg = msg;
        job->state = REDIS_JOB_DONE;
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

void fr_redis_writer_start(struct redis_writer *w, const struct redis_options *options) {
    sigset_t all, before;
    fr_redis_nodes_init(&w->nodes, options);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    sigfillset(&all); /* signals are for the program's own threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    FR_ASSERT(failed == 0);
}

void fr_redis_writer_stop(struct redis_writer *w) {
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    fr_redis_nodes_fini(&w->nodes);
    fr_redis_request_fini(&w->request);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
}

void fr_redis_writer_submit(struct redis_writer *w, struct redis_job *job) {
    pthread_mutex_lock(&w->lock);
    FR_ASSERT(job->state == REDIS_JOB_NONE);
    job->state = REDIS_JOB_WAITING;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

enum fr_err fr_redis_writer_poll(struct redis_writer *w, struct redis_job *job, struct fr_errmsg *msg) {
    pthread_mutex_lock(&w->lock);
    FR_ASSERT(job->state != REDIS_JOB_NONE);
    enum fr_err err = FR_PENDING;
    if (job->state == REDIS_JOB_DONE) {
        job->state = REDIS_JOB_NONE;
        err = job->err;
        if (err != FR_OK) fr_err_set(msg, err, "%s", job->msg.text);
    }
    pthread_mutex_unlock(&w->lock);
    return err;
}
