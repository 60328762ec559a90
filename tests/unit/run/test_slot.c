/* A thing lives as long as somebody holds it, and no longer; also with a maker and readers at once. */
#include "check.h"
#include "freshet/base/err.h"
#include "freshet/run/slot.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic int alive;

struct thing {
    int number, copy; /* equal while it lives */
};

static void free_thing(void *p) {
    struct thing *t = p;
    t->copy = -1;
    atomic_fetch_sub(&alive, 1);
    free(t);
}

static struct thing *thing_new(int number) {
    struct thing *t = fr_alloc(sizeof *t);
    *t = (struct thing){number, number};
    atomic_fetch_add(&alive, 1);
    return t;
}

static void test_the_old_one_goes_with_its_last_reader(void) {
    struct fr_slot *slot = fr_slot_new(free_thing);
    struct fr_slot_hold none = fr_slot_take(slot);
    CHECK(!none.thing);
    fr_slot_release(slot, &none);
    fr_slot_put(slot, thing_new(1));
    struct fr_slot_hold a = fr_slot_take(slot), b = fr_slot_take(slot);
    fr_slot_put(slot, thing_new(2));
    CHECK_INT(alive, 2);
    CHECK_INT(((const struct thing *)a.thing)->number, 1);
    fr_slot_release(slot, &a);
    CHECK_INT(alive, 2);
    fr_slot_release(slot, &b);
    CHECK_INT(alive, 1);
    a = fr_slot_take(slot);
    CHECK_INT(((const struct thing *)a.thing)->number, 2);
    fr_slot_release(slot, &a);
    fr_slot_free(&slot);
    CHECK_INT(alive, 0);
}

enum { READERS = 3, PUTS = 2000 };
static _Atomic int stop, wrong;

static void *read_on(void *context) {
    struct fr_slot *slot = context;
    int last = 0;
    while (!atomic_load(&stop)) {
        struct fr_slot_hold h = fr_slot_take(slot);
        const struct thing *t = h.thing;
        if (t && (t->number != t->copy || t->number < last)) atomic_fetch_add(&wrong, 1);
        if (t) last = t->number;
        fr_slot_release(slot, &h);
    }
    return NULL;
}

static void test_readers_beside_a_maker(void) {
    struct fr_slot *slot = fr_slot_new(free_thing);
    pthread_t readers[READERS];
    for (int i = 0; i < READERS; i++) pthread_create(&readers[i], NULL, read_on, slot);
    for (int i = 1; i <= PUTS; i++) fr_slot_put(slot, thing_new(i));
    atomic_store(&stop, 1);
    for (int i = 0; i < READERS; i++) pthread_join(readers[i], NULL);
    CHECK_INT(wrong, 0);
    CHECK_INT(alive, 1);
    fr_slot_free(&slot);
    CHECK_INT(alive, 0);
}

int main(void) {
    RUN(test_the_old_one_goes_with_its_last_reader);
    RUN(test_readers_beside_a_maker);
    return check_done();
}
