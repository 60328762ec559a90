/* Questions of the held part, and the search for what answers them best. */
#include "session_model_internal.h"

uint32_t session_held_from(uint32_t session_n, double held_share) {
    uint32_t held = (uint32_t)(session_n * held_share + .5);
    return session_n - (held < session_n ? held : session_n);
}

uint32_t session_question_count(const struct fr_visits *v, uint32_t first, uint32_t end) {
    uint32_t n = 0;
    for (uint32_t s = first; s < end; s++) n += fr_visits_length(v, s) > 1 ? fr_visits_length(v, s) - 1 : 0;
    return n;
}

void session_questions(const struct fr_visits *v, uint32_t first, uint32_t end, uint32_t step,
                       void (*ask)(void *context, const struct fr_visit_case *c), void *context) {
    uint32_t wait = 0;
    for (uint32_t s = first; s < end; s++)
        for (uint32_t k = 1; k < fr_visits_length(v, s); k++) {
            const uint32_t *items = v->items + v->starts[s];
            if (wait == 0) ask(context, &(struct fr_visit_case){items, k, items[k]});
            wait = wait + 1 < step ? wait + 1 : 0;
        }
}

enum { K_MAX = 100 };

struct judging {
    const struct fr_session_tuning *t;
    enum fr_session_model_kind kind;
    struct fr_session_model_values *values;
    struct fr_scratch scratch;
    const struct fr_session_model *model;
    double sum;
    uint32_t asked;
};

static void ask(void *context, const struct fr_visit_case *c) {
    struct judging *j = context;
    struct fr_vote out[K_MAX];
    uint32_t k = j->t->k < K_MAX ? j->t->k : K_MAX;
    uint32_t n = fr_session_model_list(j->model, c->items, c->n, &j->scratch, k, out);
    for (uint32_t i = 0; i < n; i++)
        if (out[i].item == c->target) j->sum += 1 + 1. / (i + 1);
    j->asked++;
}

static double judge(void *context, const double *values) {
    struct judging *j = context;
    const struct fr_session_tuning *t = j->t;
    uint32_t from = session_held_from(t->v->n, t->held_share);
    uint32_t count = session_question_count(t->v, from, t->v->n);
    uint32_t step = count / (t->question_n ? t->question_n : 1);
    uint32_t n;
    fr_session_model_parameters(j->kind, &n);
    memcpy(j->values->at[j->kind], values, n * sizeof *values);
    struct fr_session_model *model =
        fr_session_model_new(j->kind, t->v, from, t->ids, j->values, t->held_share);
    j->model = model;
    j->sum = 0;
    j->asked = 0;
    session_questions(t->v, from, t->v->n, step ? step : 1, ask, j);
    fr_session_model_free(model);
    return j->asked ? j->sum / j->asked : (double)NAN;
}

static bool may_go_on(void *context) {
    const struct judging *j = context;
    return !j->t->may_go_on || j->t->may_go_on(j->t->context);
}

struct fr_search_result fr_session_model_tune(enum fr_session_model_kind kind,
                                              const struct fr_session_tuning *t,
                                              struct fr_session_model_values *values) {
    double best[FR_PARAMETERS_MAX];
    struct judging j = {.t = t, .kind = kind, .values = values};
    struct fr_search search = {.judge = judge, .may_go_on = may_go_on, .context = &j};
    search.parameters = fr_session_model_parameters(kind, &search.n);
    memcpy(best, values->at[kind], sizeof best);
    struct fr_search_result result = fr_search_run(&search, best);
    memcpy(values->at[kind], best, search.n * sizeof *best);
    fr_scratch_fini(&j.scratch);
    return result;
}
