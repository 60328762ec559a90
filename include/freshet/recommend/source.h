/* source.h - one way to find candidates: what every candidate source is.
 *
 * A source learns from examples one by one (or is fitted on the side and only read), and proposes its best items for a
 * query. It explains itself: each vote names the item of the history that contributed most, and the source has one reason
 * code. Sources know nothing of each other; the ranker weighs them.
 *
 * Promise   propose is a function of (what was learnt, query): no clock, no hidden randomness (query.draw is the seed).
 *           It does not change the source, so any number of threads may propose from one that nobody teaches.
 *           learn is a function of (what was learnt, example).
 *           load(save(x)) proposes bit for bit what x proposes and goes on learning the same way.
 * Threads   one teacher, and no reader meanwhile; or any number of readers, each with a scratch of its own.
 * Memory    a source bounds what it keeps, and says the bound in its own header.
 * Errors    load refuses what is not its own (FR_STATE_CORRUPT). */
#ifndef FR_RECOMMEND_SOURCE_H
#define FR_RECOMMEND_SOURCE_H

#include "freshet/base/tensors.h"
#include "freshet/recommend/query.h"
#include "freshet/recommend/reason.h"
#include "freshet/recommend/scratch.h"

struct fr_source;

struct fr_source_ops {
    const char *name;           /* "next-item": in reports, in arrays' names and in docs */
    enum fr_reason_code reason; /* of its votes */
    /* At most `most` votes into out[most], best first, ties by id; scores > 0. Items of the history may be among them:
     * whoever asks removes what must not be shown. */
    uint32_t (*propose)(const struct fr_source *, const struct fr_query *, struct fr_scratch *, uint32_t most,
                        struct fr_vote *out);
    void (*learn)(struct fr_source *, const struct fr_example *); /* NULL: fitted on the side */
    /* Arrays are named "<name>.<array>". NULL: derived from somewhere else, not saved. */
    void (*save)(const struct fr_source *, struct fr_tensors_writer *);
    enum fr_err (*load)(struct fr_source *, const struct fr_tensors_file *, struct fr_errmsg *msg);
    size_t (*bytes)(const struct fr_source *); /* of memory, about */
    void (*free)(struct fr_source *);
};

/* How many ids the dictionary had that a file's numbers belong to (it is saved beside the sources, as "ids"): every number
 * that is read must lie below. 0: none. */
static inline uint32_t fr_source_ids_in(const struct fr_tensors_file *f) {
    const struct fr_tensor *ends = fr_tensors_get(f, "ids.ends", FR_TENSOR_U32);
    return ends && ends->count < FR_DICT_NONE ? (uint32_t)ends->count : 0;
}

struct fr_source {
    const struct fr_source_ops *ops; /* first member of every source's own struct */
};

#endif
