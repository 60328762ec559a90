/* slot.h - one immutable thing that is replaced while others look at it: a model, a catalogue.
 *
 *     maker --put--> [ slot ] --take--> reader ... release        the old one goes when its last reader lets go
 *
 * Promise   take gives the latest thing put, or NULL; it stays as it is until it is released. Nobody waits for more than the
 *           exchange of a pointer, whatever the thing's size.
 * Threads   any number of makers and readers.
 * Memory    put takes the thing; free_thing is called for it once, by whoever lets go last. */
#ifndef FR_RUN_SLOT_H
#define FR_RUN_SLOT_H

struct fr_slot;

/* What a reader holds. */
struct fr_slot_hold {
    const void *thing; /* NULL: nothing has been put */
    void *keeper;
};

struct fr_slot *fr_slot_new(void (*free_thing)(void *thing)); /* gives */
void fr_slot_free(struct fr_slot **slot);                     /* nobody may hold anything */
void fr_slot_put(struct fr_slot *slot, void *thing);
struct fr_slot_hold fr_slot_take(struct fr_slot *slot);
void fr_slot_release(struct fr_slot *slot,
                     struct fr_slot_hold *hold); /* leaves it empty; an empty one is accepted */

#endif
