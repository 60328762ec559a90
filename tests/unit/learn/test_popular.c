#include "check.h"
#include "freshet/learn/popular.h"
#include <stdlib.h>

static struct fr_model *fit(void) {
    static const struct fr_interaction entries[] = {{0, 0, 1}, {1, 0, 1}, {2, 0, 1}, {0, 2, 1}, {3, 2, 7}};
    struct fr_interactions *data = fr_interactions_new(4, 3, entries, 5);
    struct fr_fit request = {.data = data, .threads = 1};
    struct fr_model *model = fr_model_find("popular")->fit(&request, NULL, NULL);
    fr_interactions_free(data);
    return model;
}

static void check_scores(const struct fr_model *model) {
    float scores[6];
    size_t start[3] = {0};
    struct fr_rows nobody = {.row_n = 2, .column_n = 3, .start = start};
    model->ops->score(model, &nobody, 0, 2, false, scores);
    for (int row = 0; row < 2; row++) {
        CHECK_NEAR(scores[3 * row], .75, 0);
        CHECK_NEAR(scores[3 * row + 1], 0, 0);
        CHECK_NEAR(scores[3 * row + 2], .5, 0);
    }
}

static void test_share_of_users(void) {
    struct fr_model *model = fit();
    check_scores(model);
    CHECK(model->ops->bytes(model) >= 12);
    model->ops->free(model);
}

static void test_comes_back_from_a_file(void) {
    struct fr_model *model = fit();
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf file = {0};
    struct fr_tensors_file *open;
    model->ops->save(model, w);
    fr_tensors_finish(w, &file);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&file), &open, NULL), FR_OK);
    struct fr_model *loaded = model->ops->load(open, NULL);
    CHECK(loaded);
    if (loaded) {
        check_scores(loaded);
        loaded->ops->free(loaded);
    }
    fr_tensors_close(open);
    fr_buf_fini(&file);
    fr_tensors_writer_free(w);
    model->ops->free(model);
}

static void test_names_are_unique(void) {
    CHECK(fr_models_n >= 1);
    CHECK(!fr_model_find("nothing of the kind"));
    for (unsigned i = 0; i < fr_models_n; i++) CHECK(fr_model_find(fr_models[i]->name) == fr_models[i]);
    for (unsigned i = 0; i < fr_models_n; i++) CHECK(fr_models[i]->parameter_n <= FR_PARAMETERS_MAX);
}

static void test_defaults_are_in_ascending_grids(void) {
    for (unsigned i = 0; i < fr_models_n; i++)
        for (uint32_t j = 0; j < fr_models[i]->parameter_n; j++) {
            const struct fr_parameter *p = &fr_models[i]->parameters[j];
            bool found = false;
            for (uint32_t g = 0; g < p->grid_n; g++) {
                found = found || p->grid[g] == p->standard;
                CHECK(g == 0 || p->grid[g] > p->grid[g - 1]);
            }
            CHECK(found);
        }
}

int main(void) {
    RUN(test_share_of_users);
    RUN(test_comes_back_from_a_file);
    RUN(test_names_are_unique);
    RUN(test_defaults_are_in_ascending_grids);
    return check_done();
}
