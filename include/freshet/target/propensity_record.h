/* propensity_record.h - what a user will probably do, as the record that goes to the propensities topic.
 *
 * Shape     docs/schemas/propensities.schema.json. Promise: a function of its arguments. Threads: any. Memory: borrows. */
#ifndef FR_TARGET_PROPENSITY_RECORD_H
#define FR_TARGET_PROPENSITY_RECORD_H

#include "freshet/base/clock.h"
#include "freshet/target/propensity.h"

struct fr_propensity_said {
    const char *task, *version;
    double probability, threshold;
    enum fr_segment segment;
};

/* Appends the value. */
void fr_propensity_record_write(struct fr_buf *out, struct fr_str user_id, fr_time_ms generated_ms,
                                const struct fr_propensity_said *said, uint32_t n);

#endif
