/* The audit of the aggregate state.
 *
 * Problem   the truth is a sum over all pairs of all histories, hundreds of millions of small numbers.
 * Choice    one list of (item, code, epoch, weight), sorted and summed whenever it has doubled; at the end it has the order
 *           that an item's buckets have, so comparing is walking along two sorted rows.
 * Rejected  a hash map of buckets: it needs as much memory and then still has to be sorted.
 * Invariant expected holds every contribution of the users read so far, summed or not. */
#include "freshet/app/audit.h"
#include "freshet/affinity/neighbors.h"
#include "freshet/base/json.h"
#include <stdlib.h>

enum { SUM_AT_LEAST = 4 << 20 };

struct audit {
    struct fr_state_reader *reader;
    struct fr_audit *result;
    struct fr_delta_list expected, spare;
    size_t sum_at;
    bool *seen; /* by item number */
    uint32_t seen_n;
};

static void sum_up(struct audit *a) {
    fr_delta_sort(&a->expected, &a->spare);
    fr_delta_sum(&a->expected);
    a->sum_at = 2 * a->expected.n < SUM_AT_LEAST ? SUM_AT_LEAST : 2 * a->expected.n;
}

/* ---- what the histories say: docs/AFFINITY.md section 5 ---- */

static void add(struct audit *a, uint32_t item, uint32_t code, struct fr_strength s) {
    fr_delta_push(&a->expected, (struct fr_delta){item, code, s.epoch, s.weight});
}

static void contribute(struct audit *a, const struct fr_user *u) {
    const struct fr_history *h = &u->history;
    const struct fr_profile_rules *rules = &a->reader->rules.profile;
    for (uint32_t i = 0; i < h->n; i++) {
        struct fr_strength mine = h->entries[i].strength;
        if (mine.weight == 0) continue;
        add(a, h->ids[i], FR_CODE_COUNT, mine);
        if (u->group != FR_DICT_NONE) add(a, h->ids[i], fr_code_group(u->group), mine);
        for (uint32_t k = 0; k < h->n; k++) {
            struct fr_strength other = h->entries[k].strength;
            if (k == i || other.weight == 0) continue;
            add(a, h->ids[i], fr_code_pair(h->ids[k]), fr_strength_min(rules, mine, other));
        }
    }
    if (a->expected.n >= a->sum_at) sum_up(a);
}

static enum fr_err add_user(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct audit *a = context;
    struct fr_user user;
    enum fr_err err = fr_state_user(a->reader, state, &user, msg);
    if (err == FR_OK) contribute(a, &user);
    a->result->users++;
    fr_user_fini(&user);
    return err;
}

/* ---- comparing ---- */

static void differ(struct audit *a, struct fr_audit_difference d) {
    a->result->differences++;
    if (a->result->shown_n < FR_AUDIT_SHOWN) a->result->shown[a->result->shown_n++] = d;
}

/* A part of what is stored of an item beside the same part of what is expected. */
struct rows {
    uint32_t item;
    const struct fr_bucket *stored, *stored_end;
    const struct fr_delta *expected, *expected_end;
};

/* <0: the next stored bucket comes first, >0: the next expected one. */
static int next_order(const struct rows *r) {
    if (r->stored == r->stored_end) return 1;
    if (r->expected == r->expected_end) return -1;
    if (r->stored->code != r->expected->code) return r->stored->code < r->expected->code ? -1 : 1;
    return (r->stored->epoch > r->expected->epoch) - (r->stored->epoch < r->expected->epoch);
}

static void compare_exactly(struct audit *a, struct rows r, int64_t cutoff) {
    while (r.stored < r.stored_end || r.expected < r.expected_end) {
        int order = next_order(&r);
        struct fr_audit_difference d = {.item = r.item};
        if (order <= 0) {
            d.code = r.stored->code, d.epoch = r.stored->epoch;
            d.stored = r.stored++->weight;
        }
        if (order >= 0) {
            d.code = r.expected->code, d.epoch = r.expected->epoch;
            d.expected = r.expected++->weight;
        }
        if (d.epoch > cutoff && (d.stored < d.expected || d.stored > d.expected)) differ(a, d);
    }
}

/* Pairs of an item that has dropped some: each is not above the truth, and below it by no more than the bound. */
static void compare_bounded(struct audit *a, struct rows r, const struct fr_item *item) {
    const struct fr_decay *decay = &a->reader->rules.popularity;
    double missed = fr_item_missed(item, decay, item->newest);
    while (r.stored < r.stored_end || r.expected < r.expected_end) {
        uint32_t code = next_order(&r) <= 0 ? r.stored->code : r.expected->code;
        struct fr_audit_difference d = {r.item, code, item->newest, true, 0, 0};
        double weights = 1;
        for (; r.stored < r.stored_end && r.stored->code == code; r.stored++)
            d.stored +=
                r.stored->weight * (double)fr_decay_at(decay, item->newest, r.stored->epoch) * 0x1p-32;
        for (; r.expected < r.expected_end && r.expected->code == code; r.expected++) {
            d.expected +=
                r.expected->weight * (double)fr_decay_at(decay, item->newest, r.expected->epoch) * 0x1p-32;
            weights += r.expected->weight;
        }
        double rounding = weights * 0x1p-30; /* decay is rounded at each age */
        if (d.stored > d.expected + rounding || d.expected - d.stored > missed + rounding) differ(a, d);
    }
}

static size_t lower_bound(const struct fr_delta_list *list, uint32_t item, uint32_t code) {
    size_t low = 0, high = list->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct fr_delta *d = &list->at[middle];
        if (d->item < item || (d->item == item && d->code < code))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void compare_item(struct audit *a, uint32_t number, const struct fr_item *item) {
    static const struct fr_delta no_delta;
    static const struct fr_bucket no_bucket;
    const struct fr_delta *all = a->expected.at ? a->expected.at : &no_delta;
    const struct fr_delta *counts = all + lower_bound(&a->expected, number, FR_CODE_COUNT);
    const struct fr_delta *pairs = all + lower_bound(&a->expected, number, fr_code_pair(0));
    const struct fr_delta *groups = all + lower_bound(&a->expected, number, fr_code_group(0));
    const struct fr_delta *end = all + lower_bound(&a->expected, number + 1, FR_CODE_COUNT);
    const struct fr_bucket *b = item->buckets ? item->buckets : &no_bucket;
    int64_t cutoff = item->touched ? (int64_t)item->newest - a->reader->rules.popularity.window : INT64_MIN;
    compare_exactly(a, (struct rows){number, b, b + item->pairs_at, counts, pairs}, cutoff);
    struct rows of_pairs = {number, b + item->pairs_at, b + item->groups_at, pairs, groups};
    if (item->dropped)
        compare_bounded(a, of_pairs, item);
    else
        compare_exactly(a, of_pairs, cutoff);
    if (item->groups_dropped == 0)
        compare_exactly(a, (struct rows){number, b + item->groups_at, b + item->n, groups, end}, cutoff);
}

static enum fr_err check_item(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct audit *a = context;
    struct fr_item item;
    uint32_t number = fr_dict_intern(&a->reader->ids, state->id);
    enum fr_err err = fr_state_item(a->reader, state, &item, msg);
    if (err == FR_OK) compare_item(a, number, &item);
    if (number < a->seen_n) a->seen[number] = true;
    a->result->items++;
    a->result->bounded_items += item.dropped;
    fr_item_fini(&item);
    return err;
}

/* Items that are expected and not stored. What has left the window may have been deleted. */
static void check_absent(struct audit *a, int32_t epoch) {
    int64_t cutoff = (int64_t)epoch - a->reader->rules.popularity.window;
    for (size_t i = 0; i < a->expected.n; i++) {
        const struct fr_delta *d = &a->expected.at[i];
        if (a->seen[d->item] || d->epoch <= cutoff) continue;
        differ(a, (struct fr_audit_difference){d->item, d->code, d->epoch, false, d->weight, 0});
    }
}

static enum fr_err check_items(struct audit *a, struct fr_errmsg *msg) {
    struct fr_state_list items = {0};
    int32_t epoch;
    a->seen_n = a->reader->ids.n;
    a->seen = fr_alloc_zero(a->seen_n + 1, sizeof *a->seen);
    enum fr_err err = fr_state_epoch(a->reader, &epoch, msg);
    if (err == FR_OK)
        err = fr_state_list(a->reader->store, &a->reader->keys[FR_STAGE_AGGREGATE], FR_KEY_ITEM, &items, msg);
    if (err == FR_OK) err = fr_state_each(a->reader->store, &items, check_item, a, msg);
    if (err == FR_OK) check_absent(a, epoch);
    fr_state_list_fini(&items);
    return err;
}

enum fr_err fr_audit_run(struct fr_state_reader *r, struct fr_audit *out, struct fr_errmsg *msg) {
    *out = (struct fr_audit){0};
    struct audit a = {.reader = r, .result = out, .sum_at = SUM_AT_LEAST};
    struct fr_state_list users;
    enum fr_err err = fr_state_list(r->store, &r->keys[FR_STAGE_USER], FR_KEY_USER, &users, msg);
    if (err == FR_OK) err = fr_state_each(r->store, &users, add_user, &a, msg);
    fr_state_list_fini(&users);
    sum_up(&a);
    out->buckets = a.expected.n;
    if (err == FR_OK) err = check_items(&a, msg);
    free(a.seen);
    fr_delta_list_fini(&a.expected);
    fr_delta_list_fini(&a.spare);
    return err;
}

/* ---- telling ---- */

static const char *kind_text(uint32_t code) {
    static const char *const texts[] = {"count", "pair", "group"};
    return texts[fr_code_kind(code)];
}

void fr_audit_text(const struct fr_audit *a, const struct fr_dict *ids, struct fr_buf *out) {
    for (uint32_t i = 0; i < a->shown_n; i++) {
        const struct fr_audit_difference *d = &a->shown[i];
        fr_buf_printf(out, "  item %.*s, %s", FR_STR_ARG(fr_dict_str(ids, d->item)), kind_text(d->code));
        if (d->code != FR_CODE_COUNT)
            fr_buf_printf(out, " %.*s", FR_STR_ARG(fr_dict_str(ids, fr_code_number(d->code))));
        fr_buf_printf(out, ", epoch %d: histories say %.10g, stored is %.10g%s\n", d->epoch, d->expected,
                      d->stored, d->bounded ? " (decayed; further apart than the bound)" : "");
    }
    if (a->differences > a->shown_n)
        fr_buf_printf(out, "  and %llu more\n", (unsigned long long)(a->differences - a->shown_n));
    fr_buf_printf(out, "audit: %llu users, %llu items (%llu with dropped pairs), %llu buckets: %s\n",
                  (unsigned long long)a->users, (unsigned long long)a->items,
                  (unsigned long long)a->bounded_items, (unsigned long long)a->buckets,
                  a->differences ? "DIFFERENT" : "equal");
}

static void put_number(struct fr_buf *out, const char *key, uint64_t value) {
    fr_json_key(out, key);
    fr_json_int(out, (int64_t)value);
}

static void put_difference(const struct fr_audit_difference *d, const struct fr_dict *ids,
                           struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "item_id");
    fr_json_str(out, fr_dict_str(ids, d->item));
    fr_json_key(out, "what");
    fr_json_str(out, fr_str_of(kind_text(d->code)));
    if (d->code != FR_CODE_COUNT) {
        fr_json_key(out, fr_code_kind(d->code) == FR_CODE_IS_PAIR ? "other_item_id" : "group");
        fr_json_str(out, fr_dict_str(ids, fr_code_number(d->code)));
    }
    fr_json_key(out, "epoch");
    fr_json_int(out, d->epoch);
    fr_json_key(out, "expected");
    fr_json_double(out, d->expected);
    fr_json_key(out, "stored");
    fr_json_double(out, d->stored);
    fr_json_key(out, "bounded");
    fr_json_bool(out, d->bounded);
    fr_json_close(out, '}');
}

void fr_audit_json(const struct fr_audit *a, const struct fr_dict *ids, struct fr_buf *out) {
    fr_json_key(out, "equal");
    fr_json_bool(out, a->differences == 0);
    put_number(out, "users", a->users);
    put_number(out, "items", a->items);
    put_number(out, "items_with_dropped_pairs", a->bounded_items);
    put_number(out, "buckets", a->buckets);
    put_number(out, "differences", a->differences);
    fr_json_key(out, "first");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < a->shown_n; i++) put_difference(&a->shown[i], ids, out);
    fr_json_close(out, ']');
}
