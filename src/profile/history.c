/* The bounded history.
 *
 * Problem   keep the H items that a user touched last, with exact counts, although events come late, twice
 *           undone, or before what they undo; and say exactly which strengths each event changed.
 * Choice    a horizon T: the latest (time, id) that was ever pushed out. Whatever is not later than T is old
 *           and is dropped on sight, whether it comes before or after the push. T is the (H+1)-th largest
 *           touch whatever the order of arrival, so what remains is a function of the set of events.
 *
 *               old, dropped         T          kept: at most H items, each with its live times
 *           ------------------------|------------------------------------------------> (time, id)
 *               ^ a late click here changes nothing    ^ a new item here moves T to the smallest touch
 *
 *           Live times are one flat array of 64-bit marks (behaviour, time). Undos are kept apart from the
 *           entries, since they may come before their item does; a dislike is an undo of everything else.
 * Rejected  dropping the item that was used least lately at arrival (depends on the order); counters instead
 *           of times (an undo could not know how many of them are older than itself); a list per entry (an
 *           allocation per item and three times the memory).
 * Invariant fr_history_check. */
#include "freshet/profile/history.h"
#include "history_marks.h"
#include "touch_order.h"
#include <stdlib.h>

void fr_history_fini(struct fr_history *h) {
    free(h->ids);
    free(h->entries);
    free(h->marks);
    free(h->undos);
    *h = (struct fr_history){0};
}

void fr_history_changes_fini(struct fr_history_changes *changes) {
    free(changes->at);
    *changes = (struct fr_history_changes){0};
}

static void report(struct fr_history_changes *changes, uint32_t id, struct fr_strength before,
                   struct fr_strength after) {
    if (!changes || fr_strength_eq(before, after)) return;
    if (changes->n == changes->cap) {
        changes->cap = changes->cap ? 2 * changes->cap : 16;
        changes->at = fr_realloc(changes->at, changes->cap * sizeof changes->at[0]);
    }
    changes->at[changes->n++] = (struct fr_history_change){id, before, after};
}

uint32_t fr_history_find(const struct fr_history *h, uint32_t id) {
    uint32_t i = 0;
    while (i < h->n && h->ids[i] != id) i++;
    return i;
}

struct fr_strength fr_history_strength(const struct fr_history *h, uint32_t id) {
    uint32_t i = fr_history_find(h, id);
    return i < h->n ? h->entries[i].strength : (struct fr_strength){0, 0};
}

bool fr_history_is_old(const struct fr_history *h, const struct fr_dict *ids, uint32_t id, fr_time_ms t) {
    return h->has_horizon && fr_touch_cmp(ids, t, id, h->horizon_ms, h->horizon_id) <= 0;
}

/* Entries: adding, and pushing out. */

static void restrengthen(struct fr_history *h, const struct fr_history_use *use, uint32_t i) {
    if (!use->weighed) return;
    struct fr_strength before = h->entries[i].strength;
    h->entries[i].strength = fr_history_weigh(h, use->rules, i);
    report(use->changes, h->ids[i], before, h->entries[i].strength);
}

static void move_entries(struct fr_history *h, uint32_t to, uint32_t from) {
    memmove(h->ids + to, h->ids + from, (h->n - from) * sizeof h->ids[0]);
    memmove(h->entries + to, h->entries + from, (h->n - from) * sizeof h->entries[0]);
}

void fr_history_insert(struct fr_history *h, uint32_t at, uint32_t id, fr_time_ms touch_ms) {
    if (h->n == h->cap) {
        h->cap = h->cap < 4 ? 4 : h->cap + h->cap / 2;
        h->ids = fr_realloc(h->ids, h->cap * sizeof h->ids[0]);
        h->entries = fr_realloc(h->entries, h->cap * sizeof h->entries[0]);
    }
    move_entries(h, at + 1, at);
    h->ids[at] = id;
    h->entries[at] = (struct fr_history_entry){.touch_ms = touch_ms};
    h->n++;
}

/* Where a new id belongs. */
static uint32_t place_of(const struct fr_history *h, const struct fr_dict *ids, uint32_t id) {
    struct fr_str text = fr_dict_str(ids, id);
    uint32_t from = 0, to = h->n;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (fr_str_cmp(fr_dict_str(ids, h->ids[middle]), text) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Entries ascend by id, so of equal touches the first is the smallest. */
static uint32_t earliest(const struct fr_history *h) {
    uint32_t first = 0;
    for (uint32_t i = 1; i < h->n; i++)
        if (h->entries[i].touch_ms < h->entries[first].touch_ms) first = i;
    return first;
}

/* Live times that the horizon has passed are old now, as they would be had they come later. */
static void drop_old_marks(struct fr_history *h, const struct fr_history_use *use) {
    if (!fr_marks_any_until(h, h->horizon_ms)) return;
    for (uint32_t i = 0; i < h->n; i++) {
        fr_time_ms last_old = h->horizon_ms;
        if (fr_marks_earliest(h, i) > last_old) continue;
        if (!fr_history_is_old(h, use->ids, h->ids[i], last_old)) last_old--;
        if (fr_marks_drop_until(h, i, last_old)) restrengthen(h, use, i);
    }
}

static void push_out_earliest(struct fr_history *h, const struct fr_history_use *use) {
    uint32_t i = earliest(h);
    h->has_horizon = true;
    h->horizon_ms = h->entries[i].touch_ms;
    h->horizon_id = h->ids[i];
    report(use->changes, h->ids[i], h->entries[i].strength, (struct fr_strength){0, 0});
    fr_marks_remove(h, h->entries[i].mark_first, h->entries[i].mark_n);
    move_entries(h, i, i + 1);
    h->n--;
    drop_old_marks(h, use);
}

/* The entry of id, made or moved up to t; h->n if it was pushed out at once. */
static uint32_t reach(struct fr_history *h, const struct fr_history_use *use, uint32_t id, fr_time_ms t) {
    uint32_t i = fr_history_find(h, id);
    if (i < h->n) {
        if (h->entries[i].touch_ms < t) h->entries[i].touch_ms = t;
        return i;
    }
    i = place_of(h, use->ids, id);
    fr_history_insert(h, i, id, t);
    if (h->n <= use->items) return i;
    push_out_earliest(h, use);
    return fr_history_find(h, id);
}

/* Undos that wait for what they take back. */

bool fr_history_undo_waits(const struct fr_history *h, const struct fr_history_use *use,
                           const struct fr_history_undo *undo) {
    return undo->time_ms >= use->floor_ms && !fr_history_is_old(h, use->ids, undo->id, undo->time_ms);
}

static void purge_undos(struct fr_history *h, const struct fr_history_use *use) {
    for (uint32_t i = 0; i < h->undo_n;) {
        if (fr_history_undo_waits(h, use, &h->undos[i]))
            i++;
        else
            h->undos[i] = h->undos[--h->undo_n];
    }
}

static int undo_cmp(const struct fr_dict *ids, const struct fr_history_undo *a,
                    const struct fr_history_undo *b) {
    int order = fr_touch_cmp(ids, a->time_ms, a->id, b->time_ms, b->id);
    return order ? order : (a->type > b->type) - (a->type < b->type);
}

/* Full: the earliest waiting undo makes room, or the new one does not stay. */
static void replace_earliest_undo(struct fr_history *h, const struct fr_dict *ids,
                                  struct fr_history_undo undo) {
    uint32_t first = 0;
    for (uint32_t i = 1; i < h->undo_n; i++)
        if (undo_cmp(ids, &h->undos[i], &h->undos[first]) < 0) first = i;
    if (undo_cmp(ids, &undo, &h->undos[first]) > 0) h->undos[first] = undo;
}

void fr_history_append_undo(struct fr_history *h, struct fr_history_undo undo) {
    if (h->undo_n == h->undo_cap) {
        h->undo_cap = h->undo_cap ? 2 * h->undo_cap : 4;
        h->undos = fr_realloc(h->undos, h->undo_cap * sizeof h->undos[0]);
    }
    h->undos[h->undo_n++] = undo;
}

static void remember_undo(struct fr_history *h, const struct fr_history_use *use,
                          struct fr_history_undo undo) {
    purge_undos(h, use);
    if (!fr_history_undo_waits(h, use, &undo)) return;
    for (uint32_t i = 0; i < h->undo_n; i++) {
        struct fr_history_undo *known = &h->undos[i];
        if (known->id != undo.id || known->type != undo.type) continue;
        if (known->time_ms < undo.time_ms) known->time_ms = undo.time_ms;
        return;
    }
    if (h->undo_n == FR_HISTORY_UNDOS)
        replace_earliest_undo(h, use->ids, undo);
    else
        fr_history_append_undo(h, undo);
}

static bool undone(const struct fr_history *h, uint32_t id, enum fr_event_type behaviour, fr_time_ms t) {
    for (uint32_t i = 0; i < h->undo_n; i++) {
        const struct fr_history_undo *u = &h->undos[i];
        if (u->id != id || t > u->time_ms) continue;
        if (u->type == (uint32_t)behaviour) return true;
        if (u->type == FR_HISTORY_ALL && behaviour != FR_EVENT_DISLIKE) return true;
    }
    return false;
}

/* The three operations. */

static void dislike_rest(struct fr_history *h, const struct fr_history_use *use, uint32_t i, fr_time_ms t) {
    remember_undo(h, use, (struct fr_history_undo){t, h->ids[i], FR_HISTORY_ALL});
    for (int type = 0; type < FR_EVENT_TYPE_N; type++)
        if (type != FR_EVENT_DISLIKE) fr_marks_undo(h, i, (enum fr_event_type)type, t);
}

bool fr_history_touch(struct fr_history *h, const struct fr_history_use *use, uint32_t id,
                      enum fr_event_type behaviour, fr_time_ms t) {
    if (fr_history_is_old(h, use->ids, id, t)) return false;
    uint32_t i = reach(h, use, id, t);
    if (i == h->n) return true;
    if (!undone(h, id, behaviour, t)) fr_marks_add(h, i, fr_mark_of(behaviour, t), use->rules->times_kept);
    if (behaviour == FR_EVENT_DISLIKE) dislike_rest(h, use, i, t);
    restrengthen(h, use, i);
    return true;
}

bool fr_history_undo(struct fr_history *h, const struct fr_history_use *use, uint32_t id,
                     enum fr_event_type behaviour, fr_time_ms t) {
    if (fr_history_is_old(h, use->ids, id, t)) return false;
    remember_undo(h, use, (struct fr_history_undo){t, id, (uint32_t)behaviour});
    uint32_t i = fr_history_find(h, id);
    if (i < h->n && fr_marks_undo(h, i, behaviour, t)) restrengthen(h, use, i);
    return true;
}

void fr_history_forget(struct fr_history *h, const struct fr_history_use *use) {
    for (uint32_t i = 0; i < h->n; i++)
        report(use->changes, h->ids[i], h->entries[i].strength, (struct fr_strength){0, 0});
    fr_history_fini(h);
}
