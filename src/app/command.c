/* Which command, and the way there: options before its name, suggestions, the page of all commands. */
#include "freshet/app/command.h"
#include "freshet/base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const struct fr_command commands[] = {
#define COMMAND(name, arguments, summary) {#name, arguments, summary, fr_cmd_##name},
    FR_COMMAND_MAP(COMMAND)
#undef COMMAND
};

enum { COMMAND_N = sizeof commands / sizeof *commands };

const struct fr_command *fr_commands(uint32_t *n) {
    *n = COMMAND_N;
    return commands;
}

const struct fr_command *fr_command_find(const char *name) {
    for (uint32_t i = 0; i < COMMAND_N; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

int fr_usage(const char *command, const char *format, ...) {
    va_list args;
    bool is_command = fr_command_find(command) != NULL;
    fprintf(stderr, "freshet%s%s: ", is_command ? " " : "", is_command ? command : "");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n`freshet %s%s--help` says more\n", is_command ? command : "", is_command ? " " : "");
    return FR_EXIT_USAGE;
}

static void put_overview(struct fr_buf *out) {
    fr_buf_printf(out,
                  "usage: freshet COMMAND [OPTION...]\n\n"
                  "Events in from Kafka, profiles and affinities in Redis, fresh lists out, each once.\n\n"
                  "commands:\n");
    for (uint32_t i = 0; i < COMMAND_N; i++)
        fr_buf_printf(out, "  %-10s%s\n", commands[i].name, commands[i].summary);
    fr_buf_printf(out,
                  "\n`freshet COMMAND --help` says more. Settings come from -c FILE, FRESHET_ variables and "
                  "--set;\n`freshet check --print-default` prints them all.\n");
}

static void print(struct fr_buf *text) {
    fwrite(text->data, 1, text->len, stdout);
    fr_buf_fini(text);
}

static int no_command(const struct fr_app *app) {
    struct fr_buf page = {0};
    put_overview(&page);
    if (app->help) {
        print(&page);
        return FR_EXIT_OK;
    }
    fwrite(page.data, 1, page.len, stderr);
    fr_buf_fini(&page);
    return FR_EXIT_USAGE;
}

static int unknown_command(const char *name) {
    const char *names[COMMAND_N];
    for (uint32_t i = 0; i < COMMAND_N; i++) names[i] = commands[i].name;
    const char *near = fr_suggest(name, names, COMMAND_N);
    if (near) return fr_usage("", "there is no command %s; did you mean %s?", name, near);
    return fr_usage("", "there is no command %s", name);
}

/* Where the command's name stands in argv, argc when it is not there: behind options and their values. */
static int command_at(int argc, char **argv) {
    struct fr_app ignored;
    struct fr_option options[FR_GLOBAL_OPTIONS];
    fr_global_options(&ignored, options);
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++)
        for (uint32_t i = 0; i < FR_GLOBAL_OPTIONS; i++) {
            const char letter[3] = {'-', options[i].letter ? options[i].letter : '-', 0};
            bool is_name = strncmp(argv[at], "--", 2) == 0 && strcmp(argv[at] + 2, options[i].name) == 0;
            if (options[i].argument && (is_name || strcmp(argv[at], letter) == 0)) {
                at++;
                break;
            }
        }
    return at < argc ? at : argc;
}

/* Whether a word stands among the options before the command. */
static bool has_word(int n, char **argv, const char *word) {
    for (int i = 1; i < n; i++)
        if (strcmp(argv[i], word) == 0) return true;
    return false;
}

int fr_command_main(int argc, char **argv) {
    struct fr_app app = {.config_file = NULL};
    int at = command_at(argc, argv);
    if (at == argc) {
        app.help = has_word(argc, argv, "--help") || has_word(argc, argv, "-h");
        if (!has_word(argc, argv, "--version")) return no_command(&app);
        char *words[] = {(char[]){"version"}, NULL};
        return fr_cmd_version(&app, 1, words);
    }
    char *name = argv[at];
    const struct fr_command *command = fr_command_find(name);
    if (!command) return unknown_command(name);
    memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof *argv); /* the name first, then all options */
    argv[1] = name;
    int code = command->run(&app, argc - 1, argv + 1);
    fr_app_fini(&app);
    return code;
}

int fr_app_configure(struct fr_app *app) {
    if (app->configured) return FR_EXIT_OK;
    const char *sets[FR_APP_SETS_MAX + 1];
    char format[64];
    memcpy(sets, app->sets, app->set_n * sizeof *sets);
    struct fr_config_inputs inputs = {.file = app->config_file,
                                      .environment = (const char *const *)(void *)environ,
                                      .sets = sets,
                                      .set_n = app->set_n};
    if (app->log_format) {
        snprintf(format, sizeof format, "log.format=%s", app->log_format);
        sets[inputs.set_n++] = format;
    }
    struct fr_buf problems = {0};
    int code = fr_config_load(&app->config, &inputs, &problems);
    app->configured = true;
    if (problems.len) fwrite(problems.data, 1, problems.len, stderr);
    fr_buf_fini(&problems);
    int level = (int)app->config.log.level - app->verbose;
    level = level < FR_LOG_DEBUG ? FR_LOG_DEBUG : level > FR_LOG_ERROR ? FR_LOG_ERROR : level;
    fr_log_setup((enum fr_log_level)level, (enum fr_log_format)app->config.log.format);
    return code;
}

void fr_app_fini(struct fr_app *app) {
    if (app->configured) fr_config_fini(&app->config);
    app->configured = false;
}

void fr_command_docs(struct fr_buf *out) {
    struct fr_app ignored;
    struct fr_option global[FR_GLOBAL_OPTIONS];
    fr_global_options(&ignored, global);
    fr_buf_printf(out, "# Commands\n\nGenerated from the table of commands by `freshet check --print-cli`. "
                       "`freshet COMMAND --help` has the options of one.\n\n"
                       "| command | what it does |\n|---|---|\n");
    for (uint32_t i = 0; i < COMMAND_N; i++) {
        fr_buf_printf(out, "| `freshet %s%s", commands[i].name, *commands[i].arguments ? " " : "");
        for (const char *p = commands[i].arguments; *p; p++)
            fr_buf_printf(out, *p == '|' ? "\\%c" : "%c", *p);
        fr_buf_printf(out, "` | %s |\n", commands[i].summary);
    }
    fr_buf_printf(out, "\nOptions of every command:\n\n");
    for (uint32_t i = 0; i < FR_GLOBAL_OPTIONS; i++)
        fr_buf_printf(out, "* `--%s%s%s`: %s\n", global[i].name, global[i].argument ? " " : "",
                      global[i].argument ? global[i].argument : "", global[i].help);
    fr_buf_printf(
        out, "\nExit codes: 0 done, 64 wrong usage, 66 an input cannot be read, 69 Kafka or Redis cannot "
             "be reached,\n70 a fault of the program, 75 try again later, 78 the configuration is "
             "wrong.\n");
}
