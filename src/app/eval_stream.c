/* freshet eval stream: a whole log, test first, then learn. */
#include "freshet/app/eval.h"
#include "freshet/app/wiring.h"
#include "freshet/base/clock.h"
#include "eval_log.h"
#include "eval_stream.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "Every event of the log is first a question: was its item in the list that would have been published for "
    "the\n"
    "user just before? Then everything learns from it, as it does live. Asked are first-time pairs of a user "
    "with a\n"
    "history and an item, against the whole catalogue without what the user took to before.\n"
    "\n"
    "Examples:\n"
    "  freshet eval stream --events day.jsonl.gz --target click\n"
    "  freshet eval stream --events log.jsonl --items items.jsonl --plot recall.svg\n"
    "  freshet eval stream --events log.jsonl --target purchase --repeats --k 10,20,50 --json\n";

struct stream_eval {
    struct stream_world world;
    struct stream_judge judge;
    struct stream_catalog *catalog; /* NULL: none */
    struct stream_groups *groups;   /* NULL: the configuration says */
    bool target[FR_EVENT_TYPE_N];
    bool repeats, sources, is_terminal;
    struct fr_map taken; /* user and item: pairs that are not first-time any more */
    struct fr_map first; /* item -> when it was first met + 1 */
    uint64_t events, to_read, next_progress;
    int64_t started_us;
    struct fr_vote votes[FR_RECOMMENDER_VOTES_MAX];
    struct fr_scratch scratch;
};

static uint64_t pair_of(uint32_t user, uint32_t item) { return (uint64_t)user << 32 | item; }

static uint32_t history_bucket(uint32_t seeds) { return seeds < 3 ? 0 : seeds < 10 ? 1 : seeds < 30 ? 2 : 3; }

/* Never met, within a day, within a week, older. */
static uint32_t age_bucket(const struct stream_eval *e, uint32_t item, fr_time_ms now_ms) {
    const uint64_t *first = fr_map_get(&e->first, item);
    if (!first) return 0;
    fr_time_ms age_ms = now_ms - (fr_time_ms)*first;
    return age_ms < 86400000 ? 1 : age_ms < 7 * 86400000 ? 2 : 3;
}

/* Takes out what the list would not show either. */
static uint32_t without_seen(const struct stream_eval *e, uint32_t user, struct fr_vote *votes, uint32_t n) {
    if (e->repeats) return n;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!fr_map_get(&e->taken, pair_of(user, votes[i].item))) votes[kept++] = votes[i];
    return kept;
}

static void judge_sources(struct stream_eval *e, const struct fr_query *q, uint32_t item) {
    const struct fr_recommender *r = e->world.recommender;
    for (uint32_t s = 0; s < fr_recommender_sources(r); s++) {
        const struct fr_source *source = fr_recommender_source(r, s);
        int64_t start_ns = fr_clock_cpu_ns();
        uint32_t n = source->ops->propose(source, q, &e->scratch, FR_LIST_ITEMS_MAX, e->votes);
        e->judge.source_s[s] += (double)(fr_clock_cpu_ns() - start_ns) * 1e-9;
        n = without_seen(e, q->user, e->votes, n);
        stream_judge_source(&e->judge, s, e->votes, n, item);
    }
    e->judge.sources = fr_recommender_sources(r);
}

static bool is_asked(const struct stream_eval *e, const struct stream_user *u, uint32_t user, uint32_t item) {
    return u->user.history.n > 0 && (e->repeats || !fr_map_get(&e->taken, pair_of(user, item)));
}

static void test(struct stream_eval *e, const struct stream_user *u, const struct fr_query *q,
                 const struct fr_event *event) {
    uint32_t n = event->item_n ? event->item_n : 1;
    struct fr_list list = {0};
    bool listed = false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t item =
            fr_dict_intern(e->world.ids, event->item_n ? event->items[i].item_id : event->item_id);
        if (!is_asked(e, u, q->user, item)) continue;
        if (!listed) {
            int64_t start_ns = fr_clock_cpu_ns();
            list = fr_recommender_list(e->world.recommender, q, e->world.use, &e->world.arena);
            e->judge.list_s += (double)(fr_clock_cpu_ns() - start_ns) * 1e-9;
            e->judge.lists++;
            listed = true;
        }
        stream_judge_list(&e->judge, &list, item, history_bucket(u->user.history.n),
                          age_bucket(e, item, event->time_ms));
        if (e->sources) judge_sources(e, q, item);
    }
}

/* What the user took to is no question any more. */
static void note_taken(struct stream_eval *e, uint32_t user, const struct fr_event *event) {
    bool taken = e->world.rules->events.weight[event->type] > 0;
    uint32_t n = event->item_n ? event->item_n : event->item_id.len ? 1 : 0;
    for (uint32_t i = 0; i < n; i++) {
        bool was_there;
        uint32_t item =
            fr_dict_intern(e->world.ids, event->item_n ? event->items[i].item_id : event->item_id);
        if (taken) fr_map_put(&e->taken, pair_of(user, item), NULL);
        uint64_t *first = fr_map_put(&e->first, item, &was_there);
        if (!was_there) *first = (uint64_t)event->time_ms;
    }
}

/* In place on a terminal, else a line now and then. */
static void show_progress(struct stream_eval *e) {
    if (e->events < e->next_progress) return;
    e->next_progress = e->events + e->to_read / (e->is_terminal ? 200 : 10) + 1;
    double seconds = (double)(fr_clock_mono_us() - e->started_us) * 1e-6;
    fprintf(stderr, "%s%3.0f %%  %llu of %llu events  %.0f s  recall@%u %.4f%s", e->is_terminal ? "\r" : "",
            100. * (double)e->events / (double)e->to_read, (unsigned long long)e->events,
            (unsigned long long)e->to_read, seconds, e->judge.ks[0], stream_recall(&e->judge.blend, 0),
            e->is_terminal ? " " : "\n");
}

static enum fr_err take_line(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg) {
    struct stream_eval *e = context;
    struct fr_event event;
    (void)msg;
    e->judge.slice = (uint32_t)(e->events * STREAM_SLICES / e->to_read);
    e->events++;
    show_progress(e);
    if (!stream_world_read(&e->world, line->value, &event) || !event.user_id.len) return FR_OK;
    stream_catalog_arrive(e->catalog, event.time_ms, e->world.recommender);
    uint32_t number;
    struct stream_user *u = stream_world_user(&e->world, &event, &number);
    struct fr_query q = stream_world_query(&e->world, u, number, &event);
    if (e->target[event.type]) test(e, u, &q, &event);
    note_taken(e, number, &event);
    stream_world_learn(&e->world, u, &q, &event);
    return FR_OK;
}

struct stream_options {
    const char *events, *items, *targets, *ks, *plot;
    bool repeats, blend_only;
};

/* "click,like": which types are asked; NULL: all that are an interest. False after complaining. */
static bool read_targets(struct stream_eval *e, const struct fr_rules *rules, const char *text) {
    for (unsigned t = 0; t < FR_EVENT_TYPE_N; t++) e->target[t] = !text && rules->events.weight[t] > 0;
    while (text && *text) {
        size_t n = strcspn(text, ",");
        enum fr_event_type type = fr_event_rules_type(&rules->events, (struct fr_str){text, (uint32_t)n});
        if (type == FR_EVENT_NONE || rules->events.weight[type] == 0) {
            fr_usage("eval", "--target %.*s: %s", (int)n, text,
                     type == FR_EVENT_NONE ? "there is no such type of event"
                                           : "its weight is 0: it is no interest that a list could meet");
            return false;
        }
        e->target[type] = true;
        text += n + (text[n] == ',');
    }
    return true;
}

static bool read_ks(struct stream_judge *j, const char *text) {
    while (*text) {
        char *end;
        unsigned long k = strtoul(text, &end, 10);
        if (end == text || (*end && *end != ',') || k < 1 || k > FR_LIST_ITEMS_MAX || j->k_n == STREAM_KS) {
            fr_usage("eval", "--k %s: lengths of 1 to %d, at most %d of them, as in 10,20", text,
                     FR_LIST_ITEMS_MAX, STREAM_KS);
            return false;
        }
        j->ks[j->k_n++] = (uint32_t)k;
        text = end + (*end == ',');
    }
    return j->k_n > 0;
}

static struct fr_recommender_params params_of(const struct stream_eval *e, const struct fr_rules *rules) {
    struct fr_recommender_params p = FR_RECOMMENDER_DEFAULTS;
    p.list = rules->list;
    p.list.seen = e->repeats ? FR_SEEN_SHOW : FR_SEEN_HIDE;
    p.list.items = 0;
    p.lessons_per_s = 0; /* nothing waits for them here, and some logs know only the day */
    for (uint32_t i = 0; i < e->judge.k_n; i++)
        if (e->judge.ks[i] > p.list.items) p.list.items = e->judge.ks[i];
    for (unsigned t = 0; t < FR_EVENT_TYPE_N; t++) p.targets |= (uint32_t)e->target[t] << t;
    return p;
}

static int report(struct stream_eval *e, const struct fr_app *app, const struct stream_options *o) {
    struct stream_report r = {.judge = &e->judge,
                              .world = &e->world,
                              .rules = e->world.rules,
                              .groups_chosen = e->groups != NULL,
                              .events = e->events,
                              .catalogue = e->first.n,
                              .total_s = (double)(fr_clock_mono_us() - e->started_us) * 1e-6};
    struct fr_buf out = {0};
    if (app->json)
        stream_report_json(&r, &out);
    else
        stream_report_table(&r, &out);
    fwrite(out.data, 1, out.len, stdout);
    int code = FR_EXIT_OK;
    if (o->plot) {
        fr_buf_clear(&out);
        stream_report_plot(&r, &out);
        code = eval_write(o->plot, &out);
    }
    fr_buf_fini(&out);
    return code;
}

enum { GROUPS_PART = 5 }; /* one in so many events may be looked at beforehand */

struct beforehand {
    struct stream_groups *groups;
    uint64_t left;
};

static enum fr_err take_beforehand(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg) {
    struct beforehand *b = context;
    if (b->left-- == 0) return fr_err_set(msg, FR_TIMEOUT, "enough");
    stream_groups_take(b->groups, line->value);
    return FR_OK;
}

/* Where the configuration is silent, the beginning of the log says by what attributes people differ. */
static enum fr_err choose_groups(struct stream_eval *e, const struct eval_log *log, struct fr_rules *rules,
                                 struct fr_errmsg *msg) {
    if (rules->profile.group_by_n) return FR_OK;
    struct fr_recommender_params params = params_of(e, rules);
    e->groups = stream_groups_new(rules, &params);
    struct beforehand b = {e->groups, e->to_read / GROUPS_PART};
    struct fr_errmsg enough = {0};
    enum fr_err err = eval_log_read(log, (struct fr_replay_sink){&b, take_beforehand}, &enough);
    if (err != FR_OK && err != FR_TIMEOUT) return fr_err_set(msg, err, "%s", enough.text);
    rules->profile.group_by_n = stream_groups_choose(e->groups, rules->profile.group_by);
    for (uint32_t i = 0; i < rules->profile.group_by_n; i++)
        fprintf(stderr, "%s%.*s%s", i ? ", " : "groups by ", FR_STR_ARG(rules->profile.group_by[i]),
                i + 1 < rules->profile.group_by_n ? "" : "\n");
    return FR_OK;
}

static enum fr_err read_all(struct stream_eval *e, const struct stream_options *o, struct fr_rules *rules,
                            char **more, int more_n, struct fr_errmsg *msg) {
    struct eval_log log = {&rules->events, o->events, more, more_n};
    enum fr_err err = eval_log_count(&log, &e->to_read, msg);
    if (err == FR_OK) err = choose_groups(e, &log, rules, msg);
    struct fr_recommender_params params = params_of(e, rules);
    stream_world_init(&e->world, rules, &params);
    if (err == FR_OK && o->items) err = stream_catalog_load(o->items, e->world.recommender, &e->catalog, msg);
    e->started_us = fr_clock_mono_us();
    if (err == FR_OK) err = eval_log_read(&log, (struct fr_replay_sink){e, take_line}, msg);
    return err;
}

static int run(struct stream_eval *e, struct fr_app *app, const struct stream_options *o,
               struct fr_rules *rules, char **more, int more_n) {
    struct fr_errmsg msg = {0};
    enum fr_err err = read_all(e, o, rules, more, more_n, &msg);
    if (e->is_terminal) fputs("\r\033[K", stderr);
    int code = FR_EXIT_NO_INPUT;
    if (err != FR_OK)
        fprintf(stderr, "freshet eval: %s\n", msg.text);
    else if (e->judge.blend.tested == 0)
        fprintf(
            stderr,
            "freshet eval: nothing to ask in %llu events (%llu rejected): no user comes back to a new item\n",
            (unsigned long long)e->events, (unsigned long long)e->world.rejected);
    else
        code = report(e, app, o);
    stream_world_fini(&e->world);
    stream_catalog_free(e->catalog);
    stream_groups_free(e->groups);
    stream_judge_fini(&e->judge);
    fr_map_fini(&e->taken);
    fr_map_fini(&e->first);
    fr_scratch_fini(&e->scratch);
    return code;
}

int fr_eval_stream(struct fr_app *app, int argc, char **argv) {
    struct stream_options o = {.ks = "10,20"};
    const struct fr_option options[] = {
        {"events", 0, "FILE", FR_OPTION_TEXT, &o.events,
         "native events, JSON lines, plain or gzip; more may follow"},
        {"items", 0, "FILE", FR_OPTION_TEXT, &o.items, "the catalogue, JSON lines, plain or gzip"},
        {"target", 0, "TYPE,..", FR_OPTION_TEXT, &o.targets, "what is asked (default: all with a weight)"},
        {"repeats", 0, NULL, FR_OPTION_FLAG, &o.repeats, "ask for repeated pairs too, and show seen items"},
        {"k", 0, "N,..", FR_OPTION_TEXT, &o.ks, "list lengths (default: 10,20)"},
        {"blend-only", 0, NULL, FR_OPTION_FLAG, &o.blend_only, "do not judge the sources one by one: faster"},
        {"plot", 0, "FILE", FR_OPTION_TEXT, &o.plot, "recall over time and by source, as SVG"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (code >= 0) return code;
    if (!o.events) return fr_usage("eval", "stream: which log? --events FILE");
    code = fr_app_configure(app);
    if (code) return code;
    struct fr_rules rules;
    struct fr_errmsg msg = {0};
    struct stream_eval *e = fr_alloc_zero(1, sizeof *e);
    e->repeats = o.repeats;
    e->sources = !o.blend_only;
    e->is_terminal = isatty(STDERR_FILENO);
    if (fr_wire_rules(&app->config, &rules, &msg) != FR_OK) {
        fprintf(stderr, "freshet eval: %s\n", msg.text);
        code = FR_EXIT_CONFIG;
    } else if (!read_targets(e, &rules, o.targets) || !read_ks(&e->judge, o.ks)) {
        code = FR_EXIT_USAGE;
    } else {
        code = run(e, app, &o, &rules, argv + 1, argc - 1);
    }
    fr_rules_fini(&rules);
    free(e);
    return code;
}
