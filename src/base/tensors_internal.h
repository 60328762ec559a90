/* tensors_internal.h - what the reader and the writer of tensors share: the table of types, and the parser of a header. */
#ifndef FR_BASE_TENSORS_INTERNAL_H
#define FR_BASE_TENSORS_INTERNAL_H

#include "freshet/base/arena.h"
#include "freshet/base/tensors.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "arrays are used where they lie, little-endian");

/* type, name in the header, bytes of one element */
#define FR_TENSOR_TYPE_MAP(X) \
    X(F32, "F32", 4)          \
    X(F64, "F64", 8)          \
    X(I32, "I32", 4)          \
    X(U32, "U32", 4)          \
    X(I64, "I64", 8)          \
    X(U64, "U64", 8)          \
    X(U8, "U8", 1)

enum {
    FR_TENSOR_TYPES = 7,
    FR_TENSORS_PREFIX_BYTES = 8,
    FR_TENSORS_HEADER_MAX_BYTES = 100000000 /* as the reference implementation */
};

struct fr_tensor_type_info {
    struct fr_str name;
    uint32_t bytes;
};
extern const struct fr_tensor_type_info fr_tensor_types[FR_TENSOR_TYPES];

struct fr_tensors_pair {
    struct fr_str key, text;
};

struct fr_tensors_file {
    struct fr_arena arena;     /* names and texts with their escapes undone */
    struct fr_tensor *tensors; /* [n] in the order of their data */
    uint32_t *by_name;         /* [n] numbers of tensors, ascending by name */
    struct fr_tensors_pair *metas;
    uint32_t n, cap, meta_n, meta_cap;
};

/* Reads a header into f->tensors, in the order of the header, and f->metas; every array lies within data and is as long as
 * its shape and type say. NULL, or what is wrong (a constant text). */
const char *fr_tensors_header_parse(struct fr_tensors_file *f, struct fr_str header, struct fr_str data);

#endif
