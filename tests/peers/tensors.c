/* Reads a tensors file and writes its arrays and metadata again: what tests/peers/tensors.py holds to the reference
 * implementation. usage: tensors IN OUT; exit 1 when IN is refused. */
#include "freshet/base/tensors.h"
#include <stdio.h>
#include <stdlib.h>

static void read_all(const char *path, struct fr_buf *out) {
    FILE *in = fopen(path, "rb");
    FR_ASSERT(in != NULL);
    for (size_t n = 1; n;) {
        n = fread(fr_buf_reserve(out, 65536), 1, 65536, in);
        out->len += n;
    }
    fclose(in);
}

static void copy(const struct fr_tensors_file *f, struct fr_buf *out) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf name = {0};
    fr_tensors_meta(w, "said", fr_tensors_get_meta(f, "said"));
    for (uint32_t i = 0; i < fr_tensors_count(f); i++) {
        const struct fr_tensor *t = fr_tensors_at(f, i);
        fr_buf_clear(&name);
        fr_buf_str(&name, t->name);
        fr_buf_byte(&name, 0);
        fr_tensors_put(w, name.data, t->type, t->shape, t->dimension_n, t->data);
    }
    fr_tensors_finish(w, out);
    fr_buf_fini(&name);
    fr_tensors_writer_free(w);
}

int main(int n, char **arguments) {
    struct fr_buf in = {0}, out = {0};
    struct fr_tensors_file *f;
    struct fr_errmsg msg = {0};
    if (n != 3) return 2;
    read_all(arguments[1], &in);
    if (fr_tensors_open(fr_buf_slice(&in), &f, &msg) != FR_OK) {
        fprintf(stderr, "%s\n", msg.text);
        fr_buf_fini(&in);
        return 1;
    }
    copy(f, &out);
    FILE *to = fopen(arguments[2], "wb");
    FR_ASSERT(to != NULL);
    bool written = fwrite(out.data, 1, out.len, to) == out.len;
    written = fclose(to) == 0 && written;
    fr_tensors_close(f);
    fr_buf_fini(&in);
    fr_buf_fini(&out);
    return written ? 0 : 2;
}
