/* Selection, then a sort of what was selected.
 *
 * Problem   a list asks for the 100 best of some hundred to some thousand sums a dozen and a half times. A heap moves at
 *           every improvement, and each step of it is a branch that cannot be predicted.
 * Choice    scores that are not negative order like their bits. Keys differ, so Hoare's selection with Lomuto's partition needs no
 *           branch but its loop; a sort by digits needs none at all. Ids are looked at only where scores are equal. */
#include "freshet/recommend/best.h"
#include <string.h>

enum { DIGIT_BITS = 8, DIGITS = 4, DIGIT_VALUES = 1 << DIGIT_BITS, FEW = 24 };

static uint32_t score_bits(uint64_t key) { return (uint32_t)(key >> 32); }

static uint64_t middle_of(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* The larger ones to the front; returns how many are larger than the pivot, which stands behind them. n >= 3 */
static uint32_t partition(uint64_t *keys, uint32_t n) {
    uint64_t pivot = middle_of(keys[0], keys[n / 2], keys[n - 1]);
    uint32_t larger = 0, at = keys[0] == pivot ? 0 : keys[n / 2] == pivot ? n / 2 : n - 1;
    keys[at] = keys[n - 1];
    for (uint32_t i = 0; i < n - 1; i++) {
        uint64_t key = keys[i];
        keys[i] = keys[larger];
        keys[larger] = key;
        larger += key > pivot;
    }
    keys[n - 1] = keys[larger];
    keys[larger] = pivot;
    return larger;
}

static void insertion_sort(uint64_t *keys, uint32_t n) {
    for (uint32_t i = 1; i < n; i++) {
        uint64_t key = keys[i];
        uint32_t at = i;
        for (; at && keys[at - 1] < key; at--) keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

void fr_best_select(uint64_t *keys, uint32_t n, uint32_t most) {
    if (most >= n || most == 0) return;
    while (n > FEW) {
        uint32_t larger = partition(keys, n);
        if (most == larger || most == larger + 1) return;
        if (most < larger) {
            n = larger;
        } else {
            keys += larger + 1;
            n -= larger + 1;
            most -= larger + 1;
        }
    }
    insertion_sort(keys, n);
}

/* One pass of a stable sort by one digit, largest first. False: all have the same, nothing was done. */
static bool sort_by_digit(const uint64_t *from, uint32_t n, unsigned shift, uint64_t *to) {
    uint32_t starts[DIGIT_VALUES] = {0}, sum = 0;
    for (uint32_t i = 0; i < n; i++) starts[from[i] >> shift & (DIGIT_VALUES - 1)]++;
    if (starts[from[0] >> shift & (DIGIT_VALUES - 1)] == n) return false;
    for (uint32_t d = DIGIT_VALUES; d-- > 0;) {
        uint32_t count = starts[d];
        starts[d] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < n; i++) to[starts[from[i] >> shift & (DIGIT_VALUES - 1)]++] = from[i];
    return true;
}

static void sort_by_score(uint64_t *keys, uint32_t n, uint64_t *spare) {
    if (n <= FEW) {
        insertion_sort(keys, n);
        return;
    }
    uint64_t *from = keys, *to = spare;
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        if (!sort_by_digit(from, n, 32 + digit * DIGIT_BITS, to)) continue;
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys) memcpy(keys, from, n * sizeof *keys);
}

/* ---- ties ---- */

struct names {
    const struct fr_dict *ids;
    const uint32_t *items;
};

static bool is_first(const struct names *names, uint64_t a, uint64_t b) {
    uint32_t x = fr_best_place(a), y = fr_best_place(b);
    if (names->items) x = names->items[x], y = names->items[y];
    return fr_str_cmp(fr_dict_str(names->ids, x), fr_dict_str(names->ids, y)) < 0;
}

/* heap[n] has the last id at its root; key sinks from there. */
static void sink(const struct names *names, uint64_t *heap, uint32_t n, uint64_t key) {
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_first(names, heap[child], heap[child + 1])) child++;
        if (!is_first(names, key, heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = key;
}

/* The `most` first ids of keys[n] to its front, in no order. */
static void select_first(const struct names *names, uint64_t *keys, uint32_t n, uint32_t most) {
    for (uint32_t i = 1; i < most; i++) { /* a heap, by rising */
        uint64_t key = keys[i];
        uint32_t at = i;
        for (; at && is_first(names, keys[(at - 1) / 2], key); at = (at - 1) / 2)
            keys[at] = keys[(at - 1) / 2];
        keys[at] = key;
    }
    for (uint32_t i = most; i < n; i++) {
        if (!is_first(names, keys[i], keys[0])) continue;
        uint64_t key = keys[i];
        keys[i] = keys[0];
        sink(names, keys, most, key);
    }
}

/* Selection broke the tie at the edge by number: the keys with the score of the worst selected compete again by id. */
static void settle_edge(const struct names *names, uint64_t *keys, uint32_t n, uint32_t most) {
    uint32_t edge = score_bits(keys[0]), tied_in = 0, tied = 0;
    for (uint32_t i = 1; i < most; i++) edge = score_bits(keys[i]) < edge ? score_bits(keys[i]) : edge;
    for (uint32_t i = most; i < n; i++) tied += score_bits(keys[i]) == edge;
    if (tied == 0) return;
    for (uint32_t i = 0; i + tied_in < most;) { /* tied ones of the front stand together at its end */
        if (score_bits(keys[i]) != edge) {
            i++;
            continue;
        }
        uint64_t key = keys[i];
        keys[i] = keys[most - 1 - tied_in];
        keys[most - 1 - tied_in++] = key;
    }
    for (uint32_t i = most, to = most; i < n; i++) { /* and those behind it right after them */
        uint64_t key = keys[i];
        if (score_bits(key) != edge) continue;
        keys[i] = keys[to];
        keys[to++] = key;
    }
    select_first(names, keys + most - tied_in, tied_in + tied, tied_in);
}

/* keys[n] of one score, by id: a heap sort. */
static void sort_run(const struct names *names, uint64_t *keys, uint32_t n) {
    select_first(names, keys, n, n);
    for (uint32_t left = n; left > 1; left--) {
        uint64_t last = keys[0];
        sink(names, keys, left - 1, keys[left - 1]);
        keys[left - 1] = last;
    }
}

uint32_t fr_best(uint64_t *keys, uint32_t n, uint32_t most, const struct fr_dict *ids, const uint32_t *items,
                 uint64_t *spare) {
    struct names names = {ids, items};
    if (most == 0 || n == 0) return 0;
    if (n > most) {
        fr_best_select(keys, n, most);
        settle_edge(&names, keys, n, most);
        n = most;
    }
    sort_by_score(keys, n, spare);
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && score_bits(keys[end]) == score_bits(keys[i]);) end++;
        if (end - i > 1) sort_run(&names, keys + i, end - i);
    }
    return n;
}
