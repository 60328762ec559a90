#include "freshet/app/csv_table.h"
#include "freshet/app/csv_cells.h"
#include "freshet/app/lines.h"
#include <math.h>
#include <stdlib.h>
#include <strings.h>

struct reading {
    const char *path;
    struct fr_arena *arena;
    struct fr_str *names, *cells; /* [column_n]; [row_n][column_n] */
    uint32_t column_n, row_n, row_cap;
};

static enum fr_err fault(const struct reading *r, uint64_t line, struct fr_errmsg *msg, const char *what) {
    return fr_err_set(msg, FR_CONFIG, "%s:%llu: %s", fr_lines_name(r->path), (unsigned long long)line, what);
}

/* ---- lines ---- */

static enum fr_err take_line(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    struct reading *r = context;
    struct fr_str text = line->text;
    if (line->is_overlong) return fault(r, line->number, msg, "the line has more than 1 MiB");
    if (text.len == 0) return FR_OK;
    if (!r->names) {
        r->names = fr_arena_alloc(r->arena, FR_CSV_COLUMNS * sizeof *r->names);
        r->column_n = fr_csv_cells(text, r->arena, r->names, FR_CSV_COLUMNS);
        return r->column_n
                   ? FR_OK
                   : fault(r, line->number, msg, "no names, an open quote, or more than 1000 columns");
    }
    if (r->row_n == FR_CSV_ROWS) return fault(r, line->number, msg, "more than 10 million rows");
    if (r->row_n == r->row_cap) {
        r->row_cap = r->row_cap * 2 + 1024;
        r->cells = fr_realloc(r->cells, (size_t)r->row_cap * r->column_n * sizeof *r->cells);
    }
    uint32_t n = fr_csv_cells(text, r->arena, r->cells + (size_t)r->row_n++ * r->column_n, r->column_n);
    return n == r->column_n ? FR_OK : fault(r, line->number, msg, "not as many cells as there are names");
}

/* ---- columns ---- */

static struct fr_str cell_of(const struct reading *r, uint32_t row, uint32_t column) {
    return r->cells[(size_t)row * r->column_n + column];
}

static bool read_number(struct fr_str cell, float *out) {
    char *end;
    double x = strtod(cell.ptr, &end);
    *out = (float)x;
    return cell.len && end == cell.ptr + cell.len && isfinite(x);
}

static bool is_numeric(const struct reading *r, uint32_t column) {
    float x;
    for (uint32_t i = 0; i < r->row_n; i++)
        if (cell_of(r, i, column).len && !read_number(cell_of(r, i, column), &x)) return false;
    return true;
}

static bool is_named(const char *list, struct fr_str name) {
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, ",");
        if (fr_str_eq((struct fr_str){at, (uint32_t)n}, name)) return true;
        at += n + (at[n] == ',');
    }
    return false;
}

static int compare_levels(const void *a, const void *b) {
    return fr_str_cmp(*(const struct fr_str *)a, *(const struct fr_str *)b);
}

/* The distinct cells of a column, sorted; more than there may be: FR_CSV_LEVELS + 1 is returned. */
static uint32_t find_levels(const struct reading *r, uint32_t column, struct fr_str *levels) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->row_n && n <= FR_CSV_LEVELS; i++) {
        struct fr_str cell = cell_of(r, i, column);
        if (!cell.len || bsearch(&cell, levels, n, sizeof *levels, compare_levels)) continue;
        levels[n++] = cell;
        qsort(levels, n, sizeof *levels, compare_levels);
    }
    return n;
}

/* Where columns of the table come from. */
struct source {
    uint32_t column;
    bool is_level;
    struct fr_str level;
};

struct plan {
    struct source *at;
    struct fr_str *names;
    uint32_t n, cap;
};

static void plan_add(struct plan *p, struct source s, struct fr_str name) {
    if (p->n == p->cap) {
        p->cap = p->cap * 2 + 64;
        p->at = fr_realloc(p->at, p->cap * sizeof *p->at);
        p->names = fr_realloc(p->names, p->cap * sizeof *p->names);
    }
    p->at[p->n] = s;
    p->names[p->n++] = name;
}

static struct fr_str level_name(struct fr_arena *arena, struct fr_str name, struct fr_str level) {
    char *text = fr_arena_alloc(arena, (size_t)name.len + level.len + 1), *end = fr_str_put(text, name);
    *end++ = '=';
    fr_str_put(end, level);
    return (struct fr_str){text, name.len + level.len + 1};
}

static enum fr_err plan_column(struct plan *p, const struct reading *r, uint32_t column,
                               const char *categories, struct fr_errmsg *msg) {
    struct fr_str levels[FR_CSV_LEVELS + 1], name = r->names[column];
    if (!is_named(categories, name) && is_numeric(r, column)) {
        plan_add(p, (struct source){.column = column}, name);
        return FR_OK;
    }
    uint32_t n = find_levels(r, column, levels);
    if (n > FR_CSV_LEVELS)
        return fr_err_set(msg, FR_CONFIG, "%s: column %.*s is no number and has more than %d levels",
                          fr_lines_name(r->path), FR_STR_ARG(name), FR_CSV_LEVELS);
    for (uint32_t i = 0; i < n; i++)
        plan_add(p, (struct source){column, true, levels[i]}, level_name(r->arena, name, levels[i]));
    return FR_OK;
}

static void fill_row(const struct reading *r, const struct plan *p, uint32_t row, float *out) {
    for (uint32_t c = 0; c < p->n; c++) {
        struct fr_str cell = cell_of(r, row, p->at[c].column);
        if (p->at[c].is_level)
            out[c] = fr_str_eq(cell, p->at[c].level) ? 1.f : 0.f;
        else if (!read_number(cell, &out[c]))
            out[c] = NAN;
    }
}

/* 1, 0, -1: neither. */
static int read_label(struct fr_str cell) {
    static const char *const yes[] = {"true", "yes", "1"}, *const no[] = {"false", "no", "0"};
    for (int i = 0; i < 3; i++) {
        if (strcasecmp(cell.ptr, yes[i]) == 0) return 1;
        if (strcasecmp(cell.ptr, no[i]) == 0) return 0;
    }
    return -1;
}

static enum fr_err fill_table(const struct reading *r, const struct plan *p, uint32_t label,
                              struct fr_table *out, struct fr_errmsg *msg) {
    struct fr_str *names = fr_arena_alloc(r->arena, (p->n + 1) * sizeof *names);
    *out = (struct fr_table){.row_n = r->row_n, .column_n = p->n, .names = names};
    for (uint32_t c = 0; c < p->n; c++) names[c] = p->names[c];
    out->values = fr_alloc(((size_t)r->row_n * p->n + 1) * sizeof *out->values);
    out->labels = fr_alloc((size_t)r->row_n + 1);
    for (uint32_t i = 0; i < r->row_n; i++) {
        int said = read_label(cell_of(r, i, label));
        if (said < 0) {
            fr_table_fini(out);
            return fr_err_set(msg, FR_CONFIG, "%s: row %u: the label \"%.*s\" is neither true nor false",
                              fr_lines_name(r->path), i + 1, FR_STR_ARG(cell_of(r, i, label)));
        }
        out->labels[i] = said;
        fill_row(r, p, i, out->values + (size_t)i * p->n);
    }
    return FR_OK;
}

static enum fr_err make_table(const struct reading *r, const char *label, const char *categories,
                              struct fr_table *out, struct fr_errmsg *msg) {
    struct plan p = {0};
    uint32_t label_at = 0;
    while (label_at < r->column_n && !fr_str_eq(r->names[label_at], fr_str_of(label))) label_at++;
    if (label_at == r->column_n)
        return fr_err_set(msg, FR_CONFIG, "%s: there is no column %s", fr_lines_name(r->path), label);
    enum fr_err err = FR_OK;
    for (uint32_t c = 0; c < r->column_n && err == FR_OK; c++)
        if (c != label_at) err = plan_column(&p, r, c, categories, msg);
    if (err == FR_OK && p.n == 0)
        err = fr_err_set(msg, FR_CONFIG, "%s: only a label", fr_lines_name(r->path));
    if (err == FR_OK) err = fill_table(r, &p, label_at, out, msg);
    free(p.at);
    free(p.names);
    return err;
}

enum fr_err fr_csv_table_read(const char *path, const char *label, const char *categories,
                              struct fr_arena *arena, struct fr_table *out, struct fr_errmsg *msg) {
    struct reading r = {.path = path, .arena = arena};
    enum fr_err err = fr_lines_each(path, FR_CSV_LINE_BYTES, take_line, &r, msg);
    if (err == FR_OK && r.row_n == 0) err = fr_err_set(msg, FR_CONFIG, "%s: no rows", fr_lines_name(path));
    if (err == FR_OK) err = make_table(&r, label, categories, out, msg);
    free(r.cells);
    return err;
}
