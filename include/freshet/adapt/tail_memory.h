/* tail_memory.h - the tail's twin over the bus in memory. */
#ifndef FR_ADAPT_TAIL_MEMORY_H
#define FR_ADAPT_TAIL_MEMORY_H

#include "freshet/adapt/bus_memory.h"
#include "freshet/port/tail.h"

/* gives; the cluster outlives it. */
struct fr_tail *fr_tail_memory_open(struct fr_bus_memory *cluster, enum fr_topic topic, uint32_t partitions);

#endif
