#include "freshet/affinity/trend.h"
#include "freshet/base/pack.h"
#include <math.h>
#include <stdlib.h>

void fr_trend_carry(struct fr_trend *entries, uint32_t n, int32_t from, int32_t to,
                    const struct fr_decay *popularity, const struct fr_decay *trend) {
    double by_popularity = (double)fr_decay_at(popularity, to, from) * 0x1p-32;
    double by_trend = (double)fr_decay_at(trend, to, from) * 0x1p-32;
    for (uint32_t i = 0; i < n; i++) {
        entries[i].popularity *= by_popularity;
        entries[i].trend *= by_trend;
    }
}

struct order {
    const struct fr_dict *dict;
    bool by_trend;
};

static int compare(const void *a, const void *b, void *context) {
    const struct fr_trend *x = a, *y = b;
    const struct order *order = context;
    double left = order->by_trend ? x->trend : x->popularity;
    double right = order->by_trend ? y->trend : y->popularity;
    if (left > right || left < right) return left > right ? -1 : 1;
    return fr_str_cmp(fr_dict_str(order->dict, x->item), fr_dict_str(order->dict, y->item));
}

uint32_t fr_trend_best(struct fr_trend *entries, uint32_t n, uint32_t k, bool by_trend,
                       const struct fr_dict *dict) {
    struct order order = {dict, by_trend};
    if (n > 1) qsort_r(entries, n, sizeof *entries, compare, &order);
    return n < k ? n : k;
}

void fr_trend_encode(const struct fr_trend *entries, uint32_t n, int32_t epoch, const struct fr_dict *dict,
                     struct fr_buf *out) {
    fr_pack_array(out, 3);
    fr_pack_int(out, FR_TREND_VERSION);
    fr_pack_int(out, epoch);
    fr_pack_array(out, n);
    for (uint32_t i = 0; i < n; i++) {
        fr_pack_array(out, 3);
        fr_pack_str(out, fr_dict_str(dict, entries[i].item));
        fr_pack_double(out, entries[i].popularity);
        fr_pack_double(out, entries[i].trend);
    }
}

bool fr_trend_decode(struct fr_trend *out, uint32_t cap, uint32_t *n, int32_t *epoch, struct fr_dict *dict,
                     struct fr_str bytes) {
    struct fr_reader in = fr_reader_of(bytes);
    *n = 0;
    *epoch = 0;
    if (fr_pack_read_array(&in) != 3 || fr_pack_read_int(&in) != FR_TREND_VERSION) return false;
    int64_t at = fr_pack_read_int(&in);
    uint32_t left = fr_pack_read_array(&in), kept = 0;
    bool ok = at >= INT32_MIN && at <= INT32_MAX;
    for (; left > 0 && ok; left--) {
        ok = fr_pack_read_array(&in) == 3;
        struct fr_str id = fr_pack_read_str(&in);
        double popularity = fr_pack_read_double(&in), trend = fr_pack_read_double(&in);
        ok = ok && in.ok && isfinite(popularity) && isfinite(trend);
        if (!ok || kept == cap) continue;
        out[kept++] = (struct fr_trend){fr_dict_intern(dict, id), popularity, trend};
    }
    if (!ok || !in.ok || in.at != in.end) return false;
    *n = kept;
    *epoch = (int32_t)at;
    return true;
}
