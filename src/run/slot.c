/* A pointer under a lock, and a count of holders with each thing.
 *
 * Rejected  a bare atomic pointer with counts: between reading the pointer and raising the count the thing may go. The lock
 *           is taken twice a batch, so its cost cannot be seen.
 * Invariant holders of the current thing >= 1: the slot itself is one. */
#include "freshet/run/slot.h"
#include "freshet/base/err.h"
#include <pthread.h>
#include <stdlib.h>

struct keeper {
    void *thing;
    unsigned holders; /* under the slot's lock */
};

struct fr_slot {
    pthread_mutex_t lock;
    struct keeper *current;
    void (*free_thing)(void *thing);
};

struct fr_slot *fr_slot_new(void (*free_thing)(void *thing)) {
    struct fr_slot *slot = fr_alloc_zero(1, sizeof *slot);
    pthread_mutex_init(&slot->lock, NULL);
    slot->free_thing = free_thing;
    return slot;
}

/* Under the lock. The keeper if it is to be freed, else NULL. */
static struct keeper *let_go(struct keeper *k) { return k && --k->holders == 0 ? k : NULL; }

static void dispose(struct fr_slot *slot, struct keeper *k) {
    if (!k) return;
    slot->free_thing(k->thing);
    free(k);
}

void fr_slot_free(struct fr_slot **slot) {
    if (!*slot) return;
    FR_ASSERT(!(*slot)->current || (*slot)->current->holders == 1);
    dispose(*slot, let_go((*slot)->current));
    pthread_mutex_destroy(&(*slot)->lock);
    free(*slot);
    *slot = NULL;
}

void fr_slot_put(struct fr_slot *slot, void *thing) {
    struct keeper *k = fr_alloc(sizeof *k);
    *k = (struct keeper){thing, 1};
    pthread_mutex_lock(&slot->lock);
    struct keeper *gone = let_go(slot->current);
    slot->current = k;
    pthread_mutex_unlock(&slot->lock);
    dispose(slot, gone);
}

struct fr_slot_hold fr_slot_take(struct fr_slot *slot) {
    pthread_mutex_lock(&slot->lock);
    struct keeper *k = slot->current;
    if (k) k->holders++;
    pthread_mutex_unlock(&slot->lock);
    return (struct fr_slot_hold){k ? k->thing : NULL, k};
}

void fr_slot_release(struct fr_slot *slot, struct fr_slot_hold *hold) {
    if (!hold->keeper) return;
    pthread_mutex_lock(&slot->lock);
    struct keeper *gone = let_go(hold->keeper);
    pthread_mutex_unlock(&slot->lock);
    dispose(slot, gone);
    *hold = (struct fr_slot_hold){0};
}
