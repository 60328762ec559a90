/* Any bytes as a batch of ad examples: refused, or entries that written again read as the same, and that the models take. */
#include "freshet/run/live_ads.h"

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

/* Taught, stored and loaded: the same bytes again. */
static void teach(struct fr_str record) {
    const struct fr_live_ads_params params = {
        .model_bits = 10, .click_window_ms = 1000, .conversion_window_ms = 5000, .waiting_most = 8};
    struct fr_live_ads ads, again;
    struct fr_buf once = {0}, twice = {0};
    struct fr_arena arena = {0};
    fr_live_ads_init(&ads, &params, FR_LIVE_ADS_TAUGHT);
    fr_live_ads_init(&again, &params, FR_LIVE_ADS_TAUGHT);
    struct fr_live_ads_taught taught = fr_live_ads_teach(&ads, record, &arena);
    FR_ASSERT(!taught.bad);
    fr_live_ads_save(&ads, "e1", FR_LIVE_ADS_TAUGHT, &once);
    enum fr_err err = fr_live_ads_load(&again, fr_buf_slice(&once), NULL);
    FR_ASSERT(err == FR_OK);
    fr_live_ads_save(&again, "e1", FR_LIVE_ADS_TAUGHT, &twice);
    FR_ASSERT(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    fr_live_ads_fini(&ads);
    fr_live_ads_fini(&again);
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
    fr_arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_str bytes = {(const char *)data, (uint32_t)size};
    struct fr_arena arena = {0};
    struct fr_ad_batch batch;
    if (fr_ad_batch_read(bytes, &arena, &batch)) {
        write_again(&batch, &arena);
        teach(bytes);
    }
    fr_arena_fini(&arena);
    return 0;
}
