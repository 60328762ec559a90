/* Loading XGBoost so that it does not take the machine.
 *
 * Problem   its OpenMP threads wait for work by spinning: with other work on the same cores a fit took 6 to 45 s in place of
 *           1 s. OMP_WAIT_POLICY=passive ends that, but libgomp reads it in its constructor: too late for a program that
 *           links it.
 * Choice    dlopen on first use, after setting the variable unless the operator did; so the library is needed only by those
 *           who fit trees. Types come from its header: a changed prototype is an error while compiling.
 * Rejected  running the program again with the variable set (surprises whoever watches process ids). */
#include "forest_library.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char FILE_NAME[] = "libxgboost.so.0";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct forest_library library;
static bool is_loaded;
static struct fr_errmsg failure;

/* The two types of pointer are of one size wherever dlsym exists. */
static bool find(void *handle, const char *name, void *function) {
    void *symbol = dlsym(handle, name);
    memcpy(function, &symbol, sizeof symbol);
    if (!symbol) fr_err_set(&failure, FR_IO, "%s has no %s: install libxgboost0 1.7", FILE_NAME, name);
    return symbol;
}

static bool find_all(void *handle) {
#define FOREST_FIND(member, name) find(handle, #name, &library.member) &&
    return FOREST_LIBRARY_MAP(FOREST_FIND) true;
#undef FOREST_FIND
}

static void load(void) {
    setenv("OMP_WAIT_POLICY", "passive", 0);
    void *handle = dlopen(FILE_NAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fr_err_set(&failure, FR_IO, "%s cannot be loaded (%s): install libxgboost0", FILE_NAME, dlerror());
        return;
    }
    is_loaded = find_all(handle) && library.set_global_config("{\"verbosity\": 0}") == 0;
    if (!is_loaded) fr_err_set(&failure, FR_IO, "%s cannot be used", FILE_NAME);
}

const struct forest_library *forest_library(struct fr_errmsg *msg) {
    pthread_once(&once, load);
    if (is_loaded) return &library;
    fr_err_set(msg, failure.code, "%s", failure.text);
    return NULL;
}

/* The library's text goes over many lines, with a stack trace: the first line says it. */
enum fr_err forest_check(const struct forest_library *l, int code, struct fr_errmsg *msg) {
    if (code == 0) return FR_OK;
    const char *text = l->last_error();
    return fr_err_set(msg, FR_IO, "xgboost: %.*s", (int)strcspn(text, "\n"), text);
}
