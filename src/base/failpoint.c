#include "freshet/base/failpoint.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAME_BYTES = 32 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char wanted[NAME_BYTES]; /* empty: none. Written once, before any read. */
static atomic_long passes_left;

static void read_environment(void) {
    const char *text = getenv("FRESHET_FAILPOINT");
    if (!text) return;
    size_t n = strcspn(text, ":");
    if (n == 0 || n >= sizeof wanted) return;
    memcpy(wanted, text, n);
    long passes = text[n] ? strtol(text + n + 1, NULL, 10) : 1;
    atomic_store(&passes_left, passes > 0 ? passes : 1);
}

bool fr_failpoint_armed(const char *name) {
    pthread_once(&once, read_environment);
    return wanted[0] && strcmp(wanted, name) == 0;
}

void fr_failpoint(const char *name) {
    if (!fr_failpoint_armed(name)) return;
    if (atomic_fetch_sub(&passes_left, 1) == 1) raise(SIGKILL);
}

struct soon {
    const char *name;
    unsigned delay_us;
};

static void *end_soon(void *opaque) {
    struct soon *soon = opaque;
    struct timespec delay = {soon->delay_us / 1000000, (long)(soon->delay_us % 1000000) * 1000};
    nanosleep(&delay, NULL);
    fr_failpoint(soon->name);
    free(soon);
    return NULL;
}

void fr_failpoint_soon(const char *name, unsigned delay_us) {
    if (!fr_failpoint_armed(name)) return;
    struct soon *soon = malloc(sizeof *soon);
    if (!soon) return;
    *soon = (struct soon){name, delay_us};
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_soon, soon))
        free(soon);
    else
        pthread_detach(thread);
}
