#include "freshet/app/campaigns_list.h"
#include "freshet/app/text_table.h"
#include "freshet/base/json.h"
#include "freshet/base/utf8.h"

enum { RULE_CHARACTERS = 72 };

static bool is_wanted(const struct fr_campaign *c, struct fr_campaigns_filter filter) {
    return !filter.state || (c->kind == FR_CAMPAIGN_IS_CAMPAIGN &&
                             strcmp(fr_campaign_state_name(c->state), filter.state) == 0);
}

/* ---- cells ---- */

static void put_cell(struct fr_buf *out, struct fr_str text) {
    fr_buf_str(out, text.len ? text : FR_STR("-"));
    fr_buf_byte(out, '\t');
}

static void put_time(struct fr_buf *out, fr_time_ms t, fr_time_ms always) {
    char text[25];
    enum { TO_THE_SECOND = 19 };
    fr_time_format(t, text);
    put_cell(out, t == always ? FR_STR("") : (struct fr_str){text, TO_THE_SECOND});
}

static void put_micros(struct fr_buf *out, int64_t micros) {
    fr_buf_end_at(out,
                  fr_json_put_millionths(fr_buf_reserve(out, FR_JSON_MILLIONTHS_BYTES), (uint64_t)micros));
}

static void put_budget(struct fr_buf *out, int64_t micros) {
    if (micros)
        put_micros(out, micros);
    else
        fr_buf_byte(out, '-');
    fr_buf_byte(out, '\t');
}

static void put_pays(struct fr_buf *out, const struct fr_campaign *c) {
    put_micros(out, c->price_micros);
    if (c->currency.len) fr_buf_printf(out, " %.*s", FR_STR_ARG(c->currency));
    fr_buf_printf(out, " a %s\t", fr_campaign_pays_name(c->pays));
}

static const char *does_now(const struct fr_campaign *c, fr_time_ms now_ms) {
    if (c->state != FR_CAMPAIGN_ACTIVE) return "-";
    return now_ms < c->start_ms ? "waits" : now_ms >= c->end_ms ? "over" : "runs";
}

/* Words with one blank between them, whatever stood there. */
static void put_words(struct fr_buf *out, struct fr_str text) {
    bool blank = false;
    for (uint32_t i = 0; i < text.len; i++) {
        bool is_blank = (unsigned char)text.ptr[i] <= ' ';
        if (!is_blank && blank && out->len) fr_buf_byte(out, ' ');
        if (!is_blank) fr_buf_byte(out, (unsigned char)text.ptr[i]);
        blank = is_blank;
    }
}

static void put_rule(struct fr_buf *out, struct fr_str rule) {
    struct fr_buf words = {0};
    uint32_t at = 0;
    put_words(&words, rule);
    struct fr_str text = words.len ? fr_buf_slice(&words) : FR_STR("(everybody)");
    for (uint32_t n = 0; n < RULE_CHARACTERS && at < text.len; n++) {
        uint32_t bytes = fr_utf8_length(text, at);
        at += bytes ? bytes : 1;
    }
    fr_buf_printf(out, "%.*s%s\n", (int)at, text.ptr, at < text.len ? " .." : "");
    fr_buf_fini(&words);
}

static void put_row(struct fr_buf *out, const struct fr_campaign *c, fr_time_ms now_ms) {
    put_cell(out, c->id);
    if (c->kind == FR_CAMPAIGN_IS_SEGMENT) {
        fr_buf_printf(out, "segment\t-\t-\t-\t-\t-\t-\t-\t-\t");
    } else {
        fr_buf_printf(out, "campaign\t");
        put_cell(out, c->advertiser);
        fr_buf_printf(out, "%s\t%s\t", fr_campaign_state_name(c->state), does_now(c, now_ms));
        put_time(out, c->start_ms, INT64_MIN);
        put_time(out, c->end_ms, INT64_MAX);
        put_budget(out, c->daily_micros);
        put_budget(out, c->total_micros);
        put_pays(out, c);
    }
    put_rule(out, c->rule);
}

void fr_campaigns_table(struct fr_buf *out, const struct fr_campaign_set *set,
                        struct fr_campaigns_filter filter, fr_time_ms now_ms) {
    struct fr_buf rows = {0};
    fr_buf_printf(&rows, "ID\tKIND\tADVERTISER\tSTATE\tNOW\tSTART UTC\tEND UTC\tDAILY\tTOTAL\tPAYS\tRULE\n");
    for (uint32_t i = 0; i < set->campaign_n; i++)
        if (is_wanted(&set->campaigns[i].record, filter)) put_row(&rows, &set->campaigns[i].record, now_ms);
    for (uint32_t i = 0; i < set->segment_n; i++)
        if (is_wanted(&set->segments[i].record, filter)) put_row(&rows, &set->segments[i].record, now_ms);
    fr_text_table(out, fr_buf_slice(&rows));
    fr_buf_fini(&rows);
}

/* ---- JSON ---- */

static void put_records(struct fr_buf *out, const char *key, const struct fr_campaign_entry *entries,
                        uint32_t n, struct fr_campaigns_filter filter) {
    struct fr_buf record = {0};
    fr_json_key(out, key);
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < n; i++) {
        if (!is_wanted(&entries[i].record, filter)) continue;
        fr_buf_clear(&record);
        fr_campaign_write(&record, &entries[i].record);
        fr_json_raw(out, fr_buf_slice(&record));
    }
    fr_json_close(out, ']');
    fr_buf_fini(&record);
}

void fr_campaigns_json(struct fr_buf *out, const struct fr_campaign_set *set,
                       struct fr_campaigns_filter filter, uint64_t bad_records) {
    fr_json_open(out, '{');
    put_records(out, "campaigns", set->campaigns, set->campaign_n, filter);
    put_records(out, "segments", set->segments, set->segment_n, filter);
    fr_json_key(out, "bad_records");
    fr_json_int(out, (int64_t)bad_records);
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}
