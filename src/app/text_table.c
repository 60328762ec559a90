#include "freshet/app/text_table.h"
#include "freshet/base/utf8.h"

/* Walks the cells; false at the end. */
struct cells {
    struct fr_str rest;
    struct fr_str cell;
    uint32_t column;
    bool is_last; /* of its row */
};

static bool next_cell(struct cells *c) {
    if (c->rest.len == 0) return false;
    c->column = c->is_last ? 0 : c->column + 1;
    uint32_t end = 0;
    while (end < c->rest.len && c->rest.ptr[end] != '\t' && c->rest.ptr[end] != '\n') end++;
    c->cell = (struct fr_str){c->rest.ptr, end};
    c->is_last = end == c->rest.len || c->rest.ptr[end] == '\n';
    uint32_t used = end < c->rest.len ? end + 1 : end;
    c->rest = (struct fr_str){c->rest.ptr + used, c->rest.len - used};
    return true;
}

static uint32_t width_of(struct fr_str cell) {
    uint32_t n = 0;
    for (uint32_t at = 0; at < cell.len; n++) {
        uint32_t bytes = fr_utf8_length(cell, at);
        at += bytes ? bytes : 1;
    }
    return n;
}

static struct cells start(struct fr_str rows) { return (struct cells){.rest = rows, .is_last = true}; }

void fr_text_table(struct fr_buf *out, struct fr_str rows) {
    enum { GAP = 2 };
    uint32_t widths[FR_TEXT_TABLE_COLUMNS] = {0}, owed = 0;
    for (struct cells c = start(rows); next_cell(&c);) {
        uint32_t width = width_of(c.cell);
        if (c.column < FR_TEXT_TABLE_COLUMNS && width > widths[c.column]) widths[c.column] = width;
    }
    for (struct cells c = start(rows); next_cell(&c);) {
        uint32_t width = width_of(c.cell);
        if (width) {
            fr_buf_printf(out, "%*s%.*s", (int)owed, "", FR_STR_ARG(c.cell));
            owed = 0;
        }
        if (c.column < FR_TEXT_TABLE_COLUMNS) owed += widths[c.column] - width;
        owed += GAP;
        if (!c.is_last) continue;
        fr_buf_byte(out, '\n');
        owed = 0;
    }
}
