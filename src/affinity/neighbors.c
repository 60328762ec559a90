#include "freshet/affinity/neighbors.h"
#include "freshet/base/pack.h"
#include <math.h>

/* Sums of weight * decay need more than 64 bits when weights are near their limit. */
__extension__ typedef __int128 wide;

static inline wide worth(const struct fr_bucket *b, const struct fr_decay *decay, int32_t epoch) {
    return (wide)(b->weight * (int64_t)fr_decay_at(decay, epoch, b->epoch));
}

static inline double to_double(wide units) {
    bool small = units >= INT64_MIN && units <= INT64_MAX;
    return (small ? (double)(int64_t)units : (double)units) * 0x1p-32;
}

double fr_item_value_of(const struct fr_item *item, uint32_t from, uint32_t to, const struct fr_decay *decay,
                        int32_t epoch) {
    wide sum = 0;
    for (uint32_t i = from; i < to; i++) sum += worth(&item->buckets[i], decay, epoch);
    return to_double(sum);
}

double fr_item_count(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch) {
    return fr_item_value_of(item, 0, item->pairs_at, decay, epoch);
}

bool fr_item_is_readable(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch) {
    return item->pairs_at > 0 && (int64_t)epoch - decay->window < item->buckets[item->pairs_at - 1].epoch;
}

double fr_item_group_count(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch,
                           uint32_t group) {
    uint32_t from = item->groups_at, to;
    while (from < item->n && item->buckets[from].code < fr_code_group(group)) from++;
    for (to = from; to < item->n && item->buckets[to].code == fr_code_group(group);) to++;
    return fr_item_value_of(item, from, to, decay, epoch);
}

double fr_item_missed(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch) {
    return (double)fr_decay_carry(decay, item->missed, item->missed_epoch, epoch) * 0x1p-32;
}

double fr_item_missed_similarity(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch) {
    double missed = fr_item_missed(item, decay, epoch), count = fr_item_count(item, decay, epoch);
    return missed > 0 && count > 0 ? sqrt(missed / count) : 0;
}

/* --- the k best --------------------------------------------------------------------------------------- */

static inline bool is_better(const struct fr_dict *dict, const struct fr_neighbor *a,
                             const struct fr_neighbor *b) {
    if (a->similarity > b->similarity) return true;
    if (a->similarity < b->similarity) return false;
    return fr_str_cmp(fr_dict_str(dict, a->item), fr_dict_str(dict, b->item)) < 0;
}

/* out[0..n) is kept sorted: k is small and few candidates get in. */
static uint32_t offer(struct fr_neighbor *out, uint32_t n, uint32_t k, const struct fr_dict *dict,
                      const struct fr_neighbor *candidate) {
    if (n == k && !is_better(dict, candidate, &out[n - 1])) return n;
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (is_better(dict, candidate, &out[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    if (n < k) n++;
    memmove(out + low + 1, out + low, (n - low - 1) * sizeof *out);
    out[low] = *candidate;
    return n;
}

/* Surely below the worst that is kept: a root and a division saved for nearly every candidate. The margin is
 * far above what rounding can do. */
static inline bool is_hopeless(const struct fr_neighbor *candidate, double counts, double worst) {
    return candidate->pair * candidate->pair < worst * worst * counts * (1 - 1e-9);
}

uint32_t fr_neighbors_of(const struct fr_item *item, const struct fr_decay *decay, const struct fr_dict *dict,
                         int32_t epoch, struct fr_counts counts, uint32_t k, struct fr_neighbor *out) {
    FR_ASSERT(k <= FR_NEIGHBORS_MAX);
    double own = fr_item_count(item, decay, epoch);
    if (own <= 0 || k == 0) return 0;
    uint32_t n = 0;
    for (uint32_t i = item->pairs_at; i < item->groups_at;) {
        uint32_t code = item->buckets[i].code, first = i;
        while (i < item->groups_at && item->buckets[i].code == code) i++;
        struct fr_neighbor candidate = {fr_code_number(code), 0,
                                        fr_item_value_of(item, first, i, decay, epoch)};
        if (candidate.pair <= 0) continue;
        double others = counts.of(counts.self, candidate.item);
        if (others < 0) others = candidate.pair;
        if (others <= 0) continue;
        if (n == k && is_hopeless(&candidate, own * others, out[n - 1].similarity)) continue;
        candidate.similarity = candidate.pair / sqrt(own * others);
        n = offer(out, n, k, dict, &candidate);
    }
    return n;
}

/* --- the view ------------------------------------------------------------------------------------------ */

void fr_neighbors_encode(const struct fr_neighbors *neighbors, const struct fr_dict *dict,
                         struct fr_buf *out) {
    fr_pack_array(out, 4);
    fr_pack_int(out, FR_NEIGHBORS_VERSION);
    fr_pack_int(out, neighbors->epoch);
    fr_pack_double(out, neighbors->count);
    fr_pack_array(out, neighbors->n);
    for (const struct fr_neighbor *a = neighbors->at, *end = a + neighbors->n; a < end; a++) {
        fr_pack_array(out, 3);
        fr_pack_str(out, fr_dict_str(dict, a->item));
        fr_pack_double(out, a->similarity);
        fr_pack_double(out, a->pair);
    }
}

bool fr_neighbors_decode(struct fr_neighbors *out, uint32_t cap, struct fr_dict *dict, struct fr_str bytes) {
    struct fr_reader in = fr_reader_of(bytes);
    out->n = 0;
    if (fr_pack_read_array(&in) != 4 || fr_pack_read_int(&in) != FR_NEIGHBORS_VERSION) return false;
    int64_t epoch = fr_pack_read_int(&in);
    double count = fr_pack_read_double(&in);
    uint32_t n = fr_pack_read_array(&in), kept = 0;
    bool ok = epoch >= INT32_MIN && epoch <= INT32_MAX && isfinite(count);
    for (uint32_t i = 0; i < n && ok; i++) {
        ok = fr_pack_read_array(&in) == 3;
        struct fr_str id = fr_pack_read_str(&in);
        double similarity = fr_pack_read_double(&in), pair = fr_pack_read_double(&in);
        ok = ok && in.ok && isfinite(similarity) && isfinite(pair);
        if (!ok || kept == cap) continue;
        out->at[kept++] = (struct fr_neighbor){fr_dict_intern(dict, id), similarity, pair};
    }
    if (!ok || !in.ok || in.at != in.end) return false;
    out->epoch = (int32_t)epoch;
    out->count = count;
    out->n = kept;
    return true;
}
