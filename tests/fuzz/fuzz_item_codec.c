/* Any bytes as a stored item: refused, or a state that encodes to bytes that read back the same, can be shown, and
 * takes a delta. */
#include "freshet/affinity/item_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static double count_of(void *self, uint32_t item) {
    (void)self;
    return (double)item - 1;
}

static void encode_twice(const struct fr_item *item, struct fr_dict *ids) {
    struct fr_buf once = {0}, twice = {0};
    struct fr_item same = {0};
    fr_item_encode(item, ids, &once);
    bool ok = fr_item_decode(&same, ids, fr_buf_slice(&once));
    FR_ASSERT(ok);
    fr_item_encode(&same, ids, &twice);
    FR_ASSERT(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    fr_item_fini(&same);
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
}

static void use(struct fr_item *item, struct fr_dict *ids) {
    struct fr_decay decay;
    struct fr_buf out = {0};
    struct fr_item_scratch scratch = {0};
    fr_decay_init(&decay, 14, 60);
    fr_item_json(item, &decay, ids, FR_STR("p"), item->newest, (struct fr_counts){count_of, NULL}, 5, &out);
    struct fr_item_rules rules = {&decay, 4};
    uint32_t self = fr_dict_intern(ids, FR_STR("p")), other = fr_dict_intern(ids, FR_STR("q"));
    /* A new newest epoch removes what a state made under a longer window may hold. */
    int32_t epoch = item->newest < INT32_MAX ? item->newest + 1 : item->newest;
    struct fr_delta delta = {self, fr_code_pair(other), epoch, 1};
    fr_item_apply(item, &rules, ids, &delta, 1, &scratch);
    FR_ASSERT(epoch == INT32_MAX || fr_item_check(item, &rules) == NULL);
    fr_item_scratch_fini(&scratch);
    fr_decay_fini(&decay);
    fr_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_dict ids;
    struct fr_item item = {0};
    fr_dict_init(&ids);
    if (fr_item_decode(&item, &ids, (struct fr_str){(const char *)data, (uint32_t)size})) {
        encode_twice(&item, &ids);
        use(&item, &ids);
    }
    fr_item_fini(&item);
    fr_dict_fini(&ids);
    return 0;
}
