/* Vectors from a catalogue.
 *
 * Problem   a million items with a dozen features each, in seconds, and the same bits whatever numbers the items have here.
 * Choice    two passes. The first writes down (item, feature) pairs, numbering features as they come, and counts the items of
 *           each. Then features are ordered by name, those of too few items go, and the second pass makes the rows: sorted,
 *           equal ones added up, weighed, scaled to length 1.
 * Rejected  hashing features into a fixed number of columns: collisions cannot be explained to anybody.
 * Invariant entries of one item stand together; sums run in the order of names. */
#include "freshet/catalog/features.h"
#include "bands.h"
#include "freshet/base/real.h"
#include "freshet/catalog/words.h"
#include <math.h>
#include <stdlib.h>

enum { NAME_BYTES = 1024 };

struct entry {
    uint32_t feature;
    float weight; /* of the field */
};

struct making {
    const struct fr_catalog *catalog;
    const struct fr_features_params *p;
    struct fr_bands *bands;
    struct fr_dict names; /* in the order they came */
    struct entry *entries;
    size_t entry_n, entry_cap;
    size_t item_start;              /* first entry of the item at hand */
    uint32_t *items_of, *last_item; /* [feature_cap] how many items have it; the last of them + 1 */
    uint32_t feature_cap;
    uint32_t item;
    char name[NAME_BYTES];
};

static bool says_nothing(struct fr_str s) {
    static const char *const words[] = {"",     "unknown", "n/a", "na", "none",
                                        "null", "nan",     "-",   "?",  "undefined"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (fr_str_eq(s, fr_str_of(words[i]))) return true;
    return false;
}

static void count_feature(struct making *m, uint32_t feature) {
    if (feature >= m->feature_cap) {
        uint32_t cap = feature + feature / 2 + 1024;
        m->items_of = fr_realloc(m->items_of, cap * sizeof *m->items_of);
        m->last_item = fr_realloc(m->last_item, cap * sizeof *m->last_item);
        memset(m->items_of + m->feature_cap, 0, (cap - m->feature_cap) * sizeof *m->items_of);
        memset(m->last_item + m->feature_cap, 0, (cap - m->feature_cap) * sizeof *m->last_item);
        m->feature_cap = cap;
    }
    m->items_of[feature] += m->last_item[feature] != m->item + 1;
    m->last_item[feature] = m->item + 1;
}

static void add(struct making *m, struct fr_str name, double weight) {
    uint32_t feature = fr_dict_intern(&m->names, name);
    if (m->entry_n == m->entry_cap) {
        m->entry_cap = m->entry_cap ? 2 * m->entry_cap : 4096;
        m->entries = fr_realloc(m->entries, m->entry_cap * sizeof *m->entries);
    }
    m->entries[m->entry_n++] = (struct entry){feature, (float)weight};
    count_feature(m, feature);
}

/* prefix, then the text in lower case. */
static void add_text(struct making *m, struct fr_str prefix, struct fr_str text, double weight) {
    char *end = fr_str_put(m->name, prefix);
    uint32_t n = fr_words_lower(text, end, (uint32_t)(m->name + NAME_BYTES - end));
    if (weight > 0 && !says_nothing((struct fr_str){end, n}))
        add(m, (struct fr_str){m->name, (uint32_t)(end - m->name) + n}, weight);
}

static void add_category(struct making *m, const struct fr_item_record *r) {
    static const struct fr_str prefix = {"category:", 9};
    char *end = fr_str_put(m->name, prefix);
    for (uint32_t i = 0; i < r->category_n && m->p->category > 0; i++) {
        uint32_t room = (uint32_t)(m->name + NAME_BYTES - end);
        if (room < FR_ITEM_TEXT_BYTES / 4) break; /* deeper levels than a name has room for */
        if (i) *end++ = '/', room--;
        uint32_t n = fr_words_lower(r->category[i], end, room);
        if (says_nothing((struct fr_str){end, n})) break;
        end += n;
        add(m, (struct fr_str){m->name, (uint32_t)(end - m->name)}, m->p->category);
    }
}

static void add_word(void *context, struct fr_str word) {
    struct making *m = context;
    char *end = fr_str_put(fr_str_put(m->name, FR_STR("word:")), word);
    add(m, (struct fr_str){m->name, (uint32_t)(end - m->name)}, m->p->word);
}

static void add_band(struct making *m, struct fr_str name, double number, double weight) {
    uint32_t band;
    if (!(weight > 0) || !fr_bands_find(m->bands, name, number, &band)) return;
    char *end = fr_str_put(m->name, name);
    *end++ = '#';
    if (band >= 10) *end++ = (char)('0' + band / 10);
    *end++ = (char)('0' + band % 10);
    add(m, (struct fr_str){m->name, (uint32_t)(end - m->name)}, weight);
}

static void add_attribute(struct making *m, const struct fr_attribute *a) {
    char prefix[FR_BANDS_NAME_BYTES];
    struct fr_str name = fr_bands_name(a->name, prefix);
    if (a->kind == FR_ATTRIBUTE_NUMBER) {
        add_band(m, name, a->number, m->p->attribute);
        return;
    }
    prefix[name.len++] = '=';
    bool is_text = a->kind == FR_ATTRIBUTE_STRING;
    add_text(m, name, is_text ? a->text : a->number > 0 ? FR_STR("true") : FR_STR("false"), m->p->attribute);
}

static void add_item(struct making *m, const struct fr_item_record *r) {
    add_category(m, r);
    add_text(m, FR_STR("brand:"), r->brand, m->p->brand);
    for (uint32_t i = 0; i < r->tag_n; i++) add_text(m, FR_STR("tag:"), r->tags[i], m->p->tag);
    if (m->p->word > 0) fr_words_each(r->title, add_word, m);
    add_band(m, FR_STR("price"), fr_bands_price(m->bands, r), m->p->price);
    for (uint32_t i = 0; i < r->attribute_n; i++) add_attribute(m, &r->attributes[i]);
}

/* ---- from entries to rows ---- */

struct named {
    struct fr_str name;
    uint32_t feature;
};

static int by_name(const void *a, const void *b) {
    return fr_str_cmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* New numbers by name, FR_DICT_NONE for features of too few items; their names into f. */
static uint32_t *renumber(struct making *m, struct fr_features *f) {
    struct named *order = fr_alloc((m->names.n + 1) * sizeof *order);
    uint32_t *number = fr_alloc((m->names.n + 1) * sizeof *number);
    for (uint32_t i = 0; i < m->names.n; i++) order[i] = (struct named){fr_dict_str(&m->names, i), i};
    qsort(order, m->names.n, sizeof *order, by_name);
    for (uint32_t i = 0; i < m->names.n; i++) {
        uint32_t feature = order[i].feature;
        bool is_kept = m->items_of[feature] >= m->p->least_items;
        number[feature] = is_kept ? fr_dict_intern(&f->names, order[i].name) : (uint32_t)FR_DICT_NONE;
    }
    free(order);
    return number;
}

static int by_feature(const void *a, const void *b) {
    uint32_t x = ((const struct entry *)a)->feature, y = ((const struct entry *)b)->feature;
    return (x > y) - (x < y);
}

/* The entries of one item behind the others of rows: sorted, added up, of length 1. */
static void append_row(struct fr_rows *rows, size_t *n, struct entry *entries, size_t entry_n,
                       const float *idf) {
    size_t first = *n;
    double squares = 0;
    qsort(entries, entry_n, sizeof *entries, by_feature);
    for (size_t i = 0; i < entry_n && entries[i].feature != (uint32_t)FR_DICT_NONE; i++) {
        bool is_new = *n == first || rows->columns[*n - 1] != entries[i].feature;
        if (is_new) rows->columns[*n] = entries[i].feature, rows->values[*n] = 0, (*n)++;
        rows->values[*n - 1] += entries[i].weight * idf[entries[i].feature];
    }
    for (size_t i = first; i < *n; i++) squares += (double)rows->values[i] * (double)rows->values[i];
    for (size_t i = first; i < *n; i++) rows->values[i] = (float)((double)rows->values[i] / sqrt(squares));
}

static float *idf_of(const struct making *m, const struct fr_features *f, const uint32_t *number) {
    float *idf = fr_alloc((f->names.n + 1) * sizeof *idf);
    for (uint32_t i = 0; i < m->names.n; i++)
        if (number[i] != (uint32_t)FR_DICT_NONE)
            idf[number[i]] = (float)(fr_ln((1. + f->item_n) / (1. + m->items_of[i])) + 1);
    return idf;
}

/* ends[k]: where the entries of the k-th item of the catalogue end. */
static void make_rows(struct making *m, struct fr_features *f, const size_t *ends) {
    uint32_t *number = renumber(m, f);
    float *idf = idf_of(m, f, number);
    uint32_t row_n = m->catalog->ids->n, k = 0;
    size_t n = 0;
    f->rows = fr_rows_new(row_n, f->names.n, m->entry_n);
    for (size_t i = 0; i < m->entry_n; i++) m->entries[i].feature = number[m->entries[i].feature];
    for (uint32_t row = 0; row < row_n; row++) {
        f->rows.start[row] = n;
        if (!fr_catalog_get(m->catalog, row)) continue;
        size_t from = k ? ends[k - 1] : 0;
        if (ends[k] > from) append_row(&f->rows, &n, m->entries + from, ends[k] - from, idf);
        k++;
    }
    f->rows.start[row_n] = n;
    free(number);
    free(idf);
}

struct fr_features *fr_features_new(const struct fr_catalog *catalog, const struct fr_features_params *p) {
    struct making m = {.catalog = catalog, .p = p, .bands = fr_bands_new(catalog, p->bands)};
    struct fr_features *f = fr_alloc_zero(1, sizeof *f);
    size_t *ends = fr_alloc((catalog->n + 1) * sizeof *ends);
    fr_dict_init(&m.names);
    fr_dict_init(&f->names);
    for (m.item = fr_catalog_next(catalog, 0); m.item != (uint32_t)FR_DICT_NONE;
         m.item = fr_catalog_next(catalog, m.item + 1)) {
        add_item(&m, fr_catalog_get(catalog, m.item));
        ends[f->item_n++] = m.entry_n;
    }
    make_rows(&m, f, ends);
    fr_bands_free(m.bands);
    fr_dict_fini(&m.names);
    free(m.entries);
    free(m.items_of);
    free(m.last_item);
    free(ends);
    return f;
}

void fr_features_free(struct fr_features *f) {
    if (!f) return;
    fr_rows_fini(&f->rows);
    fr_dict_fini(&f->names);
    free(f);
}

size_t fr_features_bytes(const struct fr_features *f) {
    size_t n = f->rows.start[f->rows.row_n];
    return sizeof *f + ((size_t)f->rows.row_n + 1) * sizeof *f->rows.start +
           n * (sizeof *f->rows.columns + sizeof *f->rows.values) + fr_dict_bytes(&f->names);
}
