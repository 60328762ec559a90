/* session_model.h - models of what comes next in a visit, fitted on a data set of sessions: neighbours of the visit (VSTAN and
 * STAN), rules, popularity, and the blend of them all.
 *
 * Parameters are chosen on the last part of the sessions alone (fr_session_model_tune): each session there asks one question
 * for each of its items but the first.
 * Blend     the best candidates of the other models, ranked by one listwise softmax (recommend/rank) over how each model
 *           sees them, whether and where they stand in the visit, and how popular they are; its weights are learnt from the
 *           same questions, with models fitted on the part before.
 * Promise   a function of (sessions, order of ids, parameters); no clock but for the budget of a search.
 * Threads   a fitted model is read-only; one scratch a thread. */
#ifndef FR_LEARN_SESSION_MODEL_H
#define FR_LEARN_SESSION_MODEL_H

#include "freshet/learn/search.h"
#include "freshet/learn/session_rules.h"
#include "freshet/learn/visits.h"
#include "freshet/recommend/scratch.h"

/* name in reports */
#define FR_SESSION_MODEL_MAP(X)   \
    X(SESSION, "session")         \
    X(STAN, "stan")               \
    X(NEXT, "next-item")          \
    X(ASSOCIATION, "association") \
    X(POPULAR, "popular")         \
    X(BLEND, "blend")

enum fr_session_model_kind {
#define FR_SESSION_MODEL_ENUM(name, text) FR_SESSION_MODEL_##name,
    FR_SESSION_MODEL_MAP(FR_SESSION_MODEL_ENUM)
#undef FR_SESSION_MODEL_ENUM
        FR_SESSION_MODEL_N
};

struct fr_session_model_values {
    double at[FR_SESSION_MODEL_N][FR_PARAMETERS_MAX]; /* by kind, in the order of its parameters */
};

const char *fr_session_model_name(enum fr_session_model_kind kind);
const struct fr_parameter *fr_session_model_parameters(enum fr_session_model_kind kind, uint32_t *n);
void fr_session_model_defaults(struct fr_session_model_values *values);

struct fr_session_model;

/* Of the first session_n sessions. BLEND: of all kinds, and its weights from the questions of the last held_share of them. gives */
struct fr_session_model *fr_session_model_new(enum fr_session_model_kind kind, const struct fr_visits *v,
                                              uint32_t session_n, const struct fr_dict *ids,
                                              const struct fr_session_model_values *values,
                                              double held_share);
void fr_session_model_free(struct fr_session_model *m);
/* At most `most` votes into out, best first. Items of the visit may be among them. */
uint32_t fr_session_model_list(const struct fr_session_model *m, const uint32_t *items, uint32_t n,
                               struct fr_scratch *scratch, uint32_t most, struct fr_vote *out);
size_t fr_session_model_bytes(const struct fr_session_model *m);

/* Chooses values->at[kind] by the mean reciprocal rank plus the hit rate among the first k, on at most question_n questions of the
 * last held_share of the sessions, evenly spaced, with a model of the sessions before. */
struct fr_session_tuning {
    const struct fr_visits *v;
    const struct fr_dict *ids;
    double held_share;
    uint32_t question_n, k;
    bool (*may_go_on)(void *context);
    void *context;
};
struct fr_search_result fr_session_model_tune(enum fr_session_model_kind kind,
                                              const struct fr_session_tuning *t,
                                              struct fr_session_model_values *values);

#endif
