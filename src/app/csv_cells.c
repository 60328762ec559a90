#include "freshet/app/csv_cells.h"

/* Takes one cell off the text, in place, and ends it with a NUL so that strtod stops; false: a quote is not closed or something
 * stands behind it. */
static bool take_cell(char **text, char *end, struct fr_str *cell, bool *is_last) {
    char *at = *text, *to = at, *start = at;
    bool quoted = at < end && *at == '"';
    for (at += quoted; at < end; at++) {
        if (quoted && *at == '"') {
            if (at + 1 == end || at[1] != '"') break;
            at++;
        } else if (!quoted && *at == ',') {
            break;
        }
        *to++ = *at;
    }
    if (quoted && at++ >= end) return false;
    if (at < end && *at != ',') return false;
    *is_last = at >= end;
    *text = at + 1;
    *to = 0;
    *cell = (struct fr_str){start, (uint32_t)(to - start)};
    return true;
}

uint32_t fr_csv_cells(struct fr_str line, struct fr_arena *arena, struct fr_str *cells, uint32_t cap) {
    char *text = fr_arena_alloc(arena, line.len + 1), *end = fr_str_put(text, line);
    uint32_t n = 0;
    for (bool is_last = false; !is_last;)
        if (n == cap || !take_cell(&text, end, &cells[n++], &is_last)) return 0;
    return n;
}
