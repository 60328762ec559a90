#include "freshet/base/err.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    enum fr_fate fate;
    const char *name, *text;
} table[FR_ERR_N] = {
#define FR_ERR_ROW(name, fate, text) {FR_FATE_##fate, #name, text},
    FR_ERR_MAP(FR_ERR_ROW)
#undef FR_ERR_ROW
};

enum fr_fate fr_err_fate(enum fr_err code) { return table[code].fate; }
const char *fr_err_name(enum fr_err code) { return table[code].name; }
const char *fr_err_text(enum fr_err code) { return table[code].text; }

enum fr_err fr_err_set(struct fr_errmsg *msg, enum fr_err code, const char *format, ...) {
    if (!msg || msg->code != FR_OK) return code;
    msg->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(msg->text, sizeof msg->text, format, args);
    va_end(args);
    return code;
}

enum fr_err fr_err_wrap(struct fr_errmsg *msg, enum fr_err code, const char *context) {
    if (!msg) return code;
    if (msg->code == FR_OK) return fr_err_set(msg, code, "%s: %s", context, fr_err_text(code));
    char old[sizeof msg->text];
    memcpy(old, msg->text, sizeof old);
    int n = snprintf(msg->text, sizeof msg->text, "%s: ", context);
    size_t at = n < 0 ? 0 : (size_t)n < sizeof msg->text ? (size_t)n : sizeof msg->text - 1;
    snprintf(msg->text + at, sizeof msg->text - at, "%s", old);
    return msg->code;
}

_Noreturn void fr_assert_failed(const char *file, int line, const char *cond) {
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, cond);
    abort();
}

static void *checked(void *p) {
    if (p) return p;
    fputs("out of memory\n", stderr);
    abort();
}

void *fr_alloc(size_t size_bytes) { return checked(malloc(size_bytes ? size_bytes : 1)); }
void *fr_alloc_zero(size_t n, size_t size_bytes) {
    return checked(calloc(n ? n : 1, size_bytes ? size_bytes : 1));
}
void *fr_realloc(void *old, size_t size_bytes) { return checked(realloc(old, size_bytes ? size_bytes : 1)); }
