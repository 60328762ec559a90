/* outbox.h - what a batch wants written: records for the log, views for the store. All bytes are copied into
 * the batch's own arena, so that they can be sent again, the same bytes, after an abort.
 *
 * Threads   one owner. Memory: lent until fr_outbox_clear. */
#ifndef FR_RUN_OUTBOX_H
#define FR_RUN_OUTBOX_H

#include "freshet/base/arena.h"
#include "freshet/port/bus.h"
#include "freshet/port/store.h"

struct fr_outbox {
    struct fr_arena bytes;
    struct fr_out *records;
    uint32_t record_n, record_cap;
    struct fr_pair *views;
    uint32_t view_n, view_cap;
    fr_time_ms *list_since_ms; /* per list: the time of the oldest record it is the first to show */
    uint32_t list_n, list_cap;
    uint64_t payload_bytes;
};

void fr_outbox_fini(struct fr_outbox *o);
void fr_outbox_clear(struct fr_outbox *o);
/* Copies the record with its headers. */
void fr_outbox_record(struct fr_outbox *o, const struct fr_out *record);
/* The same, for bytes that live in o->bytes already or outlive the batch. */
void fr_outbox_record_lent(struct fr_outbox *o, const struct fr_out *record);
void fr_outbox_view(struct fr_outbox *o, struct fr_str key, struct fr_str value);
void fr_outbox_list_since(struct fr_outbox *o, fr_time_ms since_ms);

#endif
