#include "freshet/base/failpoint.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static _Atomic long passes; /* of the armed point */

/* The count behind "NAME:", or 0 when another point or none is armed. */
static long armed_count(const char *name) {
    const char *text = getenv("FRESHET_FAILPOINT");
    if (!text) return 0;
    size_t n = strlen(name);
    bool ours = strncmp(text, name, n) == 0 && text[n] == ':';
    return ours ? strtol(text + n + 1, NULL, 10) : 0;
}

void fr_failpoint(const char *name) {
    long count = armed_count(name);
    if (count == 0) return;
    if (atomic_fetch_add(&passes, 1) + 1 == count) raise(SIGKILL);
}
