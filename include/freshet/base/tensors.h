/* tensors.h - named arrays in one block of bytes: the safetensors format, so that Python reads and writes it.
 *
 * Shape     8 bytes little-endian length of the header, the header as JSON ({"name": {"dtype", "shape", "data_offsets"},
 *           "__metadata__": {"key": "text"}}), then the arrays, little-endian, one after the other without a gap.
 * Promise   writing is a function of the calls: the same calls give the same bytes. Arrays with larger elements come
 *           first, so that each is aligned for its type.
 *           Reading is total: any bytes give a file whose arrays cover its data, none lying in another, or
 *           FR_STATE_CORRUPT.
 * Not       no compression, no types but those below; dimensions above 4 and files of 4 GiB or more are refused.
 * Threads   one owner of a writer; a file that is open may be read by any number of threads.
 * Memory    a writer owns copies. A file borrows its bytes: they outlive it, and arrays are lent from them. */
#ifndef FR_BASE_TENSORS_H
#define FR_BASE_TENSORS_H

#include "freshet/base/buf.h"

enum fr_tensor_type {
    FR_TENSOR_F32,
    FR_TENSOR_F64,
    FR_TENSOR_I32,
    FR_TENSOR_U32,
    FR_TENSOR_I64,
    FR_TENSOR_U64,
    FR_TENSOR_U8
};

enum { FR_TENSOR_DIMENSIONS = 4 };

struct fr_tensor {
    struct fr_str name;
    enum fr_tensor_type type;
    uint32_t dimension_n;
    uint64_t shape[FR_TENSOR_DIMENSIONS];
    uint64_t count;   /* product of the shape */
    const void *data; /* aligned for its type */
};

struct fr_tensors_writer;

struct fr_tensors_writer *fr_tensors_writer_new(void);
void fr_tensors_writer_free(struct fr_tensors_writer *w);
/* Copies. name: unique, printable. data may be NULL when the shape is empty. */
void fr_tensors_put(struct fr_tensors_writer *w, const char *name, enum fr_tensor_type type,
                    const uint64_t *shape, uint32_t dimension_n, const void *data);
static inline void fr_tensors_put_vector(struct fr_tensors_writer *w, const char *name,
                                         enum fr_tensor_type type, uint64_t n, const void *data) {
    fr_tensors_put(w, name, type, &n, 1, data);
}
/* Strings as two arrays: <name>.ends (U32, the end of each) and <name>.text (U8). */
void fr_tensors_put_strings(struct fr_tensors_writer *w, const char *name, const struct fr_str *strings,
                            uint32_t n);
void fr_tensors_meta(struct fr_tensors_writer *w, const char *key, struct fr_str text);
/* Appends the whole file. */
void fr_tensors_finish(struct fr_tensors_writer *w, struct fr_buf *out);

struct fr_tensors_file;

/* bytes are borrowed and must be aligned to 8. gives *out. */
enum fr_err fr_tensors_open(struct fr_str bytes, struct fr_tensors_file **out,
                            struct fr_errmsg *msg) FR_MUST_USE;
void fr_tensors_close(struct fr_tensors_file *f);
uint32_t fr_tensors_count(const struct fr_tensors_file *f);
const struct fr_tensor *fr_tensors_at(const struct fr_tensors_file *f, uint32_t i);
/* NULL: no such array, or one of another type. */
const struct fr_tensor *fr_tensors_get(const struct fr_tensors_file *f, const char *name,
                                       enum fr_tensor_type type);
/* Text of a metadata key, ptr NULL when absent. */
struct fr_str fr_tensors_get_meta(const struct fr_tensors_file *f, const char *key);
/* The strings put under name; NULL when they are absent or their ends do not ascend within the text. In the arena. */
struct fr_arena;
const struct fr_str *fr_tensors_get_strings(const struct fr_tensors_file *f, const char *name, uint32_t *n,
                                            struct fr_arena *arena);

#endif
