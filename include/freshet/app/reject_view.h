/* reject_view.h - a record of the rejects topic, as a person or a replay wants it.
 *
 * Promise   any record can be read: what its headers do not say is empty. What was read is shown without bytes
 *           that could steer a terminal.
 * Memory    everything is lent by the record. */
#ifndef FR_APP_REJECT_VIEW_H
#define FR_APP_REJECT_VIEW_H

#include "freshet/base/buf.h"
#include "freshet/port/bus.h"

enum { FR_REJECT_HEAD_BYTES = 80 }; /* of a value, when shown */

struct fr_reject_view {
    struct fr_str topic, partition, offset; /* where it stood */
    struct fr_str stage, code, message;
    fr_time_ms timestamp_ms; /* the log's time of the original record; 0: not known */
    bool replayed;           /* it was sent by `rejects replay` and refused again */
};

struct fr_reject_view fr_reject_view(const struct fr_record *record);
void fr_reject_print(const struct fr_record *record, bool json, struct fr_buf *out);

/* The original headers into headers[record->header_n + 1], with one that marks the record as replayed behind
 * them; returns how many. */
uint32_t fr_reject_headers(const struct fr_record *record, struct fr_header *headers);

/* Printable ASCII as it is, \n \t \r \\ and \xNN for the rest; at most max bytes of s, then "...". */
void fr_reject_escape(struct fr_str s, uint32_t max, struct fr_buf *out);

#endif
