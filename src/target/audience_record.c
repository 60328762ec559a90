#include "freshet/target/audience_record.h"
#include "freshet/base/json.h"
#include "freshet/target/segment_lookup.h"

const bool *fr_audience_of(const struct fr_rule_facts *facts, const struct fr_campaign_set *set,
                           struct fr_arena *arena) {
    bool *in = fr_arena_alloc(arena, (set->segment_n + 1) * sizeof *in);
    for (uint32_t i = 0; i < set->segment_n; i++) in[i] = fr_segment_lookup_at(facts, i);
    return in;
}

/* Segments that are in `in` and not in `but`; but NULL: all that are in `in`. */
static void put_segments(struct fr_buf *out, const char *key, const struct fr_campaign_set *set,
                         const bool *in, const bool *but) {
    fr_json_key(out, key);
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < set->segment_n; i++)
        if (in[i] && !(but && but[i])) fr_json_str(out, set->segments[i].record.id);
    fr_json_close(out, ']');
}

void fr_audience_write(struct fr_buf *out, struct fr_str user_id, fr_time_ms generated_ms,
                       const struct fr_campaign_set *set, const bool *before, const bool *now) {
    fr_json_open(out, '{');
    fr_json_key(out, "schema_version");
    fr_json_int(out, 1);
    fr_json_key(out, "user_id");
    fr_json_str(out, user_id);
    fr_json_key(out, "generated_at");
    fr_json_time(out, generated_ms);
    put_segments(out, "segments", set, now, NULL);
    if (before) {
        put_segments(out, "entered", set, now, before);
        put_segments(out, "left", set, before, now);
    }
    fr_json_close(out, '}');
}
