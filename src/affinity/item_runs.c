#include "item_runs.h"

uint64_t fr_item_id_prefix(struct fr_str id) {
    unsigned char bytes[8] = {0};
    if (id.len) memcpy(bytes, id.ptr, id.len < 8 ? id.len : 8);
    uint64_t key = 0;
    for (unsigned i = 0; i < 8; i++) key = key << 8 | bytes[i];
    return key;
}

static bool is_before(const struct fr_item_run *a, const struct fr_item_run *b, const struct fr_dict *dict) {
    if (a->key != b->key) return a->key < b->key;
    return dict && fr_str_cmp(fr_dict_str(dict, a->number), fr_dict_str(dict, b->number)) < 0;
}

/* Shell sort (Ciura's gaps): a few hundred runs, no comparison through a pointer. */
void fr_item_runs_sort(struct fr_item_run *runs, uint32_t n, const struct fr_dict *dict) {
    static const uint32_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        for (uint32_t gap = gaps[g], i = gap; i < n; i++) {
            struct fr_item_run moved = runs[i];
            uint32_t to = i;
            for (; to >= gap && is_before(&moved, &runs[to - gap], dict); to -= gap)
                runs[to] = runs[to - gap];
            runs[to] = moved;
        }
    }
}

uint32_t fr_item_runs_by_id(const struct fr_item *item, uint32_t from, uint32_t to,
                            const struct fr_dict *dict, struct fr_item_run *runs) {
    uint32_t n = 0;
    for (uint32_t i = from, end; i < to; i = end) {
        uint32_t code = item->buckets[i].code, number = fr_code_number(code);
        for (end = i + 1; end < to && item->buckets[end].code == code;) end++;
        runs[n++] = (struct fr_item_run){fr_item_id_prefix(fr_dict_str(dict, number)), number, i, end - i};
    }
    fr_item_runs_sort(runs, n, dict);
    return n;
}
