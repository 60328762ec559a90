/* lease_codec.h - leases and books as stored states (docs/STATE.md), asks and grants as records (docs/AFFINITY.md
 * section 12).
 *
 * Promise   equal values give equal bytes, and read back as they were. Readers are total: any bytes give a value that
 *           the check functions accept, or false and an empty one.
 * Threads   one owner. Memory: appends to the caller's buffer; ids of records are lent from the bytes. */
#ifndef FR_TARGET_LEASE_CODEC_H
#define FR_TARGET_LEASE_CODEC_H

#include "freshet/base/buf.h"
#include "freshet/target/lease.h"

/* First bytes of records: different from each other, from affinity's and the ledger's, and from JSON. */
enum { FR_LEASE_VERSION = 1, FR_LEASE_ASK_RECORD = 0x41, FR_LEASE_GRANT_RECORD = 0x47 };

void fr_lease_encode(const struct fr_lease *lease, struct fr_buf *out);
bool fr_lease_decode(struct fr_lease *lease, struct fr_str bytes) FR_MUST_USE;
void fr_lease_book_encode(const struct fr_lease_book *book, struct fr_buf *out);
/* Replaces what book held. */
bool fr_lease_book_decode(struct fr_lease_book *book, struct fr_str bytes) FR_MUST_USE;

/* One ask: goes to the affinity partition murmur2(campaign id) mod partitions. */
struct fr_lease_ask_record {
    struct fr_str campaign_id; /* not empty */
    uint32_t partition;        /* of the holder: where the grant is sent; below 65,536 */
    struct fr_lease_ask ask;
    struct fr_lease_budget budget;
};
void fr_lease_ask_write(struct fr_buf *out, const struct fr_lease_ask_record *record);
bool fr_lease_ask_read(struct fr_lease_ask_record *record, struct fr_str bytes) FR_MUST_USE;

/* One grant: goes to the partition of the events topic that asked. */
struct fr_lease_grant_record {
    struct fr_str campaign_id;
    struct fr_lease_grant grant;
};
void fr_lease_grant_write(struct fr_buf *out, const struct fr_lease_grant_record *record);
bool fr_lease_grant_read(struct fr_lease_grant_record *record, struct fr_str bytes) FR_MUST_USE;

#endif
