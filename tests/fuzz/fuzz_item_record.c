/* Any bytes as an item of the catalogue: refused with a fault, or an item that is written to bytes that read back the same,
 * and that the catalogue, its features and a filter made of the same bytes take. */
#include "freshet/catalog/features.h"
#include "freshet/recommend/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct fr_item_record *item, struct fr_arena *arena) {
    struct fr_buf once = {0}, twice = {0};
    struct fr_item_record same;
    struct fr_item_faults faults;
    fr_item_record_write(&once, item);
    bool ok = fr_item_record_read(fr_buf_slice(&once), item->id, arena, &same, &faults);
    FR_ASSERT(ok || once.len > FR_ITEM_RECORD_BYTES); /* escapes may make it longer */
    if (ok) fr_item_record_write(&twice, &same);
    FR_ASSERT(!ok || fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
}

static void use(const struct fr_item_record *item) {
    struct fr_dict ids;
    struct fr_catalog catalog;
    struct fr_features_params params = FR_FEATURES_DEFAULTS;
    fr_dict_init(&ids);
    fr_catalog_init(&catalog, &ids);
    params.least_items = 1;
    uint32_t number = fr_catalog_put(&catalog, item);
    FR_ASSERT(fr_str_eq(fr_catalog_get(&catalog, number)->id, item->id));
    struct fr_features *features = fr_features_new(&catalog, &params);
    for (size_t i = 0; i < features->rows.start[1]; i++)
        FR_ASSERT(features->rows.values[i] > 0 && features->rows.values[i] < 1.001f);
    fr_features_free(features);
    fr_catalog_fini(&catalog);
    fr_dict_fini(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_str text = {(const char *)data, (uint32_t)size};
    struct fr_arena arena = {0};
    struct fr_item_record item;
    struct fr_item_faults faults;
    struct fr_filter filter;
    const char *why;
    bool ok = fr_item_record_read(text, (struct fr_str){0}, &arena, &item, &faults);
    FR_ASSERT(ok == (faults.n == 0));
    if (ok) {
        write_again(&item, &arena);
        use(&item);
    }
    if (fr_filter_parse(text, &arena, &filter, &why)) {
        bool passes = fr_filter_passes(&filter, NULL, 0);
        FR_ASSERT(passes == filter.is_negated);
        if (ok) fr_filter_passes(&filter, &item, 0);
    } else {
        FR_ASSERT(why);
    }
    fr_arena_fini(&arena);
    return 0;
}
