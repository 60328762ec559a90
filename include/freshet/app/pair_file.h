/* pair_file.h - files of pairs, users and items or users and friends, as published splits have them; plain or gzip.
 *
 * Formats   lists    `user item item ...` a line, separated by spaces or tabs; a user may have several lines, or no item
 *           triples  `user item` or `user item value` a line, value a number above 0
 *           A file is taken for triples when every line has two or three columns with tabs between them and no spaces, else
 *           for lists.
 * Ids       any bytes but white space, FR_PAIR_ID_BYTES at most; numbers are texts like others.
 * Errors    FR_IO with the file's name, and the line's number where one is to blame: it cannot be read or unpacked, a line is
 *           wrong, it holds no pair.
 * Threads   any. Memory: a line, of FR_PAIR_LINE_BYTES at most, and the pairs. A file whose format is to be detected is read
 *           twice. */
#ifndef FR_APP_PAIR_FILE_H
#define FR_APP_PAIR_FILE_H

#include "freshet/base/dict.h"
#include "freshet/base/err.h"
#include "freshet/learn/interactions.h"

enum { FR_PAIR_ID_BYTES = 1024, FR_PAIR_LINE_BYTES = 64 << 20 };

enum fr_pair_format { FR_PAIRS_DETECT, FR_PAIRS_LISTS, FR_PAIRS_TRIPLES };

struct fr_pairs {
    struct fr_interaction *entries; /* [n] in the order of the file, repeated ones too */
    size_t n;
};

/* Interns users (left) and items (right; may be the same dictionary). gives out->entries, to be freed. */
enum fr_err fr_pairs_read(const char *path, enum fr_pair_format format, struct fr_dict *left,
                          struct fr_dict *right, struct fr_pairs *out, struct fr_errmsg *msg) FR_MUST_USE;

#endif
