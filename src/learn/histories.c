#include "freshet/learn/histories.h"
#include "freshet/base/err.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

enum { SAMPLE_MAX = 1 << 20, NO_COLUMN = FR_DICT_NONE };

void fr_histories_init(struct fr_histories *h) {
    *h = (struct fr_histories){.start = fr_alloc_zero(1, sizeof *h->start)};
    fr_dict_init(&h->ids);
}

void fr_histories_fini(struct fr_histories *h) {
    fr_dict_fini(&h->ids);
    free(h->start);
    free(h->items);
    free(h->times_s);
    *h = (struct fr_histories){0};
}

void fr_histories_user(struct fr_histories *h) {
    if (h->user_n == h->user_cap) {
        h->user_cap = h->user_cap ? h->user_cap * 2 : 1024;
        h->start = fr_realloc(h->start, (h->user_cap + (size_t)1) * sizeof *h->start);
    }
    h->start[h->user_n + 1] = h->start[h->user_n];
    h->user_n++;
}

void fr_histories_touch(struct fr_histories *h, uint32_t item, fr_time_ms time_ms) {
    size_t n = h->start[h->user_n];
    if (n == h->cap) {
        h->cap = h->cap ? h->cap + h->cap / 2 : 4096;
        h->items = fr_realloc(h->items, h->cap * sizeof *h->items);
        h->times_s = fr_realloc(h->times_s, h->cap * sizeof *h->times_s);
    }
    fr_time_ms time_s = time_ms / 1000;
    h->items[n] = item;
    h->times_s[n] = time_s < 0 ? 0 : time_s > UINT32_MAX ? UINT32_MAX : (uint32_t)time_s;
    h->start[h->user_n]++;
}

uint64_t fr_histories_fingerprint(const struct fr_histories *h) {
    uint64_t all = 0, *ids = fr_alloc((h->ids.n + (size_t)1) * sizeof *ids);
    for (uint32_t i = 0; i < h->ids.n; i++) ids[i] = fr_hash_str(fr_dict_str(&h->ids, i));
    for (uint32_t u = 0; u < h->user_n; u++) {
        uint64_t user = u;
        for (size_t e = h->start[u]; e < h->start[u + 1]; e++)
            user += fr_hash_mix(ids[h->items[e]] ^ fr_hash_mix(h->times_s[e] + UINT64_C(1)));
        all = fr_hash_mix(all ^ user);
    }
    free(ids);
    return all;
}

/* ---- the cutoff ---- */

static int compare_numbers(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Of evenly spaced touches when there are many. */
static uint32_t cutoff_of(const struct fr_histories *h, const struct fr_time_split_params *p) {
    size_t n = fr_histories_count(h), step = n / SAMPLE_MAX + 1, taken = 0;
    uint32_t *sample = fr_alloc((n / step + 2) * sizeof *sample);
    for (size_t e = 0; e < n; e += step) sample[taken++] = h->times_s[e];
    qsort(sample, taken, sizeof *sample, compare_numbers);
    size_t place = (size_t)((double)taken * (1 - p->share));
    uint32_t cutoff = taken ? sample[place < taken ? place : taken - 1] : 0;
    free(sample);
    uint32_t least = (uint32_t)((p->not_before_ms + 999) / 1000);
    return cutoff > least ? cutoff : least;
}

/* ---- the columns ---- */

struct column {
    struct fr_str id;
    uint32_t number, users;
};

static int compare_touched(const void *a, const void *b) {
    const struct column *x = a, *y = b;
    if (x->users != y->users) return x->users > y->users ? -1 : 1;
    return fr_str_cmp(x->id, y->id);
}

static int compare_ids(const void *a, const void *b) {
    return fr_str_cmp(((const struct column *)a)->id, ((const struct column *)b)->id);
}

static uint32_t *count_users(const struct fr_histories *h, uint32_t cutoff) {
    uint32_t *users = fr_alloc_zero(h->ids.n + (size_t)1, sizeof *users);
    for (size_t e = 0; e < fr_histories_count(h); e++) users[h->items[e]] += h->times_s[e] < cutoff;
    return users;
}

static uint32_t keep_each_once(struct column *sorted, uint32_t n) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (kept == 0 || sorted[i].number != sorted[kept - 1].number) sorted[kept++] = sorted[i];
    return kept;
}

/* Fills s->columns; gives how many. */
static uint32_t choose_columns(const struct fr_histories *h, const struct fr_time_split_params *p,
                               uint32_t cutoff, struct fr_time_split *s) {
    uint32_t *users = count_users(h, cutoff), n = 0;
    struct column *chosen = fr_alloc((h->ids.n + p->also_n + (size_t)1) * sizeof *chosen);
    for (uint32_t i = 0; i < h->ids.n; i++)
        if (users[i] && users[i] >= p->users_least)
            chosen[n++] = (struct column){fr_dict_str(&h->ids, i), i, users[i]};
    free(users);
    if (n > p->items_most) {
        qsort(chosen, n, sizeof *chosen, compare_touched);
        n = p->items_most;
    }
    for (uint32_t i = 0; i < p->also_n; i++)
        chosen[n++] = (struct column){fr_dict_str(&h->ids, p->also[i]), p->also[i], 0};
    qsort(chosen, n, sizeof *chosen, compare_ids);
    n = keep_each_once(chosen, n);
    s->columns = fr_alloc((n + (size_t)1) * sizeof *s->columns);
    for (uint32_t c = 0; c < n; c++) s->columns[c] = chosen[c].number;
    free(chosen);
    return n;
}

static uint32_t *invert(const uint32_t *columns, uint32_t column_n, uint32_t id_n) {
    uint32_t *column_of = fr_alloc((id_n + (size_t)1) * sizeof *column_of);
    for (uint32_t i = 0; i < id_n; i++) column_of[i] = NO_COLUMN;
    for (uint32_t c = 0; c < column_n; c++) column_of[columns[c]] = c;
    return column_of;
}

/* ---- train ---- */

static struct fr_interactions *train_of(const struct fr_histories *h, uint32_t cutoff,
                                        const uint32_t *column_of, uint32_t column_n) {
    struct fr_interaction *entries = fr_alloc((fr_histories_count(h) + 1) * sizeof *entries);
    size_t n = 0;
    uint32_t user_n = 0;
    for (uint32_t u = 0; u < h->user_n; u++) {
        size_t before = n;
        for (size_t e = h->start[u]; e < h->start[u + 1]; e++) {
            uint32_t column = column_of[h->items[e]];
            if (column < column_n && h->times_s[e] < cutoff)
                entries[n++] = (struct fr_interaction){user_n, column, 1};
        }
        user_n += n > before;
    }
    struct fr_interactions *train = fr_interactions_new(user_n, column_n, entries, n);
    free(entries);
    return train;
}

/* ---- cases ---- */

static bool is_case(const struct fr_histories *h, uint32_t user, uint32_t cutoff, const uint32_t *column_of) {
    bool before = false, after = false;
    for (size_t e = h->start[user]; e < h->start[user + 1]; e++) {
        if (h->times_s[e] >= cutoff)
            after = true;
        else if (column_of[h->items[e]] != NO_COLUMN)
            before = true;
    }
    return before && after;
}

struct drawn {
    uint64_t lot;
    uint32_t user;
};

static int compare_lots(const void *a, const void *b) {
    const struct drawn *x = a, *y = b;
    if (x->lot != y->lot) return x->lot < y->lot ? -1 : 1;
    return (x->user > y->user) - (x->user < y->user);
}

static void choose_cases(const struct fr_histories *h, const struct fr_time_split_params *p, uint32_t cutoff,
                         const uint32_t *column_of, struct fr_time_split *s) {
    struct drawn *drawn = fr_alloc((h->user_n + (size_t)1) * sizeof *drawn);
    uint32_t n = 0;
    for (uint32_t u = 0; u < h->user_n; u++)
        if (is_case(h, u, cutoff, column_of)) drawn[n++] = (struct drawn){fr_hash_mix(u ^ p->seed << 32), u};
    qsort(drawn, n, sizeof *drawn, compare_lots);
    s->case_n = n < p->cases_most ? n : p->cases_most;
    s->cases = fr_alloc((s->case_n + (size_t)1) * sizeof *s->cases);
    for (uint32_t i = 0; i < s->case_n; i++) s->cases[i] = drawn[i].user;
    qsort(s->cases, s->case_n, sizeof *s->cases, compare_numbers);
    free(drawn);
}

/* Rows of the cases: touches on one side of the cutoff, ascending by column. column_of NULL: by number. */
static struct fr_rows rows_of(const struct fr_histories *h, const struct fr_time_split *s, bool before,
                              const uint32_t *column_of, uint32_t column_n) {
    uint32_t cutoff = (uint32_t)(s->cutoff_ms / 1000);
    size_t most = 0, n = 0;
    for (uint32_t i = 0; i < s->case_n; i++) most += h->start[s->cases[i] + 1] - h->start[s->cases[i]];
    struct fr_rows r = {s->case_n, column_n, fr_alloc((s->case_n + (size_t)1) * sizeof *r.start),
                        fr_alloc((most + 1) * sizeof *r.columns), fr_alloc((most + 1) * sizeof *r.values)};
    for (uint32_t i = 0; i < s->case_n; i++) {
        r.start[i] = n;
        for (size_t e = h->start[s->cases[i]]; e < h->start[s->cases[i] + 1]; e++) {
            uint32_t column = column_of ? column_of[h->items[e]] : h->items[e];
            if (column >= column_n || (h->times_s[e] < cutoff) != before) continue;
            r.values[n] = 1;
            r.columns[n++] = column;
        }
        qsort(r.columns + r.start[i], n - r.start[i], sizeof *r.columns, compare_numbers);
    }
    r.start[s->case_n] = n;
    return r;
}

struct fr_rows fr_time_split_rows(const struct fr_time_split *s, const struct fr_histories *h,
                                  const uint32_t *column_of, uint32_t column_n) {
    return rows_of(h, s, true, column_of, column_n);
}

struct fr_time_split fr_time_split_new(const struct fr_histories *h, const struct fr_time_split_params *p) {
    uint32_t cutoff = cutoff_of(h, p);
    struct fr_time_split s = {.cutoff_ms = (fr_time_ms)cutoff * 1000};
    uint32_t column_n = choose_columns(h, p, cutoff, &s);
    uint32_t *column_of = invert(s.columns, column_n, h->ids.n);
    s.train = train_of(h, cutoff, column_of, column_n);
    choose_cases(h, p, cutoff, column_of, &s);
    s.truth = rows_of(h, &s, false, NULL, h->ids.n);
    free(column_of);
    return s;
}

void fr_time_split_fini(struct fr_time_split *s) {
    if (s->train) fr_interactions_free(s->train);
    if (s->truth.start) fr_rows_fini(&s->truth);
    free(s->columns);
    free(s->cases);
    *s = (struct fr_time_split){0};
}
