#include "freshet/app/pair_file.h"
#include "freshet/base/buf.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <zlib.h>

enum { CHUNK_BYTES = 1 << 18, COLUMNS_OF_TRIPLES = 3 };

struct reading {
    const char *path;
    uint32_t line; /* from 1 */
    struct fr_dict *left, *right;
    struct fr_pairs *out;
    size_t cap;
    struct fr_errmsg *msg;
};

/* ---- the text ---- */

static enum fr_err unpack(gzFile file, const char *path, struct fr_buf *text, struct fr_errmsg *msg) {
    int n, code;
    do {
        if (text->len > FR_PAIR_FILE_BYTES)
            return fr_err_set(msg, FR_LIMIT, "%s: more than %d bytes", path, FR_PAIR_FILE_BYTES);
        n = gzread(file, fr_buf_reserve(text, CHUNK_BYTES), CHUNK_BYTES);
        if (n > 0) text->len += (size_t)n;
    } while (n > 0);
    const char *why = gzerror(file, &code);
    if (code == Z_OK || code == Z_STREAM_END) return FR_OK;
    return fr_err_set(msg, FR_IO, "%s: %s", path, code == Z_ERRNO ? strerror(errno) : why);
}

static enum fr_err read_text(const char *path, struct fr_buf *text, struct fr_errmsg *msg) {
    gzFile file = gzopen(path, "rbe");
    if (!file) return fr_err_set(msg, FR_IO, "%s: %s", path, strerror(errno));
    gzbuffer(file, CHUNK_BYTES);
    enum fr_err err = unpack(file, path, text, msg);
    gzclose(file);
    return err;
}

/* Takes the next line, without its end, off rest. */
static bool next_line(struct fr_str *rest, struct fr_str *line) {
    if (rest->len == 0) return false;
    const char *newline = memchr(rest->ptr, '\n', rest->len);
    uint32_t len = newline ? (uint32_t)(newline - rest->ptr) : rest->len;
    uint32_t taken = newline ? len + 1 : len;
    *line = (struct fr_str){rest->ptr, len};
    *rest = (struct fr_str){rest->ptr + taken, rest->len - taken};
    if (line->len && line->ptr[line->len - 1] == '\r') line->len--;
    return true;
}

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

static enum fr_pair_format detect(struct fr_str text) {
    struct fr_str line;
    while (next_line(&text, &line))
        if (line.len && !looks_like_triple(line)) return FR_PAIRS_LISTS;
    return FR_PAIRS_TRIPLES;
}

/* ---- lines ---- */

static enum fr_err wrong(const struct reading *r, const char *what) {
    return fr_err_set(r->msg, FR_IO, "%s:%u: %s", r->path, r->line, what);
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

static enum fr_err read_lines(struct reading *r, struct fr_str text, enum fr_pair_format format) {
    struct fr_str line;
    if (format == FR_PAIRS_DETECT) format = detect(text);
    while (next_line(&text, &line)) {
        struct fr_str look = line;
        r->line++;
        if (!next_word(&look).len) continue;
        enum fr_err err = format == FR_PAIRS_LISTS ? read_list(r, line) : read_triple(r, line);
        if (err != FR_OK) return err;
    }
    if (r->out->n == 0) return fr_err_set(r->msg, FR_IO, "%s: no pair is in it", r->path);
    return FR_OK;
}

enum fr_err fr_pairs_read(const char *path, enum fr_pair_format format, struct fr_dict *left,
                          struct fr_dict *right, struct fr_pairs *out, struct fr_errmsg *msg) {
    struct fr_buf text = {0};
    struct reading r = {.path = path, .left = left, .right = right, .out = out, .msg = msg};
    *out = (struct fr_pairs){0};
    enum fr_err err = read_text(path, &text, msg);
    if (err == FR_OK) err = read_lines(&r, fr_buf_slice(&text), format);
    fr_buf_fini(&text);
    if (err == FR_OK) return FR_OK;
    free(out->entries);
    *out = (struct fr_pairs){0};
    return err;
}
