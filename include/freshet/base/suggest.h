/* suggest.h - "did you mean": the nearest of some names to a word that is none of them.
 *
 * Distance  edits: insert, delete, replace, swap of neighbours (Damerau; optimal string alignment). Promise: pure, total.
 * Threads   any. Memory: borrows; the answer is one of names. */
#ifndef FR_BASE_SUGGEST_H
#define FR_BASE_SUGGEST_H

#include <stdint.h>

/* NULL when none is near: within 2 edits for short words, within a quarter of their letters for long ones. */
const char *fr_suggest(const char *word, const char *const *names, uint32_t n);

#endif
