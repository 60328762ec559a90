/* rejects.h - what a stage does with a record it cannot use: the record as it came (key, bytes, headers) goes to the
 * rejects topic, in the same transaction as everything else of its batch, with headers that say where it stood and why
 * (docs/schemas/reject-headers.schema.json). Never call it for a silent record: it was rejected before. */
#ifndef FR_RUN_REJECTS_H
#define FR_RUN_REJECTS_H

#include "freshet/event/reject.h"
#include "freshet/run/stage.h"

/* detail: the place at fault, may be empty. */
void fr_reject_record(const struct fr_stage *stage, const struct fr_stage_batch *b, const char *topic_prefix,
                      uint32_t record, enum fr_reject reason, struct fr_str detail);

#endif
