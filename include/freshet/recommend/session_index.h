/* session_index.h - visits with the items they had, and the search for those that resemble a given one: VSTAN.
 *
 * Sessions  runs of items in order. The latest `sessions` are kept, of each the latest `length` items. Sessions grow by one
 *           item at a time and are found from their first item on.
 * Lists     an inverted list for each item: the latest `per_item` places where it stands. Nothing is rebuilt: a place whose
 *           session is gone, or has moved on, is skipped.
 * Search    Of the sessions that share an item with the current one, the latest `sample` are compared, the most similar
 *           `neighbors` speak. With pos counted from the newest item of the current session, 0, 1, ..:
 *               w(x)    = exp(-pos(x) / position_fade)
 *               sim(nb) = sum of w(x) idf(x)^rarity over the items in common / sqrt(|nb|)
 *                         * 2^(-age of nb / half_life_ms)
 *               score(i) = sum over nb of sim(nb) * exp(-pos of the latest common item / common_fade)
 *                          * exp(-|place of i in nb - place of that common item in nb| / item_fade)
 *               times (1 + idf_weight * idf(i)), idf(i) = ln(sessions / sessions with i)
 *           After Garg et al. 2019 (STAN) and Ludewig et al. 2019 (VSTAN; session-rec).
 * Promise   a function of the calls alone: no order of a hash table, no numbers' order. Searching does not change it.
 * Threads   one who appends, and no reader meanwhile; or any number of readers, each with a scratch of its own.
 * Memory    sessions * (length * 4 + 24) + items * (per_item * 8 + 110) bytes at most; a reader's scratch 24 bytes a session. */
#ifndef FR_RECOMMEND_SESSION_INDEX_H
#define FR_RECOMMEND_SESSION_INDEX_H

#include "freshet/base/clock.h"
#include "freshet/base/tensors.h"
#include "freshet/recommend/scratch.h"

struct fr_session_params {
    uint32_t sessions;  /* kept, 1 to 2^24 */
    uint32_t items;     /* with a list, 1 to 2^24; who was used longest ago makes room */
    uint32_t length;    /* of a session, 2 to 1000 */
    uint32_t per_item;  /* 1 to 65536 */
    uint32_t sample;    /* 1 or more */
    uint32_t neighbors; /* 1 or more */
    /* Each above 0; infinite: does not fade. */
    double position_fade, item_fade, common_fade, half_life_ms;
    double rarity;     /* 0 or more */
    double idf_weight; /* 0 or more */
};

#define FR_SESSION_DEFAULTS                                     \
    ((struct fr_session_params){.sessions = 1u << 18,           \
                                .items = 1u << 18,              \
                                .length = 20,                   \
                                .per_item = 500,                \
                                .sample = 2000,                 \
                                .neighbors = 500,               \
                                .position_fade = 4.9,           \
                                .item_fade = 4.9,               \
                                .common_fade = 1.225,           \
                                .half_life_ms = 14. * 86400000, \
                                .rarity = 0,                    \
                                .idf_weight = 1})

struct fr_session_index;

struct fr_session_index *fr_session_index_new(const struct fr_session_params *p); /* gives */
void fr_session_index_free(struct fr_session_index *x);

/* A new, empty session; its number counts up from 1. The oldest may be gone now. */
uint64_t fr_session_index_begin(struct fr_session_index *x);
/* Whether the session is still kept. */
bool fr_session_index_has(const struct fr_session_index *x, uint64_t session);
/* The session must be kept. An item that the session ends with already is not appended again. */
void fr_session_index_append(struct fr_session_index *x, uint64_t session, uint32_t item, fr_time_ms time_ms);
/* Items of a session, oldest first, into out[length]; returns how many. */
uint32_t fr_session_index_items(const struct fr_session_index *x, uint64_t session, uint32_t *out);

struct fr_session_query {
    const uint32_t *items; /* [n] newest first; repeated ones count at their newest place */
    uint32_t n;
    fr_time_ms now_ms;
    uint64_t except; /* this session is no neighbour; 0: none */
};

/* Adds the scores to votes, which has room for all numbers. because: the latest item in common. */
void fr_session_index_search(const struct fr_session_index *x, const struct fr_session_query *q,
                             struct fr_scratch *votes);

/* Every item is below it. */
uint32_t fr_session_index_number_end(const struct fr_session_index *x);
/* Sessions with the item, ever; all sessions, ever. */
uint32_t fr_session_index_count(const struct fr_session_index *x, uint32_t item);
uint64_t fr_session_index_begun(const struct fr_session_index *x);
size_t fr_session_index_bytes(const struct fr_session_index *x);
/* Arrays are named <name>.<array>. */
void fr_session_index_save(const struct fr_session_index *x, struct fr_tensors_writer *w, const char *name);
/* x: new, with the same parameters. After an error it can only be freed. */
enum fr_err fr_session_index_load(struct fr_session_index *x, const struct fr_tensors_file *f,
                                  const char *name, struct fr_errmsg *msg) FR_MUST_USE;

#endif
