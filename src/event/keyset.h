/* keyset.h - the keys of the objects of one JSON text, to notice one that comes twice. Private to event/.
 *
 * Promise   O(1) per key for a whole text, so a text of nothing but keys costs no more than its length.
 * Memory    owns its table, which grows to the largest text seen; keys are borrowed until the next start. */
#ifndef FR_EVENT_KEYSET_H
#define FR_EVENT_KEYSET_H

#include "freshet/base/str.h"

struct fr_keyset_slot {
    struct fr_str key;
    uint32_t object, text; /* which object of which text; a slot of an older text is free */
};

struct fr_keyset {
    struct fr_keyset_slot *slots; /* [mask + 1] */
    uint32_t n, mask;             /* n: keys of this text */
    uint32_t text, objects;       /* this text's number, at least 1; objects numbered in it */
};

void fr_keyset_fini(struct fr_keyset *k);
void fr_keyset_start(struct fr_keyset *k); /* another text: forgets everything, O(1) */
static inline uint32_t fr_keyset_object(struct fr_keyset *k) { return ++k->objects; }
/* False when the object has this key already. */
bool fr_keyset_add(struct fr_keyset *k, uint32_t object, struct fr_str key);

#endif
