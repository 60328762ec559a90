/* shown.h - what each user was shown lately and did not take to.
 *
 * Why       who scrolled past an item hardly ever takes to it later, and popular lists are full of such items.
 * Learns    an example with weight 0 and no dislike: an impression.
 * Memory    users * (items * 4 + 40) bytes at most. Who was shown something longest ago makes room.
 * Promise   a function of the calls; load(save(s)) goes on the same way.
 * Threads   one writer and no reader meanwhile, or any number of readers. */
#ifndef FR_RECOMMEND_SHOWN_H
#define FR_RECOMMEND_SHOWN_H

#include "freshet/recommend/places.h"
#include "freshet/recommend/query.h"

enum { FR_SHOWN_USERS = 1 << 18, FR_SHOWN_ITEMS = 64 };

/* Of one user: the latest, a ring once full. */
struct fr_shown_row {
    uint32_t n, next, items[FR_SHOWN_ITEMS];
};

struct fr_shown {
    struct fr_places places;
    struct fr_shown_row *rows; /* [row_cap] by place */
    uint32_t row_cap;
};

void fr_shown_init(struct fr_shown *s);
void fr_shown_fini(struct fr_shown *s);
void fr_shown_learn(struct fr_shown *s, const struct fr_example *e);
/* What the user was shown, in no order, an item as often as it was; NULL: nothing. */
const struct fr_shown_row *fr_shown_to(const struct fr_shown *s, uint32_t user);
size_t fr_shown_bytes(const struct fr_shown *s);

/* As "shown.users" and "shown.items". */
void fr_shown_save(const struct fr_shown *s, struct fr_tensors_writer *w);
enum fr_err fr_shown_load(struct fr_shown *s, const struct fr_tensors_file *f,
                          struct fr_errmsg *msg) FR_MUST_USE;

#endif
