/* utf8.h - what is valid UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). */
#ifndef FR_BASE_UTF8_H
#define FR_BASE_UTF8_H

#include "freshet/base/str.h"

/* The bytes of the character at s[at], 1 to 4, or 0 when it is not valid there. */
uint32_t fr_utf8_length(struct fr_str s, uint32_t at);
bool fr_utf8_valid(struct fr_str s);

#endif
