/* scan.h - the JSON reader that the native scanner is made of. Private to event/.
 *
 * Promise   one pass; white space, numbers and escapes strictly as RFC 8259; nothing is allocated but the
 *           unescaped form of strings that have escapes. Every function returns false at the first fault and
 *           leaves it in s->fault; after that the scan is over.
 * Not       no UTF-8 validation: fr_scan_start has done it for the whole text.
 * Memory    strings are lent by the text or the arena. */
#ifndef FR_EVENT_SCAN_H
#define FR_EVENT_SCAN_H

#include "freshet/base/arena.h"
#include "freshet/event/decode.h"
#include "keyset.h"

enum fr_scalar_kind {
    FR_SCALAR_STRING,
    FR_SCALAR_INTEGER,
    FR_SCALAR_REAL,
    FR_SCALAR_BOOL,
    FR_SCALAR_NULL,
    FR_SCALAR_OBJECT, /* seen, not consumed */
    FR_SCALAR_ARRAY
};

/* A JSON value without members. */
struct fr_scalar {
    enum fr_scalar_kind kind;
    struct fr_str text; /* STRING: unescaped; INTEGER: its decimal text */
    int64_t integer;    /* INTEGER */
    double real;        /* INTEGER and REAL; BOOL as 0 or 1 */
};

struct fr_scan {
    const char *at, *end;
    struct fr_arena *arena;
    struct fr_keyset *keys;
    unsigned depth; /* open brackets */
    enum fr_reject fault;
};

/* Points s at the text. False, with the fault, when the text is empty or not UTF-8. */
bool fr_scan_start(struct fr_scan *s, struct fr_str text, struct fr_arena *arena, struct fr_keyset *keys);
/* Reads a number, a string or a literal, or only names the bracket it stands at. */
bool fr_scan_scalar(struct fr_scan *s, struct fr_scalar *out);
/* Consumes the bracket at s->at. */
bool fr_scan_open(struct fr_scan *s);
/* In an object or array: true and the next key (out NULL: an array, no key) with s->at at its value, or false
 * at the end or a fault. *first starts true. */
bool fr_scan_next(struct fr_scan *s, bool *first, char close, struct fr_str *key);
/* Consumes a whole value of any kind, with its own checks for doubled keys and depth. */
bool fr_scan_skip(struct fr_scan *s);
/* Nothing but white space is left. */
bool fr_scan_finish(struct fr_scan *s);
/* Why text is not JSON as decode.h defines it, or FR_REJECT_NONE. */
enum fr_reject fr_scan_check(struct fr_str text, struct fr_arena *arena, struct fr_keyset *keys);

static inline bool fr_scan_fail(struct fr_scan *s, enum fr_reject fault) {
    if (!s->fault) s->fault = fault;
    return false;
}

/* What stands at s->at is not what the grammar wants there. */
static inline bool fr_scan_unexpected(struct fr_scan *s) {
    return fr_scan_fail(s, s->at >= s->end ? FR_REJECT_TRUNCATED : FR_REJECT_NOT_JSON);
}

static inline void fr_scan_space(struct fr_scan *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) s->at++;
}

#endif
