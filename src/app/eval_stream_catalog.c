/* The catalogue beside the log: content as one more source, and items that become new when the log's time reaches the day
 * they were created on, not before. */
#include "freshet/app/items_read.h"
#include "freshet/catalog/features.h"
#include "freshet/recommend/source_content.h"
#include "eval_stream.h"
#include <stdlib.h>

struct arrival {
    fr_time_ms created_ms;
    uint32_t item;
};

struct stream_catalog {
    struct fr_catalog catalog;
    struct fr_features *features;
    struct arrival *arrivals; /* [arrival_n] by time; those before next have arrived */
    uint32_t arrival_n, next;
};

static int by_time(const void *a, const void *b) {
    const struct arrival *x = a, *y = b;
    if (x->created_ms != y->created_ms) return x->created_ms < y->created_ms ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item); /* numbers follow the order of the file */
}

static void note_arrivals(struct stream_catalog *c) {
    c->arrivals = fr_alloc((c->catalog.n + 1) * sizeof *c->arrivals);
    for (uint32_t i = fr_catalog_next(&c->catalog, 0); i != (uint32_t)FR_DICT_NONE;
         i = fr_catalog_next(&c->catalog, i + 1)) {
        const struct fr_item_record *item = fr_catalog_get(&c->catalog, i);
        if (item->has_created) c->arrivals[c->arrival_n++] = (struct arrival){item->created_ms, i};
    }
    qsort(c->arrivals, c->arrival_n, sizeof *c->arrivals, by_time);
}

enum fr_err stream_catalog_load(const char *path, struct fr_recommender *r, struct stream_catalog **out,
                                struct fr_errmsg *msg) {
    struct stream_catalog *c = fr_alloc_zero(1, sizeof *c);
    fr_catalog_init(&c->catalog, fr_recommender_ids(r));
    *out = c;
    enum fr_err err = fr_items_load(path, &c->catalog, msg);
    if (err != FR_OK) return err;
    struct fr_features_params params = FR_FEATURES_DEFAULTS;
    c->features = fr_features_new(&c->catalog, &params);
    fr_recommender_add(r, fr_source_content_new(&c->catalog, c->features));
    fr_recommender_catalog(r, &c->catalog, &c->features->rows);
    note_arrivals(c);
    return FR_OK;
}

void stream_catalog_arrive(struct stream_catalog *c, fr_time_ms now_ms, struct fr_recommender *r) {
    for (; c && c->next < c->arrival_n && c->arrivals[c->next].created_ms <= now_ms; c->next++)
        fr_recommender_item(r, c->arrivals[c->next].item, c->arrivals[c->next].created_ms);
}

void stream_catalog_free(struct stream_catalog *c) {
    if (!c) return;
    fr_features_free(c->features);
    fr_catalog_fini(&c->catalog);
    free(c->arrivals);
    free(c);
}
