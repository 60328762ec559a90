#include "normal.h"
#include "freshet/base/utf8.h"
#include "freshet/event/event.h"

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool is_control(char c) { return (unsigned char)c < 0x20 || c == 0x7f; }

struct fr_str fr_normal_trim(struct fr_str s) {
    while (s.len && is_space(s.ptr[s.len - 1])) s.len--;
    while (s.len && is_space(*s.ptr)) s.ptr++, s.len--;
    return s;
}

/* Eight bytes at a time: the high bit of each that is a control character or not ASCII, exact when all are
 * clear. */
static uint64_t unusual(uint64_t w) {
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t delete = w ^ (ones * 0x7f);
    return (w | (w - ones * 0x20) | (delete - ones)) & highs;
}

static bool is_plain(struct fr_str s) {
    for (; s.len >= 8; s.ptr += 8, s.len -= 8) {
        uint64_t w;
        memcpy(&w, s.ptr, 8);
        if (unusual(w)) return false;
    }
    for (uint32_t i = 0; i < s.len; i++)
        if (is_control(s.ptr[i]) || (unsigned char)s.ptr[i] >= 0x80) return false;
    return true;
}

static bool has_control(struct fr_str s) {
    for (uint32_t i = 0; i < s.len; i++)
        if (is_control(s.ptr[i])) return true;
    return false;
}

bool fr_normal_id(struct fr_str *s) {
    struct fr_str id = fr_normal_trim(*s);
    if (id.len == 0 || id.len > FR_EVENT_ID_BYTES) return false;
    if (!is_plain(id) && (has_control(id) || !fr_utf8_valid(id))) return false;
    *s = id;
    return true;
}

/* Whether white space is single spaces already. */
static bool is_collapsed(struct fr_str s) {
    for (uint32_t i = 0; i < s.len; i++)
        if (is_space(s.ptr[i]) && (s.ptr[i] != ' ' || s.ptr[i - 1] == ' ')) return false;
    return true;
}

static struct fr_str collapse(struct fr_arena *arena, struct fr_str s) {
    char *text = fr_arena_alloc(arena, s.len);
    uint32_t n = 0;
    for (uint32_t i = 0; i < s.len; i++) {
        if (!is_space(s.ptr[i]))
            text[n++] = s.ptr[i];
        else if (text[n - 1] != ' ')
            text[n++] = ' ';
    }
    return (struct fr_str){text, n};
}

bool fr_normal_text(struct fr_arena *arena, struct fr_str *s) {
    struct fr_str text = fr_normal_trim(*s);
    if (!is_collapsed(text)) text = collapse(arena, text); /* trimmed: the first byte is no white space */
    if (text.len > FR_EVENT_TEXT_BYTES || has_control(text) || !fr_utf8_valid(text)) return false;
    *s = text;
    return true;
}

bool fr_normal_currency(struct fr_arena *arena, struct fr_str *s) {
    if (s->len != 3) return false;
    char *code = fr_arena_alloc(arena, 3);
    for (int i = 0; i < 3; i++) {
        code[i] = (char)(s->ptr[i] & ~0x20);
        if (code[i] < 'A' || code[i] > 'Z') return false;
    }
    *s = (struct fr_str){code, 3};
    return true;
}
