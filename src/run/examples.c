#include "freshet/run/examples.h"
#include "freshet/run/live_model.h"

void fr_examples_send(struct fr_example_writer *w, struct fr_buf *text, struct fr_outbox *out) {
    if (fr_example_writer_count(w) == 0) return;
    fr_buf_clear(text);
    fr_example_writer_finish(w, text);
    struct fr_out record = {
        .topic = FR_TOPIC_EXAMPLES, .partition = -1, .key = FR_MODEL_FEED, .value = fr_buf_slice(text)};
    fr_outbox_record(out, &record);
}
