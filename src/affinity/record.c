#include "freshet/affinity/record.h"
#include <stdlib.h>

enum { VERSION = 1 };

struct parser {
    struct fr_reader in;
    const uint32_t *numbers; /* [names_n] dictionary numbers */
    uint32_t names_n;
};

static bool read_names(struct fr_delta_record *r, struct parser *p, struct fr_dict *dict) {
    uint64_t n = fr_varint_read(&p->in);
    if (n > (uint64_t)(p->in.end - p->in.at)) return false;
    if (n > r->numbers_cap) {
        r->numbers_cap = (uint32_t)n + (uint32_t)n / 4;
        free(r->numbers);
        r->numbers = fr_alloc(r->numbers_cap * sizeof *r->numbers);
    }
    for (uint64_t i = 0; i < n; i++) {
        struct fr_str name = fr_varint_read_str(&p->in);
        if (!p->in.ok) return false;
        r->numbers[i] = fr_dict_intern(dict, name);
    }
    p->numbers = r->numbers;
    p->names_n = (uint32_t)n;
    return p->in.ok;
}

/* The code in dictionary numbers of a code in names; names_n is below 2^31, so sums do not wrap. */
static uint32_t translate(const struct parser *p, uint64_t code) {
    if (code == 0) return FR_CODE_COUNT;
    if (code <= p->names_n) return fr_code_pair(p->numbers[code - 1]);
    return fr_code_group(p->numbers[code - 1 - p->names_n]);
}

static bool read_entries(struct fr_delta_record *r, struct parser *p, uint32_t name, uint64_t n) {
    uint64_t code = 0, last_code = 2 * (uint64_t)p->names_n;
    int64_t epoch = 0;
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
        fr_delta_push(&r->entries, (struct fr_delta){p->numbers[name], translate(p, code), (int32_t)epoch,
                                                     (int32_t)weight});
    }
    return n > 0;
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

static bool strictly_ascends(const struct fr_delta_list *list) {
    for (size_t i = 1; i < list->n; i++) {
        const struct fr_delta *a = &list->at[i - 1], *b = &list->at[i];
        if (a->item < b->item || (a->item == b->item && a->code < b->code)) continue;
        if (a->item == b->item && a->code == b->code && a->epoch < b->epoch) continue;
        return false;
    }
    return true;
}

static void add_item(struct fr_delta_record *r, uint32_t first, uint32_t n) {
    if (r->items_n == r->items_cap) {
        r->items_cap = r->items_cap ? 2 * r->items_cap : 64;
        r->items = fr_realloc(r->items, r->items_cap * sizeof *r->items);
    }
    r->items[r->items_n++] = (struct fr_delta_record_item){r->entries.at[first].item, first, n};
}

static void find_runs(struct fr_delta_record *r) {
    for (size_t i = 0, end; i < r->entries.n; i = end) {
        for (end = i + 1; end < r->entries.n && r->entries.at[end].item == r->entries.at[i].item;) end++;
        add_item(r, (uint32_t)i, (uint32_t)(end - i));
    }
}

/* The writer's names ascend in its own dictionary. Where that is the reader's too, as in one process, the
 * entries need no sorting; elsewhere they do. A name that is there twice shows as an order that sorting does
 * not mend. */
bool fr_delta_record_read(struct fr_delta_record *r, struct fr_str bytes, struct fr_dict *dict) {
    struct parser p = {.in = fr_reader_of(bytes)};
    r->items_n = 0;
    r->entries.n = 0;
    if (fr_varint_read(&p.in) != VERSION || !read_names(r, &p, dict)) return false;
    if (!read_items(r, &p)) return false;
    fr_delta_sort(&r->entries, &r->spare);
    if (!strictly_ascends(&r->entries)) return false;
    find_runs(r);
    return true;
}

void fr_delta_record_fini(struct fr_delta_record *r) {
    free(r->items);
    free(r->numbers);
    fr_delta_list_fini(&r->entries);
    fr_delta_list_fini(&r->spare);
    *r = (struct fr_delta_record){0};
}
