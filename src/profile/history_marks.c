#include "history_marks.h"

static void shift_later(struct fr_history *h, uint32_t at, uint32_t by, bool up) {
    for (uint32_t i = 0; i < h->n; i++)
        if (h->entries[i].mark_first >= at) h->entries[i].mark_first += up ? by : -by;
}

void fr_marks_remove(struct fr_history *h, uint32_t at, uint32_t n) {
    if (n == 0) return;
    memmove(h->marks + at, h->marks + at + n, (h->mark_n - at - n) * sizeof h->marks[0]);
    h->mark_n -= n;
    shift_later(h, at + n, n, false);
}

static void insert(struct fr_history *h, uint32_t i, uint32_t at, uint64_t mark) {
    if (h->mark_n == h->mark_cap) {
        h->mark_cap = h->mark_cap < 8 ? 8 : h->mark_cap + h->mark_cap / 2;
        h->marks = fr_realloc(h->marks, h->mark_cap * sizeof h->marks[0]);
    }
    memmove(h->marks + at + 1, h->marks + at, (h->mark_n - at) * sizeof h->marks[0]);
    h->marks[at] = mark;
    h->mark_n++;
    shift_later(h, h->entries[i].mark_first + 1, 1, true);
    h->entries[i].mark_n++;
}

void fr_marks_add(struct fr_history *h, uint32_t i, uint64_t mark, uint32_t times_kept) {
    struct fr_history_entry *e = &h->entries[i];
    if (e->mark_n == 0) e->mark_first = h->mark_n; /* an empty range has no place of its own */
    uint32_t same = 0, first = e->mark_first, at = first, end = first + e->mark_n;
    for (uint32_t k = first; k < end; k++) {
        if (fr_mark_type(h->marks[k]) == fr_mark_type(mark)) same++;
        if (h->marks[k] <= mark) at = k + 1;
    }
    if (same < times_kept) {
        insert(h, i, at, mark);
        return;
    }
    /* Full: the earliest of the behaviour leaves, which may be the new one itself. */
    uint32_t least = first;
    while (fr_mark_type(h->marks[least]) != fr_mark_type(mark)) least++;
    if (at <= least) return;
    memmove(h->marks + least, h->marks + least + 1, (at - 1 - least) * sizeof h->marks[0]);
    h->marks[at - 1] = mark;
}

static bool cut(struct fr_history *h, uint32_t i, uint32_t from, uint32_t to) {
    if (from == to) return false;
    h->entries[i].mark_n -= to - from;
    fr_marks_remove(h, from, to - from);
    return true;
}

bool fr_marks_undo(struct fr_history *h, uint32_t i, enum fr_event_type behaviour, fr_time_ms t) {
    uint32_t from = h->entries[i].mark_first, end = from + h->entries[i].mark_n;
    while (from < end && fr_mark_type(h->marks[from]) < behaviour) from++;
    uint32_t to = from;
    while (to < end && h->marks[to] <= fr_mark_of(behaviour, t)) to++;
    return cut(h, i, from, to);
}

/* No early way out, so that the compiler can look at several at once. */
bool fr_marks_any_until(const struct fr_history *h, fr_time_ms t) {
    uint32_t n = 0;
    for (uint32_t k = 0; k < h->mark_n; k++) n += fr_mark_ms(h->marks[k]) <= t;
    return n > 0;
}

fr_time_ms fr_marks_earliest(const struct fr_history *h, uint32_t i) {
    fr_time_ms earliest = INT64_MAX;
    uint32_t first = h->entries[i].mark_first;
    for (uint32_t k = first; k < first + h->entries[i].mark_n; k++)
        if (fr_mark_ms(h->marks[k]) < earliest) earliest = fr_mark_ms(h->marks[k]);
    return earliest;
}

bool fr_marks_drop_until(struct fr_history *h, uint32_t i, fr_time_ms t) {
    bool any = false;
    for (uint32_t k = h->entries[i].mark_n; k-- > 0;) {
        uint32_t at = h->entries[i].mark_first + k;
        if (fr_mark_ms(h->marks[at]) <= t) any |= cut(h, i, at, at + 1);
    }
    return any;
}

uint32_t fr_history_count(const struct fr_history *h, uint32_t i, enum fr_event_type behaviour,
                          fr_time_ms *last_ms) {
    uint32_t n = 0, first = h->entries[i].mark_first;
    for (uint32_t k = first; k < first + h->entries[i].mark_n; k++) {
        if (fr_mark_type(h->marks[k]) != behaviour) continue;
        n++;
        *last_ms = fr_mark_ms(h->marks[k]);
    }
    return n;
}

/* Marks are sorted, so a behaviour's latest is the last before another behaviour begins. */
struct fr_strength fr_history_weigh(const struct fr_history *h, const struct fr_profile_rules *rules,
                                    uint32_t i) {
    struct fr_strength best = {0, 0};
    uint32_t first = h->entries[i].mark_first, end = first + h->entries[i].mark_n;
    for (uint32_t k = first; k < end; k++) {
        enum fr_event_type type = fr_mark_type(h->marks[k]);
        if (k + 1 < end && fr_mark_type(h->marks[k + 1]) == type) continue;
        int32_t weight = rules->events->weight[type];
        if (weight == 0) continue;
        struct fr_strength s = {fr_epoch_of(rules, fr_mark_ms(h->marks[k])), weight};
        if (fr_strength_cmp(rules, s, best) > 0) best = s;
    }
    return best;
}
