#include "freshet/app/pretty.h"

enum { PRETTY_LINE_BYTES = 88 };

/* The byte behind the string that starts at `at`. */
static uint32_t string_end(struct fr_str json, uint32_t at) {
    for (at++; at < json.len && json.ptr[at] != '"'; at++) at += json.ptr[at] == '\\';
    return at + 1 < json.len ? at + 1 : json.len;
}

/* The byte behind the object or array that starts at `at` if it can stay on one line, else 0. */
static uint32_t short_end(struct fr_str json, uint32_t at) {
    uint32_t most = json.len - at > PRETTY_LINE_BYTES ? at + PRETTY_LINE_BYTES : json.len;
    for (uint32_t i = at + 1; i < most;) {
        char c = json.ptr[i];
        if (c == '{' || c == '[') return 0;
        if (c == '}' || c == ']') return i + 1;
        i = c == '"' ? string_end(json, i) : i + 1;
    }
    return 0;
}

static void new_line(struct fr_buf *b, uint32_t depth) {
    fr_buf_byte(b, '\n');
    for (uint32_t i = 0; i < depth; i++) fr_buf_append(b, "  ", 2);
}

void fr_json_pretty(struct fr_buf *b, struct fr_str json) {
    uint32_t depth = 0;
    for (uint32_t at = 0; at < json.len;) {
        char c = json.ptr[at];
        bool opens = c == '{' || c == '[';
        uint32_t whole = opens ? short_end(json, at) : c == '"' ? string_end(json, at) : 0;
        if (whole) {
            fr_buf_append(b, json.ptr + at, whole - at);
            at = whole;
            continue;
        }
        if (c == '}' || c == ']') new_line(b, --depth);
        fr_buf_byte(b, (unsigned char)c);
        if (opens) new_line(b, ++depth);
        if (c == ',') new_line(b, depth);
        if (c == ':') fr_buf_byte(b, ' ');
        at++;
    }
}
