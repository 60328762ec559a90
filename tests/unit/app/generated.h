/* generated.h - a file in the repository is what its generator prints. Tests run in the repository. */
#ifndef FR_TESTS_GENERATED_H
#define FR_TESTS_GENERATED_H

#include "check.h"
#include "freshet/base/buf.h"

static inline void check_generated(const char *path, void (*generate)(struct fr_buf *out)) {
    struct fr_buf want = {0}, got = {0};
    generate(&want);
    FILE *file = fopen(path, "re");
    size_t n = 1;
    while (file && n) {
        n = fread(fr_buf_reserve(&got, 4096), 1, 4096, file);
        got.len += n;
    }
    if (file) fclose(file);
    if (!fr_str_eq(fr_buf_slice(&want), fr_buf_slice(&got)))
        check_report(false, path, 1, "is not what `freshet check --print-...` prints; generate it again");
    fr_buf_fini(&want);
    fr_buf_fini(&got);
}

#endif
