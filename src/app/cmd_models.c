/* freshet models: the bundles in the store, and refits in this process. */
#include "freshet/adapt/kafka_admin.h"
#include "freshet/app/models.h"
#include "freshet/app/pretty.h"
#include "freshet/app/state_read.h"
#include "freshet/base/json.h"
#include "kafka_command.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help_text[] =
    "list              what is stored, the one in force marked\n"
    "show VERSION      its manifest: models, parameters, what it was worth on its holdout\n"
    "fit               reads the histories from Redis, fits the models of models.families, judges them "
    "against "
    "the\n"
    "                  bundle in force (or popularity) on what users did later, stores the candidate, and "
    "puts "
    "it\n"
    "                  in force unless it is significantly worse; exit 75 when it was refused\n"
    "import FILE       the same with a bundle made elsewhere, a safetensors file (docs/MODELS.md)\n"
    "promote VERSION   puts a stored bundle in force, whatever the judge said\n"
    "rollback [VERSION]  puts VERSION in force again, or the parent of the one that is\n"
    "\n"
    "What comes in force is told on <prefix>.examples and <prefix>.models; instances take it between "
    "batches.\n"
    "\n"
    "Examples:\n"
    "  freshet models fit --set models.threads=2\n"
    "  freshet models list --json | jq '.bundles[].blend'\n"
    "  freshet models rollback --reason 'lists of shoes only'\n";

struct work {
    struct fr_app *app;
    struct fr_wiring wiring;
    struct fr_rules rules;
    struct fr_refit_params params;
    struct fr_refit refit;
    const char *reason;
    char step[32]; /* shown last */
    fr_time_ms shown_ms;
};

static int failed(enum fr_err err, const struct fr_errmsg *msg) {
    if (err == FR_LIMIT) {
        fprintf(stderr, "freshet models: %s\n", msg->text);
        return FR_EXIT_NO_INPUT;
    }
    return fr_report_failed("models", err, msg);
}

static void print_json(struct fr_buf *out, bool compact) {
    struct fr_buf text = {0};
    if (compact)
        fr_buf_str(&text, fr_buf_slice(out));
    else
        fr_json_pretty(&text, fr_buf_slice(out));
    fr_buf_byte(&text, '\n');
    fwrite(text.data, 1, text.len, stdout);
    fr_buf_fini(&text);
    fr_buf_fini(out);
}

/* ---- list and show ---- */

static void list_json(const struct fr_stored_bundle *at, uint32_t n, const char *in_force) {
    struct fr_buf out = {0};
    fr_json_open(&out, '{');
    fr_json_key(&out, "in_force");
    fr_json_str(&out, fr_str_of(in_force));
    fr_json_key(&out, "bundles");
    fr_json_open(&out, '[');
    for (uint32_t i = 0; i < n; i++) fr_json_raw(&out, at[i].manifest);
    fr_json_close(&out, ']');
    fr_json_close(&out, '}');
    print_json(&out, true);
}

static int list(struct work *w) {
    struct fr_stored_bundle at[FR_BUNDLES_MAX];
    struct fr_arena arena = {0};
    struct fr_errmsg msg = {0};
    const struct fr_bundle_store store = {w->refit.store, w->refit.prefix};
    char in_force[FR_BUNDLE_VERSION_BYTES];
    uint32_t n = 0;
    enum fr_err err = fr_bundle_list(&store, at, &n, &arena, &msg);
    if (err == FR_OK) err = fr_bundle_in_force(&store, in_force, &msg);
    if (err == FR_OK && w->app->json) list_json(at, n, in_force);
    for (uint32_t i = 0; i < n && err == FR_OK && !w->app->json; i++)
        printf("%c %-30s %8.1f MiB\n", strcmp(at[i].version, in_force) == 0 ? '*' : ' ', at[i].version,
               (double)at[i].bytes / 1048576);
    if (err == FR_OK && n == 0) fprintf(stderr, "freshet models: no bundle is stored\n");
    fr_arena_fini(&arena);
    return err == FR_OK ? FR_EXIT_OK : failed(err, &msg);
}

static int show(struct work *w, const char *version) {
    struct fr_bundle *b = NULL;
    struct fr_errmsg msg = {0};
    struct fr_buf out = {0};
    const struct fr_bundle_store store = {w->refit.store, w->refit.prefix};
    enum fr_err err = fr_bundle_get(&store, version, &b, &msg);
    if (err != FR_OK) return failed(err, &msg);
    fr_bundle_json(b, &out);
    print_json(&out, w->app->json);
    fr_bundle_free(b);
    return FR_EXIT_OK;
}

/* ---- fit and import ---- */

/* On a terminal one line that changes, else a line for each step. */
static bool show_progress(void *context, const char *step, double done) {
    struct work *w = context;
    bool is_new = strcmp(step, w->step) != 0, terminal = isatty(STDERR_FILENO);
    fr_time_ms now_ms = fr_clock_wall_ms();
    if (w->app->verbose < 0 || (!is_new && (!terminal || now_ms - w->shown_ms < 200))) return true;
    snprintf(w->step, sizeof w->step, "%s", step);
    w->shown_ms = now_ms;
    if (terminal)
        fprintf(stderr, "\r\033[K%s %3.0f %%", step, 100 * done);
    else
        fprintf(stderr, "%s\n", step);
    return true;
}

static enum fr_err announce(void *context, const struct fr_model_event *event,
                            const struct fr_control *control, struct fr_errmsg *msg) {
    struct work *w = context;
    return fr_models_announce(&w->wiring.cluster, event, control, msg);
}

static void report_json(const struct fr_refit_result *r) {
    struct fr_buf out = {0};
    const struct {
        const char *name;
        double value;
    } figures[] = {{"candidate", r->verdict.candidate},
                   {"incumbent", r->verdict.incumbent},
                   {"difference", r->verdict.difference},
                   {"lower", r->verdict.lower},
                   {"upper", r->verdict.upper},
                   {"p_worse", r->verdict.p_worse},
                   {"cases", r->verdict.cases},
                   {"users", r->users},
                   {"items", r->items},
                   {"interactions", (double)r->interactions},
                   {"read_seconds", r->seconds.read},
                   {"choose_seconds", r->seconds.choose},
                   {"fit_seconds", r->seconds.fit},
                   {"judge_seconds", r->seconds.judge},
                   {"store_seconds", r->seconds.store}};
    fr_json_open(&out, '{');
    fr_json_key(&out, "version");
    fr_json_str(&out, fr_str_of(r->version));
    fr_json_key(&out, "promoted");
    fr_json_bool(&out, r->promoted);
    fr_json_key(&out, "in_force");
    fr_json_str(&out, fr_str_of(r->in_force));
    fr_json_key(&out, "held_to");
    fr_json_str(&out, r->incumbent[0] ? fr_str_of(r->incumbent) : FR_STR("popularity"));
    fr_json_key(&out, "because");
    fr_json_str(&out, fr_str_of(r->verdict.because));
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        fr_json_key(&out, figures[i].name);
        fr_json_number(&out, figures[i].value);
    }
    fr_json_close(&out, '}');
    print_json(&out, true);
}

static void report_text(const struct fr_refit_result *r) {
    printf("%s: %s (%s)\n", r->version, r->promoted ? "in force" : "refused", r->verdict.because);
    printf("ndcg@20 %.4f against %.4f of %s, difference %+.4f (95 %%: %+.4f to %+.4f), p %.3g, %u cases\n",
           r->verdict.candidate, r->verdict.incumbent, r->incumbent[0] ? r->incumbent : "popularity",
           r->verdict.difference, r->verdict.lower, r->verdict.upper, r->verdict.p_worse, r->verdict.cases);
    printf("%u users, %u items, %llu interactions; seconds: read %.1f, choose %.1f, fit %.1f, judge %.1f, "
           "store %.1f\n",
           r->users, r->items, (unsigned long long)r->interactions, r->seconds.read, r->seconds.choose,
           r->seconds.fit, r->seconds.judge, r->seconds.store);
}

/* ---- the catalogue, for models of content ---- */

static enum fr_err open_tail(void *context, enum fr_topic topic, struct fr_tail **tail,
                             struct fr_errmsg *msg) {
    return fr_wire_tail(context, topic, tail, msg);
}

/* The whole topic once; NULL: it did not answer, or nobody needs it. */
static struct fr_catalog_follow *read_catalog(struct work *w, struct fr_slot_hold *hold) {
    enum { PATIENCE_MS = 60000, NAP_MS = 20 };
    bool wanted = false;
    for (uint32_t i = 0; i < w->params.family_n; i++) wanted |= w->params.families[i].ops->needs_features;
    if (!wanted) return NULL;
    const struct fr_catalog_follow_config config = {
        .context = &w->wiring, .open_tail = open_tail, .features = FR_FEATURES_DEFAULTS};
    struct fr_catalog_follow *follow = fr_catalog_follow_start(&config);
    struct fr_catalog_follow_status status = {0};
    for (int waited_ms = 0; waited_ms < PATIENCE_MS && status.version == 0; waited_ms += NAP_MS) {
        fr_clock_sleep_ms(NAP_MS);
        fr_catalog_follow_status(follow, &status);
    }
    if (status.version == 0)
        fprintf(stderr, "freshet models: the catalogue did not come; models of content are left out\n");
    *hold = fr_slot_take(fr_catalog_follow_slot(follow));
    return follow;
}

static int fit(struct work *w) {
    struct fr_refit_result result;
    struct fr_errmsg msg = {0};
    struct fr_slot_hold catalog = {0};
    struct fr_catalog_follow *follow = read_catalog(w, &catalog);
    w->refit.catalog = catalog.thing;
    enum fr_err err = fr_refit_run(&w->refit, &result, &msg);
    if (follow) fr_slot_release(fr_catalog_follow_slot(follow), &catalog);
    fr_catalog_follow_stop(&follow);
    if (w->step[0] && isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K");
    if (err != FR_OK) return failed(err, &msg);
    if (w->app->json)
        report_json(&result);
    else
        report_text(&result);
    return result.promoted ? FR_EXIT_OK : FR_EXIT_TRY_AGAIN;
}

static enum fr_err read_file(const char *path, struct fr_buf *out, struct fr_errmsg *msg) {
    enum { PIECE = 1 << 20 };
    FILE *file = fopen(path, "rb");
    if (!file) return fr_err_set(msg, FR_IO, "%s cannot be opened", path);
    size_t n;
    while ((n = fread(fr_buf_reserve(out, PIECE), 1, PIECE, file)) > 0 && out->len + n <= UINT32_MAX)
        out->len += n;
    bool whole = feof(file) && !ferror(file);
    fclose(file);
    return whole ? FR_OK : fr_err_set(msg, FR_IO, "%s cannot be read, or is 4 GiB or more", path);
}

static int import(struct work *w, const char *path) {
    struct fr_buf bytes = {0};
    struct fr_bundle *given = NULL;
    struct fr_errmsg msg = {0};
    enum fr_err err = read_file(path, &bytes, &msg);
    if (err == FR_OK) err = fr_bundle_read(fr_buf_slice(&bytes), &given, &msg);
    fr_buf_fini(&bytes);
    if (err != FR_OK) {
        fprintf(stderr, "freshet models: %s: %s\n", path, msg.text);
        return FR_EXIT_NO_INPUT;
    }
    w->refit.given = given;
    int code = fit(w);
    fr_bundle_free(given);
    return code;
}

/* ---- promote and rollback ---- */

static int promote(struct work *w, const char *version, enum fr_model_event_kind why) {
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_refit_promote(&w->refit, version, why, w->reason, &msg);
    if (err != FR_OK) return failed(err, &msg);
    printf("%s\n", version[0] ? version : "no bundle is in force");
    return FR_EXIT_OK;
}

static int rollback(struct work *w, const char *version) {
    const struct fr_bundle_store store = {w->refit.store, w->refit.prefix};
    char in_force[FR_BUNDLE_VERSION_BYTES], parent[FR_BUNDLE_VERSION_BYTES] = "";
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_bundle_in_force(&store, in_force, &msg);
    if (err == FR_OK && !in_force[0]) err = fr_err_set(&msg, FR_LIMIT, "no bundle is in force");
    if (err == FR_OK && !version) err = fr_bundle_parent(&store, in_force, parent, &msg);
    if (err != FR_OK) return failed(err, &msg);
    return promote(w, version ? version : parent, FR_MODEL_EVENT_ROLLED_BACK);
}

/* ---- the command ---- */

static const struct action {
    const char *name;
    int arguments_least, arguments_most;
    bool tells; /* Kafka */
} actions[] = {{"list", 0, 0, false},  {"show", 1, 1, false},   {"fit", 0, 0, true},
               {"import", 1, 1, true}, {"promote", 1, 1, true}, {"rollback", 0, 1, true}};

static const struct action *find_action(const char *name) {
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, name) == 0) return &actions[i];
    return NULL;
}

static int act(struct work *w, const struct action *a, const char *argument) {
    if (strcmp(a->name, "list") == 0) return list(w);
    if (strcmp(a->name, "show") == 0) return show(w, argument);
    if (strcmp(a->name, "fit") == 0) return fit(w);
    if (strcmp(a->name, "import") == 0) return import(w, argument);
    if (strcmp(a->name, "promote") == 0) return promote(w, argument, FR_MODEL_EVENT_PROMOTED);
    return rollback(w, argument);
}

/* That the topics are there is seen before minutes of fitting, not after. */
static int check_kafka(const struct work *w) {
    const struct fr_kafka_cluster *cluster = &w->wiring.cluster;
    uint32_t partitions;
    struct fr_errmsg msg = {0};
    enum fr_err err = kafka_command_partitions(cluster, FR_TOPIC_MODELS, &partitions, &msg);
    if (err == FR_OK) err = kafka_command_partitions(cluster, FR_TOPIC_EXAMPLES, &partitions, &msg);
    return err == FR_OK ? FR_EXIT_OK : kafka_command_failed("models", w->wiring.config, err, &msg);
}

static int with_store(struct work *w, const struct action *a, const char *argument) {
    struct fr_errmsg msg = {0};
    struct fr_store *store = NULL;
    enum fr_err err = fr_wire_store(&w->app->config, "freshet-models", &store, &msg);
    if (err != FR_OK) return failed(err, &msg);
    w->refit = (struct fr_refit){.params = &w->params,
                                 .rules = &w->rules,
                                 .store = store,
                                 .prefix = w->app->config.topic_prefix,
                                 .by = "command",
                                 .progress = show_progress,
                                 .announce = announce,
                                 .context = w};
    int code = a->tells ? check_kafka(w) : FR_EXIT_OK;
    if (code == FR_EXIT_OK) code = act(w, a, argument);
    store->ops->close(store);
    return code;
}

static int run(struct work *w, const struct action *a, const char *argument, bool shuffle) {
    struct fr_errmsg msg = {0};
    int code = fr_app_configure(w->app);
    if (code) return code;
    fr_wiring_init(&w->wiring, &w->app->config, NULL);
    enum fr_err err = fr_wire_rules(&w->app->config, &w->rules, &msg);
    if (err == FR_OK) err = fr_models_params(&w->app->config, &w->params, &msg);
    w->params.shuffle_labels = shuffle;
    code = err == FR_OK ? with_store(w, a, argument) : failed(err, &msg);
    fr_rules_fini(&w->rules);
    fr_wiring_fini(&w->wiring);
    return code;
}

int fr_cmd_models(struct fr_app *app, int argc, char **argv) {
    bool shuffle = false;
    struct work w = {.app = app};
    const struct fr_option options[] = {
        {"reason", 0, "TEXT", FR_OPTION_TEXT, &w.reason, "promote, rollback: what is told with it"},
        {"shuffle-labels", 0, NULL, FR_OPTION_FLAG, &shuffle,
         "fit: for tests: exchanges the items among each other before the fit; such a candidate must be "
         "refused"}};
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help_text, &argc, argv);
    if (code >= 0) return code;
    const struct action *a = argc > 1 ? find_action(argv[1]) : NULL;
    if (!a) return fr_usage("models", "list, show, fit, import, promote or rollback is wanted");
    if (argc - 2 < a->arguments_least || argc - 2 > a->arguments_most)
        return fr_usage("models", "%s: %d argument%s", a->name, a->arguments_most,
                        a->arguments_most == 1 ? "" : "s");
    if (argc > 2 && strcmp(a->name, "import") != 0 && !fr_bundle_version_valid(fr_str_of(argv[2])))
        return fr_usage("models", "%s is not a version", argv[2]);
    return run(&w, a, argc > 2 ? argv[2] : NULL, shuffle);
}
