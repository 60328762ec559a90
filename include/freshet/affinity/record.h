/* record.h - reads one packed affinity record (docs/AFFINITY.md section 8).
 *
 * Promise   total: any bytes are accepted or refused, and nothing of a refused record is handed out.
 *           An item's entries are one run, sorted by (code, epoch), and can be applied as they are; items
 *           come in the order of the record.
 *
 * Memory    arrays are reused from record to record and owned by the struct; fr_delta_record_fini frees
 *           them. What is read is bounded by 16 bytes an input byte.
 *
 * Threads   one owner. */
#ifndef FR_AFFINITY_RECORD_H
#define FR_AFFINITY_RECORD_H

#include "freshet/affinity/delta.h"

/* The run of one item: entries.at[first .. first + n). */
struct fr_delta_record_item {
    uint32_t item, first, n;
};

struct fr_delta_record {
    struct fr_delta_record_item *items; /* [items_n] */
    uint32_t items_n, items_cap;
    struct fr_delta_list entries;
    struct fr_delta_list spare; /* private */
    uint32_t *numbers;          /* private: name index to dictionary number */
    uint32_t numbers_cap;
    uint64_t *seen; /* private: a bit for each dictionary number, all 0 between calls */
    size_t seen_words;
};

/* Zero-initialised is ready. False when the bytes are not a record; then there are no items. Interns the
 * names into dict, of a refused record too. */
bool fr_delta_record_read(struct fr_delta_record *r, struct fr_str bytes, struct fr_dict *dict);
void fr_delta_record_fini(struct fr_delta_record *r);

#endif
