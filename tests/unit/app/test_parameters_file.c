#include "check.h"
#include "freshet/app/parameters_file.h"
#include <stdlib.h>
#include <unistd.h>

static struct fr_parameters parameters;
static struct fr_errmsg msg;

static enum fr_err parse(const char *text) {
    msg = (struct fr_errmsg){0};
    return fr_parameters_parse("p.json", fr_str_of(text), &parameters, &msg);
}

static void check_fails(const char *text, const char *want) {
    CHECK_INT(parse(text), FR_CONFIG);
    CHECK_STR(msg.text, want);
}

static const char whole[] =
    "{\"freshet\":\"parameters\",\"version\":1,\"models\":{\"als\":{\"factors\":17},\"popular\":{}},"
    "\"blend\":{\"parts\":\"place\",\"weights\":{\"als\":1,\"popular\":0.25}}}";

static void test_values_and_standards(void) {
    const struct fr_model_ops *als = fr_model_find("als");
    CHECK_INT(parse(whole), FR_OK);
    const struct fr_model_parameters *m = fr_parameters_of(&parameters, als);
    CHECK(m && parameters.n == 2);
    if (!m) return;
    for (uint32_t i = 0; i < als->parameter_n; i++) {
        bool is_factors = strcmp(als->parameters[i].name, "factors") == 0;
        CHECK_NEAR(m->values[i], is_factors ? 17 : als->parameters[i].standard, 0);
    }
    CHECK(parameters.has_blend);
    CHECK_INT(parameters.parts, FR_BLEND_BY_PLACE);
    CHECK_NEAR(parameters.weights[m - parameters.models], 1, 0);
    CHECK_INT(parse("{\"freshet\":\"parameters\",\"version\":1}"), FR_OK);
    CHECK(!fr_parameters_of(&parameters, als) && !parameters.has_blend);
}

static void test_comes_back_from_a_file(void) {
    char path[] = "/tmp/freshet-parameters-XXXXXX";
    close(mkstemp(path));
    struct fr_parameters all = {.has_blend = true};
    for (unsigned i = 0; i < fr_models_n; i++) {
        all.models[all.n].ops = fr_models[i];
        all.weights[all.n] = i / 3.;
        for (uint32_t j = 0; j < fr_models[i]->parameter_n; j++)
            all.models[all.n].values[j] = (i + 1) / 7. + j;
        all.n++;
    }
    CHECK_INT(fr_parameters_write(path, &all, NULL), FR_OK);
    CHECK_INT(fr_parameters_read(path, &parameters, NULL), FR_OK);
    CHECK_INT(parameters.n, all.n);
    CHECK(memcmp(parameters.models, all.models, sizeof all.models) == 0);
    CHECK(memcmp(parameters.weights, all.weights, sizeof all.weights) == 0);
    unlink(path);
    CHECK_INT(fr_parameters_read(path, &parameters, &msg), FR_IO);
    CHECK_INT(fr_parameters_write("/nowhere/p.json", &all, &msg), FR_IO);
}

static void test_what_is_wrong(void) {
    check_fails("{\"freshet\":\"events\",\"version\":1}",
                "p.json: freshet: this is no file of parameters: \"parameters\" is wanted");
    check_fails("[]", "p.json: freshet: this is no file of parameters: \"parameters\" is wanted");
    check_fails("{\"freshet\":\"parameters\",\"version\":2}", "p.json: version: only version 1 is known");
    check_fails("{\"freshet\":\"parameters\",\"version\":1,\"modls\":{}}",
                "p.json: modls: there is no such key");
    check_fails("{\"freshet\":\"parameters\",\"version\":1,\"models\":{\"asl\":{}}}",
                "p.json: asl: there is no such model");
    check_fails("{\"freshet\":\"parameters\",\"version\":1,\"models\":{\"als\":{\"fctors\":1}}}",
                "p.json: als has no parameter fctors");
    check_fails("{\"freshet\":\"parameters\",\"version\":1,\"models\":{\"als\":{\"factors\":\"1\"}}}",
                "p.json: factors: a number is wanted");
    check_fails("{\"freshet\":\"parameters\",\"version\":1,\"blend\":{\"weights\":{\"als\":-1}}}",
                "p.json: als: a weight of 0 or above is wanted");
    check_fails("{\"freshet\":\"parameters\",\"version\":1,\"blend\":{\"parts\":\"plaice\"}}",
                "p.json: parts: parts (score or place) and weights are known");
    CHECK_INT(parse("{\"freshet\":\n\"parameters\","), FR_CONFIG);
    CHECK(strncmp(msg.text, "p.json:2:", 9) == 0);
    CHECK_INT(parse(""), FR_CONFIG);
}

int main(void) {
    RUN(test_values_and_standards);
    RUN(test_comes_back_from_a_file);
    RUN(test_what_is_wrong);
    return check_done();
}
