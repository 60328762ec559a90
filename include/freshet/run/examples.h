/* examples.h - what the user and aggregate stages send to the learner: the feed model's examples and neighbour rows, all
 * under one key, so that they lie in one partition in one order. */
#ifndef FR_RUN_EXAMPLES_H
#define FR_RUN_EXAMPLES_H

#include "freshet/recommend/example_record.h"
#include "freshet/run/outbox.h"

enum { FR_EXAMPLE_RECORD_BYTES = 300 << 10 }; /* a record is sent when it has grown so far */

/* Sends what the writer holds, if anything, as one record. text is a buffer of the caller's, overwritten. */
void fr_examples_send(struct fr_example_writer *w, struct fr_buf *text, struct fr_outbox *out);

#endif
