/* An item's state as MessagePack, for docs/STATE.md:
 *
 *   [version, newest epoch, missed, missed epoch, dropped, groups dropped, counts, pairs, groups]
 *
 * counts is [age, weight, age, weight, ...], age being newest epoch - epoch; pairs and groups are flat arrays
 * of an id followed by its ages and weights, then the next id. An array per id would cost a byte more each and
 * two calls per id to read.
 *
 * Ids come in the order of the buckets, which is that of the dictionary: equal states are equal bytes only under
 * the same dictionary. Rejected: ids in bytewise order. Nothing compares stored bytes, and sorting 256 ids, each
 * a cache miss away, took most of the time of encoding. */
#include "item_runs.h"
#include "freshet/base/pack.h"
#include <stdlib.h>

enum { FIELDS = 9, AHEAD = 16, BUCKET_BYTES_MAX = 10 };

/* --- encode ------------------------------------------------------------------------------------------- */

/* The shortest form of a number from -2^31 to 2^32 - 1, written to memory that has room. */
static char *write_int(char *to, int64_t v) {
    uint64_t bits = (uint64_t)v;
    unsigned bytes = v < INT16_MIN || v > UINT16_MAX ? 4 : v < INT8_MIN || v > UINT8_MAX ? 2 : 1;
    if (v >= -32 && v < 0x80) {
        *to = (char)v;
        return to + 1;
    }
    *to++ = (char)((v < 0 ? 0xd0 : 0xcc) + (bytes >> 1)); /* int or uint of 8, 16 or 32 bits */
    for (unsigned i = bytes; i-- > 0;) *to++ = (char)(bits >> (8 * i));
    return to;
}

static char *write_bucket(char *to, const struct fr_item *item, const struct fr_bucket *b) {
    to = write_int(to, (int64_t)item->newest - b->epoch);
    return write_int(to, b->weight);
}

static void pack_counts(const struct fr_item *item, struct fr_buf *out) {
    fr_pack_array(out, 2 * item->pairs_at);
    char *to = fr_buf_reserve(out, (size_t)item->pairs_at * BUCKET_BYTES_MAX);
    for (uint32_t i = 0; i < item->pairs_at; i++) to = write_bucket(to, item, &item->buckets[i]);
    out->len = (size_t)(to - out->data);
}

/* An id is two waits for memory, for its place and for its bytes: both are asked for ahead. */
static void prefetch_id(const struct fr_item *item, const struct fr_dict *dict, uint32_t i, uint32_t end) {
    if (i + 2 * AHEAD < end)
        __builtin_prefetch(&dict->strings[fr_code_number(item->buckets[i + 2 * AHEAD].code)]);
    if (i + AHEAD < end)
        __builtin_prefetch(fr_dict_str(dict, fr_code_number(item->buckets[i + AHEAD].code)).ptr);
}

static void pack_runs(const struct fr_item *item, uint32_t from, uint32_t end, uint32_t runs_n,
                      const struct fr_dict *dict, struct fr_buf *out) {
    fr_pack_array(out, runs_n + 2 * (end - from));
    for (uint32_t i = from; i < end; i++) {
        const struct fr_bucket *b = &item->buckets[i];
        prefetch_id(item, dict, i, end);
        if (i == from || b[-1].code != b->code) fr_pack_str(out, fr_dict_str(dict, fr_code_number(b->code)));
        out->len = (size_t)(write_bucket(fr_buf_reserve(out, BUCKET_BYTES_MAX), item, b) - out->data);
    }
}

void fr_item_encode(const struct fr_item *item, const struct fr_dict *dict, struct fr_buf *out) {
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
    pack_counts(item, out);
    pack_runs(item, item->pairs_at, item->groups_at, item->others_n, dict, out);
    pack_runs(item, item->groups_at, item->n, item->groups_n, dict, out);
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
    while (left > 0) {
        struct fr_str id = fr_pack_read_str(&d->in);
        if (!d->in.ok) return false;
        uint32_t code = code_of(fr_dict_intern(d->dict, id)), first = d->n;
        left--;
        if (!read_buckets(d, code, &left, positive) || d->n == first) return false;
        d->runs[d->runs_n++] = (struct fr_item_run){code, 0, first, d->n - first};
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

/* Copies the runs in the order of this dictionary's numbers. False when an id comes twice. */
static bool take_buckets(struct decoder *d) {
    struct fr_item *item = d->item;
    fr_item_runs_sort(d->runs, d->runs_n, NULL);
    for (uint32_t i = 1; i < d->runs_n; i++)
        if (d->runs[i - 1].key == d->runs[i].key) return false;
    item->cap = item->n = d->n;
    item->buckets = fr_alloc((d->n + 1) * sizeof *item->buckets);
    struct fr_bucket *to = item->buckets;
    for (uint32_t i = 0; i < d->runs_n; i++) {
        memcpy(to, d->unsorted + d->runs[i].first, d->runs[i].n * sizeof *to);
        to += d->runs[i].n;
    }
    fr_item_recount(item);
    return true;
}

bool fr_item_decode(struct fr_item *item, struct fr_dict *dict, struct fr_str bytes) {
    fr_item_fini(item);
    struct decoder d = {.in = fr_reader_of(bytes), .item = item, .dict = dict};
    d.unsorted = fr_alloc((bytes.len / 2 + 1) * sizeof *d.unsorted); /* a bucket takes 2 bytes or more */
    d.runs = fr_alloc((bytes.len / 3 + 1) * sizeof *d.runs);         /* an id with a bucket takes 3 */
    bool ok = read_head(&d) && read_parts(&d) && take_buckets(&d);
    free(d.unsorted);
    free(d.runs);
    ok = ok && item->groups_n <= FR_ITEM_GROUPS_MAX;
    if (!ok) fr_item_fini(item);
    return ok;
}
