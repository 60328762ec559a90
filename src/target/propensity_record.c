#include "freshet/target/propensity_record.h"
#include "freshet/base/json.h"

static void put(struct fr_buf *out, const struct fr_propensity_said *s) {
    fr_json_open(out, '{');
    fr_json_key(out, "task");
    fr_json_str(out, fr_str_of(s->task));
    fr_json_key(out, "probability");
    fr_json_number(out, s->probability);
    fr_json_key(out, "segment");
    fr_json_str(out, fr_str_of(fr_segment_name(s->segment)));
    fr_json_key(out, "threshold");
    fr_json_number(out, s->threshold);
    fr_json_key(out, "model_version");
    fr_json_str(out, fr_str_of(s->version));
    fr_json_close(out, '}');
}

void fr_propensity_record_write(struct fr_buf *out, struct fr_str user_id, fr_time_ms generated_ms,
                                const struct fr_propensity_said *said, uint32_t n) {
    fr_json_open(out, '{');
    fr_json_key(out, "schema_version");
    fr_json_int(out, 1);
    fr_json_key(out, "user_id");
    fr_json_str(out, user_id);
    fr_json_key(out, "generated_at");
    fr_json_time(out, generated_ms);
    fr_json_key(out, "propensities");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < n; i++) put(out, &said[i]);
    fr_json_close(out, ']');
    fr_json_close(out, '}');
}
