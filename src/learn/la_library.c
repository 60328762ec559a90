/* Loading OpenBLAS with the right kernel.
 *
 * Problem   OpenBLAS picks its kernel by the processor's model number. Version 0.3.21 takes processors newer than itself for a
 *           generic one and then runs at a fifth of the speed. OPENBLAS_CORETYPE names the kernel, but it is read in the
 *           library's constructor, so a program that links it cannot set it in time.
 * Choice    dlopen, after naming the kernel that the processor's flags allow; an operator's own OPENBLAS_CORETYPE is left
 *           alone. One product is compared with plain loops: a kernel that computes nonsense on this machine is let go and
 *           the next lower one is tried.
 * Rejected  running the program again with the variable set (surprises whoever watches process ids); linking another
 *           BLAS (no package of Debian 12 is both free and as fast). */
#include "la_library.h"
#include "freshet/learn/la.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char FILE_NAME[] = "libopenblas.so.0";
static const char VARIABLE[] = "OPENBLAS_CORETYPE";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct la_library library;
static bool is_loaded;
static struct fr_errmsg failure;

/* The two types of pointer are of one size wherever dlsym exists. */
static bool find(void *handle, const char *name, void *function, struct fr_errmsg *msg) {
    void *symbol = dlsym(handle, name);
    memcpy(function, &symbol, sizeof symbol);
    if (!symbol) fr_err_set(msg, FR_IO, "%s has no %s: install libopenblas0-pthread", FILE_NAME, name);
    return symbol;
}

static bool find_all(void *handle, struct la_library *l, struct fr_errmsg *msg) {
    return find(handle, "cblas_sgemm", &l->sgemm, msg) && find(handle, "cblas_ssyrk", &l->ssyrk, msg) &&
           find(handle, "cblas_sgemv", &l->sgemv, msg) && find(handle, "cblas_strsm", &l->strsm, msg) &&
           find(handle, "spotrf_", &l->spotrf, msg) && find(handle, "spotrs_", &l->spotrs, msg) &&
           find(handle, "spotri_", &l->spotri, msg) && find(handle, "ssyevd_", &l->ssyevd, msg) &&
           find(handle, "sgelqf_", &l->sgelqf, msg) && find(handle, "sorglq_", &l->sorglq, msg) &&
           find(handle, "openblas_set_num_threads", &l->set_num_threads, msg) &&
           find(handle, "openblas_get_corename", &l->get_corename, msg);
}

enum { M = 37, N = 53, K = 71 };

/* Large enough that the kernels' wide paths and their edges are both used. */
static bool multiplies_right(const struct la_library *l) {
    static float a[M * K], b[K * N], c[M * N], want[M * N];
    for (unsigned i = 0; i < M * K; i++) a[i] = (float)(i * 31 % 17) - 8;
    for (unsigned i = 0; i < K * N; i++) b[i] = (float)(i * 29 % 23) - 11;
    memset(c, 0, sizeof c);
    l->sgemm(LA_ROW_MAJOR, LA_AS_IS, LA_AS_IS, M, N, K, 1, a, K, b, N, 0, c, N);
    fr_la_naive_gemm(false, false, M, N, K, 1, a, b, 0, want);
    return memcmp(c, want, sizeof c) == 0; /* small whole numbers: no rounding in any order */
}

/* Opens the library and holds it to the twin. */
static bool try_load(const char *kernel, struct fr_errmsg *msg) {
    if (kernel) setenv(VARIABLE, kernel, 1);
    void *handle = dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fr_err_set(msg, FR_IO, "%s cannot be loaded (%s): install libopenblas0-pthread", FILE_NAME,
                   dlerror());
        return false;
    }
    if (find_all(handle, &library, msg)) {
        if (multiplies_right(&library)) return true;
        fr_err_set(msg, FR_IO, "OpenBLAS multiplies wrongly with its kernel %s: name another in %s",
                   library.get_corename(), VARIABLE);
    }
    dlclose(handle);
    return false;
}

static bool has_avx512(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

static bool has_avx2(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

static void load(void) {
    if (getenv(VARIABLE)) {
        is_loaded = try_load(NULL, &failure);
        return;
    }
    is_loaded =
        (has_avx512() && try_load("SkylakeX", &failure)) || (has_avx2() && try_load("Haswell", &failure));
    if (is_loaded) return;
    unsetenv(VARIABLE);
    is_loaded = try_load(NULL, &failure);
}

const struct la_library *la_library(struct fr_errmsg *msg) {
    pthread_once(&once, load);
    if (is_loaded) return &library;
    fr_err_set(msg, failure.code, "%s", failure.text);
    return NULL;
}
