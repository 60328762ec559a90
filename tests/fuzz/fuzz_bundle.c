/* Any bytes as a bundle, with ids and vectors of one's own or with rows of neighbours: refused, or one whose models score
 * within it, and which reads back after it was written. */
#include "freshet/learn/announce.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void score(const struct fr_model *m) {
    const struct fr_model_ops *ops = m->ops;
    uint32_t n = ops->items(m), columns[2] = {0, n - 1};
    const float values[2] = {1, 2};
    float *out = fr_alloc((n + (size_t)1) * sizeof *out);
    float *work = fr_alloc(((ops->work_floats ? ops->work_floats(m) : 0) + (size_t)1) * sizeof *work);
    if (n && ops->score_some) ops->score_some(m, columns, values, n > 1 ? 2 : 1, NULL, n, work, out);
    free(out);
    free(work);
}

static void write_again(const struct fr_bundle *b) {
    struct fr_buf bytes = {0}, json = {0};
    struct fr_bundle *again;
    fr_bundle_write(b, &bytes);
    fr_bundle_json(b, &json);
    enum fr_err err = fr_bundle_read(fr_buf_slice(&bytes), &again, NULL);
    FR_ASSERT(err == FR_OK && again->item_n == b->item_n && again->model_n == b->model_n);
    fr_bundle_free(again);
    fr_buf_fini(&bytes);
    fr_buf_fini(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_bundle *b;
    struct fr_control control;
    char *copy = fr_alloc(size ? size : 1);
    if (size) memcpy(copy, data, size);
    struct fr_str bytes = {copy, (uint32_t)size};
    fr_control_read(bytes, &control);
    if (fr_bundle_read(bytes, &b, NULL) == FR_OK) {
        for (uint32_t i = 0; i < b->model_n; i++) score(b->models[i].model);
        write_again(b);
        fr_bundle_free(b);
    }
    free(copy);
    return 0;
}
