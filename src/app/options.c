/* Options from a table: the parser and the help page. --name VALUE, --name=VALUE, -n VALUE, -nVALUE, -vv;
 * "--" ends them. Options and arguments may be mixed. */
#include "freshet/app/command.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPTIONS_MAX = 32 };

struct parse {
    struct fr_app *app;
    const char *command;
    struct fr_option options[OPTIONS_MAX];
    uint32_t n;
    char **argv;
    int argc, at, kept; /* argv[at] is looked at; argv[1..kept) are arguments */
};

const struct fr_option *fr_global_options(struct fr_app *app, struct fr_option out[FR_GLOBAL_OPTIONS]) {
    const struct fr_option options[FR_GLOBAL_OPTIONS] = {
        {"config", 'c', "FILE", FR_OPTION_TEXT, &app->config_file, "read settings from this YAML file"},
        {"set", 0, "KEY=VALUE", FR_OPTION_SETTING, NULL, "one setting; may be given many times"},
        {"verbose", 'v', NULL, FR_OPTION_MORE, &app->verbose, "log more"},
        {"quiet", 'q', NULL, FR_OPTION_LESS, &app->verbose, "log less"},
        {"log-format", 0, "FORMAT", FR_OPTION_TEXT, &app->log_format, "logfmt or json"},
        {"json", 0, NULL, FR_OPTION_FLAG, &app->json, "print reports as JSON"},
        {"help", 'h', NULL, FR_OPTION_FLAG, &app->help, "print this page"},
    };
    memcpy(out, options, sizeof options);
    return out;
}

static bool takes_value(const struct fr_option *o) { return o->argument != NULL; }

static int set_int(const struct parse *p, const struct fr_option *o, const char *value) {
    char *end;
    errno = 0;
    long long v = strtoll(value, &end, 10);
    if (errno || end == value || *end || v < 0)
        return fr_usage(p->command, "--%s %s: a whole number, 0 or above, is wanted", o->name, value);
    *(int64_t *)o->into = v;
    return -1;
}

static int set_number(const struct parse *p, const struct fr_option *o, const char *value) {
    char *end;
    double v = strtod(value, &end);
    if (end == value || *end || !isfinite(v) || v < 0)
        return fr_usage(p->command, "--%s %s: a number, 0 or above, is wanted", o->name, value);
    *(double *)o->into = v;
    return -1;
}

static int apply(struct parse *p, const struct fr_option *o, const char *value) {
    switch (o->kind) {
    case FR_OPTION_FLAG: *(bool *)o->into = true; break;
    case FR_OPTION_MORE: ++*(int *)o->into; break;
    case FR_OPTION_LESS: --*(int *)o->into; break;
    case FR_OPTION_TEXT: *(const char **)o->into = value; break;
    case FR_OPTION_INT: return set_int(p, o, value);
    case FR_OPTION_NUMBER: return set_number(p, o, value);
    case FR_OPTION_SETTING:
        if (p->app->set_n == FR_APP_SETS_MAX)
            return fr_usage(p->command, "more than %d times --set: use a file", FR_APP_SETS_MAX);
        p->app->sets[p->app->set_n++] = value;
        break;
    }
    return -1;
}

static int unknown_option(const struct parse *p, const char *name) {
    const char *names[OPTIONS_MAX];
    for (uint32_t i = 0; i < p->n; i++) names[i] = p->options[i].name;
    const char *near = fr_suggest(name, names, p->n);
    if (near) return fr_usage(p->command, "there is no --%s; did you mean --%s?", name, near);
    return fr_usage(p->command, "there is no --%s", name);
}

static int parse_long(struct parse *p) {
    char name[64];
    const char *text = p->argv[p->at] + 2, *equals = strchr(text, '=');
    snprintf(name, sizeof name, "%.*s", equals ? (int)(equals - text) : (int)strlen(text), text);
    for (uint32_t i = 0; i < p->n; i++) {
        const struct fr_option *o = &p->options[i];
        if (strcmp(o->name, name) != 0) continue;
        if (!takes_value(o) && equals) return fr_usage(p->command, "--%s takes no value", name);
        if (!takes_value(o)) return apply(p, o, NULL);
        if (equals) return apply(p, o, equals + 1);
        if (p->at + 1 == p->argc) return fr_usage(p->command, "--%s needs %s", name, o->argument);
        return apply(p, o, p->argv[++p->at]);
    }
    return unknown_option(p, name);
}

static int parse_letters(struct parse *p) {
    for (const char *letter = p->argv[p->at] + 1; *letter; letter++) {
        const struct fr_option *o = NULL;
        for (uint32_t i = 0; i < p->n; i++)
            if (p->options[i].letter == *letter) o = &p->options[i];
        if (!o) return fr_usage(p->command, "there is no -%c", *letter);
        if (takes_value(o)) {
            if (letter[1]) return apply(p, o, letter + 1);
            if (p->at + 1 == p->argc) return fr_usage(p->command, "-%c needs %s", *letter, o->argument);
            return apply(p, o, p->argv[++p->at]);
        }
        int code = apply(p, o, NULL);
        if (code >= 0) return code;
    }
    return -1;
}

static int parse_all(struct parse *p) {
    bool ended = false;
    for (p->at = 1, p->kept = 1; p->at < p->argc; p->at++) {
        char *word = p->argv[p->at];
        int code = -1;
        if (ended || word[0] != '-' || !word[1])
            p->argv[p->kept++] = word;
        else if (strcmp(word, "--") == 0)
            ended = true;
        else
            code = word[1] == '-' ? parse_long(p) : parse_letters(p);
        if (code >= 0) return code;
    }
    return -1;
}

static void put_option(struct fr_buf *out, const struct fr_option *o) {
    char left[64], letter[8] = "    ";
    if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->argument ? " " : "",
             o->argument ? o->argument : "");
    fr_buf_printf(out, "  %-28s  %s\n", left, o->help);
}

void fr_options_help(const struct fr_command *command, const struct fr_option *options, uint32_t n,
                     const char *text, struct fr_buf *out) {
    struct fr_app ignored;
    struct fr_option global[FR_GLOBAL_OPTIONS];
    fr_global_options(&ignored, global);
    fr_buf_printf(out, "usage: freshet %s%s%s [OPTION...]\n\n%s\n", command->name,
                  *command->arguments ? " " : "", command->arguments, command->summary);
    if (n) fr_buf_printf(out, "\noptions:\n");
    for (uint32_t i = 0; i < n; i++) put_option(out, &options[i]);
    fr_buf_printf(out, "\noptions of every command:\n");
    for (uint32_t i = 0; i < FR_GLOBAL_OPTIONS; i++) put_option(out, &global[i]);
    if (*text) fr_buf_printf(out, "\n%s", text);
}

int fr_options_read(struct fr_app *app, const struct fr_option *options, uint32_t n, const char *text,
                    int *argc, char **argv) {
    struct parse p = {.app = app, .command = argv[0], .argv = argv, .argc = *argc};
    FR_ASSERT(n + FR_GLOBAL_OPTIONS <= OPTIONS_MAX);
    if (n) memcpy(p.options, options, n * sizeof *options);
    fr_global_options(app, p.options + n);
    p.n = n + FR_GLOBAL_OPTIONS;
    int code = parse_all(&p);
    if (code >= 0) return code;
    *argc = p.kept;
    if (!app->help) return -1;
    struct fr_buf page = {0};
    fr_options_help(fr_command_find(argv[0]), options, n, text, &page);
    fwrite(page.data, 1, page.len, stdout);
    fr_buf_fini(&page);
    return FR_EXIT_OK;
}
