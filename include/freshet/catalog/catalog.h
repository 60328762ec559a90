/* catalog.h - what is known of items, by item number.
 *
 * Promise   get is O(1); for each item the latest record that was put. Iteration is in the order of numbers.
 * Threads   one writer and no reader meanwhile, or any number of readers. Two catalogues may share items (copy_onto) and
 *           still belong to different threads.
 * Memory    a copy of each record, shared between copies of the catalogue and freed with the last one; 8 bytes for each
 *           number of the dictionary. Borrows the dictionary. Bounds: FR_CATALOG_ITEMS items of FR_ITEM_RECORD_BYTES. */
#ifndef FR_CATALOG_CATALOG_H
#define FR_CATALOG_CATALOG_H

#include "freshet/base/dict.h"
#include "freshet/catalog/item_record.h"

enum { FR_CATALOG_ITEMS = 20000000 };

struct fr_catalog_block; /* a record with everything it points to */

struct fr_catalog {
    struct fr_dict *ids;
    struct fr_catalog_block **blocks; /* [cap] by number, NULL: not in the catalogue */
    uint32_t cap, n;                  /* n: items that are there */
    uint64_t changes;                 /* puts and removes that changed something, so far */
    size_t block_bytes;
};

void fr_catalog_init(struct fr_catalog *c, struct fr_dict *ids);
void fr_catalog_fini(struct fr_catalog *c);

/* Copies the record; its id is interned into the dictionary. Returns its number, FR_DICT_NONE when the catalogue is full. */
uint32_t fr_catalog_put(struct fr_catalog *c, const struct fr_item_record *record);
/* Returns whether it was there. */
bool fr_catalog_remove(struct fr_catalog *c, uint32_t item);

/* NULL: not in the catalogue, or no number of it. Lent until the item is put again or removed. */
const struct fr_item_record *fr_catalog_get(const struct fr_catalog *c, uint32_t item);
/* The least number at or after `from` that is in the catalogue, FR_DICT_NONE after the last. */
uint32_t fr_catalog_next(const struct fr_catalog *c, uint32_t from);

/* Fills `to`, which is not initialised, with the same items under the numbers of ids. Costs a look-up an item. */
void fr_catalog_copy_onto(struct fr_catalog *to, const struct fr_catalog *from, struct fr_dict *ids);
size_t fr_catalog_bytes(const struct fr_catalog *c); /* shared records are counted in each */

#endif
