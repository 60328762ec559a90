#include "freshet/base/buf.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fr_buf_fini(struct fr_buf *b) {
    free(b->data);
    *b = (struct fr_buf){0};
}

char *fr_buf_reserve(struct fr_buf *b, size_t extra) {
    if (b->cap - b->len < extra) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap - b->len < extra) cap *= 2;
        b->data = fr_realloc(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

void fr_buf_printf(struct fr_buf *b, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(fr_buf_reserve(b, 128), 128, format, args);
    FR_ASSERT(n >= 0);
    if (n >= 128) vsnprintf(fr_buf_reserve(b, (size_t)n + 1), (size_t)n + 1, format, again);
    b->len += (size_t)n;
    va_end(again);
    va_end(args);
}
