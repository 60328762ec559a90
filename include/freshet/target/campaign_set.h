/* campaign_set.h - all campaigns and segments there are, with their rules compiled: one version, which does not change.
 *
 *     records of the campaigns topic -> [ fr_campaign_book ] -> version, version, ...      each read by many threads
 *
 * Promise   a version holds the latest good record of each key. A bad record changes nothing: what stood under its key stays.
 * Order     by id. A campaign's place in one version is not its place in the next.
 * Bounds    FR_CAMPAIGN_SET_MAX campaigns and segments together; more are a fault.
 * Threads   a book has one owner; a version is read-only. Memory: a version owns copies. */
#ifndef FR_TARGET_CAMPAIGN_SET_H
#define FR_TARGET_CAMPAIGN_SET_H

#include "freshet/base/dict.h"
#include "freshet/catalog/campaign.h"
#include "freshet/target/rule.h"

enum { FR_CAMPAIGN_SET_MAX = 20000 };

struct fr_campaign_entry {
    struct fr_campaign record;
    struct fr_rule *rule;
    uint64_t id_hash, advertiser_hash,
        topic_hash;        /* fr_hash_str; the topic is its first category or item; 0: none */
    fr_time_ms changed_ms; /* the record's timestamp */
};

struct fr_campaign_set {
    struct fr_campaign_entry *campaigns, *segments; /* [campaign_n], [segment_n] ascending by id */
    uint32_t campaign_n, segment_n;
    bool asks_interests; /* some rule does */
    uint64_t number;     /* from 1 */
    uint64_t records;    /* of the topic that were read for it, good and bad */
    struct fr_arena texts;
};

/* Reads a record and compiles its rule: the one judgement of a record, wherever it is made. False: *faults says why; then
 * *rule is NULL. rule NULL: the caller does not want it. gives *rule */
bool fr_campaign_judge(struct fr_str json, struct fr_str key, struct fr_arena *arena, struct fr_campaign *out,
                       struct fr_rule **rule, struct fr_campaign_faults *faults);

struct fr_campaign_book;

struct fr_campaign_book *fr_campaign_book_new(void); /* gives */
void fr_campaign_book_free(struct fr_campaign_book *b);
/* One record of the topic; value.ptr NULL: the key goes. False: *faults says why, and nothing changed. */
bool fr_campaign_book_put(struct fr_campaign_book *b, struct fr_str key, struct fr_str value,
                          fr_time_ms timestamp_ms, struct fr_campaign_faults *faults);
uint64_t fr_campaign_book_changes(const struct fr_campaign_book *b); /* so far */
struct fr_campaign_set *fr_campaign_book_version(const struct fr_campaign_book *b,
                                                 uint64_t number); /* gives */
void fr_campaign_set_free(struct fr_campaign_set *s);

/* NULL: there is none. */
const struct fr_campaign_entry *fr_campaign_set_find(const struct fr_campaign_set *s, struct fr_str id);
const struct fr_campaign_entry *fr_campaign_set_segment(const struct fr_campaign_set *s, struct fr_str id);

#endif
