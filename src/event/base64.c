#include "formats.h"

static int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool fr_base64_read(struct fr_arena *arena, struct fr_str text, struct fr_str *out) {
    uint32_t padding = 0;
    while (padding < 2 && text.len && text.ptr[text.len - 1] == '=') text.len--, padding++;
    if (text.len % 4 == 1 || (padding && (text.len + padding) % 4 != 0)) return false;
    char *bytes = fr_arena_alloc(arena, (size_t)text.len / 4 * 3 + 3), *to = bytes;
    uint32_t held = 0, bits = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        int value = value_of(text.ptr[i]);
        if (value < 0) return false;
        held = (held << 6 | (uint32_t)value) & 0xffffu;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        *to++ = (char)(held >> bits & 0xff);
    }
    *out = (struct fr_str){bytes, (uint32_t)(to - bytes)};
    return true;
}
