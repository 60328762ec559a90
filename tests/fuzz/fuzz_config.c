/* Any bytes as a configuration file: problems or settings, never a crash; and what is accepted is shown. */
#include "freshet/app/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_config config;
    struct fr_buf problems = {0}, shown = {0};
    const struct fr_config_inputs inputs = {.file = "fuzz.yaml",
                                            .text = {size ? (const char *)data : "", (uint32_t)size}};
    int code = fr_config_load(&config, &inputs, &problems);
    FR_ASSERT((code == 0) == (problems.len == 0));
    fr_config_show_json(&config, &shown);
    fr_config_fini(&config);
    fr_buf_fini(&problems);
    fr_buf_fini(&shown);
    return 0;
}
