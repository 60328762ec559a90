/* Hyper-parameters and blend, chosen on items of train that are put aside: the holdout that candidates are judged by is not
 * looked at. */
#include "freshet/base/clock.h"
#include "freshet/learn/tune.h"
#include "refit_internal.h"

static const double held_share = 0.2;
enum { HELD_USERS_MAX = 4096, DEPTH = 100 };

double refit_seconds(void *context) {
    (void)context;
    return (double)fr_clock_mono_us() * 1e-6;
}

static bool is_wanted(const struct fr_refit_params *p, const struct fr_refit_family *families,
                      uint32_t family_n) {
    if (p->tune_s <= 0) return false;
    bool lacks_values = false;
    for (uint32_t i = 0; i < family_n; i++) lacks_values = lacks_values || !families[i].has_values;
    return lacks_values || (!p->has_blend && family_n > 1);
}

struct telling {
    const struct refit *s;
    const char *model;
};

static bool tell(void *context, const char *step, double done) {
    const struct telling *t = context;
    (void)step;
    return !t->s->r->progress || t->s->r->progress(t->s->r->context, t->model, done);
}

static enum fr_err choose_one(struct refit *s, const struct fr_holdout *held, struct fr_refit_family *family,
                              double budget_s, struct fr_toplists *lists, struct fr_errmsg *msg) {
    const struct fr_refit_params *p = s->r->params;
    struct telling telling = {s, family->ops->name};
    struct fr_tuned tuned;
    struct fr_tune tune = {.ops = family->ops,
                           .fit = {.features = s->features.row_n ? &s->features : NULL,
                                   .threads = p->threads,
                                   .seed = p->seed,
                                   .is_published = !p->near,
                                   .progress = tell,
                                   .context = &telling},
                           .holdout = held,
                           .k = p->k,
                           .depth = DEPTH,
                           .budget_s = family->has_values ? 0 : budget_s,
                           .seconds = refit_seconds};
    tune.context = &telling; /* of seconds, which needs none */
    enum fr_err err = fr_tune_run(&tune, family->has_values ? family->values : NULL, &tuned, msg);
    if (err != FR_OK) return err;
    memcpy(family->values, tuned.values, sizeof family->values);
    family->has_values = true;
    *lists = tuned.lists;
    return FR_OK;
}

static void learn_blend(struct refit *s, const struct fr_holdout *held, const struct fr_toplists *lists,
                        struct fr_refit_family *families, uint32_t family_n, enum fr_blend_parts *parts) {
    const struct fr_refit_params *p = s->r->params;
    struct fr_blend blend;
    fr_blend_learn(lists, family_n, &held->truth, s->train->by_user.column_n, p->k, &blend);
    for (uint32_t i = 0; i < family_n; i++) families[i].weight = blend.weights[i];
    *parts = blend.parts;
}

enum fr_err refit_choose(struct refit *s, struct fr_refit_family *families, uint32_t family_n,
                         enum fr_blend_parts *parts, struct fr_errmsg *msg) {
    const struct fr_refit_params *p = s->r->params;
    for (uint32_t i = 0; i < family_n; i++)
        if (!p->has_blend) families[i].weight = 1;
    *parts = p->has_blend ? p->parts : FR_BLEND_BY_PLACE;
    if (!is_wanted(p, families, family_n)) return FR_OK;
    struct fr_toplists lists[FR_BUNDLE_MODELS_MAX] = {{0}};
    struct fr_holdout held = fr_holdout_new(s->train, held_share, HELD_USERS_MAX, p->seed);
    enum fr_err err = FR_OK;
    for (uint32_t i = 0; i < family_n && err == FR_OK; i++)
        err = choose_one(s, &held, &families[i], p->tune_s / family_n, &lists[i], msg);
    if (err == FR_OK && !p->has_blend && held.user_n) learn_blend(s, &held, lists, families, family_n, parts);
    for (uint32_t i = 0; i < family_n; i++) fr_toplists_fini(&lists[i]);
    fr_holdout_fini(&held);
    return err;
}
