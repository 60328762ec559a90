/* parallel.h - short-lived threads for a fit: one loop, cut into pieces.
 *
 * Promise   work is called for pieces that cover [0, n) once each, from at most `threads` threads at a time (the caller's is
 *           one of them), and all have ended on return. Which thread gets which piece is not promised: a result is
 *           reproducible when pieces write to places of their own and each place depends on its piece alone.
 * Threads   any thread may call; threads = 1 calls in the caller's thread, pieces in ascending order.
 * Errors    none: a thread that cannot be started leaves its pieces to the others. */
#ifndef FR_LEARN_PARALLEL_H
#define FR_LEARN_PARALLEL_H

#include <stddef.h>

enum { FR_PARALLEL_THREADS_MAX = 64 };

/* thread: 0 .. threads - 1, whose scratch may be used; [first, last) is not empty and at most piece long. */
typedef void fr_parallel_fn(void *context, unsigned thread, size_t first, size_t last);

void fr_parallel(unsigned threads, size_t n, size_t piece, fr_parallel_fn *work, void *context);

/* On a function of plain loops: built for wide registers too, and picked when the program starts. It changes no result:
 * without -ffast-math a compiler may not reorder sums, and ISO mode does not contract a * b + c. Sanitizers do not
 * bear the indirection that picks. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__clang__)
#define FR_WIDE __attribute__((target_clones("arch=skylake-avx512", "avx2", "default"), optimize("O3")))
#else
#define FR_WIDE
#endif

#endif
