/* pack.h - MessagePack, the subset that states use: nil, bool, int, float64, str, bin, array, map.
 *
 * Writers append the shortest form. Readers are total: any other type, a bad length or the end of input sets
 * r->ok to false, and everything read afterwards is 0 or empty. Strings are lent from the input. Checked
 * against python3-msgpack in tests/. */
#ifndef FR_BASE_PACK_H
#define FR_BASE_PACK_H

#include "freshet/base/varint.h"

void fr_pack_nil(struct fr_buf *b);
void fr_pack_bool(struct fr_buf *b, bool v);
void fr_pack_int(struct fr_buf *b, int64_t v);
void fr_pack_double(struct fr_buf *b, double v);
void fr_pack_str(struct fr_buf *b, struct fr_str s);
void fr_pack_bin(struct fr_buf *b, struct fr_str s);
void fr_pack_array(struct fr_buf *b, uint32_t n); /* n values follow */
void fr_pack_map(struct fr_buf *b, uint32_t n);   /* n keys and values follow, alternating */

enum fr_pack_type {
    FR_PACK_END,
    FR_PACK_NIL,
    FR_PACK_BOOL,
    FR_PACK_INT,
    FR_PACK_DOUBLE,
    FR_PACK_STR,
    FR_PACK_BIN,
    FR_PACK_ARRAY,
    FR_PACK_MAP,
    FR_PACK_BAD
};

enum fr_pack_type fr_pack_peek(const struct fr_reader *r);
bool fr_pack_read_bool(struct fr_reader *r);
int64_t fr_pack_read_int(struct fr_reader *r);
double fr_pack_read_double(struct fr_reader *r);     /* ints are accepted */
struct fr_str fr_pack_read_str(struct fr_reader *r); /* str or bin */
/* The number of elements; a count that could not fit in the rest of the input is a failure, so a caller may
 * allocate by it. */
uint32_t fr_pack_read_array(struct fr_reader *r);
uint32_t fr_pack_read_map(struct fr_reader *r);
void fr_pack_skip(struct fr_reader *r); /* one value of any type, nested up to 32 deep */

#endif
