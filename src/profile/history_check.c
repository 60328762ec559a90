/* Reading a history as a whole: its invariants, its size, the undos it waits with. */
#include "history_marks.h"

static const char *check_marks(const struct fr_history *h, const struct fr_history_use *use, uint32_t i) {
    const struct fr_history_entry *e = &h->entries[i];
    uint32_t same = 0;
    for (uint32_t k = e->mark_first; k < e->mark_first + e->mark_n; k++) {
        if (k >= h->mark_n) return "an entry's marks lie outside the array";
        fr_time_ms t = fr_mark_ms(h->marks[k]);
        bool first = k == e->mark_first;
        if (!first && h->marks[k - 1] > h->marks[k]) return "marks are not sorted";
        same = !first && fr_mark_type(h->marks[k - 1]) == fr_mark_type(h->marks[k]) ? same + 1 : 1;
        if (same > use->rules->times_kept) return "more times of a behaviour than are kept";
        if (fr_mark_type(h->marks[k]) >= FR_EVENT_TYPE_N) return "a mark of an unknown behaviour";
        if (t > e->touch_ms) return "a mark later than its entry's touch";
        if (fr_history_is_old(h, use->ids, h->ids[i], t)) return "a mark older than the horizon";
    }
    return NULL;
}

static const char *check_entry(const struct fr_history *h, const struct fr_history_use *use, uint32_t i) {
    if (i && fr_str_cmp(fr_dict_str(use->ids, h->ids[i - 1]), fr_dict_str(use->ids, h->ids[i])) >= 0)
        return "ids do not ascend";
    if (fr_history_is_old(h, use->ids, h->ids[i], h->entries[i].touch_ms))
        return "an entry behind the horizon";
    struct fr_strength want = {0, 0};
    const char *wrong = check_marks(h, use, i);
    if (!wrong && use->weighed) want = fr_history_weigh(h, use->rules, i);
    if (!wrong && !fr_strength_eq(h->entries[i].strength, want)) return "a strength differs from its marks";
    return wrong;
}

static const char *check_undos(const struct fr_history *h) {
    if (h->undo_n > FR_HISTORY_UNDOS) return "too many undos";
    for (uint32_t i = 0; i < h->undo_n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (h->undos[i].id == h->undos[k].id && h->undos[i].type == h->undos[k].type)
                return "an undo stands twice";
    return NULL;
}

const char *fr_history_check(const struct fr_history *h, const struct fr_history_use *use) {
    if (h->n > use->items) return "more entries than allowed";
    if (h->has_horizon && h->n != use->items) return "a horizon, but room for more entries";
    uint32_t marks = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        const char *wrong = check_entry(h, use, i);
        if (wrong) return wrong;
        marks += h->entries[i].mark_n;
    }
    if (marks != h->mark_n) return "marks that belong to no entry";
    return check_undos(h);
}

size_t fr_history_bytes(const struct fr_history *h) {
    return h->cap * (sizeof h->ids[0] + sizeof h->entries[0]) + h->mark_cap * sizeof h->marks[0] +
           h->undo_cap * sizeof h->undos[0];
}

static bool undo_before(const struct fr_dict *ids, struct fr_history_undo a, struct fr_history_undo b) {
    int order = a.id == b.id ? 0 : fr_str_cmp(fr_dict_str(ids, a.id), fr_dict_str(ids, b.id));
    return order ? order < 0 : a.type < b.type;
}

uint32_t fr_history_waiting(const struct fr_history *h, const struct fr_history_use *use,
                            struct fr_history_undo out[FR_HISTORY_UNDOS]) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < h->undo_n; i++) {
        if (!fr_history_undo_waits(h, use, &h->undos[i])) continue;
        uint32_t at = n++;
        for (; at && undo_before(use->ids, h->undos[i], out[at - 1]); at--) out[at] = out[at - 1];
        out[at] = h->undos[i];
    }
    return n;
}
