#include "freshet/learn/model.h"
#include "freshet/learn/content.h"
#include "freshet/learn/ease.h"
#include "freshet/learn/factor.h"
#include "freshet/learn/factors.h"
#include "freshet/learn/item_cf.h"
#include "freshet/learn/ncf.h"
#include "freshet/learn/popular.h"
#include "freshet/learn/social.h"
#include "freshet/learn/spectral.h"
#include "freshet/learn/user_cf.h"
#include <string.h>

const struct fr_model_ops *const fr_models[] = {
    &fr_popular_ops, &fr_item_cf_ops, &fr_user_cf_ops, &fr_spectral_ops, &fr_social_ops,
    &fr_factor_ops,  &fr_ncf_ops,     &fr_content_ops, &fr_ease_ops,
};
const unsigned fr_models_n = sizeof fr_models / sizeof *fr_models;

const struct fr_model_ops *fr_model_find(const char *name) {
    for (unsigned i = 0; i < fr_models_n; i++)
        if (strcmp(fr_models[i]->name, name) == 0) return fr_models[i];
    if (strcmp(fr_factors_ops.name, name) == 0) return &fr_factors_ops; /* from files only: nothing to fit */
    return NULL;
}
