/* Any bytes as an affinity record: refused, or entries that items take and stay sound; and what they hold, packed
 * again, reads back as the same sums. */
#include "freshet/affinity/item.h"
#include "freshet/affinity/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply_all(const struct fr_delta_record *record, const struct fr_dict *ids) {
    struct fr_decay decay;
    struct fr_item_scratch scratch = {0};
    fr_decay_init(&decay, 2, 20);
    struct fr_item_rules rules = {&decay, 4};
    for (uint32_t i = 0; i < record->items_n; i++) {
        const struct fr_delta_record_item *run = &record->items[i];
        struct fr_item item = {0};
        fr_item_apply(&item, &rules, ids, record->entries.at + run->first, run->n, &scratch);
        FR_ASSERT(fr_item_check(&item, &rules) == NULL);
        fr_item_apply(&item, &rules, ids, record->entries.at + run->first, run->n, &scratch);
        FR_ASSERT(fr_item_check(&item, &rules) == NULL);
        fr_item_fini(&item);
    }
    fr_item_scratch_fini(&scratch);
    fr_decay_fini(&decay);
}

/* A pair is added once, from its smaller side, so that the record made of it holds what is read here. */
static bool is_own(const struct fr_delta *d) {
    return fr_code_kind(d->code) != FR_CODE_IS_PAIR || d->item < fr_code_number(d->code);
}

static void pack_again(const struct fr_delta_record *record, struct fr_dict *ids) {
    struct fr_delta_sink *sink = fr_delta_sink_new(ids, 3, 1);
    struct fr_delta_record again = {0};
    uint64_t entries = 0, got = 0;
    int64_t sum = 0, got_sum = 0;
    for (size_t i = 0; i < record->entries.n; i++) {
        const struct fr_delta *d = &record->entries.at[i];
        if (!is_own(d)) continue;
        int64_t copies = fr_code_kind(d->code) == FR_CODE_IS_PAIR ? 2 : 1;
        entries += (uint64_t)copies;
        sum += copies * d->weight;
        fr_delta_sink_add(sink, *d);
    }
    uint32_t n = fr_delta_finish(sink);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_str bytes;
        fr_delta_sink_record(sink, i, &bytes);
        bool ok = fr_delta_record_read(&again, bytes, ids);
        FR_ASSERT(ok);
        got += again.entries.n;
        for (size_t k = 0; k < again.entries.n; k++) got_sum += again.entries.at[k].weight;
    }
    FR_ASSERT(got == entries && got_sum == sum);
    fr_delta_record_fini(&again);
    fr_delta_sink_free(&sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_dict ids;
    struct fr_delta_record record = {0};
    fr_dict_init(&ids);
    if (fr_delta_record_read(&record, (struct fr_str){(const char *)data, (uint32_t)size}, &ids)) {
        apply_all(&record, &ids);
        pack_again(&record, &ids);
    }
    fr_delta_record_fini(&record);
    fr_dict_fini(&ids);
    return 0;
}
