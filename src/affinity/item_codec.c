/* An item's state as MessagePack, for docs/STATE.md:
 *
 *   [version, newest epoch, missed, missed epoch, dropped, groups dropped, counts, pairs, groups]
 *
 * counts is [age, weight, age, weight, ...], age being newest epoch - epoch; pairs and groups are flat arrays
 * of an id followed by its ages and weights, then the next id. Ids ascend bytewise and epochs ascend, so
 * equal states are equal bytes. An array per id would cost a byte more each and two calls per id to read. */
#include "item_runs.h"
#include "freshet/base/pack.h"
#include <stdlib.h>

enum { FIELDS = 9 };

/* --- encode ------------------------------------------------------------------------------------------- */

static void pack_buckets(const struct fr_item *item, uint32_t first, uint32_t n, struct fr_buf *out) {
    for (const struct fr_bucket *b = item->buckets + first, *end = b + n; b < end; b++) {
        fr_pack_int(out, (int64_t)item->newest - b->epoch);
        fr_pack_int(out, b->weight);
    }
}

static void pack_runs(const struct fr_item *item, uint32_t from, uint32_t to, const struct fr_dict *dict,
                      struct fr_item_run *runs, struct fr_buf *out) {
    uint32_t n = fr_item_runs_by_id(item, from, to, dict, runs);
    fr_pack_array(out, n + 2 * (to - from));
    for (uint32_t i = 0; i < n; i++) {
        fr_pack_str(out, fr_dict_str(dict, runs[i].number));
        pack_buckets(item, runs[i].first, runs[i].n, out);
    }
}

void fr_item_encode(const struct fr_item *item, const struct fr_dict *dict, struct fr_buf *out) {
    struct fr_item_run *runs = fr_alloc((item->others_n + item->groups_n + 1) * sizeof *runs);
    fr_pack_array(out, FIELDS);
    fr_pack_int(out, FR_ITEM_VERSION);
    if (item->touched)
        fr_pack_int(out, item->newest);
    else
        fr_pack_nil(out);
    fr_pack_int(out, item->missed);
    fr_pack_int(out, item->missed_epoch);
    fr_pack_bool(out, item->dropped);
    fr_pack_int(out, item->groups_dropped);
    fr_pack_array(out, 2 * item->pairs_at);
    pack_buckets(item, 0, item->pairs_at, out);
    pack_runs(item, item->pairs_at, item->groups_at, dict, runs, out);
    pack_runs(item, item->groups_at, item->n, dict, runs, out);
    free(runs);
}

/* --- decode ------------------------------------------------------------------------------------------- */

struct decoder {
    struct fr_reader in;
    struct fr_item *item;
    struct fr_dict *dict;
    struct fr_item_run *runs; /* in the order of the input; first points into unsorted */
    uint32_t runs_n;
    struct fr_bucket *unsorted; /* [n] */
    uint32_t n;
};

/* Reads ages and weights while there are numbers, at most *left values. */
static bool read_buckets(struct decoder *d, uint32_t code, uint32_t *left, bool positive) {
    int64_t newest = d->item->newest, previous = INT64_MAX;
    while (*left > 0 && fr_pack_peek(&d->in) == FR_PACK_INT) {
        int64_t age = fr_pack_read_int(&d->in), weight = fr_pack_read_int(&d->in);
        bool fits = age >= 0 && age <= newest - INT32_MIN && age < previous && weight != 0 &&
                    weight >= (positive ? 1 : -INT32_MAX) && weight <= INT32_MAX;
        if (!d->in.ok || !fits || *left < 2) return false;
        d->unsorted[d->n++] = (struct fr_bucket){code, (int32_t)(newest - age), (int32_t)weight};
        previous = age;
        *left -= 2;
    }
    return true;
}

static bool read_runs(struct decoder *d, uint32_t (*code_of)(uint32_t), bool positive) {
    uint32_t left = fr_pack_read_array(&d->in);
    struct fr_str previous = {0};
    for (bool first_id = true; left > 0; first_id = false) {
        struct fr_str id = fr_pack_read_str(&d->in);
        if (!d->in.ok || (!first_id && fr_str_cmp(previous, id) >= 0)) return false;
        uint32_t code = code_of(fr_dict_intern(d->dict, id)), first = d->n;
        left--;
        if (!read_buckets(d, code, &left, positive) || d->n == first) return false;
        d->runs[d->runs_n++] = (struct fr_item_run){code, 0, first, d->n - first};
        previous = id;
    }
    return d->in.ok;
}

static bool read_head(struct decoder *d) {
    struct fr_item *item = d->item;
    if (fr_pack_read_array(&d->in) != FIELDS || fr_pack_read_int(&d->in) != FR_ITEM_VERSION) return false;
    item->touched = fr_pack_peek(&d->in) != FR_PACK_NIL;
    int64_t newest = 0;
    if (item->touched)
        newest = fr_pack_read_int(&d->in);
    else
        fr_pack_skip(&d->in);
    int64_t missed = fr_pack_read_int(&d->in), missed_epoch = fr_pack_read_int(&d->in);
    item->dropped = fr_pack_read_bool(&d->in);
    int64_t groups_dropped = fr_pack_read_int(&d->in);
    if (!d->in.ok || newest < INT32_MIN || newest > INT32_MAX || missed < 0 || (missed && !item->dropped) ||
        missed_epoch < INT32_MIN || missed_epoch > newest || groups_dropped < 0 || groups_dropped > INT32_MAX)
        return false;
    item->newest = (int32_t)newest;
    item->missed = missed;
    item->missed_epoch = (int32_t)missed_epoch;
    item->groups_dropped = (uint32_t)groups_dropped;
    return true;
}

static bool read_parts(struct decoder *d) {
    uint32_t left = fr_pack_read_array(&d->in);
    if (!read_buckets(d, FR_CODE_COUNT, &left, false) || left > 0) return false;
    if (d->n) d->runs[d->runs_n++] = (struct fr_item_run){FR_CODE_COUNT, 0, 0, d->n};
    if (!read_runs(d, fr_code_pair, d->item->dropped)) return false;
    if (!read_runs(d, fr_code_group, d->item->groups_dropped > 0)) return false;
    return d->in.ok && d->in.at == d->in.end && (d->item->touched || d->n == 0);
}

/* Copies the runs in the order of this dictionary's numbers. */
static void take_buckets(struct decoder *d) {
    struct fr_item *item = d->item;
    fr_item_runs_sort(d->runs, d->runs_n, NULL);
    item->cap = item->n = d->n;
    item->buckets = fr_alloc((d->n + 1) * sizeof *item->buckets);
    struct fr_bucket *to = item->buckets;
    for (uint32_t i = 0; i < d->runs_n; i++) {
        memcpy(to, d->unsorted + d->runs[i].first, d->runs[i].n * sizeof *to);
        to += d->runs[i].n;
    }
    fr_item_recount(item);
}

bool fr_item_decode(struct fr_item *item, struct fr_dict *dict, struct fr_str bytes) {
    fr_item_fini(item);
    struct decoder d = {.in = fr_reader_of(bytes), .item = item, .dict = dict};
    d.unsorted = fr_alloc((bytes.len / 2 + 1) * sizeof *d.unsorted); /* a bucket takes 2 bytes or more */
    d.runs = fr_alloc((bytes.len / 3 + 1) * sizeof *d.runs);         /* an id with a bucket takes 3 */
    bool ok = read_head(&d) && read_parts(&d);
    if (ok) take_buckets(&d);
    free(d.unsorted);
    free(d.runs);
    ok = ok && item->groups_n <= FR_ITEM_GROUPS_MAX;
    if (!ok) fr_item_fini(item);
    return ok;
}
