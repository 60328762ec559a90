/* command.h - the commands of the program and what they share.
 *
 * A command is one row of FR_COMMAND_MAP and one function in src/app/cmd_<name>.c. Its options are a table
 * that gives both the parser and --help. Options may stand before and after the command's name.
 *
 * Exit codes: sysexits. 0 done, 64 usage, 66 no input, 69 something needed is unavailable, 70 internal, 75
 * try again, 78 configuration. */
#ifndef FR_APP_COMMAND_H
#define FR_APP_COMMAND_H

#include "freshet/base/suggest.h"
#include "freshet/app/config.h"

enum fr_exit {
    FR_EXIT_OK = 0,
    FR_EXIT_USAGE = 64,
    FR_EXIT_NO_INPUT = 66,
    FR_EXIT_UNAVAILABLE = 69,
    FR_EXIT_INTERNAL = 70,
    FR_EXIT_TRY_AGAIN = 75,
    FR_EXIT_CONFIG = 78,
};

/* name, what stands after it, one line */
#define FR_COMMAND_MAP(X)                                                                       \
    X(check, "[--connect] [--show]", "check the configuration, and connections if asked")       \
    X(topics, "create|check|list", "make the topics, say what is wrong with them")              \
    X(replay, "[--rate N] [--now] FILE...", "send recorded events to the events topic")         \
    X(items, "check|load FILE...", "judge a catalogue, write it to the items topic")            \
    X(campaigns, "check|load FILE... | list | remove ID...",                                    \
      "judge campaigns and segments, write, list and remove them")                              \
    X(rejects, "list|replay", "see records that could not be used, send them again")            \
    X(forget, "USER...", "delete what is kept about users")                                     \
    X(run, "[--until-idle SECONDS | --embedded FILE...]", "process events until told to stop")  \
    X(show, "user|item ID", "print one user with the last list, or one item")                   \
    X(explain, "--recommendation ID | --user USER", "make a published list again, and say why") \
    X(dump, "users|items|lists", "print the whole state as sorted JSON lines")                  \
    X(report, "campaigns", "what campaigns have done, against plan, prediction and control")    \
    X(audience, "--rule TEXT | --segment NAME | --like SEGMENT | ...",                          \
      "estimate how many people a rule reaches, or are like a segment")                         \
    X(bench, "decode|stages|end-to-end|load", "measure speed on a generated load")              \
    X(eval, "WHAT", "measure how good the lists are, on recorded data")                         \
    X(models, "list|fit|show VERSION|...", "see fitted models, refit, promote, roll back")      \
    X(propensities, "list|fit [TASK...]|rollback TASK",                                         \
      "fit what users will probably do, see it, roll it back")                                  \
    X(doctor, "[--audit]", "look at Redis, Kafka and the state, say what to change")            \
    X(version, "", "print the version and those of the libraries")

enum { FR_APP_SETS_MAX = 64, FR_GLOBAL_OPTIONS = 7 };

/* What every command gets. */
struct fr_app {
    const char *config_file; /* -c; NULL: none */
    const char *sets[FR_APP_SETS_MAX];
    uint32_t set_n;
    int verbose; /* -v less -q */
    const char *log_format;
    bool json;               /* --json: reports are machine-readable */
    bool help;               /* --help was given */
    struct fr_config config; /* after fr_app_configure */
    bool configured;
};

enum fr_option_kind {
    FR_OPTION_FLAG,
    FR_OPTION_TEXT,
    FR_OPTION_INT,
    FR_OPTION_NUMBER, /* 0 or above */
    FR_OPTION_MORE,   /* adds one to an int each time; LESS takes one away */
    FR_OPTION_LESS,
    FR_OPTION_SETTING, /* one more of app->sets */
};

struct fr_option {
    const char *name;     /* "until-idle", without the dashes */
    char letter;          /* 0: none */
    const char *argument; /* "SECONDS"; NULL for a flag */
    enum fr_option_kind kind;
    void *into; /* bool, const char *, int64_t (0 or above), double, int */
    const char *help;
};

struct fr_command {
    const char *name, *arguments, *summary;
    int (*run)(struct fr_app *app, int argc, char **argv); /* argv[0] is the command's name */
};

/* Reads the options of a command: options[n] and the global ones. What is left is argv[1..*argc). Returns -1
 * to go on, else the exit code: help has been printed (text: what stands below the options, with examples;
 * may be ""), or what is wrong has been said. */
int fr_options_read(struct fr_app *app, const struct fr_option *options, uint32_t n, const char *text,
                    int *argc, char **argv);

/* The options that every command has; filled for this app. */
const struct fr_option *fr_global_options(struct fr_app *app, struct fr_option out[FR_GLOBAL_OPTIONS]);
/* The page that --help shows. */
void fr_options_help(const struct fr_command *command, const struct fr_option *options, uint32_t n,
                     const char *text, struct fr_buf *out);

/* Loads the configuration (once) and sets up the log. 0, or the exit code after the problems were printed. */
int fr_app_configure(struct fr_app *app);
void fr_app_fini(struct fr_app *app);

/* "freshet replay: what" and the way to its help on standard error; returns FR_EXIT_USAGE. */
int fr_usage(const char *command, const char *format, ...) FR_PRINTF(2, 3);

const struct fr_command *fr_commands(uint32_t *n);
const struct fr_command *fr_command_find(const char *name); /* NULL: none */
/* What main does. */
int fr_command_main(int argc, char **argv);
/* docs/CLI.md */
void fr_command_docs(struct fr_buf *out);

#define FR_COMMAND_DECLARE(name, arguments, summary) \
    int fr_cmd_##name(struct fr_app *app, int argc, char **argv);
FR_COMMAND_MAP(FR_COMMAND_DECLARE)
#undef FR_COMMAND_DECLARE

#endif
