/* dict.h - strings to dense numbers and back: item, group and user ids inside one worker.
 *
 * Promise   the same string always gets the same number; numbers count up from 0; both ways are O(1).
 * Not       numbers mean nothing outside this dictionary: they are never stored and never sent.
 * Threads   one owner.
 * Memory    keeps a copy of each string until fr_dict_fini; lends slices until then. */
#ifndef FR_BASE_DICT_H
#define FR_BASE_DICT_H

#include "freshet/base/arena.h"
#include "freshet/base/str.h"

enum { FR_DICT_NONE = 0x7fffffff };

struct fr_dict {
    struct fr_arena text;
    struct fr_str *strings; /* [n] */
    uint32_t *slots;        /* open addressing, number + 1, 0 is free */
    uint32_t *hashes;       /* [n] upper half of each string's hash */
    uint32_t n, cap, mask;
};

void fr_dict_init(struct fr_dict *d);
void fr_dict_fini(struct fr_dict *d);
uint32_t fr_dict_intern(struct fr_dict *d, struct fr_str s);
/* The same for many at once, several times faster when the dictionary is larger than the cache. */
void fr_dict_intern_all(struct fr_dict *d, const struct fr_str *strings, uint32_t n, uint32_t *numbers);
uint32_t fr_dict_find(const struct fr_dict *d, struct fr_str s); /* FR_DICT_NONE when absent */
size_t fr_dict_bytes(const struct fr_dict *d);
static inline struct fr_str fr_dict_str(const struct fr_dict *d, uint32_t number) {
    return d->strings[number];
}

#endif
