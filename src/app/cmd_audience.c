/* freshet audience: how many people a rule reaches, from the stored states, as target/audience.h says it.
 *
 * Windows end now, or at the end of the epoch of the latest event when that is earlier: a log that was replayed is asked as of
 * its own time. */
#include "freshet/app/command.h"
#include "freshet/app/state_read.h"
#include "freshet/base/json.h"
#include "freshet/target/audience.h"
#include "freshet/target/rule.h"
#include <stdio.h>

static const char help[] =
    "Counts the users who match the rule and may be counted (targeting.consent), and prints an estimate: to "
    "the\n"
    "nearest 10, with noise, and nothing of less than about 75 people. docs/RULES.md has the language, and "
    "what the\n"
    "noise hides. A rule may not ask for interests, segments or propensities here.\n"
    "\n"
    "Examples:\n"
    "  freshet audience --rule 'country == \"CN\" and purchases(30d) >= 1'\n"
    "  freshet audience --rule-file rule.txt --json\n";

struct count {
    struct fr_state_reader *reader;
    const struct fr_rule *rule;
    struct fr_audience matching, everybody;
    fr_time_ms now_ms;
    uint32_t read, all;
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

static struct fr_rule *compile(struct fr_str text, const char *path) {
    struct fr_rule_errors errors;
    struct fr_rule *rule = fr_rule_compile(text, NULL, &errors);
    for (uint32_t i = 0; !rule && i < errors.n; i++)
        fprintf(stderr, "%s:%u:%u: %s\n", path ? path : "rule", errors.at[i].line, errors.at[i].column,
                errors.at[i].text);
    return rule;
}

/* What is asked of more than the stored states. */
static const char *asks_too_much(const struct fr_rule *rule) {
    const struct fr_str *names;
    if (fr_rule_asks_interests(rule)) return "interest(..) needs the catalogue, which is not read here";
    return fr_rule_propensities(rule, &names) ? "propensity(..) needs a model, which is not read here" : NULL;
}

/* ---- counting ---- */

static void tell_progress(struct count *c) {
    if (++c->read % 100000 == 0) fprintf(stderr, "freshet audience: %u of %u users\n", c->read, c->all);
}

static enum fr_err count_user(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct count *c = context;
    const struct fr_rules *rules = &c->reader->rules;
    struct fr_user user;
    enum fr_err err = fr_state_user(c->reader, state, &user, msg);
    if (err == FR_OK && fr_user_allows_ads(&user, rules->ads.consent_must_be_given)) {
        struct fr_rule_facts facts = {
            .user = &user, .rules = &rules->profile, .ids = &c->reader->ids, .now_ms = c->now_ms};
        fr_audience_add(&c->everybody, state->id);
        if (fr_rule_matches(c->rule, &facts)) fr_audience_add(&c->matching, state->id);
    }
    tell_progress(c);
    fr_user_fini(&user);
    return err;
}

static enum fr_err set_time(struct count *c, struct fr_errmsg *msg) {
    int32_t epoch;
    enum fr_err err = fr_state_epoch(c->reader, &epoch, msg);
    if (err != FR_OK) return err;
    fr_time_ms end_ms = ((fr_time_ms)epoch + 1) * c->reader->rules.profile.epoch_ms - 1;
    c->now_ms = fr_clock_wall_ms();
    if (end_ms < c->now_ms) c->now_ms = end_ms;
    return FR_OK;
}

static enum fr_err count_all(struct count *c, struct fr_errmsg *msg) {
    struct fr_state_list list = {0};
    enum fr_err err = set_time(c, msg);
    if (err == FR_OK)
        err = fr_state_list(c->reader->store, &c->reader->keys[FR_STAGE_USER], FR_KEY_USER, &list, msg);
    c->all = list.n;
    if (err == FR_OK) err = fr_state_each(c->reader->store, &list, count_user, c, msg);
    fr_state_list_fini(&list);
    return err;
}

/* ---- the answer ---- */

static void print_json(struct fr_str rule, int64_t people, fr_time_ms now_ms) {
    struct fr_buf out = {0};
    fr_json_open(&out, '{');
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

static void print(const struct fr_app *app, const struct count *c) {
    struct fr_buf rule = {0};
    struct fr_str salt = fr_str_of(app->config.targeting.audience_salt);
    int64_t people = fr_audience_estimate(&c->matching, &c->everybody, salt);
    fr_rule_write(&rule, c->rule);
    if (app->json)
        print_json(fr_buf_slice(&rule), people, c->now_ms);
    else if (people == FR_AUDIENCE_FEW)
        printf("too few people to say how many (about 75 or less)\n");
    else
        printf("about %lld people\n", (long long)people);
    fr_buf_fini(&rule);
    if (!salt.len)
        fprintf(stderr, "freshet audience: targeting.audience_salt is empty: who knows everybody in an "
                        "audience can work out its noise\n");
}

static int estimate(const struct fr_app *app, const struct fr_rule *rule) {
    struct fr_state_reader reader;
    struct fr_errmsg msg = {0};
    struct count c = {.reader = &reader, .rule = rule};
    enum fr_err err = fr_state_open(&reader, &app->config, &msg);
    if (err == FR_OK && reader.keys[FR_STAGE_USER].partitions == 0)
        fprintf(stderr, "freshet audience: nothing is stored under the prefix %s\n",
                app->config.topic_prefix);
    if (err == FR_OK) err = count_all(&c, &msg);
    if (err == FR_OK) print(app, &c);
    fr_state_close(&reader);
    return err == FR_OK ? FR_EXIT_OK : fr_report_failed("audience", err, &msg);
}

static int run(struct fr_app *app, struct fr_str text, const char *path) {
    struct fr_rule *rule = compile(text, path);
    const char *too_much = rule ? asks_too_much(rule) : NULL;
    int code = rule && !too_much ? fr_app_configure(app) : FR_EXIT_USAGE;
    if (too_much) fprintf(stderr, "freshet audience: %s\n", too_much);
    if (code == FR_EXIT_OK) code = estimate(app, rule);
    fr_rule_free(rule);
    return code;
}

int fr_cmd_audience(struct fr_app *app, int argc, char **argv) {
    const char *text = NULL, *path = NULL;
    const struct fr_option options[] = {
        {"rule", 0, "TEXT", FR_OPTION_TEXT, &text, "the rule"},
        {"rule-file", 0, "FILE", FR_OPTION_TEXT, &path, "a file with the rule"}};
    int code = fr_options_read(app, options, 2, help, &argc, argv);
    if (code >= 0) return code;
    if (argc > 1 || !text == !path) return fr_usage("audience", "one of --rule and --rule-file is wanted");
    struct fr_buf file = {0};
    code = path ? read_file(path, &file) : FR_EXIT_OK;
    if (code == FR_EXIT_OK) code = run(app, path ? fr_buf_slice(&file) : fr_str_of(text), path);
    fr_buf_fini(&file);
    return code;
}
