#include "freshet/app/session_file.h"
#include "freshet/app/lines.h"
#include <stdlib.h>

struct reading {
    struct fr_session_file *out;
    const char *path;
    bool is_test;
};

static void reserve(struct fr_session_file *f, size_t more_items, bool is_test) {
    if (f->item_n + more_items > f->item_cap) {
        f->item_cap = 2 * (f->item_n + more_items);
        f->items = fr_realloc(f->items, f->item_cap * sizeof *f->items);
    }
    if (f->n + 2 <= f->cap) return;
    f->cap = f->cap ? f->cap * 2 : 1024;
    f->starts = fr_realloc(f->starts, f->cap * sizeof *f->starts);
    f->starts[0] = 0;
    if (is_test) f->targets = fr_realloc(f->targets, f->cap * sizeof *f->targets);
}

static enum fr_err wrong(const struct reading *r, const struct fr_line *line, struct fr_errmsg *msg,
                         const char *what) {
    return fr_err_set(msg, FR_CONFIG, "%s:%llu: %s", fr_lines_name(r->path), (unsigned long long)line->number,
                      what);
}

/* Items between spaces; false: there is none, or a control character. */
static bool take_items(struct fr_session_file *f, struct fr_str text) {
    size_t before = f->item_n;
    for (uint32_t at = 0; at < text.len;) {
        uint32_t end = at;
        while (end < text.len && text.ptr[end] != ' ') {
            if ((unsigned char)text.ptr[end] < ' ') return false;
            end++;
        }
        if (end > at)
            f->items[f->item_n++] = fr_dict_intern(&f->ids, (struct fr_str){text.ptr + at, end - at});
        at = end + 1;
    }
    return f->item_n > before;
}

/* The text before the tab and what follows it. */
static bool split_at_tab(struct fr_str text, struct fr_str *before, struct fr_str *after) {
    const char *tab = text.len ? memchr(text.ptr, '\t', text.len) : NULL;
    if (!tab) return false;
    *before = (struct fr_str){text.ptr, (uint32_t)(tab - text.ptr)};
    *after = (struct fr_str){tab + 1, text.len - before->len - 1};
    return true;
}

static bool is_one_item(struct fr_str text) {
    for (uint32_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ') return false;
    return text.len > 0;
}

static enum fr_err take(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    const struct reading *r = context;
    struct fr_session_file *f = r->out;
    struct fr_str items = line->text, target = {0};
    if (line->is_overlong) return wrong(r, line, msg, "the line is too long");
    if (f->n == UINT32_MAX - 1) return wrong(r, line, msg, "there are too many sessions");
    if (r->is_test && !(split_at_tab(line->text, &items, &target) && is_one_item(target)))
        return wrong(r, line, msg, "items, a tab and one item that came next are wanted");
    reserve(f, items.len / 2 + 1, r->is_test);
    if (!take_items(f, items)) return wrong(r, line, msg, "items with single spaces between them are wanted");
    if (r->is_test) f->targets[f->n] = fr_dict_intern(&f->ids, target);
    f->starts[++f->n] = f->item_n;
    return FR_OK;
}

enum fr_err fr_session_file_read(const char *path, bool is_test, struct fr_session_file *out,
                                 struct fr_errmsg *msg) {
    struct reading r = {out, path, is_test};
    enum fr_err err = fr_lines_each(path, FR_SESSION_FILE_LINE_BYTES, take, &r, msg);
    if (err == FR_OK && out->n == 0)
        err = fr_err_set(msg, FR_CONFIG, "%s: there is no session in it", fr_lines_name(path));
    return err;
}

void fr_session_file_fini(struct fr_session_file *f) {
    fr_dict_fini(&f->ids);
    free(f->items);
    free(f->starts);
    free(f->targets);
    *f = (struct fr_session_file){0};
}
