/* [version, at, day, seen, multiplier, under way, goal, exposure, spent]: integers, then doubles. */
#include "freshet/base/pack.h"
#include "freshet/target/pacing.h"
#include <math.h>

enum { VERSION = 1, FIELDS = 9, DOUBLES = 5 };

void fr_pacing_control_encode(const struct fr_pacing_control *c, struct fr_buf *out) {
    const double doubles[DOUBLES] = {c->multiplier, c->under_way, c->goal, c->exposure, c->spent_micros};
    fr_pack_array(out, FIELDS);
    fr_pack_int(out, VERSION);
    fr_pack_int(out, c->at);
    fr_pack_int(out, c->day);
    fr_pack_int(out, c->seen_micros);
    for (unsigned i = 0; i < DOUBLES; i++) fr_pack_double(out, doubles[i]);
}

bool fr_pacing_control_decode(struct fr_pacing_control *control, struct fr_str bytes) {
    struct fr_reader in = fr_reader_of(bytes);
    double d[DOUBLES];
    *control = (struct fr_pacing_control){0};
    if (fr_pack_read_array(&in) != FIELDS || fr_pack_read_int(&in) != VERSION) return false;
    int64_t at = fr_pack_read_int(&in), day = fr_pack_read_int(&in), seen = fr_pack_read_int(&in);
    bool sound = true;
    for (unsigned i = 0; i < DOUBLES; i++) {
        d[i] = fr_pack_read_double(&in);
        sound = sound && isfinite(d[i]) && (d[i] >= 0 || i == 2); /* a goal follows corrections below 0 too */
    }
    if (!sound || !in.ok || in.at != in.end || day < INT32_MIN || day > INT32_MAX || d[0] > 1 || !(d[3] > 0))
        return false;
    *control = (struct fr_pacing_control){.multiplier = d[0],
                                          .at = at,
                                          .started = true,
                                          .seen_micros = seen,
                                          .under_way = d[1],
                                          .day = (int32_t)day,
                                          .goal = d[2],
                                          .exposure = d[3],
                                          .spent_micros = d[4]};
    return true;
}
