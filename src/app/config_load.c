/* Where values come from, in order: the table's defaults, the file, the environment, --set. */
#include "config_internal.h"
#include "freshet/app/command.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* A file that is no configuration at all has a problem on every line: suggestions for all would take long. */
enum { PROBLEMS_SHOWN = 200, SUGGESTIONS = 10 };

/* key as a person can read it on one line. */
static void put_printable(struct fr_buf *out, struct fr_str s) {
    for (uint32_t i = 0; i < s.len && i < 120; i++)
        fr_buf_byte(out, iscntrl((unsigned char)s.ptr[i]) ? '?' : (unsigned char)s.ptr[i]);
}

void fr_config_problem(struct fr_config_loader *l, const struct fr_config_place *place, struct fr_str key,
                       const char *hint, const char *format, ...) {
    if (++l->problem_n > PROBLEMS_SHOWN) return;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_printable(l->problems, fr_str_of(place->name));
    if (place->line) fr_buf_printf(l->problems, ":%u:%u", place->line, place->column);
    fr_buf_append(l->problems, ": ", 2);
    put_printable(l->problems, key);
    fr_buf_append(l->problems, ": ", 2);
    put_printable(l->problems, fr_str_of(text));
    if (hint) fr_buf_printf(l->problems, " (%s)", hint);
    fr_buf_byte(l->problems, '\n');
}

/* What follows the last dot. */
static const char *last_part(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

const char *fr_config_suggest(struct fr_str path) {
    char word[FR_CONFIG_PATH_BYTES];
    const char *names[FR_CONFIG_ROWS_MAX];
    uint32_t n;
    const struct fr_config_row *rows = fr_config_rows(&n);
    if (path.len >= sizeof word) return NULL;
    memcpy(word, path.ptr, path.len);
    word[path.len] = '\0';
    for (uint32_t i = 0; i < n; i++) names[i] = rows[i].path;
    const char *near = fr_suggest(word, names, n);
    for (uint32_t i = 0; i < n && !near; i++) /* the right key in the wrong section */
        if (strcmp(last_part(word), last_part(names[i])) == 0) near = names[i];
    return near;
}

void fr_config_unknown_key(struct fr_config_loader *l, const struct fr_config_place *place,
                           struct fr_str path) {
    const char *near = l->problem_n < SUGGESTIONS ? fr_config_suggest(path) : NULL;
    char hint[FR_CONFIG_PATH_BYTES + 32];
    snprintf(hint, sizeof hint, near ? "did you mean %s?" : "`freshet check --print-docs` lists all keys%s",
             near ? near : "");
    fr_config_problem(l, place, path, hint, "no such key");
}

static void set_defaults(struct fr_config_loader *l) {
    uint32_t n;
    const struct fr_config_row *rows = fr_config_rows(&n);
    struct fr_config_place place = {FR_CONFIG_DEFAULT, "default", 0, 0};
    for (uint32_t i = 0; i < n; i++)
        FR_ASSERT(fr_config_set_text(l, &rows[i], fr_str_of(rows[i].standard), &place));
}

/* FRESHET_KAFKA_... that no row has; other FRESHET_ names may belong to somebody else. */
static void check_variable(struct fr_config_loader *l, struct fr_str name) {
    static const char *const sections[] = {"KAFKA_",   "REDIS_",    "HTTP_",      "LOG_", "EVENTS_",
                                           "PROFILE_", "AFFINITY_", "RECOMMEND_", "RUN_", "TOPIC_"};
    const char *rest = name.ptr + strlen("FRESHET_");
    bool ours = false;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        ours |= strncmp(rest, sections[i], strlen(sections[i])) == 0;
    if (!ours) return;
    uint32_t n;
    const struct fr_config_row *rows = fr_config_rows(&n);
    char variables[FR_CONFIG_ROWS_MAX][FR_CONFIG_PATH_BYTES];
    const char *names[FR_CONFIG_ROWS_MAX];
    char word[FR_CONFIG_PATH_BYTES], hint[FR_CONFIG_PATH_BYTES + 32];
    for (uint32_t i = 0; i < n; i++) {
        fr_config_variable(rows[i].path, variables[i]);
        names[i] = variables[i];
        if (fr_str_eq(name, fr_str_of(names[i]))) return;
    }
    snprintf(word, sizeof word, "%.*s", FR_STR_ARG(name));
    const char *near = fr_suggest(word, names, n);
    snprintf(hint, sizeof hint, near ? "did you mean %s?" : "unset it%s", near ? near : "");
    fr_config_problem(l, &(struct fr_config_place){FR_CONFIG_ENVIRONMENT, "environment", 0, 0}, name, hint,
                      "no setting has this variable");
}

void fr_config_read_environment(struct fr_config_loader *l, const char *const *environment) {
    uint32_t n;
    const struct fr_config_row *rows = fr_config_rows(&n);
    for (; *environment; environment++) {
        const char *equals = strchr(*environment, '=');
        if (!equals || strncmp(*environment, "FRESHET_", 8) != 0) continue;
        struct fr_str name = {*environment, (uint32_t)(equals - *environment)};
        char variable[FR_CONFIG_PATH_BYTES];
        check_variable(l, name);
        for (uint32_t i = 0; i < n; i++) {
            fr_config_variable(rows[i].path, variable);
            if (!fr_str_eq(name, fr_str_of(variable))) continue;
            struct fr_config_place place = {FR_CONFIG_ENVIRONMENT, variable, 0, 0};
            fr_config_set_text(l, &rows[i], fr_str_of(equals + 1), &place);
        }
    }
}

/* kafka.properties.sasl.username=x: a member of the map kafka.properties. */
static bool set_map_member(struct fr_config_loader *l, struct fr_str path, struct fr_str value,
                           const struct fr_config_place *place) {
    uint32_t n;
    const struct fr_config_row *rows = fr_config_rows(&n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len = (uint32_t)strlen(rows[i].path);
        bool has_members = rows[i].kind == FR_CONFIG_MAP || rows[i].kind == FR_CONFIG_TREE;
        if (!has_members || path.len <= len + 1 || path.ptr[len] != '.') continue;
        if (memcmp(path.ptr, rows[i].path, len) != 0) continue;
        struct fr_str name = {path.ptr + len + 1, path.len - len - 1};
        fr_config_add_member(l, &rows[i], name, value, place);
        return true;
    }
    return false;
}

static void read_sets(struct fr_config_loader *l, const char *const *sets, uint32_t n) {
    struct fr_config_place place = {FR_CONFIG_OPTION, "--set", 0, 0};
    for (uint32_t i = 0; i < n; i++) {
        const char *equals = strchr(sets[i], '=');
        if (!equals) {
            fr_config_problem(l, &place, fr_str_of(sets[i]), "write --set key=value", "has no value");
            continue;
        }
        struct fr_str path = {sets[i], (uint32_t)(equals - sets[i])}, value = fr_str_of(equals + 1);
        const struct fr_config_row *row = fr_config_row_find(path);
        if (row)
            fr_config_set_text(l, row, value, &place);
        else if (!set_map_member(l, path, value, &place))
            fr_config_unknown_key(l, &place, path);
    }
}

static bool read_file(const char *name, struct fr_buf *text, struct fr_buf *problems) {
    FILE *file = fopen(name, "re");
    size_t n = 1;
    while (file && n && text->len <= FR_CONFIG_FILE_BYTES) {
        n = fread(fr_buf_reserve(text, 65536), 1, 65536, file);
        text->len += n;
    }
    bool good = file && !ferror(file);
    if (!good) fr_buf_printf(problems, "%s: cannot be read: %s\n", name, strerror(errno));
    if (file) fclose(file);
    if (!good || text->len <= FR_CONFIG_FILE_BYTES) return good;
    fr_buf_printf(problems, "%s: larger than %d bytes: not a configuration\n", name, FR_CONFIG_FILE_BYTES);
    return false;
}

int fr_config_load(struct fr_config *config, const struct fr_config_inputs *inputs, struct fr_buf *problems) {
    *config = (struct fr_config){.file = ""};
    struct fr_config_loader l = {config, problems, 0};
    struct fr_buf text = {0};
    bool readable = true;
    set_defaults(&l);
    if (inputs->file) {
        config->file =
            fr_arena_copy(&config->text, (struct fr_str){inputs->file, (uint32_t)strlen(inputs->file) + 1})
                .ptr;
        if (!inputs->text.ptr) readable = read_file(inputs->file, &text, problems);
        if (readable)
            fr_config_read_yaml(&l, config->file, inputs->text.ptr ? inputs->text : fr_buf_slice(&text));
    }
    if (inputs->environment) fr_config_read_environment(&l, inputs->environment);
    read_sets(&l, inputs->sets, inputs->set_n);
    if (!*config->kafka.group_id) config->kafka.group_id = config->topic_prefix;
    fr_config_check(&l);
    fr_buf_fini(&text);
    if (l.problem_n > PROBLEMS_SHOWN)
        fr_buf_printf(problems, "... and %u more\n", l.problem_n - PROBLEMS_SHOWN);
    return l.problem_n ? FR_EXIT_CONFIG : readable ? FR_EXIT_OK : FR_EXIT_NO_INPUT;
}

void fr_config_fini(struct fr_config *config) { fr_arena_fini(&config->text); }
