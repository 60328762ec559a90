/* example_record.h - what users did with what was known before, as the records of the examples topic, and the neighbour
 * rows that travel with them: together they are all that the learner ever hears of the stream.
 *
 * Shape     MessagePack: [version, [strings], [entries]]; ids are indexes into the record's own strings. An entry is
 *               [0, user, group | nil, surface | nil, item, type text, weight, flags, sharer | nil, time_ms, age_ms, draw,
 *                [item, strength in thousandths, age_ms, flags, ...], [followee, ...]]
 *           or  [1, item, [neighbour, worth, ...]]
 *           flags of an example: 1 dislike, 2 is_new; of a seed: 1 disliked, 2 purchased. Ages count back from the query's
 *           now_ms; age_ms of an example is time_ms - now_ms. docs/TOPICS.md.
 * Promise   equal calls give equal bytes. Reading is total, and gives strengths back to a thousandth and everything else
 *           exactly. Only the FR_EXAMPLE_SEEDS most recent seeds and FR_EXAMPLE_FOLLOWEES followees travel.
 * Threads   one owner of a writer; reading has one owner of dictionary and arena.
 * Memory    a writer owns its buffers and borrows the dictionary; what is read lies in the arena. */
#ifndef FR_RECOMMEND_EXAMPLE_RECORD_H
#define FR_RECOMMEND_EXAMPLE_RECORD_H

#include "freshet/base/buf.h"
#include "freshet/recommend/list.h"
#include "freshet/recommend/query.h"

enum { FR_EXAMPLE_VERSION = 1, FR_EXAMPLE_SEEDS = 20, FR_EXAMPLE_FOLLOWEES = 20 };

struct fr_example_writer;

struct fr_example_writer *fr_example_writer_new(const struct fr_dict *ids); /* gives; borrows ids */
void fr_example_writer_free(struct fr_example_writer *w);
/* Numbers of e are those of the writer's dictionary. */
void fr_example_writer_add(struct fr_example_writer *w, const struct fr_example *e);
/* The neighbours of an item; none says that it has none any more. */
void fr_example_writer_row(struct fr_example_writer *w, uint32_t item, const struct fr_candidate *row,
                           uint32_t n);
uint32_t fr_example_writer_count(const struct fr_example_writer *w); /* entries since the last finish */
size_t fr_example_writer_bytes(const struct fr_example_writer *w);   /* of the record so far, about */
/* Appends the record's value and starts anew. */
void fr_example_writer_finish(struct fr_example_writer *w, struct fr_buf *out);

struct fr_neighbor_row {
    uint32_t item, n;
    const struct fr_candidate *row;
};

struct fr_example_batch {
    const struct fr_example *examples;
    uint32_t example_n;
    const struct fr_neighbor_row *rows;
    uint32_t row_n;
};

/* Interns all strings into ids; the queries of the examples point to ids. False: not such a record; nothing may be used, but
 * strings may have been interned. */
bool fr_example_read(struct fr_str bytes, struct fr_dict *ids, struct fr_arena *arena,
                     struct fr_example_batch *out);

#endif
