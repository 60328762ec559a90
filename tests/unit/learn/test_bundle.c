#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/announce.h"
#include <stdlib.h>

enum { USERS = 60, ITEMS = 20 };

static struct fr_model *fit_als(const double *values) {
    struct fr_interaction entries[USERS * 5];
    struct fr_rng r = {4};
    for (uint32_t i = 0; i < USERS * 5; i++)
        entries[i] = (struct fr_interaction){i / 5, fr_rng_below(&r, ITEMS), 1};
    struct fr_interactions *data = fr_interactions_new(USERS, ITEMS, entries, USERS * 5);
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1};
    struct fr_errmsg msg = {0};
    struct fr_model *m = fr_model_find("als")->fit(&fit, values, &msg);
    if (!m) fprintf(stderr, "%s\n", msg.text);
    fr_interactions_free(data);
    return m;
}

static struct fr_bundle *make(void) {
    static const double values[FR_PARAMETERS_MAX] = {16, 15, .005, 1, 3};
    struct fr_bundle *b = fr_bundle_new();
    struct fr_str ids[ITEMS];
    char text[ITEMS][8];
    for (int i = 0; i < ITEMS; i++) {
        snprintf(text[i], sizeof text[i], "i%02d", i);
        ids[i] = fr_str_of(text[i]);
    }
    b->created_ms = 1795645815123; /* 2026-11-25T22:30:15.123Z */
    b->data_until_ms = 1795640000000;
    b->fingerprint = 0x1a2b3c4d5e6f7788;
    b->user_n = USERS;
    b->interaction_n = USERS * 5;
    snprintf(b->parent, sizeof b->parent, "20261124T000000.000Z-00000000");
    fr_bundle_set_items(b, ids, ITEMS);
    struct fr_bundle_model *m = fr_bundle_add(b, fit_als(values));
    memcpy(m->values, values, sizeof values);
    m->has_values = true;
    m->holdout =
        (struct fr_figures){.cases = 31, .recall = 0.1, .ndcg = 1.0 / 3, .hit_rate = 0.5, .fit_seconds = 2};
    fr_bundle_name(b);
    return b;
}

static void test_round_trip(void) {
    struct fr_bundle *b = make(), *read = NULL;
    struct fr_buf bytes = {0}, again = {0};
    struct fr_errmsg msg = {0};
    CHECK_STR(b->version, "20261125T223015.123Z-1a2b3c4d");
    fr_bundle_write(b, &bytes);
    CHECK_INT(fr_bundle_read(fr_buf_slice(&bytes), &read, &msg), FR_OK);
    if (!read) return;
    CHECK_STR(read->version, b->version);
    CHECK_STR(read->parent, b->parent);
    CHECK(read->item_n == ITEMS && fr_str_eq(read->items[19], FR_STR("i19")));
    const struct fr_bundle_model *m = fr_bundle_model(read, "als");
    CHECK(m && m->has_values && m->holdout.cases == 31);
    CHECK_NEAR(m->holdout.ndcg, 1.0 / 3, 0);
    CHECK_NEAR(m->values[2], .005, 0);
    CHECK(fr_bundle_model(read, "other") == NULL);
    fr_bundle_write(read, &again);
    CHECK(fr_str_eq(fr_buf_slice(&bytes), fr_buf_slice(&again)));
    fr_bundle_free(b);
    fr_bundle_free(read);
    fr_buf_fini(&bytes);
    fr_buf_fini(&again);
}

static bool is_read(struct fr_tensors_writer *w) {
    struct fr_buf bytes = {0};
    struct fr_bundle *b = NULL;
    struct fr_errmsg msg = {0};
    fr_tensors_finish(w, &bytes);
    enum fr_err err = fr_bundle_read(fr_buf_slice(&bytes), &b, &msg);
    CHECK((err == FR_OK) == (b != NULL) && (err == FR_OK || msg.text[0]));
    fr_bundle_free(b);
    fr_buf_fini(&bytes);
    fr_tensors_writer_free(w);
    return err == FR_OK;
}

static struct fr_tensors_writer *writer(const char *models, const char *first, const char *second) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    const struct fr_str ids[] = {fr_str_of(first), fr_str_of(second)};
    if (models) fr_tensors_meta(w, "models", fr_str_of(models));
    fr_tensors_put_strings(w, "items", ids, 2);
    return w;
}

static void put_factors(struct fr_tensors_writer *w, uint64_t rows) {
    static const float values[12] = {1, 2, 3, 4};
    fr_tensors_put(w, "factors.items", FR_TENSOR_F32, (uint64_t[]){rows, 3}, 2, values);
}

static void test_refused(void) {
    struct fr_tensors_writer *w = writer("factors", "a", "b");
    put_factors(w, 2);
    CHECK(is_read(w)); /* what the others are variations of */
    w = writer("factors", "b", "a");
    put_factors(w, 2);
    CHECK(!is_read(w));
    w = writer("factors", "a", "a");
    put_factors(w, 2);
    CHECK(!is_read(w));
    w = writer("factors", "a", "b");
    put_factors(w, 3);
    CHECK(!is_read(w));
    w = writer("factors,factors", "a", "b");
    put_factors(w, 2);
    CHECK(!is_read(w));
    w = writer("unheard-of", "a", "b");
    CHECK(!is_read(w));
    w = writer("", "a", "b");
    CHECK(!is_read(w));
    CHECK(!is_read(writer(NULL, "a", "b")));
    w = writer("factors", "a", "b");
    CHECK(!is_read(w)); /* without its array */
    w = writer("factors", "a", "b");
    put_factors(w, 2);
    fr_tensors_meta(w, "version", FR_STR("../../etc"));
    CHECK(!is_read(w));
}

static void test_versions(void) {
    CHECK(fr_bundle_version_valid(FR_STR("20261125T223015.123Z-1a2b3c4d")));
    CHECK(!fr_bundle_version_valid(FR_STR("")));
    CHECK(!fr_bundle_version_valid(FR_STR("a:b")));
    CHECK(!fr_bundle_version_valid(FR_STR("12345678901234567890123456789012")));
}

static void test_control_record(void) {
    struct fr_buf bytes = {0};
    struct fr_control c = {FR_STR("v2"), FR_STR(""), FR_MODEL_EVENT_ROLLED_BACK, 1795645815123}, read;
    fr_control_write(&c, &bytes);
    CHECK(fr_control_read(fr_buf_slice(&bytes), &read));
    CHECK(fr_str_eq(read.version, c.version) && read.parent.len == 0 && read.why == c.why);
    CHECK_INT(read.time_ms, c.time_ms);
    for (uint32_t n = 0; n < bytes.len; n++) {
        char *copy = malloc(n ? n : 1);
        memcpy(copy, bytes.data, n);
        CHECK(!fr_control_read((struct fr_str){copy, n}, &read));
        free(copy);
    }
    fr_buf_byte(&bytes, 0xc0);
    CHECK(!fr_control_read(fr_buf_slice(&bytes), &read)); /* something follows */
    fr_buf_clear(&bytes);
    CHECK(!fr_control_read(FR_STR("\x93\x01\x90\x90"), &read)); /* examples */
    CHECK(fr_control_read(FR_STR("\x83\xa4kind\xa6"
                                 "bundle\xa7version\xa1x\xa5later\x91\x01"),
                          &read));
    CHECK(!fr_control_read(FR_STR("\x82\xa4kind\xa6"
                                  "bundle\xa7version\xa1/"),
                           &read));
    CHECK(!fr_control_read(FR_STR("\x82\xa4kind\xa6"
                                  "bumble\xa7version\xa1x"),
                           &read));
    fr_buf_fini(&bytes);
}

static void test_event_json(void) {
    struct fr_bundle *b = make();
    struct fr_buf out = {0};
    struct fr_verdict v = {.accepted = true, .cases = 100, .candidate = .5, .incumbent = .25, .p_worse = .75};
    struct fr_model_event e = {.kind = FR_MODEL_EVENT_PROMOTED,
                               .version = b->version,
                               .by = "schedule",
                               .verdict = &v,
                               .alpha = .05,
                               .time_ms = b->created_ms};
    fr_model_event_json(&e, &out);
    fr_buf_byte(&out, 0);
    CHECK_STR(
        out.data,
        "{\"schema_version\":1,\"event\":\"promoted\",\"version\":\"20261125T223015.123Z-1a2b3c4d\",\"by\":"
        "\"schedule\","
        "\"time\":\"2026-11-25T22:30:15.123Z\",\"judged\":{\"test\":\"paired t, one-sided, of ndcg@20 on the "
        "holdout\",\"cases\":100,\"candidate\":0.5,\"incumbent\":0.25,\"difference\":0,\"lower\":0,\"upper\":"
        "0,"
        "\"p_worse\":0.75,\"alpha\":0.05,\"accepted\":true}}");
    fr_buf_clear(&out);
    fr_bundle_json(b, &out);
    fr_buf_byte(&out, 0);
    CHECK(strstr(out.data, "\"parameters\":{\"factors\":16,\"unobserved\":15,") != NULL);
    CHECK(strstr(out.data, "\"holdout\":{\"cases\":31,\"recall\":0.1,\"ndcg\":0.333333,") != NULL);
    fr_buf_fini(&out);
    fr_bundle_free(b);
}

int main(void) {
    RUN(test_round_trip);
    RUN(test_refused);
    RUN(test_versions);
    RUN(test_control_record);
    RUN(test_event_json);
    return check_done();
}
