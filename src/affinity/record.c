#include "freshet/affinity/record.h"
#include <stdlib.h>

enum { VERSION = 1, NAMES_AT_ONCE = 64 };

struct parser {
    struct fr_reader in;
    const uint32_t *numbers; /* [names_n] dictionary numbers */
    uint32_t names_n;
};

/* Marks the numbers; false when two names have the same one. */
static bool mark_numbers(struct fr_delta_record *r, uint32_t names_n, uint32_t numbers_end) {
    size_t words = numbers_end / 64 + 1;
    if (words > r->seen_words) {
        r->seen = fr_realloc(r->seen, 2 * words * sizeof *r->seen);
        memset(r->seen + r->seen_words, 0, (2 * words - r->seen_words) * sizeof *r->seen);
        r->seen_words = 2 * words;
    }
    uint64_t twice = 0;
    for (uint32_t i = 0; i < names_n; i++) {
        uint64_t *word = &r->seen[r->numbers[i] / 64], bit = UINT64_C(1) << r->numbers[i] % 64;
        twice |= *word & bit;
        *word |= bit;
    }
    for (uint32_t i = 0; i < names_n; i++) r->seen[r->numbers[i] / 64] = 0;
    return twice == 0;
}

static bool read_names(struct fr_delta_record *r, struct parser *p, struct fr_dict *dict) {
    uint64_t n = fr_varint_read(&p->in);
    if (n > (uint64_t)(p->in.end - p->in.at)) return false;
    if (n > r->numbers_cap) {
        r->numbers_cap = (uint32_t)n + (uint32_t)n / 4;
        free(r->numbers);
        r->numbers = fr_alloc(r->numbers_cap * sizeof *r->numbers);
    }
    struct fr_str names[NAMES_AT_ONCE];
    for (uint64_t i = 0; i < n; i += NAMES_AT_ONCE) {
        uint32_t some = n - i < NAMES_AT_ONCE ? (uint32_t)(n - i) : NAMES_AT_ONCE;
        for (uint32_t k = 0; k < some; k++) names[k] = fr_varint_read_str(&p->in);
        if (!p->in.ok) return false;
        fr_dict_intern_all(dict, names, some, r->numbers + i);
    }
    p->numbers = r->numbers;
    p->names_n = (uint32_t)n;
    return p->in.ok && mark_numbers(r, (uint32_t)n, dict->n);
}

/* The code in dictionary numbers of a code in names; names_n is below 2^31, so sums do not wrap. */
static uint32_t translate(const struct parser *p, uint64_t code) {
    if (code == 0) return FR_CODE_COUNT;
    if (code <= p->names_n) return fr_code_pair(p->numbers[code - 1]);
    return fr_code_group(p->numbers[code - 1 - p->names_n]);
}

static void add_item(struct fr_delta_record *r, struct fr_delta_record_item item) {
    if (r->items_n == r->items_cap) {
        r->items_cap = r->items_cap ? 2 * r->items_cap : 64;
        r->items = fr_realloc(r->items, r->items_cap * sizeof *r->items);
    }
    r->items[r->items_n++] = item;
}

/* The writer's names ascend in its own dictionary. Where that is the reader's too, as in one process, a run needs no
 * sorting; elsewhere it does. Names are different, so two entries that differ in the record differ here. */
static bool read_entries(struct fr_delta_record *r, struct parser *p, uint32_t name, uint64_t n) {
    uint64_t code = 0, last_code = 2 * (uint64_t)p->names_n;
    int64_t epoch = 0;
    uint32_t item = p->numbers[name], previous = 0;
    size_t first = r->entries.n;
    bool ascends = true;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t step = fr_varint_read(&p->in);
        int64_t later = fr_unzigzag(fr_varint_read(&p->in)), weight = fr_unzigzag(fr_varint_read(&p->in));
        if (!p->in.ok || step > last_code - code || later > UINT32_MAX || later < -(int64_t)UINT32_MAX)
            return false;
        code += step;
        epoch += later;
        bool ordered = i == 0 || step > 0 || later > 0;
        bool in_range = epoch >= INT32_MIN && epoch <= INT32_MAX && weight >= -INT32_MAX &&
                        weight <= INT32_MAX && weight != 0;
        if (!ordered || !in_range || code == 1 + (uint64_t)name) return false;
        uint32_t here = translate(p, code);
        ascends &= here >= previous;
        previous = here;
        fr_delta_push(&r->entries, (struct fr_delta){item, here, (int32_t)epoch, (int32_t)weight});
    }
    if (n == 0) return false;
    if (!ascends) fr_delta_sort_run(r->entries.at + first, n, &r->spare);
    add_item(r, (struct fr_delta_record_item){item, (uint32_t)first, (uint32_t)n});
    return true;
}

static bool read_items(struct fr_delta_record *r, struct parser *p) {
    uint64_t n = fr_varint_read(&p->in), previous = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t name = fr_varint_read(&p->in), entries_n = fr_varint_read(&p->in);
        if (!p->in.ok || name >= p->names_n || (i > 0 && name <= previous)) return false;
        if (!read_entries(r, p, (uint32_t)name, entries_n)) return false;
        previous = name;
    }
    return p->in.ok && p->in.at == p->in.end;
}

bool fr_delta_record_read(struct fr_delta_record *r, struct fr_str bytes, struct fr_dict *dict) {
    struct parser p = {.in = fr_reader_of(bytes)};
    r->items_n = 0;
    r->entries.n = 0;
    bool ok = fr_varint_read(&p.in) == VERSION && read_names(r, &p, dict) && read_items(r, &p);
    if (!ok) r->items_n = 0;
    return ok;
}

void fr_delta_record_fini(struct fr_delta_record *r) {
    free(r->items);
    free(r->numbers);
    free(r->seen);
    fr_delta_list_fini(&r->entries);
    fr_delta_list_fini(&r->spare);
    *r = (struct fr_delta_record){0};
}
