/* str.h - a slice of bytes that somebody else owns. May hold any byte, NUL included; never ends in an extra
 * NUL. */
#ifndef FR_BASE_STR_H
#define FR_BASE_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct fr_str {
    const char *ptr; /* may be NULL when len is 0 */
    uint32_t len;    /* bytes */
};

#define FR_STR(literal) ((struct fr_str){("" literal), sizeof(literal) - 1})
#define FR_STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : "" /* for "%.*s" */

static inline struct fr_str fr_str_of(const char *text) {
    return (struct fr_str){text, (uint32_t)(text ? strlen(text) : 0)};
}

static inline bool fr_str_eq(struct fr_str a, struct fr_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Bytewise order, a prefix first: the order of every tie in the project. */
static inline int fr_str_cmp(struct fr_str a, struct fr_str b) {
    uint32_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Letters of ASCII in lower case; all else as it is. */
static inline char fr_ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Copies the bytes to where there is room for them; gives the end. */
static inline char *fr_str_put(char *to, struct fr_str s) {
    if (s.len) memcpy(to, s.ptr, s.len);
    return to + s.len;
}

#endif
