#include "keyset.h"
#include "freshet/base/err.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

enum { FIRST_SLOTS = 64 };

void fr_keyset_fini(struct fr_keyset *k) {
    free(k->slots);
    *k = (struct fr_keyset){0};
}

static void clear(struct fr_keyset *k, uint32_t slots) {
    free(k->slots);
    k->slots = fr_alloc_zero(slots, sizeof *k->slots);
    k->mask = slots - 1;
    k->n = 0;
}

void fr_keyset_start(struct fr_keyset *k) {
    if (!k->slots) clear(k, FIRST_SLOTS);
    if (++k->text == 0) { /* the numbers went round: old slots would look like new ones */
        clear(k, k->mask + 1);
        k->text = 1;
    }
    k->n = k->objects = 0;
}

static struct fr_keyset_slot *find(struct fr_keyset *k, uint32_t object, struct fr_str key) {
    uint32_t at = (uint32_t)fr_hash64(key.ptr, key.len, object) & k->mask;
    for (;; at = (at + 1) & k->mask) {
        struct fr_keyset_slot *slot = &k->slots[at];
        if (slot->text != k->text || (slot->object == object && fr_str_eq(slot->key, key))) return slot;
    }
}

static void grow(struct fr_keyset *k) {
    struct fr_keyset old = *k;
    k->slots = NULL;
    clear(k, 2 * (old.mask + 1));
    for (uint32_t i = 0; i <= old.mask; i++)
        if (old.slots[i].text == k->text) *find(k, old.slots[i].object, old.slots[i].key) = old.slots[i];
    k->n = old.n;
    free(old.slots);
}

bool fr_keyset_add(struct fr_keyset *k, uint32_t object, struct fr_str key) {
    if (2 * k->n > k->mask) grow(k);
    struct fr_keyset_slot *slot = find(k, object, key);
    if (slot->text == k->text) return false;
    *slot = (struct fr_keyset_slot){key, object, k->text};
    k->n++;
    return true;
}
