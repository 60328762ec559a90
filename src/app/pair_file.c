#include "freshet/app/pair_file.h"
#include "freshet/app/lines.h"
#include <math.h>
#include <stdlib.h>

enum { COLUMNS_OF_TRIPLES = 3 };

struct reading {
    const char *path;
    enum fr_pair_format format;
    uint64_t line; /* from 1 */
    struct fr_dict *left, *right;
    struct fr_pairs *out;
    size_t cap;
    struct fr_errmsg *msg;
};

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Takes the next word off line; empty at the end. */
static struct fr_str next_word(struct fr_str *line) {
    uint32_t start = 0, end;
    while (start < line->len && is_blank(line->ptr[start])) start++;
    for (end = start; end < line->len && !is_blank(line->ptr[end]); end++)
        ;
    struct fr_str word = {line->ptr + start, end - start};
    *line = (struct fr_str){line->ptr + end, line->len - end};
    return word;
}

/* ---- which format ---- */

static bool looks_like_triple(struct fr_str line) {
    uint32_t tabs = 0;
    for (uint32_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == ' ') return false;
        tabs += line.ptr[i] == '\t';
    }
    return tabs == 1 || tabs == 2;
}

/* Triples until a line says otherwise. */
static enum fr_err look_at(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    enum fr_pair_format *format = context;
    (void)msg;
    if (line->is_overlong || (line->text.len && !looks_like_triple(line->text))) *format = FR_PAIRS_LISTS;
    return FR_OK;
}

/* ---- lines ---- */

static enum fr_err wrong(const struct reading *r, const char *what) {
    return fr_err_set(r->msg, FR_IO, "%s:%llu: %s", r->path, (unsigned long long)r->line, what);
}

static enum fr_err intern(const struct reading *r, struct fr_dict *dict, struct fr_str id, uint32_t *number) {
    if (id.len > FR_PAIR_ID_BYTES) return wrong(r, "an id of more than 1024 bytes");
    if (memchr(id.ptr, 0, id.len)) return wrong(r, "a NUL byte: this is not text");
    *number = fr_dict_intern(dict, id);
    return FR_OK;
}

static void add(struct reading *r, struct fr_interaction entry) {
    if (r->out->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 1024;
        r->out->entries = fr_realloc(r->out->entries, r->cap * sizeof *r->out->entries);
    }
    r->out->entries[r->out->n++] = entry;
}

static enum fr_err read_list(struct reading *r, struct fr_str line) {
    struct fr_interaction entry = {.value = 1};
    enum fr_err err = intern(r, r->left, next_word(&line), &entry.user);
    while (err == FR_OK) {
        struct fr_str item = next_word(&line);
        if (!item.len) break;
        err = intern(r, r->right, item, &entry.item);
        if (err == FR_OK) add(r, entry);
    }
    return err;
}

static enum fr_err read_value(const struct reading *r, struct fr_str word, float *value) {
    char text[64], *end;
    if (word.len >= sizeof text) return wrong(r, "the value is not a number");
    memcpy(text, word.ptr, word.len);
    text[word.len] = 0;
    double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v))
        return wrong(r, "the value is not a number (if these are lists of items: --format lists)");
    if ((float)v <= 0) return wrong(r, "the value is not above 0");
    *value = (float)v;
    return FR_OK;
}

static enum fr_err read_triple(struct reading *r, struct fr_str line) {
    struct fr_str words[COLUMNS_OF_TRIPLES + 1];
    uint32_t n = 0;
    while (n <= COLUMNS_OF_TRIPLES && (words[n] = next_word(&line)).len) n++;
    if (n < 2 || n > COLUMNS_OF_TRIPLES) return wrong(r, "user, item and at most a value are wanted");
    struct fr_interaction entry = {.value = 1};
    enum fr_err err = intern(r, r->left, words[0], &entry.user);
    if (err == FR_OK) err = intern(r, r->right, words[1], &entry.item);
    if (err == FR_OK && n > 2) err = read_value(r, words[2], &entry.value);
    if (err == FR_OK) add(r, entry);
    return err;
}

static enum fr_err read_line(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    struct reading *r = context;
    (void)msg;
    struct fr_str look = line->text;
    r->line = line->number;
    if (line->is_overlong) return wrong(r, "a line of more than 64 MiB");
    if (!next_word(&look).len) return FR_OK;
    return r->format == FR_PAIRS_LISTS ? read_list(r, line->text) : read_triple(r, line->text);
}

enum fr_err fr_pairs_read(const char *path, enum fr_pair_format format, struct fr_dict *left,
                          struct fr_dict *right, struct fr_pairs *out, struct fr_errmsg *msg) {
    struct reading r = {.path = path, .format = format, .left = left, .right = right, .out = out, .msg = msg};
    enum fr_err err = FR_OK;
    *out = (struct fr_pairs){0};
    if (format == FR_PAIRS_DETECT) {
        r.format = FR_PAIRS_TRIPLES;
        err = fr_lines_each(path, FR_PAIR_LINE_BYTES, look_at, &r.format, msg);
    }
    if (err == FR_OK) err = fr_lines_each(path, FR_PAIR_LINE_BYTES, read_line, &r, msg);
    if (err == FR_OK && out->n == 0) err = fr_err_set(msg, FR_IO, "%s: no pair is in it", path);
    if (err == FR_OK) return FR_OK;
    free(out->entries);
    *out = (struct fr_pairs){0};
    return err;
}
