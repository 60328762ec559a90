/* freshet eval ctr: a whole log of impressions, test first, then learn. */
#include "freshet/app/eval.h"
#include "freshet/app/wiring.h"
#include "freshet/base/clock.h"
#include "freshet/target/click_model.h"
#include "eval_ctr.h"
#include "eval_log.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "Every impression of the log (impression, ad_impression) is first a question: how likely is it "
    "answered?\n"
    "Its answer is an event of --label by the same user on the same item, or on the same ad or creative, "
    "after\n"
    "it. Then the model learns, as it does live. With --window 0 an answer follows its impression at once: "
    "what\n"
    "has none when the next impression comes is a no. With a longer window that is known only when it has\n"
    "passed, and the model learns that much later.\n"
    "\n"
    "Examples:\n"
    "  freshet eval ctr --events impressions.jsonl.gz --items items.jsonl\n"
    "  freshet eval ctr --events ads.jsonl --label ad_conversion --window 1440 --plot reliability.svg\n";

enum {
    STEPS = 4096,
    DEFAULT_PENDING = 1 << 18,
    PENDING_MOST = 1 << 24,
    RATE_BITS_LEAST = 4,
    RATE_BITS_MOST = 26,
    MINUTE_MS = 60000
};

struct ctr_options {
    const char *events, *items, *label, *plot, *predictions;
    double window_minutes, late_minutes;
    int64_t limit, pending, rate_bits, model_bits;
};

/* What waits for its answer. */
struct waiting {
    struct fr_click_context context;
    uint64_t row; /* of the judge */
};

struct ctr_eval {
    const struct ctr_options *options;
    struct ctr_world *world;
    struct fr_click_model *model;
    struct fr_attribution *attribution;
    struct ctr_judge judge;
    struct ctr_step steps[STEPS + CTR_STEPS_PER_EVENT];
    uint32_t step_n;
    struct fr_click_features features;
    uint64_t features_row; /* whose they are */
    uint64_t events, shown, to_read, next_progress;
    double model_s;
    int64_t started_us;
    bool is_terminal;
};

/* ---- the model's part ---- */

static size_t judge_add(struct ctr_judge *j, double predicted, uint32_t group) {
    if (j->n == j->cap) {
        j->cap = j->cap * 2 + 65536;
        j->predicted = fr_realloc(j->predicted, j->cap * sizeof *j->predicted);
        j->labels = fr_realloc(j->labels, j->cap * sizeof *j->labels);
        j->groups = fr_realloc(j->groups, j->cap * sizeof *j->groups);
    }
    j->predicted[j->n] = predicted;
    j->labels[j->n] = -1;
    j->groups[j->n] = group;
    return j->n++;
}

static void make_features(struct ctr_eval *e, const struct waiting *w) {
    if (e->features_row == w->row) return;
    fr_click_model_features(e->model, &w->context, &e->features);
    e->features_row = w->row;
}

static void decide(struct ctr_eval *e, const struct waiting *w, bool yes) {
    make_features(e, w);
    fr_click_model_learn(e->model, &w->context, &e->features, yes, 1);
    e->judge.labels[w->row] = yes;
}

static void decide_until(struct ctr_eval *e, fr_time_ms now_ms) {
    const struct waiting *w;
    bool yes;
    while ((w = fr_attribution_decided(e->attribution, now_ms, &yes))) decide(e, w, yes);
}

static void take_shown(struct ctr_eval *e, const struct ctr_step *step) {
    struct waiting w = {.row = e->judge.n};
    fr_click_model_look(e->model, &step->shown, &w.context);
    make_features(e, &w);
    judge_add(&e->judge, fr_click_model_predict(e->model, &e->features), step->group);
    fr_click_model_shown(e->model, &w.context);
    fr_attribution_shown(e->attribution, step->key, step->shown.user, step->shown.time_ms, &w);
}

static void take_yes(struct ctr_eval *e, const struct ctr_step *step) {
    const void *payload = NULL;
    enum fr_attribution_answer answer = fr_attribution_yes(e->attribution, step->key, &payload);
    if (answer != FR_ANSWER_LATE) return;
    const struct waiting *w = payload;
    make_features(e, w);
    fr_click_model_late_yes(e->model, &w->context, &e->features);
    e->judge.labels[w->row] = true;
}

/* Impressions of one event are shown together: none is decided between them. */
static void take_steps(struct ctr_eval *e) {
    bool at_once = e->options->window_minutes <= 0, in_group = false;
    int64_t start_ns = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < e->step_n; i++) {
        const struct ctr_step *step = &e->steps[i];
        if (!at_once)
            decide_until(e, step->shown.time_ms);
        else if (!step->is_yes && !in_group)
            decide_until(e, INT64_MAX);
        in_group = step->goes_on;
        if (step->is_yes)
            take_yes(e, step);
        else
            take_shown(e, step);
    }
    e->model_s += (double)(fr_clock_cpu_ns() - start_ns) * 1e-9;
    e->step_n = 0;
}

/* ---- the log ---- */

static void show_progress(struct ctr_eval *e) {
    if (e->events < e->next_progress) return;
    e->next_progress = e->events + e->to_read / (e->is_terminal ? 200 : 10) + 1;
    fprintf(stderr, "%s%3.0f %%  %llu of %llu events, %zu impressions%s", e->is_terminal ? "\r" : "",
            100. * (double)e->events / (double)e->to_read, (unsigned long long)e->events,
            (unsigned long long)e->to_read, e->judge.n, e->is_terminal ? " " : "\n");
}

static enum fr_err take_line(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg) {
    struct ctr_eval *e = context;
    struct ctr_step *steps = e->steps + e->step_n;
    e->events++;
    show_progress(e);
    uint32_t n = ctr_world_read(e->world, line->value, steps);
    if (n && !steps[0].is_yes) e->shown += n;
    if (e->options->limit && e->shown > (uint64_t)e->options->limit)
        return fr_err_set(msg, FR_TIMEOUT, "enough");
    e->step_n += n;
    if (e->step_n >= STEPS) take_steps(e);
    return FR_OK;
}

static enum fr_err read_all(struct ctr_eval *e, const struct eval_log *log, struct fr_errmsg *msg) {
    const struct ctr_options *o = e->options;
    struct fr_errmsg stop = {0};
    enum fr_err err = eval_log_count(log, &e->to_read, msg);
    if (err == FR_OK && o->items) err = ctr_world_items(e->world, o->items, msg);
    if (err != FR_OK) return err;
    e->started_us = fr_clock_mono_us();
    err = eval_log_read(log, (struct fr_replay_sink){e, take_line}, &stop);
    take_steps(e);
    if (o->window_minutes <= 0) decide_until(e, INT64_MAX);
    if (err == FR_OK || err == FR_TIMEOUT) return FR_OK;
    return fr_err_set(msg, err, "%s", stop.text);
}

/* ---- the report ---- */

/* What was decided, in the order of the log. */
static void predictions_text(const struct ctr_judge *j, struct fr_buf *out) {
    fr_buf_printf(out, "predicted,label\n");
    for (size_t i = 0; i < j->n; i++)
        if (j->labels[i] >= 0) fr_buf_printf(out, "%.9g,%d\n", j->predicted[i], j->labels[i]);
}

static int write_files(const struct ctr_eval *e, const struct ctr_report *r) {
    struct fr_buf text = {0};
    int code = FR_EXIT_OK;
    if (e->options->plot) {
        ctr_report_plot(r, &text);
        code = eval_write(e->options->plot, &text);
    }
    if (e->options->predictions && code == FR_EXIT_OK) {
        fr_buf_clear(&text);
        predictions_text(&e->judge, &text);
        code = eval_write(e->options->predictions, &text);
    }
    fr_buf_fini(&text);
    return code;
}

static int report(const struct ctr_eval *e, const struct fr_app *app) {
    const struct ctr_options *o = e->options;
    struct ctr_report r = {.judge = &e->judge,
                           .world = e->world,
                           .label = o->label ? o->label : "click, ad_click",
                           .answers = fr_attribution_counts(e->attribution),
                           .undecided = fr_attribution_pending(e->attribution),
                           .events = e->events,
                           .model_s = e->model_s,
                           .total_s = (double)(fr_clock_mono_us() - e->started_us) * 1e-6,
                           .window_minutes = o->window_minutes};
    struct fr_buf out = {0};
    if (app->json)
        ctr_report_json(&r, &out);
    else
        ctr_report_table(&r, &out);
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
    return write_files(e, &r);
}

/* ---- the command ---- */

/* "click,like": which types are a yes. False after complaining. */
static bool read_labels(const struct fr_rules *rules, const char *text, bool labels[FR_EVENT_TYPE_N]) {
    if (!text) labels[FR_EVENT_CLICK] = labels[FR_EVENT_AD_CLICK] = true;
    while (text && *text) {
        size_t n = strcspn(text, ",");
        enum fr_event_type type = fr_event_rules_type(&rules->events, (struct fr_str){text, (uint32_t)n});
        if (type == FR_EVENT_NONE) {
            fr_usage("eval", "--label %.*s: there is no such type of event", (int)n, text);
            return false;
        }
        labels[type] = true;
        text += n + (text[n] == ',');
    }
    return true;
}

static struct fr_attribution *new_attribution(const struct ctr_options *o) {
    bool at_once = o->window_minutes <= 0;
    struct fr_attribution_params params = {.window_ms = (fr_time_ms)(o->window_minutes * MINUTE_MS),
                                           .late_ms = (fr_time_ms)(o->late_minutes * MINUTE_MS),
                                           .capacity = at_once ? STEPS : (uint32_t)o->pending,
                                           .payload_bytes = sizeof(struct waiting)};
    return fr_attribution_new(&params);
}

static int run(struct ctr_eval *e, const struct fr_app *app, const struct eval_log *log) {
    struct fr_errmsg msg = {0};
    enum fr_err err = read_all(e, log, &msg);
    if (e->is_terminal) fputs("\r\033[K", stderr);
    if (err == FR_OK && fr_click_model_learnt(e->model) > 0) return report(e, app);
    if (err != FR_OK)
        fprintf(stderr, "freshet eval: %s\n", msg.text);
    else
        fprintf(stderr,
                "freshet eval: of %llu events (%llu rejected) %zu are impressions and none is decided: "
                "nothing to learn\n",
                (unsigned long long)e->events, (unsigned long long)ctr_world_rejected(e->world), e->judge.n);
    return FR_EXIT_NO_INPUT;
}

static int evaluate(struct fr_app *app, const struct ctr_options *o, const struct fr_rules *rules,
                    char **more, int more_n) {
    bool labels[FR_EVENT_TYPE_N] = {false};
    if (!read_labels(rules, o->label, labels)) return FR_EXIT_USAGE;
    struct fr_click_model_params params =
        o->model_bits ? fr_click_model_of_bits((uint32_t)o->model_bits) : fr_click_model_defaults();
    if (o->rate_bits) params.counts.rates.bits = (uint32_t)o->rate_bits;
    struct ctr_eval *e = fr_alloc_zero(1, sizeof *e);
    e->options = o;
    e->world = ctr_world_new(rules, labels);
    e->model = fr_click_model_new(&params);
    e->attribution = new_attribution(o);
    e->features_row = UINT64_MAX;
    e->is_terminal = isatty(STDERR_FILENO);
    int code = run(e, app, &(struct eval_log){&rules->events, o->events, more, more_n});
    fr_attribution_free(e->attribution);
    fr_click_model_free(e->model);
    ctr_world_free(e->world);
    free(e->judge.predicted);
    free(e->judge.labels);
    free(e->judge.groups);
    free(e);
    return code;
}

int fr_eval_ctr(struct fr_app *app, int argc, char **argv) {
    struct ctr_options o = {.late_minutes = 0, .pending = DEFAULT_PENDING};
    const struct fr_option options[] = {
        {"events", 0, "FILE", FR_OPTION_TEXT, &o.events,
         "native events, JSON lines, plain or gzip; more may follow"},
        {"items", 0, "FILE", FR_OPTION_TEXT, &o.items, "the catalogue, JSON lines, plain or gzip"},
        {"label", 0, "TYPE,..", FR_OPTION_TEXT, &o.label, "what is a yes (default: click,ad_click)"},
        {"window", 0, "MINUTES", FR_OPTION_NUMBER, &o.window_minutes,
         "how long an answer is waited for (default: 0, until the next impression)"},
        {"late", 0, "MINUTES", FR_OPTION_NUMBER, &o.late_minutes,
         "how much later an answer still corrects a no (default: 0)"},
        {"pending", 0, "N", FR_OPTION_INT, &o.pending, "impressions that may wait (default: 262144)"},
        {"rate-bits", 0, "N", FR_OPTION_INT, &o.rate_bits, "keep at most 2^N running rates (default: 20)"},
        {"model-bits", 0, "N", FR_OPTION_INT, &o.model_bits,
         "all tables as targeting.model_bits makes them (default: larger ones)"},
        {"limit", 0, "N", FR_OPTION_INT, &o.limit, "stop after so many impressions"},
        {"plot", 0, "FILE", FR_OPTION_TEXT, &o.plot,
         "reliability diagram and calibration over the log, as SVG"},
        {"predictions", 0, "FILE", FR_OPTION_TEXT, &o.predictions,
         "what was predicted and what came of it, as CSV"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (code >= 0) return code;
    if (!o.events) return fr_usage("eval", "ctr: which log? --events FILE");
    if (o.pending < 1 || o.pending > PENDING_MOST)
        return fr_usage("eval", "--pending: 1 to %d", PENDING_MOST);
    if (o.rate_bits && (o.rate_bits < RATE_BITS_LEAST || o.rate_bits > RATE_BITS_MOST))
        return fr_usage("eval", "--rate-bits: %d to %d", RATE_BITS_LEAST, RATE_BITS_MOST);
    if (o.model_bits && (o.model_bits < FR_CLICK_MODEL_BITS_LEAST || o.model_bits > FR_CLICK_MODEL_BITS_MOST))
        return fr_usage("eval", "--model-bits: %d to %d", FR_CLICK_MODEL_BITS_LEAST,
                        FR_CLICK_MODEL_BITS_MOST);
    code = fr_app_configure(app);
    if (code) return code;
    struct fr_rules rules;
    struct fr_errmsg msg = {0};
    if (fr_wire_rules(&app->config, &rules, &msg) == FR_OK) {
        code = evaluate(app, &o, &rules, argv + 1, argc - 1);
    } else {
        fprintf(stderr, "freshet eval: %s\n", msg.text);
        code = FR_EXIT_CONFIG;
    }
    fr_rules_fini(&rules);
    return code;
}
