#include "freshet/app/lines.h"
#include "freshet/base/buf.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { CHUNK_BYTES = 1 << 16 };

struct reading {
    const char *path;
    gzFile file;
    double file_bytes; /* packed size; 0: not known */
    uint32_t most_bytes;
    enum fr_err (*take)(void *, const struct fr_line *, struct fr_errmsg *);
    void *context;
    struct fr_buf text;
    bool is_overlong; /* the rest of this line is left out */
    uint64_t number;
};

static bool is_stdin(const char *path) { return strcmp(path, "-") == 0; }

const char *fr_lines_name(const char *path) { return is_stdin(path) ? "standard input" : path; }

static enum fr_err end_line(struct reading *r, struct fr_errmsg *msg) {
    struct fr_line line = {
        .text = fr_buf_slice(&r->text), .number = ++r->number, .is_overlong = r->is_overlong};
    if (line.text.len && line.text.ptr[line.text.len - 1] == '\r') line.text.len--;
    if (r->is_overlong) line.text = (struct fr_str){0};
    if (r->file_bytes > 0) line.done = (double)gzoffset(r->file) / r->file_bytes;
    r->is_overlong = false;
    fr_buf_clear(&r->text);
    return r->take(r->context, &line, msg);
}

static enum fr_err take_chunk(struct reading *r, const char *bytes, size_t n, struct fr_errmsg *msg) {
    while (n) {
        const char *newline = memchr(bytes, '\n', n);
        size_t part = newline ? (size_t)(newline - bytes) : n;
        r->is_overlong = r->is_overlong || r->text.len + part > r->most_bytes;
        if (!r->is_overlong) fr_buf_append(&r->text, bytes, part);
        if (!newline) return FR_OK;
        enum fr_err err = end_line(r, msg);
        if (err != FR_OK) return err;
        bytes += part + 1;
        n -= part + 1;
    }
    return FR_OK;
}

static enum fr_err read_all(struct reading *r, struct fr_errmsg *msg) {
    char chunk[CHUNK_BYTES];
    int n, code;
    while ((n = gzread(r->file, chunk, sizeof chunk)) > 0) {
        enum fr_err err = take_chunk(r, chunk, (size_t)n, msg);
        if (err != FR_OK) return err;
    }
    const char *why = gzerror(r->file, &code);
    if (code != Z_OK && code != Z_STREAM_END)
        return fr_err_set(msg, FR_IO, "%s: %s", r->path, code == Z_ERRNO ? strerror(errno) : why);
    return r->text.len || r->is_overlong ? end_line(r, msg) : FR_OK;
}

enum fr_err fr_lines_each(const char *path, uint32_t most_bytes,
                          enum fr_err (*take)(void *context, const struct fr_line *line,
                                              struct fr_errmsg *msg),
                          void *context, struct fr_errmsg *msg) {
    struct stat about;
    struct reading r = {
        .path = fr_lines_name(path), .most_bytes = most_bytes, .take = take, .context = context};
    if (!is_stdin(path) && stat(path, &about) == 0) r.file_bytes = (double)about.st_size;
    r.file = is_stdin(path) ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path, "rbe");
    if (!r.file) return fr_err_set(msg, FR_IO, "%s: %s", r.path, strerror(errno));
    enum fr_err err = read_all(&r, msg);
    gzclose(r.file);
    fr_buf_fini(&r.text);
    return err;
}
