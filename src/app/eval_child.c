#include "eval_child.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void *eval_shared_new(size_t bytes) {
    void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FR_ASSERT(shared != MAP_FAILED);
    return shared;
}

void eval_shared_free(void *shared, size_t bytes) {
    if (shared) munmap(shared, bytes);
}

double eval_peak_mib(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024 : 0;
}

_Noreturn static void be_child(void (*work)(void *), void *context, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1); /* it went before prctl */
    work(context);
    fflush(NULL);
    _exit(0);
}

static enum fr_err judge_end(int status, struct fr_errmsg *msg) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return FR_OK;
    if (!WIFSIGNALED(status)) return fr_err_set(msg, FR_IO, "it ended with code %d", WEXITSTATUS(status));
    int signal_number = WTERMSIG(status);
    return fr_err_set(msg, FR_IO, "it died of signal %d (%s)%s", signal_number, strsignal(signal_number),
                      signal_number == SIGKILL ? ": memory may have run out" : "");
}

enum fr_err eval_child_run(void (*work)(void *context), void *context, struct fr_errmsg *msg) {
    int status;
    pid_t parent = getpid();
    fflush(NULL); /* or the child would write it, too */
    pid_t child = fork();
    if (child < 0) return fr_err_set(msg, FR_IO, "fork: %s", strerror(errno));
    if (child == 0) be_child(work, context, parent);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return fr_err_set(msg, FR_IO, "waitpid: %s", strerror(errno));
    return judge_end(status, msg);
}
