/* From a batch's differences to one packed record per affinity partition.
 *
 * The problem: an event changes some 20 pairs, and each pair belongs to two items in two partitions. At
 * 100,000 events a second that is 4 million entries to be summed, grouped by item, ordered and written.
 *
 * The choice: a pair is collected once, smaller number first, and the whole batch is sorted by (a, b). One
 * scan over the sorted pairs then deals out both directions: (a, b) is appended to a's run and to b's run. A
 * run comes out ascending without having been sorted, because rows before x bring x its smaller partners in
 * order, and x's own row brings the larger ones:
 *
 *     pairs (1,2) (1,5) (2,5)  ->  1: 2 5     2: 1 5     5: 1 2
 *
 * Rejected: sorting both directions (twice the sorting, which is most of the work); a hash table of pairs (a
 * cache miss each).
 *
 * Numbers are first replaced by their rank among those in the batch (`local`), so that every table here is
 * as large as the batch, not as the catalogue. Ranks ascend with numbers, so a reader with the same
 * dictionary finds the record sorted.
 *
 * Invariant between calls: local_of holds NONE everywhere. */
#include "delta_sink.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

#define NONE UINT32_MAX
enum { RECORD_VERSION = 1, MARGIN_BYTES = 2048, VARINT32_MAX = 5 };

static void numbers_reserve(struct fr_sink_numbers *numbers, size_t n, bool keep_none) {
    if (n <= numbers->cap) return;
    size_t cap = numbers->cap ? numbers->cap : 256;
    while (cap < n) cap *= 2;
    numbers->at = fr_realloc(numbers->at, cap * sizeof *numbers->at);
    if (keep_none) memset(numbers->at + numbers->cap, 0xff, (cap - numbers->cap) * sizeof *numbers->at);
    numbers->cap = cap;
}

/* --- numbers to locals -------------------------------------------------------------------------------- */

static inline void note(struct fr_delta_sink *sink, uint32_t number) {
    if (sink->local_of.at[number] != NONE) return;
    sink->local_of.at[number] = 0;
    fr_delta_push(&sink->locals, (struct fr_delta){.item = number});
}

static void rank_numbers(struct fr_delta_sink *sink) {
    sink->locals.n = 0;
    numbers_reserve(&sink->local_of, sink->dict->n, true);
    for (size_t i = 0; i < sink->pairs.n; i++) {
        note(sink, sink->pairs.at[i].item);
        note(sink, fr_code_number(sink->pairs.at[i].code));
    }
    for (size_t i = 0; i < sink->singles.n; i++) {
        const struct fr_delta *d = &sink->singles.at[i];
        note(sink, d->item);
        if (d->code != FR_CODE_COUNT) note(sink, fr_code_number(d->code));
    }
    fr_delta_sort(&sink->locals, &sink->spare);
    for (size_t i = 0; i < sink->locals.n; i++) sink->local_of.at[sink->locals.at[i].item] = (uint32_t)i;
}

static void forget_ranks(struct fr_delta_sink *sink) {
    for (size_t i = 0; i < sink->locals.n; i++) sink->local_of.at[sink->locals.at[i].item] = NONE;
}

/* --- runs of entries by item -------------------------------------------------------------------------- */

/* starts[local] becomes the number of entries before local's run. */
static void measure_runs(struct fr_delta_sink *sink) {
    size_t locals_n = sink->locals.n;
    numbers_reserve(&sink->starts, locals_n + 2, false);
    uint32_t *starts = sink->starts.at;
    memset(starts, 0, (locals_n + 2) * sizeof *starts);
    for (size_t i = 0; i < sink->pairs.n; i++) {
        starts[sink->local_of.at[sink->pairs.at[i].item] + 2]++;
        starts[sink->local_of.at[fr_code_number(sink->pairs.at[i].code)] + 2]++;
    }
    for (size_t i = 0; i < sink->singles.n; i++) starts[sink->local_of.at[sink->singles.at[i].item] + 2]++;
    for (size_t i = 2; i < locals_n + 2; i++) starts[i] += starts[i - 1];
}

/* Appends to a run; starts is kept one place ahead, so that after all is dealt starts[local] is right. */
static inline void deal(struct fr_delta_sink *sink, uint32_t local, struct fr_sink_entry e) {
    sink->entries[sink->starts.at[local + 1]++] = e;
}

static void deal_singles(struct fr_delta_sink *sink, enum fr_code_kind kind) {
    uint32_t locals_n = (uint32_t)sink->locals.n;
    for (size_t i = 0; i < sink->singles.n; i++) {
        const struct fr_delta *d = &sink->singles.at[i];
        if (fr_code_kind(d->code) != kind) continue;
        uint32_t code =
            kind == FR_CODE_IS_COUNT ? 0 : 1 + locals_n + sink->local_of.at[fr_code_number(d->code)];
        deal(sink, sink->local_of.at[d->item], (struct fr_sink_entry){code, d->epoch, d->weight});
    }
}

static void deal_entries(struct fr_delta_sink *sink) {
    size_t n = sink->pairs.n * 2 + sink->singles.n;
    FR_ASSERT(n < UINT32_MAX);
    if (n > sink->entries_cap) {
        sink->entries_cap = n + n / 4;
        free(sink->entries);
        sink->entries = fr_alloc(sink->entries_cap * sizeof *sink->entries);
    }
    deal_singles(sink, FR_CODE_IS_COUNT);
    for (size_t i = 0; i < sink->pairs.n; i++) {
        const struct fr_delta *d = &sink->pairs.at[i];
        uint32_t a = sink->local_of.at[d->item], b = sink->local_of.at[fr_code_number(d->code)];
        deal(sink, a, (struct fr_sink_entry){1 + b, d->epoch, d->weight});
        deal(sink, b, (struct fr_sink_entry){1 + a, d->epoch, d->weight});
    }
    deal_singles(sink, FR_CODE_IS_GROUP);
}

/* --- records ------------------------------------------------------------------------------------------ */

static uint32_t partition_of(struct fr_delta_sink *sink, uint32_t local) {
    uint32_t number = sink->locals.at[local].item;
    uint32_t *cached = &sink->partition_of.at[number];
    if (*cached == NONE) *cached = fr_murmur2(fr_dict_str(sink->dict, number)) % sink->partitions;
    return *cached;
}

static inline uint32_t entries_n(const struct fr_delta_sink *sink, uint32_t local) {
    return sink->starts.at[local + 1] - sink->starts.at[local];
}

static size_t varint_bytes(uint64_t v) {
    size_t n = 1;
    for (; v >= 0x80; v >>= 7) n++;
    return n;
}

/* The bytes of a name, the first time it is used in the record being cut. */
static size_t use_name(struct fr_delta_sink *sink, uint32_t local) {
    uint64_t bit = 1ull << (local & 63);
    if (sink->used[local >> 6] & bit) return 0;
    sink->used[local >> 6] |= bit;
    return VARINT32_MAX + fr_dict_str(sink->dict, sink->locals.at[local].item).len;
}

static size_t use_entry(struct fr_delta_sink *sink, const struct fr_sink_entry *e, size_t code_bytes) {
    uint32_t locals_n = (uint32_t)sink->locals.n;
    size_t name = e->code == 0 ? 0 : use_name(sink, e->code - 1 - (e->code > locals_n ? locals_n : 0));
    return name + code_bytes + VARINT32_MAX + varint_bytes(fr_zigzag(e->weight));
}

/* Gives the used names their indices, ascending, and writes them. */
static uint32_t write_names(struct fr_delta_sink *sink) {
    uint32_t n = 0;
    size_t words = sink->locals.n / 64 + 1;
    for (size_t word = 0; word < words; word++) n += (uint32_t)__builtin_popcountll(sink->used[word]);
    fr_varint_write(&sink->bytes, n);
    n = 0;
    for (size_t word = 0; word < words; word++) {
        for (uint64_t bits = sink->used[word]; bits; bits &= bits - 1) {
            size_t local = word * 64 + (size_t)__builtin_ctzll(bits);
            sink->name_of.at[local] = n++;
            fr_varint_write_str(&sink->bytes, fr_dict_str(sink->dict, sink->locals.at[local].item));
        }
        sink->used[word] = 0;
    }
    return n;
}

static void write_piece(struct fr_delta_sink *sink, const struct fr_sink_piece *p, uint32_t names_n) {
    uint32_t locals_n = (uint32_t)sink->locals.n, previous_code = 0;
    int64_t previous_epoch = 0;
    struct fr_buf *out = &sink->bytes;
    fr_varint_write(out, sink->name_of.at[p->local]);
    fr_varint_write(out, p->n);
    for (const struct fr_sink_entry *e = sink->entries + p->first, *end = e + p->n; e < end; e++) {
        uint32_t code = 0;
        if (e->code > locals_n)
            code = 1 + names_n + sink->name_of.at[e->code - 1 - locals_n];
        else if (e->code)
            code = 1 + sink->name_of.at[e->code - 1];
        fr_varint_write(out, code - previous_code);
        fr_varint_write(out, fr_zigzag(e->epoch - previous_epoch));
        fr_varint_write(out, fr_zigzag(e->weight));
        previous_code = code;
        previous_epoch = e->epoch;
    }
}

static void write_record(struct fr_delta_sink *sink, uint32_t partition) {
    if (sink->pieces_n == 0) return;
    size_t start = sink->bytes.len;
    fr_buf_byte(&sink->bytes, RECORD_VERSION);
    uint32_t names_n = write_names(sink);
    fr_varint_write(&sink->bytes, sink->pieces_n);
    for (size_t i = 0; i < sink->pieces_n; i++) write_piece(sink, &sink->pieces[i], names_n);
    sink->pieces_n = 0;
    if (sink->records_n == sink->records_cap) {
        sink->records_cap = sink->records_cap ? 2 * sink->records_cap : 16;
        sink->records = fr_realloc(sink->records, sink->records_cap * sizeof *sink->records);
    }
    sink->records[sink->records_n++] = (struct fr_sink_record){partition, start, sink->bytes.len};
}

static struct fr_sink_piece *add_piece(struct fr_delta_sink *sink, uint32_t local, uint32_t first) {
    if (sink->pieces_n == sink->pieces_cap) {
        sink->pieces_cap = sink->pieces_cap ? 2 * sink->pieces_cap : 256;
        sink->pieces = fr_realloc(sink->pieces, sink->pieces_cap * sizeof *sink->pieces);
    }
    sink->pieces[sink->pieces_n] = (struct fr_sink_piece){local, first, 0};
    return &sink->pieces[sink->pieces_n++];
}

/* Cuts one partition's items into records. What an entry takes is estimated from above and a record is
 * closed before the margin is used up, so with ids below 600 bytes none is too large. */
static void pack_partition(struct fr_delta_sink *sink, uint32_t partition, const uint32_t *locals, size_t n) {
    const size_t head = 1 + 2 * VARINT32_MAX, code_bytes = varint_bytes(2 * sink->locals.n + 1);
    const size_t room = sink->max_bytes - MARGIN_BYTES;
    size_t bytes = head;
    for (size_t i = 0; i < n; i++) {
        uint32_t first = sink->starts.at[locals[i]], end = first + entries_n(sink, locals[i]);
        struct fr_sink_piece *piece = NULL;
        for (uint32_t at = first; at < end; at++) {
            if (bytes > room) {
                write_record(sink, partition);
                bytes = head;
                piece = NULL;
            }
            if (!piece) {
                piece = add_piece(sink, locals[i], at);
                bytes += 2 * VARINT32_MAX + use_name(sink, locals[i]);
            }
            bytes += use_entry(sink, &sink->entries[at], code_bytes);
            piece->n++;
        }
    }
    write_record(sink, partition);
}

/* Counting sort of the items by partition, then one partition after the other. */
static void pack_all(struct fr_delta_sink *sink) {
    uint32_t locals_n = (uint32_t)sink->locals.n;
    uint32_t *ends = fr_alloc_zero(sink->partitions + 1, sizeof *ends);
    numbers_reserve(&sink->by_partition, locals_n, false);
    numbers_reserve(&sink->name_of, locals_n, false);
    numbers_reserve(&sink->partition_of, sink->dict->n, true);
    if (locals_n / 64 + 1 > sink->used_cap) {
        free(sink->used);
        sink->used_cap = locals_n / 32 + 16;
        sink->used = fr_alloc_zero(sink->used_cap, sizeof *sink->used);
    }
    for (uint32_t local = 0; local < locals_n; local++)
        if (entries_n(sink, local)) ends[partition_of(sink, local) + 1]++;
    for (uint32_t p = 0; p < sink->partitions; p++) ends[p + 1] += ends[p];
    for (uint32_t local = 0; local < locals_n; local++)
        if (entries_n(sink, local)) sink->by_partition.at[ends[partition_of(sink, local)]++] = local;
    for (uint32_t p = 0, first = 0; p < sink->partitions; first = ends[p++])
        if (ends[p] > first) pack_partition(sink, p, sink->by_partition.at + first, ends[p] - first);
    free(ends);
}

uint32_t fr_delta_finish(struct fr_delta_sink *sink) {
    sink->records_n = 0;
    fr_buf_clear(&sink->bytes);
    fr_delta_sort(&sink->pairs, &sink->spare);
    fr_delta_sum(&sink->pairs);
    fr_delta_sort(&sink->singles, &sink->spare);
    fr_delta_sum(&sink->singles);
    if (sink->pairs.n + sink->singles.n == 0) return 0;
    rank_numbers(sink);
    measure_runs(sink);
    deal_entries(sink);
    pack_all(sink);
    forget_ranks(sink);
    return (uint32_t)sink->records_n;
}

uint32_t fr_delta_sink_record(const struct fr_delta_sink *sink, uint32_t i, struct fr_str *bytes) {
    FR_ASSERT(i < sink->records_n);
    const struct fr_sink_record *r = &sink->records[i];
    *bytes = (struct fr_str){sink->bytes.data + r->start, (uint32_t)(r->end - r->start)};
    return r->partition;
}
