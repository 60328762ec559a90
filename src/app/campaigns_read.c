#include "freshet/app/campaigns_read.h"
#include "freshet/app/lines.h"

struct reading {
    const char *name;
    const struct fr_campaigns_sink *sink;
    struct fr_campaigns_totals *totals;
    struct fr_arena arena;
    struct fr_buf text;
};

static void tell_faults(struct reading *r, uint64_t line, const struct fr_campaign_faults *faults) {
    r->totals->bad_lines++;
    r->totals->faults += faults->n;
    for (uint32_t i = 0; i < faults->n; i++) {
        fr_buf_clear(&r->text);
        fr_buf_printf(&r->text, "%s:%llu: ", r->name, (unsigned long long)line);
        fr_campaign_fault_write(&r->text, &faults->at[i]);
        fr_buf_byte(&r->text, 0);
        r->sink->fault(r->sink->context, r->text.data);
    }
}

static enum fr_err take_line(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    struct reading *r = context;
    struct fr_campaign campaign;
    struct fr_campaign_faults faults = {.n = 1, .at = {{.code = FR_CAMPAIGN_FAULT_TOO_LARGE}}};
    if (line->text.len == 0 && !line->is_overlong) return FR_OK;
    fr_arena_clear(&r->arena);
    if (line->is_overlong ||
        !fr_campaign_judge(line->text, (struct fr_str){0}, &r->arena, &campaign, NULL, &faults)) {
        tell_faults(r, line->number, &faults);
        return FR_OK;
    }
    if (campaign.kind == FR_CAMPAIGN_IS_SEGMENT)
        r->totals->segments++;
    else
        r->totals->campaigns++;
    return r->sink->take ? r->sink->take(r->sink->context, &campaign, line->text, msg) : FR_OK;
}

enum fr_err fr_campaigns_read(const char *path, const struct fr_campaigns_sink *sink,
                              struct fr_campaigns_totals *totals, struct fr_errmsg *msg) {
    struct reading r = {fr_lines_name(path), sink, totals, {0}, {0}};
    enum fr_err err = fr_lines_each(path, FR_CAMPAIGN_RECORD_BYTES, take_line, &r, msg);
    fr_arena_fini(&r.arena);
    fr_buf_fini(&r.text);
    return err;
}
