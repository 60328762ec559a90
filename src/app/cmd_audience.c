/* freshet audience: how many people a rule or a segment reaches, and how many are like them, from the stored states, as target/audience.h says it. */
#include "audience_like.h"
#include "freshet/app/campaigns_change.h"
#include "freshet/base/json.h"
#include "freshet/target/audience.h"
#include <stdio.h>

static const char help[] =
    "Counts the users who match the rule and may be counted (targeting.consent), and prints an estimate:\n"
    "to the nearest 10, with noise, and nothing of less than about 75 people. docs/RULES.md has the\n"
    "language, and what the noise hides. Segments are read from the campaigns topic and interests by the\n"
    "items topic, if a rule asks for them. Propensities are asked of the models in force.\n"
    "\n"
    "--like and --like-rule ask who is like the people of a segment or a rule and not one of them: by the\n"
    "angle between the vectors that the fitted model in force has of their histories. Sizes are estimates\n"
    "as above. --list writes the ids of the nearest, one a line; never fewer than about 75.\n"
    "\n"
    "Examples:\n"
    "  freshet audience --rule 'country == \"CN\" and purchases(30d) >= 1'\n"
    "  freshet audience --rule 'interest(\"shoes\") > 0.3 and not segment(\"vip\")'\n"
    "  freshet audience --segment vip\n"
    "  freshet audience --rule-file rule.txt --json\n"
    "  freshet audience --like vip\n"
    "  freshet audience --like vip --list ids.txt --most 500 --least 0.6\n";

/* What is asked for: one of the three; of those who match, or of those who are like them. */
struct question {
    const char *text, *path, *segment;
    bool is_like;
    struct audience_like_wishes like;
    struct fr_buf file;
    struct fr_rule *compiled;   /* owned; NULL: the segment's */
    const struct fr_rule *rule; /* that is asked */
};

struct count {
    const struct fr_rule *rule;
    struct fr_audience matching, everybody;
};

/* ---- the rule ---- */

/* FR_EXIT_OK, or what was wrong has been said. */
static int read_file(const char *path, struct fr_buf *text) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "freshet audience: %s cannot be read\n", path);
        return FR_EXIT_NO_INPUT;
    }
    text->len = fread(fr_buf_reserve(text, FR_RULE_BYTES + 1), 1, FR_RULE_BYTES + 1, file);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed) fprintf(stderr, "freshet audience: %s cannot be read\n", path);
    return failed ? FR_EXIT_NO_INPUT : FR_EXIT_OK;
}

static int compile(struct question *q) {
    const struct fr_rule_scope scope = {.has_segments = true};
    struct fr_rule_errors errors;
    int code = q->path ? read_file(q->path, &q->file) : FR_EXIT_OK;
    if (code != FR_EXIT_OK || q->segment) return code;
    q->compiled = fr_rule_compile(q->path ? fr_buf_slice(&q->file) : fr_str_of(q->text), &scope, &errors);
    q->rule = q->compiled;
    for (uint32_t i = 0; !q->rule && i < errors.n; i++)
        fprintf(stderr, "%s:%u:%u: %s\n", q->path ? q->path : "rule", errors.at[i].line, errors.at[i].column,
                errors.at[i].text);
    return q->rule ? FR_EXIT_OK : FR_EXIT_USAGE;
}

static int find_segment(struct question *q, struct audience_world *w) {
    int code = audience_world_read_campaigns(w);
    if (code != FR_EXIT_OK) return code;
    const struct fr_campaign_entry *found = fr_campaign_set_segment(w->set, fr_str_of(q->segment));
    if (found) {
        q->rule = found->rule;
        return FR_EXIT_OK;
    }
    const char *near = fr_campaigns_near_segment(w->set, fr_str_of(q->segment), &w->scratch);
    fprintf(stderr, "freshet audience: no such segment: %s%s%s%s\n", q->segment,
            near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    return FR_EXIT_NO_INPUT;
}

/* ---- counting ---- */

static enum fr_err count_person(void *context, const struct audience_person *person, struct fr_errmsg *msg) {
    struct count *c = context;
    (void)msg;
    fr_audience_add(&c->everybody, person->id);
    if (fr_rule_matches(c->rule, person->facts)) fr_audience_add(&c->matching, person->id);
    return FR_OK;
}

/* ---- the answer ---- */

static void print_json(const struct question *q, struct fr_str rule, int64_t people, fr_time_ms now_ms) {
    struct fr_buf out = {0};
    fr_json_open(&out, '{');
    if (q->segment) {
        fr_json_key(&out, "segment");
        fr_json_str(&out, fr_str_of(q->segment));
    }
    fr_json_key(&out, "rule");
    fr_json_str(&out, rule);
    fr_json_key(&out, "people");
    if (people == FR_AUDIENCE_FEW)
        fr_json_null(&out);
    else
        fr_json_int(&out, people);
    fr_json_key(&out, "as_of");
    fr_json_time(&out, now_ms);
    fr_json_close(&out, '}');
    printf("%.*s\n", (int)out.len, out.data);
    fr_buf_fini(&out);
}

static void print(const struct fr_app *app, const struct question *q, const struct count *c,
                  fr_time_ms now_ms) {
    struct fr_buf rule = {0};
    struct fr_str salt = fr_str_of(app->config.targeting.audience_salt);
    int64_t people = fr_audience_estimate(&c->matching, &c->everybody, salt);
    fr_rule_write(&rule, c->rule);
    if (app->json)
        print_json(q, fr_buf_slice(&rule), people, now_ms);
    else if (people == FR_AUDIENCE_FEW)
        printf("too few people to say how many (about 75 or less)\n");
    else
        printf("about %lld people\n", (long long)people);
    fr_buf_fini(&rule);
}

static int estimate(const struct fr_app *app, const struct question *q, struct audience_world *w) {
    struct count c = {.rule = q->rule};
    struct fr_errmsg msg = {0};
    enum fr_err err = audience_world_each(w, count_person, &c, &msg);
    if (err != FR_OK) return fr_report_failed("audience", err, &msg);
    print(app, q, &c, w->now_ms);
    return FR_EXIT_OK;
}

static void warn_of_salt(const struct fr_app *app) {
    if (!app->config.targeting.audience_salt[0])
        fprintf(stderr, "freshet audience: targeting.audience_salt is empty: who knows everybody in an "
                        "audience can work out its noise\n");
}

static int run(struct fr_app *app, struct question *q) {
    struct audience_world world;
    int code = audience_world_open(&world, &app->config);
    if (code == FR_EXIT_OK && q->segment) code = find_segment(q, &world);
    if (code == FR_EXIT_OK) code = audience_world_prepare(&world, q->rule);
    if (code == FR_EXIT_OK)
        code = q->is_like ? audience_like(app, &world, q->rule, &q->like) : estimate(app, q, &world);
    audience_world_close(&world);
    if (code == FR_EXIT_OK) warn_of_salt(app);
    return code;
}

/* -1: go on. */
static int judge_usage(struct question *q, const char *like, const char *like_rule, bool has_limits) {
    int questions =
        (q->text != NULL) + (q->path != NULL) + (q->segment != NULL) + (like != NULL) + (like_rule != NULL);
    if (questions != 1)
        return fr_usage("audience",
                        "one of --rule, --rule-file, --segment, --like and --like-rule is wanted");
    q->is_like = like || like_rule;
    if (like_rule) q->text = like_rule;
    if (like) q->segment = q->like.segment = like;
    if (q->like.list && !q->is_like) return fr_usage("audience", "--list is for --like and --like-rule");
    if (has_limits && !q->like.list) return fr_usage("audience", "--most and --least are for --list");
    if (q->like.most < 1 || q->like.most > UINT32_MAX || q->like.least > 1)
        return fr_usage("audience", "--most is from 1, --least from 0 to 1");
    return -1;
}

int fr_cmd_audience(struct fr_app *app, int argc, char **argv) {
    enum { MOST = 1000 };
    const char *like = NULL, *like_rule = NULL;
    struct question q = {.like = {.most = MOST}};
    const struct fr_option options[] = {
        {"rule", 0, "TEXT", FR_OPTION_TEXT, &q.text, "the rule"},
        {"rule-file", 0, "FILE", FR_OPTION_TEXT, &q.path, "a file with the rule"},
        {"segment", 0, "NAME", FR_OPTION_TEXT, &q.segment, "the rule of this segment"},
        {"like", 0, "SEGMENT", FR_OPTION_TEXT, &like, "who is like the people of this segment"},
        {"like-rule", 0, "TEXT", FR_OPTION_TEXT, &like_rule, "who is like those who match this rule"},
        {"list", 0, "FILE", FR_OPTION_TEXT, &q.like.list, "like: write the ids of the nearest there"},
        {"most", 0, "N", FR_OPTION_INT, &q.like.most, "list: at most so many (default 1000)"},
        {"least", 0, "S", FR_OPTION_NUMBER, &q.like.least, "list: only those at least so similar, 0 to 1"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (code >= 0) return code;
    if (argc > 1) return fr_usage("audience", "%s: this command takes no arguments", argv[1]);
    code = judge_usage(&q, like, like_rule, q.like.most != MOST || q.like.least > 0);
    if (code >= 0) return code;
    code = compile(&q);
    if (code == FR_EXIT_OK) code = fr_app_configure(app);
    if (code == FR_EXIT_OK) code = run(app, &q);
    fr_rule_free(q.compiled);
    fr_buf_fini(&q.file);
    return code;
}
