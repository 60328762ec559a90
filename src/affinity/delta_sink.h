/* delta_sink.h - the inside of struct fr_delta_sink, shared by the files that fill and empty it. Private
 * to affinity/: everybody else uses delta.h. */
#ifndef FR_AFFINITY_DELTA_SINK_H
#define FR_AFFINITY_DELTA_SINK_H

#include "freshet/affinity/delta.h"
#include "freshet/profile/rules.h"

struct fr_sink_entry {
    uint32_t code; /* 0 count, 1 + local pair, 1 + locals_n + local group */
    int32_t epoch, weight;
};

/* Some of an item's entries, on their way into a record. */
struct fr_sink_piece {
    uint32_t local, first, n;
};

struct fr_sink_record {
    uint32_t partition;
    size_t start, end; /* in bytes */
};

/* An array of numbers that grows and is kept. */
struct fr_sink_numbers {
    uint32_t *at;
    size_t cap;
};

/* An item of the user's history as it stood before a change. */
struct fr_sink_held {
    uint32_t item;
    struct fr_strength strength;
};

struct fr_delta_sink {
    const struct fr_dict *dict;
    uint32_t partitions;
    size_t max_bytes;
    struct fr_delta_list pairs;   /* item < other */
    struct fr_delta_list singles; /* counts and group counts */
    struct fr_delta_list spare;
    struct fr_sink_held *held; /* the history of the user at hand */
    size_t held_cap;
    struct fr_sink_numbers local_of;     /* [dict number], NONE outside finish */
    struct fr_sink_numbers partition_of; /* [dict number], NONE until asked */
    struct fr_delta_list locals;         /* item = the dict number, ascending */
    struct fr_sink_numbers starts;       /* [locals + 1] of entries */
    struct fr_sink_entry *entries;
    size_t entries_cap;
    struct fr_sink_numbers by_partition; /* locals that have entries */
    struct fr_sink_numbers name_of;      /* [local], its index in the record being written */
    uint64_t *used;                      /* [locals / 64 + 1], names of the record being cut */
    size_t used_cap;
    struct fr_sink_piece *pieces;
    size_t pieces_n, pieces_cap;
    struct fr_buf bytes;
    struct fr_sink_record *records;
    size_t records_n, records_cap;
};

#endif
