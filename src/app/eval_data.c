#include "freshet/app/eval_data.h"
#include "freshet/app/items_read.h"
#include <stdlib.h>

/* A part of a dictionary in the order of its ids' bytes. */
struct named {
    struct fr_str id;
    uint32_t number;
};

static int compare_named(const void *a, const void *b) {
    return fr_str_cmp(((const struct named *)a)->id, ((const struct named *)b)->id);
}

/* Writes to new_numbers[first .. n) the places of the ids numbered so when they are sorted. */
static void sort_part(const struct fr_dict *from, uint32_t first, struct fr_dict *to, uint32_t *new_numbers) {
    uint32_t n = from->n - first;
    struct named *part = fr_alloc((n + 1) * sizeof *part);
    for (uint32_t i = 0; i < n; i++) part[i] = (struct named){fr_dict_str(from, first + i), first + i};
    qsort(part, n, sizeof *part, compare_named);
    for (uint32_t i = 0; i < n; i++) new_numbers[part[i].number] = fr_dict_intern(to, part[i].id);
    free(part);
}

/* ids as they were met, first_n of them in the training file, become sorted. gives the way from old to new numbers. */
static uint32_t *sort_ids(struct fr_dict *ids, uint32_t first_n) {
    struct fr_dict sorted, first;
    uint32_t *new_numbers = fr_alloc((ids->n + 1) * sizeof *new_numbers);
    fr_dict_init(&sorted);
    fr_dict_init(&first);
    for (uint32_t i = 0; i < first_n; i++) fr_dict_intern(&first, fr_dict_str(ids, i));
    sort_part(&first, 0, &sorted, new_numbers);
    sort_part(ids, first_n, &sorted, new_numbers);
    fr_dict_fini(&first);
    fr_dict_fini(ids);
    *ids = sorted;
    return new_numbers;
}

static void renumber(struct fr_pairs *pairs, const uint32_t *left, const uint32_t *right) {
    for (size_t i = 0; i < pairs->n; i++) {
        pairs->entries[i].user = left[pairs->entries[i].user];
        pairs->entries[i].item = right[pairs->entries[i].item];
    }
}

static struct fr_interactions *matrix_of(const struct fr_pairs *pairs, uint32_t user_n, uint32_t item_n) {
    struct fr_interactions *m = fr_interactions_new(user_n, item_n, pairs->entries, pairs->n);
    size_t n = fr_interactions_count(m);
    for (size_t i = 0; i < n; i++) m->by_user.values[i] = m->by_item.values[i] = 1;
    return m;
}

static struct fr_rows rows_of(const struct fr_pairs *pairs, uint32_t row_n, uint32_t column_n) {
    struct fr_interactions *m = matrix_of(pairs, row_n, column_n);
    struct fr_rows rows = fr_rows_transposed(&m->by_item);
    fr_interactions_free(m);
    return rows;
}

static void leave_out_strangers(struct fr_pairs *friends, uint32_t known_n, size_t *left_out) {
    size_t n = 0;
    for (size_t i = 0; i < friends->n; i++) {
        struct fr_interaction e = friends->entries[i];
        if (e.user < known_n && e.item < known_n && e.user != e.item) friends->entries[n++] = e;
    }
    *left_out = friends->n - n;
    friends->n = n;
}

static void note_tested(struct fr_eval_data *d) {
    d->tested = fr_alloc((d->users.n + 1) * sizeof *d->tested);
    for (uint32_t u = 0; u < d->test.row_n; u++) {
        if (!fr_rows_length(&d->test, u)) continue;
        d->tested[d->tested_n++] = u;
        d->known_n += u < d->train->by_user.row_n;
    }
}

struct pieces {
    struct fr_pairs train, test, valid, friends;
    struct fr_catalog catalog; /* under numbers of catalog_ids */
    struct fr_dict catalog_ids;
    uint32_t user_n, item_n; /* of what may be learnt from */
};

static enum fr_err read_catalog(const char *path, struct fr_eval_data *d, struct pieces *p,
                                struct fr_errmsg *msg) {
    enum fr_err err = fr_items_load(path, &p->catalog, msg);
    uint32_t i = err == FR_OK ? fr_catalog_next(&p->catalog, 0) : (uint32_t)FR_DICT_NONE;
    for (; i != FR_DICT_NONE; i = fr_catalog_next(&p->catalog, i + 1))
        fr_dict_intern(&d->items, fr_dict_str(&p->catalog_ids, i));
    return err;
}

static enum fr_err read_pieces(const struct fr_eval_files *files, struct fr_eval_data *d, struct pieces *p,
                               struct fr_errmsg *msg) {
    enum fr_err err = fr_pairs_read(files->train, files->format, &d->users, &d->items, &p->train, msg);
    p->user_n = d->users.n;
    if (err == FR_OK && files->items) err = read_catalog(files->items, d, p, msg);
    p->item_n = d->items.n;
    if (err == FR_OK && files->test)
        err = fr_pairs_read(files->test, files->format, &d->users, &d->items, &p->test, msg);
    if (err == FR_OK && files->valid)
        err = fr_pairs_read(files->valid, files->format, &d->users, &d->items, &p->valid, msg);
    if (err == FR_OK && files->friends)
        err = fr_pairs_read(files->friends, files->format, &d->users, &d->users, &p->friends, msg);
    return err;
}

static void take_content(struct fr_eval_data *d, const struct pieces *p) {
    const struct fr_features_params standard = FR_FEATURES_DEFAULTS;
    struct fr_catalog catalog;
    fr_catalog_copy_onto(&catalog, &p->catalog, &d->items);
    d->content = fr_features_new(&catalog, &standard);
    fr_catalog_fini(&catalog);
    d->features = d->content->rows;
    d->features.row_n = p->item_n; /* what only the test file has is in no catalogue */
}

static void assemble(struct fr_eval_data *d, struct pieces *p) {
    uint32_t *users = sort_ids(&d->users, p->user_n), *items = sort_ids(&d->items, p->item_n);
    renumber(&p->train, users, items);
    renumber(&p->test, users, items);
    renumber(&p->valid, users, items);
    renumber(&p->friends, users, users);
    d->train = matrix_of(&p->train, p->user_n, p->item_n);
    d->test = rows_of(&p->test, d->users.n, d->items.n);
    if (p->valid.n) d->valid = rows_of(&p->valid, d->users.n, d->items.n);
    if (p->friends.n) {
        leave_out_strangers(&p->friends, p->user_n, &d->friends_left_out);
        d->friends = rows_of(&p->friends, p->user_n, p->user_n);
    }
    if (p->catalog.n) take_content(d, p);
    note_tested(d);
    free(users);
    free(items);
}

enum fr_err fr_eval_data_read(const struct fr_eval_files *files, struct fr_eval_data *out,
                              struct fr_errmsg *msg) {
    struct pieces p = {0};
    *out = (struct fr_eval_data){0};
    fr_dict_init(&out->users);
    fr_dict_init(&out->items);
    fr_dict_init(&p.catalog_ids);
    fr_catalog_init(&p.catalog, &p.catalog_ids);
    enum fr_err err = read_pieces(files, out, &p, msg);
    if (err == FR_OK) assemble(out, &p);
    free(p.train.entries);
    free(p.test.entries);
    free(p.valid.entries);
    free(p.friends.entries);
    fr_catalog_fini(&p.catalog);
    fr_dict_fini(&p.catalog_ids);
    if (err != FR_OK) fr_eval_data_fini(out);
    return err;
}

void fr_eval_data_fini(struct fr_eval_data *d) {
    fr_dict_fini(&d->users);
    fr_dict_fini(&d->items);
    if (d->train) fr_interactions_free(d->train);
    fr_rows_fini(&d->test);
    fr_rows_fini(&d->valid);
    fr_rows_fini(&d->friends);
    if (d->content) fr_features_free(d->content);
    free(d->tested);
    *d = (struct fr_eval_data){0};
}
