/* Tables of action probabilities, and reward predictions from elsewhere. */
#include "eval_policy.h"
#include "freshet/app/csv_cells.h"
#include "freshet/app/csv_table.h"
#include "freshet/app/lines.h"
#include <math.h>
#include <stdlib.h>

struct reading {
    const char *path;
    struct policy_names *names;
    struct fr_arena line, kept;
    struct fr_str *cells;
    uint32_t columns[FR_CSV_COLUMNS]; /* of predictions: the action; of a table: see below */
    uint32_t column_n, row_n, row_cap;
    double *out;
};

enum { TABLE_ACTION, TABLE_PROBABILITY, TABLE_POSITION, TABLE_COLUMNS };

static enum fr_err fault(const struct reading *r, uint64_t line, struct fr_errmsg *msg, const char *what) {
    return fr_err_set(msg, FR_CONFIG, "%s:%llu: %s", fr_lines_name(r->path), (unsigned long long)line, what);
}

static bool read_number(struct fr_str cell, double *out) {
    char *end;
    *out = strtod(cell.ptr, &end);
    return cell.len && end == cell.ptr + cell.len && isfinite(*out);
}

/* The cells of a line into r->cells; how many, 0 when they cannot be told apart. */
static uint32_t cells_of(struct reading *r, const struct fr_line *line) {
    fr_arena_clear(&r->line);
    r->cells = fr_arena_alloc(&r->line, FR_CSV_COLUMNS * sizeof *r->cells);
    return line->is_overlong ? 0 : fr_csv_cells(line->text, &r->line, r->cells, FR_CSV_COLUMNS);
}

/* ---- a table of probabilities ---- */

static enum fr_err take_table_names(struct reading *r, uint32_t n, struct fr_errmsg *msg) {
    static const char *const names[] = {"action", "probability", "position"};
    for (int c = 0; c < TABLE_COLUMNS; c++) {
        r->columns[c] = 0;
        while (r->columns[c] < n && !fr_str_eq(r->cells[r->columns[c]], fr_str_of(names[c]))) r->columns[c]++;
    }
    r->column_n = n;
    if (r->columns[TABLE_ACTION] == n || r->columns[TABLE_PROBABILITY] == n)
        return fault(r, 1, msg, "no columns action and probability");
    return FR_OK;
}

static enum fr_err take_table(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    struct reading *r = context;
    if (line->text.len == 0 && !line->is_overlong) return FR_OK;
    uint32_t n = cells_of(r, line), action_n = r->names->actions.n;
    if (n == 0 || (r->column_n && n != r->column_n))
        return fault(r, line->number, msg, "not the cells it should have");
    if (!r->column_n) return take_table_names(r, n, msg);
    uint32_t action = fr_dict_find(&r->names->actions, r->cells[r->columns[TABLE_ACTION]]), from = 0,
             to = r->names->positions.n;
    double probability;
    if (action == FR_DICT_NONE) return fault(r, line->number, msg, "an action that the log does not have");
    if (!read_number(r->cells[r->columns[TABLE_PROBABILITY]], &probability) || probability < 0)
        return fault(r, line->number, msg, "the probability is no number of 0 or above");
    if (r->columns[TABLE_POSITION] < n) {
        from = fr_dict_find(&r->names->positions, r->cells[r->columns[TABLE_POSITION]]);
        to = from + 1;
        if (from == FR_DICT_NONE) return fault(r, line->number, msg, "a position that the log does not have");
    }
    for (uint32_t p = from; p < to; p++) r->out[(size_t)p * action_n + action] += probability;
    return FR_OK;
}

static enum fr_err check_sums(const struct reading *r, struct fr_errmsg *msg) {
    uint32_t action_n = r->names->actions.n;
    for (uint32_t p = 0; p < r->names->positions.n; p++) {
        double sum = 0;
        for (uint32_t a = 0; a < action_n; a++) sum += r->out[(size_t)p * action_n + a];
        if (fabs(sum - 1) > 1e-6)
            return fr_err_set(msg, FR_CONFIG, "%s: the probabilities at position %.*s sum to %.6g, not to 1",
                              fr_lines_name(r->path), FR_STR_ARG(fr_dict_str(&r->names->positions, p)), sum);
    }
    return FR_OK;
}

enum fr_err policy_table_read(const char *path, struct policy_names *names, double **table,
                              struct fr_errmsg *msg) {
    struct reading r = {.path = path, .names = names};
    *table = r.out = fr_alloc_zero((size_t)names->positions.n * names->actions.n + 1, sizeof *r.out);
    enum fr_err err = fr_lines_each(path, FR_CSV_LINE_BYTES, take_table, &r, msg);
    if (err == FR_OK) err = check_sums(&r, msg);
    fr_arena_fini(&r.line);
    return err;
}

/* ---- reward predictions ---- */

static enum fr_err take_actions(struct reading *r, uint32_t n, struct fr_errmsg *msg) {
    if (n != r->names->actions.n) return fault(r, 1, msg, "not a column for each action of the log");
    bool *seen = fr_arena_zero(&r->kept, n * sizeof *seen);
    for (uint32_t i = 0; i < n; i++) {
        r->columns[i] = fr_dict_find(&r->names->actions, r->cells[i]);
        if (r->columns[i] == FR_DICT_NONE || seen[r->columns[i]])
            return fault(r, 1, msg, "an action twice, or one that the log does not have");
        seen[r->columns[i]] = true;
    }
    r->column_n = n;
    return FR_OK;
}

static enum fr_err take_rewards(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    struct reading *r = context;
    if (line->text.len == 0 && !line->is_overlong) return FR_OK;
    uint32_t n = cells_of(r, line);
    if (!r->column_n) return take_actions(r, n, msg);
    if (n != r->column_n) return fault(r, line->number, msg, "not a cell for each action");
    if (r->row_n == r->row_cap) return fault(r, line->number, msg, "more lines than the log has rounds");
    double *to = r->out + (size_t)r->row_n++ * n;
    for (uint32_t i = 0; i < n; i++)
        if (!read_number(r->cells[i], &to[r->columns[i]]))
            return fault(r, line->number, msg, "a cell is no number");
    return FR_OK;
}

enum fr_err policy_rewards_read(const char *path, const struct policy_names *names, uint32_t n, double **q,
                                struct fr_errmsg *msg) {
    struct policy_names lent = *names;
    struct reading r = {.path = path, .names = &lent, .row_cap = n};
    *q = r.out = fr_alloc_zero((size_t)n * names->actions.n + 1, sizeof *r.out);
    enum fr_err err = fr_lines_each(path, FR_CSV_LINE_BYTES, take_rewards, &r, msg);
    if (err == FR_OK && r.row_n < n)
        err = fr_err_set(msg, FR_CONFIG, "%s: %u lines for %u rounds", fr_lines_name(path), r.row_n, n);
    fr_arena_fini(&r.line);
    fr_arena_fini(&r.kept);
    return err;
}
