#include "record_text.h"
#include "freshet/base/utf8.h"
#include "freshet/event/when.h"
#include <stdio.h>

/* A text that ends in the middle of a character would not be text any more. */
void record_copy(char *out, size_t size, const char *text) {
    size_t n = strlen(text);
    if (n >= size) n = size - 1;
    memcpy(out, text, n);
    out[n] = '\0';
    if (n < size - 1) return;
    uint32_t last = (uint32_t)n - 1;
    while (last && ((unsigned char)out[last] & 0xc0) == 0x80) last--;
    if (fr_utf8_length((struct fr_str){out, (uint32_t)n}, last) == 0) out[last] = '\0';
}

void record_field(char out[FR_RECORD_FIELD_BYTES], const char *name, const char *member) {
    char whole[2 * FR_RECORD_FIELD_BYTES];
    snprintf(whole, sizeof whole, "%s%s%s", name, *member ? "." : "", member);
    record_copy(out, FR_RECORD_FIELD_BYTES, whole);
}

bool record_has_controls(struct fr_str s) {
    for (uint32_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f) return true;
    return false;
}

json_t *record_parse(struct fr_str text, enum record_fault *fault) {
    json_error_t error = {0};
    /* Jansson 2.14 drops a NUL byte behind a number or a literal; no JSON text has one. */
    bool has_nul = text.len && memchr(text.ptr, '\0', text.len);
    json_t *root = text.len && !has_nul
                       ? json_loadb(text.ptr, text.len,
                                    JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error)
                       : NULL;
    bool twice = !root && text.len && !has_nul && json_error_code(&error) == json_error_duplicate_key;
    *fault = root ? RECORD_GOOD : twice ? RECORD_DUPLICATE_KEY : RECORD_NOT_JSON;
    if (root && !json_is_object(root)) {
        *fault = RECORD_NOT_OBJECT;
        json_decref(root);
        root = NULL;
    }
    return root;
}

enum record_time record_time(const json_t *value, fr_time_ms *out) {
    bool read = false;
    struct fr_str text = {json_string_value(value), (uint32_t)json_string_length(value)};
    if (json_is_string(value) && text.len == 0) return RECORD_TIME_EMPTY;
    if (json_is_integer(value))
        read = fr_when_integer(json_integer_value(value), out);
    else if (json_is_number(value))
        read = fr_when_real(json_real_value(value), out);
    else if (json_is_string(value))
        read = fr_when_text(text, out);
    else
        return RECORD_TIME_NO_TIME;
    return read ? RECORD_TIME_READ : RECORD_TIME_BAD;
}
