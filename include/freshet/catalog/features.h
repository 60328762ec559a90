/* features.h - the content of items as vectors: TF-IDF over what the catalogue says of them.
 *
 * Features  category:a, category:a/b (each level of the path), brand:x, tag:x, word:x of the title (catalog/words.h),
 *           attributes.NAME=x of one that is a text, true or false; price#B and attributes.NAME#B for numbers: B is the
 *           band between the quantiles of all items' numbers, so that prices are compared by their order of size and not by
 *           their difference. All in lower case.
 * Formula   value = tf * idf * weight of the field, rows of length 1:
 *           idf = ln((1 + items) / (1 + items with the feature)) + 1, as scikit-learn's TfidfVectorizer has it
 *           (smooth_idf, norm l2, counts as tf).
 * Missing   a price that is not given is the mean, by its logarithm, of the nearest level of the item's category that has
 *           prices, else of all items. Texts that say nothing ("unknown", "n/a", "none", "null", "-", "?") have no weight.
 * Promise   a function of the set of items, not of their numbers: features are numbered by the bytes of their names.
 * Threads   read-only after it is built.
 * Memory    8 bytes for each feature of each item, and the names. Bound: that of the catalogue's records. */
#ifndef FR_CATALOG_FEATURES_H
#define FR_CATALOG_FEATURES_H

#include "freshet/base/rows.h"
#include "freshet/catalog/catalog.h"

struct fr_features_params {
    double category, brand, tag, word, price, attribute; /* weights, >= 0; 0: left out */
    uint32_t least_items; /* a feature that fewer items have is left out: it makes nothing alike; >= 1 */
    uint32_t bands;       /* of each number, 1 to 100 */
};

#define FR_FEATURES_DEFAULTS                       \
    ((struct fr_features_params){.category = 1,    \
                                 .brand = 1,       \
                                 .tag = 1,         \
                                 .word = .7,       \
                                 .price = .5,      \
                                 .attribute = .7,  \
                                 .least_items = 2, \
                                 .bands = 10})

struct fr_features {
    struct fr_rows rows;  /* item x feature; as many rows as the catalogue's dictionary had numbers */
    struct fr_dict names; /* of features, ascending */
    uint32_t item_n;      /* in the catalogue */
};

struct fr_features *fr_features_new(const struct fr_catalog *catalog,
                                    const struct fr_features_params *p); /* gives */
void fr_features_free(struct fr_features *f);
size_t fr_features_bytes(const struct fr_features *f);

#endif
