#include "freshet/base/failpoint.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

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
