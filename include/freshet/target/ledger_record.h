/* ledger_record.h - ledger differences on their way from the user stage to the aggregate stage: collect a batch's,
 * sum them, pack them for the partitions of the affinity topic, read them there (docs/AFFINITY.md section 10).
 *
 * Promise   what is read, added up, is exactly the sum of what was added. A campaign's differences go to the
 *           partition of its id, murmur2(id) mod partitions; the traffic's go to every partition. A sum of 0 is sent
 *           too, so that a ledger does not depend on how batches were cut.
 *
 * Threads   one owner.
 *
 * Memory    a sink owns its rows and records and keeps them for the next batch: 96 bytes a campaign and hour.
 *           Records are lent until the next add or clear.
 *
 * Errors    the reader is total: it takes or refuses any bytes, and hands out nothing of a refused record. */
#ifndef FR_TARGET_LEDGER_RECORD_H
#define FR_TARGET_LEDGER_RECORD_H

#include "freshet/base/map.h"
#include "freshet/target/ledger.h"

enum { FR_LEDGER_RECORD_VERSION = 0x4c }; /* differs from the versions of affinity/record.h */

struct fr_ledger_rows {
    struct fr_ledger_delta *at; /* [n] */
    uint32_t n, cap;
};

struct fr_ledger_sink_record {
    uint32_t partition;
    size_t start, end; /* in bytes */
};

/* All private. */
struct fr_ledger_sink {
    const struct fr_dict *dict;
    uint32_t partitions;
    size_t max_bytes;
    struct fr_ledger_rows rows;
    struct fr_map row_of; /* campaign and hour to a row */
    struct fr_buf bytes;
    struct fr_ledger_sink_record *records; /* [records_n] */
    uint32_t records_n, records_cap;
};

/* Keeps dict until fini; max_bytes bounds a record (0: 700,000). */
void fr_ledger_sink_init(struct fr_ledger_sink *sink, const struct fr_dict *dict, uint32_t partitions,
                         size_t max_bytes);
void fr_ledger_sink_fini(struct fr_ledger_sink *sink);
/* Forgets what was collected and the records. */
void fr_ledger_sink_clear(struct fr_ledger_sink *sink);
size_t fr_ledger_sink_bytes(const struct fr_ledger_sink *sink); /* memory held */

/* campaign is a number of dict whose id is not empty, or FR_DICT_NONE for the traffic. */
void fr_ledger_sink_add(struct fr_ledger_sink *sink, uint32_t campaign, int32_t hour,
                        enum fr_ledger_measure measure, int64_t amount);

/* Packs everything collected. Returns the number of records; fr_ledger_sink_record lends them, by ascending
 * partition, and gives the partition. */
uint32_t fr_ledger_sink_finish(struct fr_ledger_sink *sink);
uint32_t fr_ledger_sink_record(const struct fr_ledger_sink *sink, uint32_t i, struct fr_str *bytes);

/* Which of the topic's two kinds of records this is. */
static inline bool fr_ledger_is_record(struct fr_str bytes) {
    return bytes.len > 0 && bytes.ptr[0] == FR_LEDGER_RECORD_VERSION;
}

/* Zero-initialised rows are ready; they are replaced. Rows of one campaign lie together and ascend by hour, the
 * traffic's first. False when the bytes are not such a record; then there are no rows. Interns ids, of a refused
 * record too. At most 48 bytes an input byte. */
bool fr_ledger_record_read(struct fr_ledger_rows *rows, struct fr_str bytes,
                           struct fr_dict *dict) FR_MUST_USE;
void fr_ledger_rows_fini(struct fr_ledger_rows *rows);

#endif
