#include "eval_policy.h"
#include "freshet/app/csv_cells.h"
#include "freshet/app/csv_table.h"
#include "freshet/app/lines.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOG_ACTION, LOG_POSITION, LOG_REWARD, LOG_PROPENSITY, LOG_COLUMNS };

struct reading {
    const char *path;
    struct policy_log *log;
    struct fr_arena line;   /* cells of one line */
    struct fr_arena names;  /* of the columns */
    struct fr_str *columns; /* [column_n] of a CSV; NULL before its first line */
    uint32_t column_n, at[LOG_COLUMNS];
    bool is_json;
};

static enum fr_err fault(const struct reading *r, uint64_t line, struct fr_errmsg *msg, const char *what) {
    return fr_err_set(msg, FR_CONFIG, "%s:%llu: %s", fr_lines_name(r->path), (unsigned long long)line, what);
}

/* ---- rounds ---- */

static void reserve(struct policy_log *log) {
    if (log->n + 1 < log->cap) return;
    log->cap = log->cap * 2 + 1024;
    log->actions = fr_realloc(log->actions, log->cap * sizeof *log->actions);
    log->positions = fr_realloc(log->positions, log->cap * sizeof *log->positions);
    log->starts = fr_realloc(log->starts, log->cap * sizeof *log->starts);
    log->rewards = fr_realloc(log->rewards, log->cap * sizeof *log->rewards);
    log->propensities = fr_realloc(log->propensities, log->cap * sizeof *log->propensities);
    log->starts[0] = 0;
}

static void add_feature(struct policy_log *log, uint32_t *to, struct fr_str name, float value) {
    if (*to == log->feature_cap) {
        log->feature_cap = log->feature_cap * 2 + 4096;
        log->features = fr_realloc(log->features, log->feature_cap * sizeof *log->features);
        log->values = fr_realloc(log->values, log->feature_cap * sizeof *log->values);
    }
    log->features[*to] = fr_dict_intern(&log->names->features, name);
    log->values[(*to)++] = value;
}

static void add_category(struct policy_log *log, uint32_t *to, struct fr_str name, struct fr_str level) {
    char text[256];
    int n = snprintf(text, sizeof text, "%.*s=%.*s", FR_STR_ARG(name), FR_STR_ARG(level));
    uint32_t len = n < (int)sizeof text ? (uint32_t)n : (uint32_t)sizeof text - 1;
    add_feature(log, to, (struct fr_str){text, len}, 1);
}

static enum fr_err add_round(const struct reading *r, uint64_t line, const struct fr_str text[LOG_COLUMNS],
                             double reward, double propensity, struct fr_errmsg *msg) {
    struct policy_log *log = r->log;
    bool is_yes = reward > 0.5;
    if (text[LOG_ACTION].len == 0) return fault(r, line, msg, "no action");
    if (fabs(reward - (is_yes ? 1 : 0)) > 0) return fault(r, line, msg, "the reward is neither 0 nor 1");
    if (!(propensity > 0 && propensity <= 1))
        return fault(r, line, msg, "the propensity is not above 0 and at most 1");
    if (log->n == POLICY_ROUNDS) return fault(r, line, msg, "more than 20 million rounds");
    if (log->n && log->starts[log->n] > POLICY_VALUES)
        return fault(r, line, msg, "more than a thousand million values of contexts");
    log->actions[log->n] = fr_dict_intern(&log->names->actions, text[LOG_ACTION]);
    log->positions[log->n] = fr_dict_intern(&log->names->positions, text[LOG_POSITION]);
    log->rewards[log->n] = is_yes;
    log->propensities[log->n] = propensity;
    return FR_OK;
}

/* ---- CSV ---- */

static uint32_t column_of(const struct reading *r, const char *name) {
    uint32_t i = 0;
    while (i < r->column_n && !fr_str_eq(r->columns[i], fr_str_of(name))) i++;
    return i;
}

static enum fr_err take_names(struct reading *r, const struct fr_line *line, struct fr_errmsg *msg) {
    static const char *const names[] = {"item_id", "position", "click", "propensity_score"};
    r->columns = fr_arena_alloc(&r->names, FR_CSV_COLUMNS * sizeof *r->columns);
    r->column_n = fr_csv_cells(line->text, &r->names, r->columns, FR_CSV_COLUMNS);
    for (int c = 0; c < LOG_COLUMNS; c++) {
        r->at[c] = column_of(r, names[c]);
        if (r->at[c] == r->column_n)
            return fr_err_set(msg, FR_CONFIG, "%s:1: no column %s", fr_lines_name(r->path), names[c]);
    }
    return FR_OK;
}

static double number_of(struct fr_str cell) {
    char *end;
    double x = strtod(cell.ptr, &end);
    return cell.len && end == cell.ptr + cell.len ? x : (double)NAN;
}

static enum fr_err take_csv(struct reading *r, const struct fr_line *line, struct fr_errmsg *msg) {
    if (!r->columns) return take_names(r, line, msg);
    struct fr_str *cells = fr_arena_alloc(&r->line, r->column_n * sizeof *cells), text[LOG_COLUMNS];
    if (fr_csv_cells(line->text, &r->line, cells, r->column_n) != r->column_n)
        return fault(r, line->number, msg, "not as many cells as there are names");
    for (int c = 0; c < LOG_COLUMNS; c++) text[c] = cells[r->at[c]];
    enum fr_err err =
        add_round(r, line->number, text, number_of(text[LOG_REWARD]), number_of(text[LOG_PROPENSITY]), msg);
    if (err != FR_OK) return err;
    uint32_t to = r->log->starts[r->log->n];
    for (uint32_t i = 0; i < r->column_n; i++)
        if (r->columns[i].len >= 12 && memcmp(r->columns[i].ptr, "user_feature", 12) == 0)
            add_category(r->log, &to, r->columns[i], cells[i]);
    r->log->starts[++r->log->n] = to;
    return FR_OK;
}

/* ---- JSON ---- */

/* A text, or a whole number as one. */
static struct fr_str text_of(const json_t *value, char room[24]) {
    if (json_is_string(value))
        return (struct fr_str){json_string_value(value), (uint32_t)json_string_length(value)};
    if (!json_is_integer(value)) return (struct fr_str){0};
    return (struct fr_str){room, (uint32_t)snprintf(room, 24, "%lld", (long long)json_integer_value(value))};
}

static double reward_of(const json_t *value) {
    if (json_is_boolean(value)) return json_is_true(value) ? 1 : 0;
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static enum fr_err take_context(const struct reading *r, const struct fr_line *line, json_t *context,
                                struct fr_errmsg *msg) {
    const char *key;
    json_t *value;
    uint32_t to = r->log->starts[r->log->n];
    if (context && !json_is_object(context)) return fault(r, line->number, msg, "the context is no object");
    if (json_object_size(context) > POLICY_CONTEXT)
        return fault(r, line->number, msg, "more than 1000 features");
    json_object_foreach(context, key, value) {
        if (json_is_number(value))
            add_feature(r->log, &to, fr_str_of(key), (float)json_number_value(value));
        else if (json_is_boolean(value))
            add_feature(r->log, &to, fr_str_of(key), json_is_true(value) ? 1 : 0);
        else if (json_is_string(value))
            add_category(r->log, &to, fr_str_of(key), fr_str_of(json_string_value(value)));
        else
            return fault(r, line->number, msg, "the context may have numbers, texts, true and false");
    }
    r->log->starts[++r->log->n] = to;
    return FR_OK;
}

static enum fr_err take_json(struct reading *r, const struct fr_line *line, struct fr_errmsg *msg) {
    char action[24], position[24];
    json_error_t error;
    json_t *root = json_loadb(line->text.ptr, line->text.len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        json_decref(root);
        return fault(r, line->number, msg, "no JSON object");
    }
    const json_t *propensity = json_object_get(root, "propensity");
    struct fr_str text[LOG_COLUMNS] = {text_of(json_object_get(root, "action"), action),
                                       text_of(json_object_get(root, "position"), position)};
    enum fr_err err = add_round(r, line->number, text, reward_of(json_object_get(root, "reward")),
                                json_is_number(propensity) ? json_number_value(propensity) : 0, msg);
    if (err == FR_OK) err = take_context(r, line, json_object_get(root, "context"), msg);
    json_decref(root);
    return err;
}

static enum fr_err take(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    struct reading *r = context;
    if (line->is_overlong) return fault(r, line->number, msg, "the line has more than 1 MiB");
    if (line->text.len == 0) return FR_OK;
    if (line->number == 1) r->is_json = line->text.ptr[0] == '{';
    reserve(r->log);
    fr_arena_clear(&r->line);
    return r->is_json ? take_json(r, line, msg) : take_csv(r, line, msg);
}

enum fr_err policy_log_read(const char *path, struct policy_names *names, struct policy_log *out,
                            struct fr_errmsg *msg) {
    struct reading r = {.path = path, .log = out};
    *out = (struct policy_log){.names = names};
    enum fr_err err = fr_lines_each(path, FR_CSV_LINE_BYTES, take, &r, msg);
    if (err == FR_OK && out->n == 0) err = fr_err_set(msg, FR_CONFIG, "%s: no rounds", fr_lines_name(path));
    fr_arena_fini(&r.line);
    fr_arena_fini(&r.names);
    return err;
}

void policy_log_fini(struct policy_log *log) {
    free(log->actions);
    free(log->positions);
    free(log->starts);
    free(log->features);
    free(log->rewards);
    free(log->propensities);
    free(log->values);
}

double policy_log_reward(const struct policy_log *log) {
    double sum = 0;
    for (uint32_t i = 0; i < log->n; i++) sum += log->rewards[i];
    return log->n ? sum / log->n : (double)NAN;
}
