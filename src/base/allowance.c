#include "freshet/base/allowance.h"
#include <math.h>

#define APART_MS 3600000
#define EXACT_MS 0x1p53

bool fr_allowance_take(struct fr_allowance *a, double per_s, fr_time_ms time_ms) {
    double most = per_s > 1 ? per_s : 1;
    if (a->newest_ms == 0 || time_ms < a->newest_ms - APART_MS) *a = (struct fr_allowance){most, time_ms};
    if (time_ms > a->newest_ms) {
        a->left = fmin(most, a->left + (double)(time_ms - a->newest_ms) * per_s / 1000);
        a->newest_ms = time_ms;
    }
    if (a->left < 1) return false;
    a->left -= 1;
    return true;
}

void fr_allowance_save(const struct fr_allowance *a, const char *name, struct fr_tensors_writer *w) {
    fr_tensors_put_vector(w, name, FR_TENSOR_F64, 2, (double[]){a->left, (double)a->newest_ms});
}

enum fr_err fr_allowance_load(struct fr_allowance *a, const char *name, const struct fr_tensors_file *f,
                              struct fr_errmsg *msg) {
    *a = (struct fr_allowance){0};
    const struct fr_tensor *t = fr_tensors_get(f, name, FR_TENSOR_F64);
    if (!t) return FR_OK;
    const double *saved = t->data;
    if (t->count != 2 || !(saved[0] >= 0 && saved[0] < EXACT_MS) || !(fabs(saved[1]) < EXACT_MS))
        return fr_err_set(msg, FR_STATE_CORRUPT, "%s: not what is left and a time", name);
    *a = (struct fr_allowance){saved[0], (fr_time_ms)saved[1]};
    return FR_OK;
}
