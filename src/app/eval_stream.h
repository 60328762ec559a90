/* eval_stream.h - the parts of `freshet eval stream`, one C file each.
 *
 *     line -> world: decode, clean -> judge: the list as it is, against what the user did -> world: learn, profile,
 *             affinity -> next line
 *
 * Test first, then learn: nothing of an event is known when the list is made that it is judged by. */
#ifndef FR_APP_EVAL_STREAM_INTERNAL_H
#define FR_APP_EVAL_STREAM_INTERNAL_H

#include "freshet/base/map.h"
#include "freshet/event/decode.h"
#include "freshet/profile/user.h"
#include "freshet/recommend/recommender.h"
#include "freshet/run/stages.h"

/* ---- eval_stream_world.c: what runs live, in one thread: profiles, co-occurrence, the recommender ---- */

struct stream_user {
    struct fr_user user;
    uint32_t surface;
    bool touched;
};

struct stream_world {
    const struct fr_rules *rules;
    struct fr_recommender *recommender;
    struct fr_recommender_use *use;
    struct fr_dict *ids; /* the recommender's */
    struct fr_decoder *decoder;
    struct fr_arena arena; /* of one line */
    struct fr_user_effects effects;
    struct stream_user **users; /* [user_cap] by number; NULL: not met */
    uint32_t user_cap;
    fr_time_ms watermark_ms;
    struct stream_affinity *affinity;
    uint64_t rejected;
    double learn_s, affinity_s;
    uint64_t learnt; /* examples */
};

void stream_world_init(struct stream_world *w, const struct fr_rules *rules,
                       const struct fr_recommender_params *params);
void stream_world_fini(struct stream_world *w);
/* Decodes and cleans a line into the arena; false: it is rejected. */
bool stream_world_read(struct stream_world *w, struct fr_str line, struct fr_event *event);
/* The user of an event, as known before it. */
struct stream_user *stream_world_user(struct stream_world *w, const struct fr_event *event, uint32_t *number);
/* What is asked for that user at that moment. Item rows that the list needs are brought up to date. */
struct fr_query stream_world_query(struct stream_world *w, const struct stream_user *u, uint32_t number,
                                   const struct fr_event *event);
/* The event happened. */
void stream_world_learn(struct stream_world *w, struct stream_user *u, const struct fr_query *before,
                        const struct fr_event *event);

/* ---- eval_stream_affinity.c: the aggregate stage's work ---- */

struct stream_affinity *stream_affinity_new(const struct fr_rules *rules, const struct fr_dict *ids);
void stream_affinity_free(struct stream_affinity *a);
void stream_affinity_emit(struct stream_affinity *a, const struct fr_user *u, const struct fr_user_effects *e,
                          struct fr_dict *ids);
/* Hands the rows of the seeds that changed to the recommender. */
void stream_affinity_serve(struct stream_affinity *a, const struct fr_query *q, struct fr_recommender *r);

/* ---- eval_stream_catalog.c ---- */

struct stream_catalog;
/* Adds the content source. *out is given in every case and outlives the recommender. */
enum fr_err stream_catalog_load(const char *path, struct fr_recommender *r, struct stream_catalog **out,
                                struct fr_errmsg *msg);
/* The recommender hears of what was created by now. c NULL: nothing. */
void stream_catalog_arrive(struct stream_catalog *c, fr_time_ms now_ms, struct fr_recommender *r);
void stream_catalog_free(struct stream_catalog *c);

/* ---- eval_stream_groups.c: which attributes make groups, when the configuration does not say ---- */

struct stream_groups;
struct stream_groups *stream_groups_new(const struct fr_rules *rules,
                                        const struct fr_recommender_params *params); /* keeps rules; gives */
/* The next line of the part of the log that may be looked at. */
void stream_groups_take(struct stream_groups *g, struct fr_str line);
/* Names for profile.group_by, lent until free; returns how many. */
uint32_t stream_groups_choose(const struct stream_groups *g, struct fr_str out[FR_PROFILE_GROUP_BY_MAX]);
void stream_groups_free(struct stream_groups *g);

/* ---- eval_stream_judge.c: hits ---- */

enum {
    STREAM_KS = 8,
    STREAM_SLICES = 10,
    STREAM_HISTORIES = 4,
    STREAM_AGES = 4,
    STREAM_LIST = FR_LIST_ITEMS_MAX
};

/* How often, and how high, the item was in the list. */
struct stream_tally {
    uint64_t tested, hits[STREAM_KS];
    double mrr[STREAM_KS], ndcg[STREAM_KS];
};

struct stream_judge {
    uint32_t ks[STREAM_KS], k_n;
    uint32_t sources;
    struct stream_tally blend, by_source[FR_RECOMMENDER_SOURCES_MAX];
    struct stream_tally by_history[STREAM_HISTORIES], by_age[STREAM_AGES], slices[STREAM_SLICES];
    uint32_t slice; /* of the log: which tenth is being read */
    uint64_t source_hits[FR_RECOMMENDER_SOURCES_MAX][STREAM_SLICES]; /* in the first ks[0] */
    struct fr_map shown; /* source + 1 (0: blend) and item, among the first ks[0] */
    uint64_t shown_n[1 + FR_RECOMMENDER_SOURCES_MAX];
    double list_s, source_s[FR_RECOMMENDER_SOURCES_MAX];
    double promised; /* sum of the scores in the first ks[0]: hits expected */
    uint64_t lists;
};

void stream_judge_list(struct stream_judge *j, const struct fr_list *list, uint32_t target, uint32_t history,
                       uint32_t age);
void stream_judge_source(struct stream_judge *j, uint32_t source, const struct fr_vote *votes, uint32_t n,
                         uint32_t target);
void stream_judge_fini(struct stream_judge *j);
double stream_recall(const struct stream_tally *t, uint32_t k_at);

/* ---- eval_stream_report.c ---- */

struct stream_report {
    const struct stream_judge *judge;
    const struct stream_world *world;
    const struct fr_rules *rules;
    bool groups_chosen; /* by the log, not by the configuration */
    uint64_t events, catalogue;
    double total_s;
};

void stream_report_table(const struct stream_report *r, struct fr_buf *out);
void stream_report_json(const struct stream_report *r, struct fr_buf *out);
void stream_report_plot(const struct stream_report *r, struct fr_buf *out);

#endif
