/* words.h - a text as the words that it is compared by.
 *
 * Promise   letters in lower case (Latin, Greek, Cyrillic, full-width; no locale); words of two letters or digits and more;
 *           Chinese and Japanese, which have no spaces, as pairs of neighbouring characters, one that stands alone by itself.
 *           Total: bytes that are not UTF-8 end a word.
 * Not       no stemming, no stop words: what is in every text has little weight anyway.
 * Threads   pure. */
#ifndef FR_CATALOG_WORDS_H
#define FR_CATALOG_WORDS_H

#include "freshet/base/str.h"

enum { FR_WORD_BYTES = 128 }; /* longer words are cut into several */

/* Calls take for each word, in the order of the text; the word is lent during the call. */
void fr_words_each(struct fr_str text, void (*take)(void *context, struct fr_str word), void *context);
/* Appends the lower-case text to out[0..room) as far as it fits, cut between characters; returns its length. Spaces at both
 * ends are left out. */
uint32_t fr_words_lower(struct fr_str text, char *out, uint32_t room);

#endif
