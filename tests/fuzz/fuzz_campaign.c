/* Any bytes as a campaign's record: refused with faults, or a campaign that is written to bytes that read back the same. */
#include "freshet/catalog/campaign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_arena arena = {0};
    struct fr_campaign first, second;
    struct fr_campaign_faults faults;
    struct fr_buf once = {0}, twice = {0};
    struct fr_str json = {(const char *)data, (uint32_t)size};
    if (fr_campaign_read(json, (struct fr_str){0}, &arena, &first, &faults)) {
        fr_campaign_write(&once, &first);
        bool ok = fr_campaign_read(fr_buf_slice(&once), first.id, &arena, &second, &faults);
        FR_ASSERT(ok || once.len > FR_CAMPAIGN_RECORD_BYTES); /* escapes may make it longer */
        if (ok) fr_campaign_write(&twice, &second);
        FR_ASSERT(!ok || fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    } else {
        FR_ASSERT(faults.n > 0);
        fr_campaign_faults_write(&once, &faults);
    }
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
    fr_arena_fini(&arena);
    return 0;
}
