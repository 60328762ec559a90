/* The table of items.
 *
 * Problem   every instance holds the whole catalogue, a thread follows its changes, and other threads read it without a
 *           lock, under the numbers of dictionaries of their own.
 * Choice    an item is one block of memory that never changes: the record, its lists and its texts behind one another.
 *           A change makes a new block. A copy of the catalogue under another dictionary is an array of pointers to the
 *           same blocks, which count their holders.
 * Rejected  one array of records with texts in an arena (a catalogue that lives for months fills up with old texts);
 *           a lock around it (lists are made on several threads at once, tens of thousands a second).
 * Invariant a block's count is the number of catalogues that hold it. */
#include "freshet/catalog/catalog.h"
#include <stdatomic.h>
#include <stdlib.h>

struct fr_catalog_block {
    struct fr_item_record record; /* its pointers point behind it */
    size_t bytes;
    _Atomic uint32_t holders;
};

/* Where the next list or text of a block goes. Lists come first, so that they are aligned. */
struct room {
    char *at;
};

static size_t text_bytes(const struct fr_item_record *r) {
    size_t n = (size_t)r->id.len + r->title.len + r->brand.len + r->currency.len;
    for (uint32_t i = 0; i < r->category_n; i++) n += r->category[i].len;
    for (uint32_t i = 0; i < r->tag_n; i++) n += r->tags[i].len;
    for (uint32_t i = 0; i < r->attribute_n; i++)
        n += (size_t)r->attributes[i].name.len + r->attributes[i].text.len;
    return n;
}

static size_t list_bytes(const struct fr_item_record *r) {
    return r->attribute_n * sizeof *r->attributes + (r->category_n + r->tag_n) * sizeof *r->tags;
}

static struct fr_str put_text(struct room *room, struct fr_str s) {
    struct fr_str copy = {room->at, s.len};
    room->at = fr_str_put(room->at, s);
    return copy;
}

static const struct fr_str *put_texts(struct room *lists, struct room *texts, const struct fr_str *from,
                                      uint32_t n) {
    struct fr_str *to = (struct fr_str *)(void *)lists->at;
    lists->at += n * sizeof *to;
    for (uint32_t i = 0; i < n; i++) to[i] = put_text(texts, from[i]);
    return to;
}

static const struct fr_attribute *put_attributes(struct room *lists, struct room *texts,
                                                 const struct fr_attribute *from, uint32_t n) {
    struct fr_attribute *to = (struct fr_attribute *)(void *)lists->at;
    lists->at += n * sizeof *to;
    for (uint32_t i = 0; i < n; i++) {
        to[i] = from[i];
        to[i].name = put_text(texts, from[i].name);
        to[i].text = put_text(texts, from[i].text);
    }
    return to;
}

static struct fr_catalog_block *block_new(const struct fr_item_record *r) {
    struct fr_catalog_block *b;
    size_t bytes = sizeof *b + list_bytes(r) + text_bytes(r);
    b = fr_alloc(bytes);
    b->record = *r;
    b->bytes = bytes;
    atomic_init(&b->holders, 1);
    struct room lists = {(char *)(b + 1)}, texts = {(char *)(b + 1) + list_bytes(r)};
    b->record.attributes = put_attributes(&lists, &texts, r->attributes, r->attribute_n);
    b->record.category = put_texts(&lists, &texts, r->category, r->category_n);
    b->record.tags = put_texts(&lists, &texts, r->tags, r->tag_n);
    b->record.id = put_text(&texts, r->id);
    b->record.title = put_text(&texts, r->title);
    b->record.brand = put_text(&texts, r->brand);
    b->record.currency = put_text(&texts, r->currency);
    return b;
}

static void block_drop(struct fr_catalog_block *b) {
    if (b && atomic_fetch_sub_explicit(&b->holders, 1, memory_order_acq_rel) == 1) free(b);
}

void fr_catalog_init(struct fr_catalog *c, struct fr_dict *ids) { *c = (struct fr_catalog){.ids = ids}; }

void fr_catalog_fini(struct fr_catalog *c) {
    for (uint32_t i = 0; i < c->cap; i++) block_drop(c->blocks[i]);
    free(c->blocks);
    *c = (struct fr_catalog){.ids = c->ids};
}

static void reserve(struct fr_catalog *c, uint32_t item_n) {
    if (item_n <= c->cap) return;
    uint32_t cap = item_n + item_n / 2 + 64;
    c->blocks = fr_realloc(c->blocks, cap * sizeof *c->blocks);
    memset(c->blocks + c->cap, 0, (cap - c->cap) * sizeof *c->blocks);
    c->cap = cap;
}

/* Takes the block, NULL: none. */
static void replace(struct fr_catalog *c, uint32_t item, struct fr_catalog_block *b) {
    struct fr_catalog_block **at = &c->blocks[item];
    c->n = c->n - (*at != NULL) + (b != NULL);
    c->block_bytes = c->block_bytes - (*at ? (*at)->bytes : 0) + (b ? b->bytes : 0);
    c->changes++;
    block_drop(*at);
    *at = b;
}

uint32_t fr_catalog_put(struct fr_catalog *c, const struct fr_item_record *record) {
    uint32_t item = fr_dict_find(c->ids, record->id);
    if (!fr_catalog_get(c, item) && c->n == FR_CATALOG_ITEMS) return FR_DICT_NONE;
    item = fr_dict_intern(c->ids, record->id);
    reserve(c, item + 1);
    replace(c, item, block_new(record));
    return item;
}

bool fr_catalog_remove(struct fr_catalog *c, uint32_t item) {
    if (!fr_catalog_get(c, item)) return false;
    replace(c, item, NULL);
    return true;
}

const struct fr_item_record *fr_catalog_get(const struct fr_catalog *c, uint32_t item) {
    return item < c->cap && c->blocks[item] ? &c->blocks[item]->record : NULL;
}

uint32_t fr_catalog_next(const struct fr_catalog *c, uint32_t from) {
    for (uint32_t i = from; i < c->cap; i++)
        if (c->blocks[i]) return i;
    return FR_DICT_NONE;
}

void fr_catalog_copy_onto(struct fr_catalog *to, const struct fr_catalog *from, struct fr_dict *ids) {
    fr_catalog_init(to, ids);
    to->changes = from->changes;
    for (uint32_t i = fr_catalog_next(from, 0); i != (uint32_t)FR_DICT_NONE;
         i = fr_catalog_next(from, i + 1)) {
        struct fr_catalog_block *b = from->blocks[i];
        uint32_t item = fr_dict_intern(ids, b->record.id);
        reserve(to, item + 1);
        atomic_fetch_add_explicit(&b->holders, 1, memory_order_relaxed);
        to->blocks[item] = b;
        to->n++;
        to->block_bytes += b->bytes;
    }
}

size_t fr_catalog_bytes(const struct fr_catalog *c) { return c->cap * sizeof *c->blocks + c->block_bytes; }
