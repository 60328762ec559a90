/* demo_hits.h - was the next item somebody took to in the list that had been published for them before?
 *
 * Each event is first judged against what was known before it, then learnt from: nothing is judged by a list that has
 * seen it. A case is an event of a user, who has a list, with an item that is new to them. It is a hit at 10 when the
 * item is among the first 10 of the list. Two yardsticks are judged in the same cases, both the items that most users
 * took to, those the user knows left out, as they are from lists: as they stood when the user's list was published, and
 * as they stand when the event comes, which no list that is made beforehand can know.
 *
 * Not       no sampling of items and no tuning by the outcome: small numbers are what they are.
 * Threads   one owner.
 * Memory    12 bytes an item, 172 a user, 34 for each pair of both; after FR_HITS_PAIRS_MAX pairs nothing more is judged. */
#ifndef FR_APP_DEMO_HITS_H
#define FR_APP_DEMO_HITS_H

#include <stdbool.h>
#include <stdint.h>

enum { FR_HITS_LIST = 20, FR_HITS_FEW = 10, FR_HITS_PAIRS_MAX = 20 << 20 };

struct fr_hits_score {
    uint64_t cases;
    uint64_t few, list;                 /* hits among the first FR_HITS_FEW, FR_HITS_LIST */
    uint64_t popular_few, popular_list; /* the same of the most popular when the list was published */
    uint64_t now_few, now_list;         /* and of the most popular now */
    uint64_t without_list;              /* new items of users that had no list yet: no cases */
};

struct fr_hits;

struct fr_hits *fr_hits_new(void); /* gives */
void fr_hits_free(struct fr_hits **hits);
/* The latest list of a user, best first; what is beyond FR_HITS_LIST is left out. Users and items are dense numbers
 * (base/dict.h). */
void fr_hits_list(struct fr_hits *hits, uint32_t user, const uint32_t *items, uint32_t n);
/* The user takes to the item. Returns whether it was a hit among FR_HITS_LIST. */
bool fr_hits_event(struct fr_hits *hits, uint32_t user, uint32_t item);
struct fr_hits_score fr_hits_score(const struct fr_hits *hits);

#endif
