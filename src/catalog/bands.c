#include "bands.h"
#include "freshet/base/real.h"
#include "freshet/catalog/words.h"
#include <math.h>
#include <stdlib.h>

enum { PATH_BYTES = 1024 };

struct number {
    uint32_t field;
    double value;
};

/* Logarithms of the prices of a level of the category. */
struct mean {
    double sum;
    uint32_t n;
};

struct fr_bands {
    struct fr_dict fields, paths; /* names of numbers; levels of categories, 0 is all items */
    struct number *numbers;       /* while reading */
    size_t number_n, number_cap;
    double *cuts;       /* [fields.n][bands - 1] ascending; a band begins at each */
    struct mean *means; /* [mean_cap] by path */
    uint32_t bands, mean_cap;
};

static void add_number(struct fr_bands *b, struct fr_str name, double value) {
    if (b->number_n == b->number_cap) {
        b->number_cap = b->number_cap ? 2 * b->number_cap : 1024;
        b->numbers = fr_realloc(b->numbers, b->number_cap * sizeof *b->numbers);
    }
    b->numbers[b->number_n++] = (struct number){fr_dict_intern(&b->fields, name), value};
}

/* The path down to level n as one text. */
static struct fr_str path_of(const struct fr_item_record *r, uint32_t n, char out[PATH_BYTES]) {
    uint32_t len = 0;
    for (uint32_t i = 0; i < n; i++) {
        len += fr_words_lower(r->category[i], out + len, PATH_BYTES - 1 - len);
        if (len + 1 < PATH_BYTES) out[len++] = '/';
    }
    return (struct fr_str){out, len};
}

struct fr_str fr_bands_name(struct fr_str attribute, char out[FR_BANDS_NAME_BYTES]) {
    char *end = fr_str_put(out, FR_STR("attributes."));
    uint32_t n = fr_words_lower(attribute, end, FR_ITEM_TEXT_BYTES);
    return (struct fr_str){out, (uint32_t)(end - out) + n};
}

static void add_price(struct fr_bands *b, const struct fr_item_record *r) {
    char text[PATH_BYTES];
    for (uint32_t level = 0; level <= r->category_n; level++) {
        uint32_t path = fr_dict_intern(&b->paths, path_of(r, level, text));
        if (path >= b->mean_cap) {
            uint32_t cap = path + path / 2 + 64;
            b->means = fr_realloc(b->means, cap * sizeof *b->means);
            memset(b->means + b->mean_cap, 0, (cap - b->mean_cap) * sizeof *b->means);
            b->mean_cap = cap;
        }
        b->means[path].sum += fr_ln(1 + r->price);
        b->means[path].n++;
    }
    add_number(b, FR_STR("price"), r->price);
}

static void read_item(struct fr_bands *b, const struct fr_item_record *r) {
    char name[FR_BANDS_NAME_BYTES];
    if (!isnan(r->price)) add_price(b, r);
    for (uint32_t i = 0; i < r->attribute_n; i++) {
        const struct fr_attribute *a = &r->attributes[i];
        if (a->kind != FR_ATTRIBUTE_NUMBER) continue;
        add_number(b, fr_bands_name(a->name, name), a->number);
    }
}

static int by_field_and_value(const void *a, const void *b) {
    const struct number *x = a, *y = b;
    if (x->field != y->field) return x->field < y->field ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* The numbers of one field: the k-th cut is the value with k parts of `bands` below it. */
static void cut(const struct fr_bands *b, const struct number *numbers, size_t n, double *cuts) {
    for (uint32_t k = 1; k < b->bands; k++) cuts[k - 1] = numbers[n * k / b->bands].value;
}

struct fr_bands *fr_bands_new(const struct fr_catalog *catalog, uint32_t bands) {
    struct fr_bands *b = fr_alloc_zero(1, sizeof *b);
    b->bands = bands < 1 ? 1 : bands > 100 ? 100 : bands;
    fr_dict_init(&b->fields);
    fr_dict_init(&b->paths);
    for (uint32_t i = fr_catalog_next(catalog, 0); i != (uint32_t)FR_DICT_NONE;
         i = fr_catalog_next(catalog, i + 1))
        read_item(b, fr_catalog_get(catalog, i));
    if (b->number_n) qsort(b->numbers, b->number_n, sizeof *b->numbers, by_field_and_value);
    b->cuts = fr_alloc((b->fields.n * (size_t)b->bands + 1) * sizeof *b->cuts);
    for (size_t first = 0, end; first < b->number_n; first = end) {
        uint32_t field = b->numbers[first].field;
        for (end = first; end < b->number_n && b->numbers[end].field == field;) end++;
        cut(b, b->numbers + first, end - first, b->cuts + (size_t)field * (b->bands - 1));
    }
    free(b->numbers);
    b->numbers = NULL;
    return b;
}

void fr_bands_free(struct fr_bands *b) {
    if (!b) return;
    fr_dict_fini(&b->fields);
    fr_dict_fini(&b->paths);
    free(b->cuts);
    free(b->means);
    free(b);
}

bool fr_bands_find(const struct fr_bands *b, struct fr_str name, double number, uint32_t *band) {
    uint32_t field = fr_dict_find(&b->fields, name);
    if (isnan(number) || field == (uint32_t)FR_DICT_NONE) return false;
    const double *cuts = b->cuts + (size_t)field * (b->bands - 1);
    for (*band = 0; *band + 1 < b->bands && number >= cuts[*band];) ++*band;
    return true;
}

double fr_bands_price(const struct fr_bands *b, const struct fr_item_record *item) {
    char text[PATH_BYTES];
    if (!isnan(item->price)) return item->price;
    for (uint32_t level = item->category_n + 1; level-- > 0;) {
        uint32_t path = fr_dict_find(&b->paths, path_of(item, level, text));
        if (path == (uint32_t)FR_DICT_NONE) continue;
        /* A trifle more, so that rounding, which depends on the order of summing, does not fall below a cut. */
        return (fr_exp(b->means[path].sum / b->means[path].n) - 1) * (1 + 1e-9);
    }
    return (double)NAN;
}
