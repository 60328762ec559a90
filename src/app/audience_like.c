#include "audience_like.h"
#include "freshet/app/text_table.h"
#include "freshet/base/json.h"
#include "freshet/learn/taste.h"
#include "freshet/recommend/seeds.h"
#include "freshet/run/bundle_store.h"
#include "freshet/target/look_alike.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct like {
    const struct fr_app *app;
    struct audience_world *world;
    const struct fr_rule *rule;
    const struct audience_like_wishes *wishes;
    struct fr_bundle *bundle;
    const struct fr_model *model; /* of the bundle */
    struct fr_taste *taste;
    float *vector, *direction;
    struct fr_look_seed seed;
    struct fr_look_alikes others;
    struct fr_audience everybody;
};

static int refuse(const char *why) {
    fprintf(stderr, "freshet audience: %s\n", why);
    return FR_EXIT_USAGE;
}

static struct fr_str salt_of(const struct like *l) {
    return fr_str_of(l->app->config.targeting.audience_salt);
}

static bool is_few(const struct like *l, const struct fr_audience *people) {
    return fr_audience_estimate(people, &l->everybody, salt_of(l)) == FR_AUDIENCE_FEW;
}

/* ---- the model ---- */

static int no_vectors(const struct fr_bundle *b) {
    fprintf(stderr, "freshet audience: the bundle in force, %s, has no model with vectors (it has",
            b->version);
    for (uint32_t i = 0; i < b->model_n; i++)
        fprintf(stderr, "%s %s", i ? "," : "", b->models[i].model->ops->name);
    fprintf(stderr, "); name one in models.families, like spectral or als, and run: freshet models fit\n");
    return FR_EXIT_NO_INPUT;
}

static int open_model(struct like *l) {
    const struct fr_bundle_store store = {l->world->reader.store, l->world->config->topic_prefix};
    char version[FR_BUNDLE_VERSION_BYTES];
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_bundle_in_force(&store, version, &msg);
    if (err == FR_OK && !version[0]) {
        fprintf(stderr,
                "freshet audience: no fitted model is in force (make one with: freshet models fit)\n");
        return FR_EXIT_NO_INPUT;
    }
    if (err == FR_OK) err = fr_bundle_get(&store, version, &l->bundle, &msg);
    if (err != FR_OK) return fr_report_failed("audience", err, &msg);
    l->model = fr_taste_model(l->bundle);
    if (!l->model) return no_vectors(l->bundle);
    l->taste = fr_taste_new(l->bundle, l->model, &l->world->reader.ids);
    uint32_t k = fr_taste_floats(l->taste);
    l->vector = fr_alloc_zero(k, sizeof *l->vector);
    l->direction = fr_alloc_zero(k, sizeof *l->direction);
    fr_look_seed_init(&l->seed, k);
    return FR_EXIT_OK;
}

/* ---- the people ---- */

static bool vector_of(struct like *l, const struct fr_user *u) {
    struct audience_world *w = l->world;
    const struct fr_seed *seeds = fr_seeds_of(u, w->rules.rules, w->rules.decay, &w->scratch);
    return fr_taste_of(l->taste, seeds, u->history.n, l->vector);
}

static enum fr_err take_seed(void *context, const struct audience_person *p, struct fr_errmsg *msg) {
    struct like *l = context;
    (void)msg;
    fr_audience_add(&l->everybody, p->id);
    if (fr_rule_matches(l->rule, p->facts) && vector_of(l, p->user))
        fr_look_seed_add(&l->seed, p->id, l->vector);
    return FR_OK;
}

static enum fr_err take_other(void *context, const struct audience_person *p, struct fr_errmsg *msg) {
    struct like *l = context;
    (void)msg;
    if (fr_rule_matches(l->rule, p->facts) || !vector_of(l, p->user)) return FR_OK;
    double similarity = fr_look_similarity(l->direction, l->vector, fr_taste_floats(l->taste));
    if (l->wishes->list && similarity > 0)
        fr_look_alikes_keep(&l->others, p->id, similarity);
    else
        fr_look_alikes_add(&l->others, p->id, similarity);
    return FR_OK;
}

static int compare_people(struct like *l) {
    struct fr_errmsg msg = {0};
    enum fr_err err = audience_world_each(l->world, take_seed, l, &msg);
    if (err != FR_OK) return fr_report_failed("audience", err, &msg);
    if (is_few(l, &l->seed.people))
        return refuse(
            "too few people of the seed are known to the model (about 75 or less): nothing is said");
    if (!fr_look_seed_direction(&l->seed, l->direction))
        return refuse("the people of the seed have nothing in common");
    err = audience_world_each(l->world, take_other, l, &msg);
    return err == FR_OK ? FR_EXIT_OK : fr_report_failed("audience", err, &msg);
}

/* ---- the list ---- */

static bool write_ids(const struct fr_look_alikes *nearest, FILE *file) {
    for (uint32_t i = 0; i < nearest->n; i++) {
        fwrite(nearest->at[i].id.ptr, 1, nearest->at[i].id.len, file);
        fputc('\n', file);
    }
    bool failed = ferror(file) != 0;
    return fclose(file) == 0 && !failed;
}

/* For its owner's eyes: these are people. */
static int write_file(const struct fr_look_alikes *nearest, const char *path) {
    enum { OWNER_ONLY = 0600 };
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, OWNER_ONLY);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file && write_ids(nearest, file)) return FR_EXIT_OK;
    fprintf(stderr, "freshet audience: %s cannot be written: %s\n", path, strerror(errno));
    return FR_EXIT_NO_INPUT;
}

static int write_list(struct like *l) {
    struct fr_audience people = {0};
    fr_look_alikes_rank(&l->others, (uint32_t)l->wishes->most, l->wishes->least);
    for (uint32_t i = 0; i < l->others.n; i++) fr_audience_add(&people, l->others.at[i].id);
    if (is_few(l, &people))
        return refuse("too few people would be in the list (about 75 or less): it is not written");
    return write_file(&l->others, l->wishes->list);
}

/* ---- the answer ---- */

static void put_people(struct fr_buf *out, const char *key, int64_t people) {
    fr_json_key(out, key);
    if (people == FR_AUDIENCE_FEW)
        fr_json_null(out);
    else
        fr_json_int(out, people);
}

static void put_json(const struct like *l, int64_t seed, const int64_t *sizes, struct fr_buf *out) {
    struct fr_buf rule = {0};
    fr_rule_write(&rule, l->rule);
    fr_json_open(out, '{');
    if (l->wishes->segment) {
        fr_json_key(out, "segment");
        fr_json_str(out, fr_str_of(l->wishes->segment));
    }
    fr_json_key(out, "rule");
    fr_json_str(out, fr_buf_slice(&rule));
    fr_json_key(out, "model");
    fr_json_str(out, fr_str_of(l->model->ops->name));
    fr_json_key(out, "version");
    fr_json_str(out, fr_str_of(l->bundle->version));
    put_people(out, "seed", seed);
    fr_json_key(out, "sizes");
    fr_json_open(out, '[');
    for (uint32_t step = 0; step < FR_LOOK_STEPS; step++) {
        fr_json_open(out, '{');
        fr_json_key(out, "similarity");
        fr_json_number(out, fr_look_threshold(step));
        put_people(out, "people", sizes[step]);
        fr_json_close(out, '}');
    }
    fr_json_close(out, ']');
    if (l->wishes->list) {
        fr_json_key(out, "listed");
        fr_json_int(out, l->others.n);
    }
    fr_json_key(out, "as_of");
    fr_json_time(out, l->world->now_ms);
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
    fr_buf_fini(&rule);
}

static void put_text(const struct like *l, int64_t seed, const int64_t *sizes, struct fr_buf *out) {
    struct fr_buf rows = {0};
    fr_buf_printf(out, "seed: about %lld people; model: %s of %s\n\n", (long long)seed, l->model->ops->name,
                  l->bundle->version);
    fr_buf_printf(&rows, "SIMILARITY\tPEOPLE BESIDES THE SEED\n");
    for (uint32_t step = 0; step < FR_LOOK_STEPS; step++) {
        fr_buf_printf(&rows, "%.1f and more\t", fr_look_threshold(step));
        if (sizes[step] == FR_AUDIENCE_FEW)
            fr_buf_printf(&rows, "too few to say\n");
        else
            fr_buf_printf(&rows, "about %lld\n", (long long)sizes[step]);
    }
    fr_text_table(out, fr_buf_slice(&rows));
    if (l->wishes->list)
        fr_buf_printf(out, "\n%u ids in %s, the nearest first\n", l->others.n, l->wishes->list);
    fr_buf_fini(&rows);
}

static void print(const struct like *l) {
    int64_t sizes[FR_LOOK_STEPS], seed = fr_audience_estimate(&l->seed.people, &l->everybody, salt_of(l));
    struct fr_buf out = {0};
    fr_look_alikes_sizes(&l->others, &l->everybody, salt_of(l), sizes);
    if (l->app->json)
        put_json(l, seed, sizes, &out);
    else
        put_text(l, seed, sizes, &out);
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
}

int audience_like(const struct fr_app *app, struct audience_world *w, const struct fr_rule *seed,
                  const struct audience_like_wishes *wishes) {
    struct like l = {.app = app, .world = w, .rule = seed, .wishes = wishes};
    int code = open_model(&l);
    if (code == FR_EXIT_OK) code = compare_people(&l);
    if (code == FR_EXIT_OK && wishes->list) code = write_list(&l);
    if (code == FR_EXIT_OK) print(&l);
    fr_look_alikes_fini(&l.others);
    fr_look_seed_fini(&l.seed);
    fr_taste_free(l.taste);
    fr_bundle_free(l.bundle);
    free(l.vector);
    free(l.direction);
    return code;
}
