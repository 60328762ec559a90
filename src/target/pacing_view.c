/* [version, at, entry ..]; an entry is [id, multiplier, exhausted, spent today, spent in total, impressions, clicks,
 * conversions, control as its own bytes; empty: not started, the book of permits as its own]. */
#include "freshet/target/pacing_view.h"

enum { HEAD = 2, FIELDS = 10 };

void fr_pacing_view_encode(struct fr_buf *out, fr_time_ms at_ms, const struct fr_pacing_entry *entries,
                           uint32_t n) {
    struct fr_buf control = {0};
    fr_pack_array(out, HEAD + n);
    fr_pack_int(out, FR_PACING_VIEW_VERSION);
    fr_pack_int(out, at_ms);
    for (uint32_t i = 0; i < n; i++) {
        const struct fr_pacing_entry *e = &entries[i];
        fr_buf_clear(&control);
        if (e->control.started) fr_pacing_control_encode(&e->control, &control);
        fr_pack_array(out, FIELDS);
        fr_pack_str(out, e->campaign_id);
        fr_pack_double(out, e->multiplier);
        fr_pack_bool(out, e->exhausted);
        fr_pack_int(out, e->spent_today_micros);
        fr_pack_int(out, e->spent_total_micros);
        fr_pack_int(out, e->impressions);
        fr_pack_int(out, e->clicks);
        fr_pack_int(out, e->conversions);
        fr_pack_bin(out, fr_buf_slice(&control));
        fr_pack_bin(out, e->permits);
    }
    fr_buf_fini(&control);
}

/* A control that cannot be read starts anew: it only costs some minutes of even pace. */
static bool read_entry(struct fr_reader *in, struct fr_pacing_entry *e) {
    *e = (struct fr_pacing_entry){0};
    if (fr_pack_read_array(in) != FIELDS) return false;
    e->campaign_id = fr_pack_read_str(in);
    e->multiplier = fr_pack_read_double(in);
    e->exhausted = fr_pack_read_bool(in);
    int64_t *const numbers[] = {&e->spent_today_micros, &e->spent_total_micros, &e->impressions, &e->clicks,
                                &e->conversions};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) *numbers[i] = fr_pack_read_int(in);
    struct fr_str control = fr_pack_read_str(in);
    e->permits = fr_pack_read_str(in);
    if (in->ok && control.len && !fr_pacing_control_decode(&e->control, control))
        e->control = (struct fr_pacing_control){0};
    return in->ok && e->campaign_id.len && e->multiplier >= 0 && e->multiplier <= 1 && e->impressions >= 0 &&
           e->clicks >= 0 && e->conversions >= 0;
}

int64_t fr_pacing_view_decode(struct fr_str bytes, fr_time_ms *at_ms, struct fr_pacing_entry *out,
                              uint32_t most) {
    struct fr_reader in = fr_reader_of(bytes);
    struct fr_pacing_entry e, before = {0};
    uint32_t fields = fr_pack_read_array(&in);
    if (!in.ok || fields < HEAD || fr_pack_read_int(&in) != FR_PACING_VIEW_VERSION) return -1;
    *at_ms = fr_pack_read_int(&in);
    for (uint32_t i = 0; i < fields - HEAD; i++) {
        if (!read_entry(&in, &e) || (i && fr_str_cmp(before.campaign_id, e.campaign_id) >= 0)) return -1;
        if (out && i < most) out[i] = e;
        before = e;
    }
    return in.ok && in.at == in.end ? (int64_t)fields - HEAD : -1;
}
