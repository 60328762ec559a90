/* session_model_internal.h - what a session model is made of. */
#ifndef FR_SESSION_MODEL_INTERNAL_H
#define FR_SESSION_MODEL_INTERNAL_H

#include "freshet/learn/session_model.h"
#include "freshet/recommend/session_index.h"

enum { SESSION_POPULAR = 200 };

struct session_blend;

/* One of index, rules, popular and blend, as the kind says. */
struct fr_session_model {
    enum fr_session_model_kind kind;
    const struct fr_dict *ids; /* borrowed */
    struct fr_session_index *index;
    fr_time_ms now;
    struct fr_session_rules *rules;
    struct session_blend *blend;
    struct fr_vote popular[SESSION_POPULAR];
    uint32_t popular_n;
};

/* Calls ask for question 0, step, 2 step, .. of sessions [first, v->n): each place of each session but its first. */
void session_questions(const struct fr_visits *v, uint32_t first, uint32_t end, uint32_t step,
                       void (*ask)(void *context, const struct fr_visit_case *c), void *context);
uint32_t session_question_count(const struct fr_visits *v, uint32_t first, uint32_t end);
/* Where the held part of so many sessions begins. */
uint32_t session_held_from(uint32_t session_n, double held_share);

struct session_blend *session_blend_new(const struct fr_visits *v, uint32_t session_n,
                                        const struct fr_dict *ids,
                                        const struct fr_session_model_values *values, double held_share);
void session_blend_free(struct session_blend *b);
uint32_t session_blend_list(const struct session_blend *b, const uint32_t *items, uint32_t n,
                            struct fr_scratch *scratch, uint32_t most, struct fr_vote *out);

#endif
