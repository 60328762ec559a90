#include "freshet/app/reject_view.h"
#include "freshet/base/json.h"
#include <stdio.h>
#include <stdlib.h>

static const struct fr_str ours = {"__freshet.errors.", sizeof "__freshet.errors." - 1};
static const struct fr_str mark = {"__freshet.replayed", sizeof "__freshet.replayed" - 1};

static bool is_ours(struct fr_str name) {
    return name.len >= ours.len && memcmp(name.ptr, ours.ptr, ours.len) == 0;
}

static fr_time_ms to_time(struct fr_str s) {
    char text[24];
    snprintf(text, sizeof text, "%.*s", FR_STR_ARG(s));
    return strtoll(text, NULL, 10);
}

/* The last header of a name counts: ours stand behind those of the original record. */
struct fr_reject_view fr_reject_view(const struct fr_record *r) {
    struct fr_reject_view v = {.timestamp_ms = 0};
    struct fr_str timestamp = {NULL, 0};
    const struct {
        struct fr_str name;
        struct fr_str *into;
    } places[] = {{FR_STR("topic"), &v.topic},      {FR_STR("partition"), &v.partition},
                  {FR_STR("offset"), &v.offset},    {FR_STR("stage"), &v.stage},
                  {FR_STR("code"), &v.code},        {FR_STR("message"), &v.message},
                  {FR_STR("timestamp"), &timestamp}};
    for (uint32_t i = 0; i < r->header_n; i++) {
        struct fr_str name = r->headers[i].name;
        v.replayed = v.replayed || fr_str_eq(name, mark);
        if (!is_ours(name)) continue;
        struct fr_str rest = {name.ptr + ours.len, name.len - ours.len};
        for (size_t p = 0; p < sizeof places / sizeof *places; p++)
            if (fr_str_eq(rest, places[p].name)) *places[p].into = r->headers[i].value;
    }
    v.timestamp_ms = to_time(timestamp);
    return v;
}

uint32_t fr_reject_headers(const struct fr_record *r, struct fr_header *headers) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->header_n; i++)
        if (!is_ours(r->headers[i].name) && !fr_str_eq(r->headers[i].name, mark))
            headers[n++] = r->headers[i];
    headers[n++] = (struct fr_header){mark, FR_STR("1")};
    return n;
}

static char short_escape(unsigned char c) {
    if (c == '\n') return 'n';
    if (c == '\t') return 't';
    if (c == '\r') return 'r';
    return c == '\\' ? '\\' : 0;
}

void fr_reject_escape(struct fr_str s, uint32_t max, struct fr_buf *out) {
    for (uint32_t i = 0; i < s.len && i < max; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (short_escape(c))
            fr_buf_printf(out, "\\%c", short_escape(c));
        else if (c >= 0x20 && c < 0x7f)
            fr_buf_byte(out, c);
        else
            fr_buf_printf(out, "\\x%02x", c);
    }
    if (s.len > max) fr_buf_append(out, "...", 3);
}

static void print_line(const struct fr_record *r, const struct fr_reject_view *v, struct fr_buf *out) {
    enum { WORD = 200 };
    char time[25];
    fr_time_format(r->timestamp_ms, time);
    fr_buf_printf(out, "%s  ", time);
    fr_reject_escape(v->topic, WORD, out);
    fr_buf_byte(out, '/');
    fr_reject_escape(v->partition, WORD, out);
    fr_buf_byte(out, '@');
    fr_reject_escape(v->offset, WORD, out);
    fr_buf_append(out, "  ", 2);
    fr_reject_escape(v->code, WORD, out);
    fr_buf_append(out, ": ", 2);
    fr_reject_escape(v->message, WORD, out);
    fr_buf_printf(out, "%s\n    %u bytes: ", v->replayed ? " (again, after a replay)" : "", r->value.len);
    fr_reject_escape(r->value, FR_REJECT_HEAD_BYTES, out);
    fr_buf_byte(out, '\n');
}

static void put(struct fr_buf *out, const char *key, struct fr_str value) {
    fr_json_key(out, key);
    fr_json_str(out, value);
}

static void print_json(const struct fr_record *r, const struct fr_reject_view *v, struct fr_buf *out) {
    struct fr_str head = r->value;
    if (head.len > FR_REJECT_HEAD_BYTES) head.len = FR_REJECT_HEAD_BYTES;
    fr_json_open(out, '{');
    fr_json_key(out, "time");
    fr_json_time(out, r->timestamp_ms);
    put(out, "topic", v->topic);
    fr_json_key(out, "partition");
    fr_json_int(out, to_time(v->partition));
    fr_json_key(out, "offset");
    fr_json_int(out, to_time(v->offset));
    put(out, "stage", v->stage);
    put(out, "code", v->code);
    put(out, "message", v->message);
    fr_json_key(out, "replayed");
    fr_json_bool(out, v->replayed);
    if (r->key.ptr) put(out, "key", r->key);
    fr_json_key(out, "bytes");
    fr_json_int(out, r->value.len);
    put(out, "head", head);
    fr_json_close(out, '}');
}

void fr_reject_print(const struct fr_record *r, bool json, struct fr_buf *out) {
    struct fr_reject_view v = fr_reject_view(r);
    if (json)
        print_json(r, &v, out);
    else
        print_line(r, &v, out);
}
