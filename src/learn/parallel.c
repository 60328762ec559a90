#include "freshet/learn/parallel.h"
#include "freshet/base/err.h"
#include <pthread.h>
#include <stdatomic.h>

struct shared {
    atomic_size_t next; /* the first index that nobody took */
    size_t n, piece;
    fr_parallel_fn *work;
    void *context;
};

struct helper {
    struct shared *shared;
    unsigned thread;
};

static void take_pieces(struct shared *s, unsigned thread) {
    for (;;) {
        size_t first = atomic_fetch_add(&s->next, s->piece);
        if (first >= s->n) return;
        s->work(s->context, thread, first, s->n - first < s->piece ? s->n : first + s->piece);
    }
}

static void *run_helper(void *argument) {
    struct helper *h = argument;
    take_pieces(h->shared, h->thread);
    return NULL;
}

void fr_parallel(unsigned threads, size_t n, size_t piece, fr_parallel_fn *work, void *context) {
    FR_ASSERT(threads >= 1 && threads <= FR_PARALLEL_THREADS_MAX && piece >= 1);
    struct shared shared = {.n = n, .piece = piece, .work = work, .context = context};
    size_t pieces = (n + piece - 1) / piece;
    if (pieces < threads) threads = pieces ? (unsigned)pieces : 1;
    pthread_t ids[FR_PARALLEL_THREADS_MAX];
    struct helper helpers[FR_PARALLEL_THREADS_MAX];
    unsigned started = 0;
    for (unsigned i = 1; i < threads; i++) {
        helpers[started] = (struct helper){&shared, i};
        if (pthread_create(&ids[started], NULL, run_helper, &helpers[started]) == 0) started++;
    }
    take_pieces(&shared, 0);
    for (unsigned i = 0; i < started; i++) pthread_join(ids[i], NULL);
}
