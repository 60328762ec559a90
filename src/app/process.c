#include "process.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double count_fds(void) {
    DIR *folder = opendir("/proc/self/fd");
    double n = -3; /* ".", ".." and the folder's own */
    if (!folder) return 0;
    while (readdir(folder)) n++;
    closedir(folder);
    return n;
}

/* Seconds since 1970 at which the machine started. */
static double boot_time(void) {
    FILE *file = fopen("/proc/stat", "re");
    char line[256];
    double at = 0;
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "btime %lf", &at) == 1) break;
    fclose(file);
    return at;
}

double process_peak_bytes(void) {
    char line[256];
    double kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %lf kB", &kib) == 1) break;
    fclose(file);
    return kib * 1024;
}

/* proc(5): 5 resets the peak. */
bool process_reset_peak(void) {
    FILE *file = fopen("/proc/self/clear_refs", "we");
    if (!file) return false;
    bool written = fputs("5", file) >= 0;
    return fclose(file) == 0 && written;
}

bool process_read(struct process_figures *out) {
    char line[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    const char *rest = file && fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    if (file) fclose(file);
    double user, system, threads, start, virtual_bytes, pages, ticks = (double)sysconf(_SC_CLK_TCK);
    /* Fields 14, 15, 20, 22, 23, 24 of proc(5); the name in parentheses may hold anything. */
    if (!rest || sscanf(rest + 1,
                        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lf %lf %*d %*d %*d %*d %lf %*d %lf "
                        "%lf %lf",
                        &user, &system, &threads, &start, &virtual_bytes, &pages) != 6)
        return false;
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    *out = (struct process_figures){.cpu_s = (user + system) / ticks,
                                    .resident_bytes = pages * (double)sysconf(_SC_PAGESIZE),
                                    .virtual_bytes = virtual_bytes,
                                    .open_fds = count_fds(),
                                    .max_fds = (double)limit.rlim_cur,
                                    .threads = threads,
                                    .start_s = boot_time() + start / ticks};
    return true;
}
