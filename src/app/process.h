/* process.h - what the system says of this process, under Prometheus' own names. */
#ifndef FR_APP_PROCESS_H
#define FR_APP_PROCESS_H

#include <stdbool.h>

/* member, metric, kind, help */
#define PROCESS_MAP(X)                                                              \
    X(cpu_s, "process_cpu_seconds_total", "counter", "User and system time spent.") \
    X(resident_bytes, "process_resident_memory_bytes", "gauge", "Resident memory.") \
    X(virtual_bytes, "process_virtual_memory_bytes", "gauge", "Virtual memory.")    \
    X(open_fds, "process_open_fds", "gauge", "Open file descriptors.")              \
    X(max_fds, "process_max_fds", "gauge", "Most file descriptors allowed.")        \
    X(threads, "process_threads", "gauge", "Threads.")                              \
    X(start_s, "process_start_time_seconds", "gauge", "Start of the process since 1970.")

struct process_figures {
#define PROCESS_MEMBER(member, name, kind, help) double member;
    PROCESS_MAP(PROCESS_MEMBER)
#undef PROCESS_MEMBER
};

/* The most memory that was resident since the last reset (or the start), in bytes; 0 where the system does not tell. reset_peak: false
 * where it cannot be reset. */
double process_peak_bytes(void);
bool process_reset_peak(void);

/* False where there is no /proc. */
bool process_read(struct process_figures *out);

#endif
