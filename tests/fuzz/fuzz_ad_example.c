/* Any bytes as a batch of ad examples: refused, or entries that written again read as the same. */
#include "freshet/target/ad_example.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct fr_ad_batch *batch, struct fr_arena *arena) {
    struct fr_ad_writer *w = fr_ad_writer_new();
    struct fr_buf out = {0};
    struct fr_ad_batch same;
    uint64_t keys[FR_ATTRIBUTION_KEYS];
    for (uint32_t i = 0; i < batch->n; i++) {
        fr_ad_writer_add(w, &batch->at[i]);
        uint32_t n = fr_ad_keys(&batch->at[i], keys);
        FR_ASSERT(n > 0 && n <= FR_ATTRIBUTION_KEYS);
    }
    fr_ad_writer_finish(w, &out);
    bool ok = fr_ad_batch_read(fr_buf_slice(&out), arena, &same);
    FR_ASSERT(ok && same.n == batch->n);
    for (uint32_t i = 0; i < batch->n; i++)
        FR_ASSERT(memcmp(&same.at[i], &batch->at[i], sizeof *batch->at) == 0);
    fr_buf_fini(&out);
    fr_ad_writer_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_arena arena = {0};
    struct fr_ad_batch batch;
    if (fr_ad_batch_read((struct fr_str){(const char *)data, (uint32_t)size}, &arena, &batch))
        write_again(&batch, &arena);
    fr_arena_fini(&arena);
    return 0;
}
