/* Sorting deltas is most of what packing costs, so it is a radix sort: least significant digit first over the
 * bits of (item, code) that differ at all. Dictionary numbers are dense, so of 64 key bits some 35 differ and
 * three or four passes do. Rejected: qsort (5 times slower here); hashing equal deltas together first (a
 * cache miss each, and the unique ones must be sorted all the same). */
#include "freshet/affinity/delta.h"
#include <stdlib.h>

enum { SMALL = 48, DIGIT_BITS_MAX = 11 };

void fr_delta_reserve(struct fr_delta_list *list, size_t n) {
    if (n <= list->cap) return;
    size_t cap = list->cap ? list->cap : 64;
    while (cap < n) cap *= 2;
    list->at = fr_realloc(list->at, cap * sizeof *list->at);
    list->cap = cap;
}

void fr_delta_list_fini(struct fr_delta_list *list) {
    free(list->at);
    *list = (struct fr_delta_list){0};
}

static inline uint64_t key_of(const struct fr_delta *d) { return (uint64_t)d->item << 32 | d->code; }

static void insertion_sort(struct fr_delta *at, size_t n) {
    for (size_t i = 1; i < n; i++) {
        struct fr_delta moved = at[i];
        size_t to = i;
        for (; to > 0 && key_of(&at[to - 1]) > key_of(&moved); to--) at[to] = at[to - 1];
        at[to] = moved;
    }
}

/* One stable pass over the digit of `bits` bits at `shift`. */
static void scatter(const struct fr_delta *from, struct fr_delta *to, size_t n, unsigned shift,
                    unsigned bits) {
    uint32_t starts[1 << DIGIT_BITS_MAX];
    uint32_t mask = (1u << bits) - 1, sum = 0;
    memset(starts, 0, (mask + 1) * sizeof *starts);
    for (size_t i = 0; i < n; i++) starts[(key_of(&from[i]) >> shift) & mask]++;
    for (uint32_t digit = 0; digit <= mask; digit++) {
        uint32_t count = starts[digit];
        starts[digit] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++) to[starts[(key_of(&from[i]) >> shift) & mask]++] = from[i];
}

/* Which key bits differ between any two; 0 also when the list is in order already. */
static uint64_t differing_bits(const struct fr_delta_list *list) {
    uint64_t first = list->n ? key_of(&list->at[0]) : 0, previous = first, bits = 0;
    bool ascending = true;
    for (size_t i = 1; i < list->n; i++) {
        uint64_t key = key_of(&list->at[i]);
        bits |= key ^ first;
        ascending &= key >= previous;
        previous = key;
    }
    return ascending ? 0 : bits;
}

void fr_delta_sort(struct fr_delta_list *list, struct fr_delta_list *spare) {
    if (list->n < SMALL) {
        insertion_sort(list->at, list->n);
        return;
    }
    uint64_t bits = differing_bits(list);
    if (bits == 0) return;
    FR_ASSERT(list->n < UINT32_MAX);
    fr_delta_reserve(spare, list->n);
    unsigned digit = list->n < 4096 ? 8 : DIGIT_BITS_MAX;
    for (unsigned shift = 0; bits >> shift;) {
        shift += (unsigned)__builtin_ctzll(bits >> shift);
        unsigned width = 64 - shift < digit ? 64 - shift : digit;
        scatter(list->at, spare->at, list->n, shift, width);
        struct fr_delta_list sorted = {spare->at, list->n, spare->cap};
        *spare = (struct fr_delta_list){list->at, 0, list->cap};
        *list = sorted;
        shift += width;
        if (shift >= 64) break;
    }
}

void fr_delta_sort_run(struct fr_delta *run, size_t n, struct fr_delta_list *spare) {
    struct fr_delta_list list = {run, n, n};
    fr_delta_sort(&list, spare);
    if (list.at == run) return;
    memcpy(run, list.at, n * sizeof *run);
    *spare = (struct fr_delta_list){list.at, 0, list.cap};
}

static int compare_epochs(const void *a, const void *b) {
    int32_t x = ((const struct fr_delta *)a)->epoch, y = ((const struct fr_delta *)b)->epoch;
    return (x > y) - (x < y);
}

/* Deltas of one (item, code): nearly always few, of one or two epochs. */
static void sort_epochs(struct fr_delta *run, size_t n) {
    size_t sorted = 1;
    while (sorted < n && run[sorted - 1].epoch <= run[sorted].epoch) sorted++;
    if (sorted == n) return;
    if (n > SMALL) {
        qsort(run, n, sizeof *run, compare_epochs);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct fr_delta moved = run[i];
        size_t to = i;
        for (; to > 0 && run[to - 1].epoch > moved.epoch; to--) run[to] = run[to - 1];
        run[to] = moved;
    }
}

static size_t sum_run(const struct fr_delta *run, size_t n, struct fr_delta *out) {
    size_t kept = 0;
    for (size_t i = 0; i < n;) {
        struct fr_delta sum = run[i++];
        for (; i < n && run[i].epoch == sum.epoch; i++) sum.weight = fr_delta_add(sum.weight, run[i].weight);
        if (sum.weight) out[kept++] = sum;
    }
    return kept;
}

void fr_delta_sum(struct fr_delta_list *list) {
    size_t kept = 0;
    for (size_t i = 0, end; i < list->n; i = end) {
        uint64_t key = key_of(&list->at[i]);
        for (end = i + 1; end < list->n && key_of(&list->at[end]) == key;) end++;
        if (end - i > 1) sort_epochs(list->at + i, end - i);
        kept += sum_run(list->at + i, end - i, list->at + kept);
    }
    list->n = kept;
}
