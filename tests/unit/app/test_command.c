#include "freshet/app/command.h"
#include "generated.h"
#include <stdlib.h>

enum { WORDS = 16 };

static struct fr_app app;
static char copies[WORDS][64], *words[WORDS + 1];
static int word_n;

/* "check -v x" as an argv that may be reordered. */
static void set_words(const char *line) {
    word_n = 0;
    for (const char *p = line; *p && word_n < WORDS; word_n++) {
        size_t len = strcspn(p, " ");
        snprintf(copies[word_n], sizeof copies[0], "%.*s", (int)len, p);
        words[word_n] = copies[word_n];
        p += len + (p[len] == ' ');
    }
    words[word_n] = NULL;
}

static int run(const char *line) {
    set_words(line);
    return fr_command_main(word_n, words);
}

static bool flag;
static const char *text;
static int64_t number;
static double rate;
static const struct fr_option options[] = {
    {"flag", 'f', NULL, FR_OPTION_FLAG, &flag, "a flag"},
    {"text", 't', "TEXT", FR_OPTION_TEXT, &text, "a text"},
    {"until-idle", 0, "SECONDS", FR_OPTION_INT, &number, "a number"},
    {"rate", 'r', "N", FR_OPTION_NUMBER, &rate, "a number"},
};

static int read_options(const char *line) {
    app = (struct fr_app){.config_file = NULL};
    flag = false;
    text = NULL;
    number = 0;
    rate = 0;
    set_words(line);
    return fr_options_read(&app, options, 4, "", &word_n, words);
}

static void test_options_in_every_form(void) {
    CHECK_INT(read_options("check a --flag --text=x --until-idle 7 b -r2.5"), -1);
    CHECK(flag);
    CHECK_STR(text, "x");
    CHECK_INT(number, 7);
    CHECK_NEAR(rate, 2.5, 0);
    CHECK_INT(word_n, 3);
    CHECK_STR(words[1], "a");
    CHECK_STR(words[2], "b");
    CHECK_INT(read_options("check -ft y -- --flag -"), -1);
    CHECK_STR(text, "y");
    CHECK_INT(word_n, 3);
    CHECK_STR(words[1], "--flag");
}

static void test_global_options(void) {
    CHECK_INT(read_options("check -vv -q -c f.yaml --set a=b --set c=d --json"), -1);
    CHECK_INT(app.verbose, 1);
    CHECK_STR(app.config_file, "f.yaml");
    CHECK_INT(app.set_n, 2);
    CHECK_STR(app.sets[1], "c=d");
    CHECK(app.json);
}

static void test_wrong_options(void) {
    static const char *const lines[] = {"check --flog",          "check -x",         "check --text",
                                        "check --until-idle x",  "check -t",         "check --flag=1",
                                        "check --until-idle -1", "check --rate nan", "check --until-idle 1x"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) CHECK_INT(read_options(lines[i]), 64);
    char many[] = "check --set=a=b";
    app = (struct fr_app){.set_n = FR_APP_SETS_MAX};
    set_words(many);
    CHECK_INT(fr_options_read(&app, options, 4, "", &word_n, words), 64);
}

static void test_suggestions(void) {
    static const char *const names[] = {"run", "replay", "rejects", "show"};
    CHECK_STR(fr_suggest("rply", names, 4), "replay");
    CHECK_STR(fr_suggest("rnu", names, 4), "run");
    CHECK_STR(fr_suggest("reject", names, 4), "rejects");
    CHECK(fr_suggest("elephant", names, 4) == NULL);
    CHECK(fr_suggest("", names, 4) == NULL);
}

static void test_exit_codes(void) {
    CHECK_INT(run("freshet"), 64);
    CHECK_INT(run("freshet chekc"), 64);
    CHECK_INT(run("freshet check extra"), 64);
    CHECK_INT(run("freshet check --connect --offline"), 64);
    CHECK_INT(run("freshet check -c /nowhere/x.yaml"), 66);
    CHECK_INT(run("freshet --set run.workers=0 check"), 78);
    CHECK_INT(run("freshet check --log-format xml"), 78);
    CHECK_INT(run("freshet -c config/freshet.yaml check"), 0);
    CHECK_INT(run("freshet topics makes"), 64);
    CHECK_INT(run("freshet topics create check"), 64);
    CHECK_INT(run("freshet replay"), 64);
    CHECK_INT(run("freshet rejects"), 64);
    CHECK_INT(run("freshet rejects replay --code nonsense"), 64);
    CHECK_INT(run("freshet forget"), 64);
    CHECK_INT(run("freshet forget --yes \x01"), 64);
    CHECK_INT(run("freshet --json version"), 0);
    CHECK_INT(run("freshet --version"), 0);
    CHECK_INT(run("freshet --help"), 0);
}

static void test_every_command_has_help(void) {
    uint32_t n;
    const struct fr_command *commands = fr_commands(&n);
    for (uint32_t i = 0; i < n; i++) {
        char line[64];
        snprintf(line, sizeof line, "freshet %s --help", commands[i].name);
        CHECK_INT(run(line), 0);
    }
}

static void test_docs_are_fresh(void) { check_generated("docs/CLI.md", fr_command_docs); }

int main(void) {
    clearenv(); /* the settings of whoever runs the tests are not the test's */
    RUN(test_options_in_every_form);
    RUN(test_global_options);
    RUN(test_wrong_options);
    RUN(test_suggestions);
    RUN(test_exit_codes);
    RUN(test_every_command_has_help);
    RUN(test_docs_are_fresh);
    return check_done();
}
