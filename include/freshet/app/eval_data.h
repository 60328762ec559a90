/* eval_data.h - a split as the models and the measures see it.
 *
 * Numbers   users of the training file come first, then those of the test file alone; of items, those of the training file
 *           and the catalogue come first. Each part ascends by the
 *           bytes of the ids, so that ties by number are ties by id, and nothing depends on the order of lines. What stands
 *           in the test file changes no number of the training's.
 * Values    a pair counts once, whatever its value and however often it stands there, as in the published protocol.
 * Memory    owns everything; fr_eval_data_fini. */
#ifndef FR_APP_EVAL_DATA_H
#define FR_APP_EVAL_DATA_H

#include "freshet/app/pair_file.h"
#include "freshet/catalog/features.h"

struct fr_eval_files {
    const char *train;
    const char *test;           /* NULL: none */
    const char *valid;          /* NULL: none */
    const char *friends;        /* NULL: none */
    const char *items;          /* the catalogue, as app/items_read.h has it; NULL: none */
    enum fr_pair_format format; /* of all but the catalogue */
};

struct fr_eval_data {
    struct fr_dict users, items;
    struct fr_interactions *train; /* users of the training file, items of it and of the catalogue */
    struct fr_rows test;           /* [users.n] x items.n: no model is given this */
    struct fr_rows valid;          /* the same, to choose by; row_n 0: none */
    struct fr_rows friends;        /* train's users by train's users; row_n 0: none */
    size_t friends_left_out;       /* pairs with somebody the training file does not know */
    struct fr_features *content;   /* of the catalogue; NULL: none */
    struct fr_rows features;       /* its rows, of train's items: borrowed */
    uint32_t *tested, tested_n;    /* users with a row in test, ascending */
    uint32_t known_n;              /* of those, the first so many are in the training file */
};

enum fr_err fr_eval_data_read(const struct fr_eval_files *files, struct fr_eval_data *out,
                              struct fr_errmsg *msg) FR_MUST_USE;
void fr_eval_data_fini(struct fr_eval_data *d);

#endif
