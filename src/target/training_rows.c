#include "freshet/target/training_rows.h"
#include "freshet/base/err.h"
#include <math.h>
#include <stdlib.h>

#define NO_ROW UINT32_MAX

struct tracked {
    struct fr_user user;
    uint32_t oldest, newest; /* its rows that still wait for what follows; NO_ROW: none */
};

struct row {
    struct fr_training_row is;
    uint32_t next; /* of the same user */
};

/* Everything that has been heard up to some record. */
struct world {
    struct tracked **users; /* [user_cap] by number, NULL: not met */
    uint32_t user_cap;
    float *prices; /* [price_n] by item's number, NAN: not known */
    uint32_t price_n;
    struct fr_user_effects effects;
};

struct fr_training_rows {
    struct fr_training_task task;
    struct fr_training_schedule schedule;
    const struct fr_propensity_features *features;
    const struct fr_profile_rules *rules;
    struct fr_dict *ids;
    struct world world;
    fr_time_ms next_cut_ms, last_ms;
    struct row *rows; /* [table.row_n] */
    uint32_t cap;
    struct fr_table table;
    struct fr_training_row *lent;
};

bool fr_training_task_read(struct fr_str text, struct fr_training_task *task) {
    static const char *const names[] = {
#define NAME_OF(name, text, yes) text,
        FR_TRAINING_MAP(NAME_OF)
#undef NAME_OF
    };
    const char *colon = memchr(text.ptr, ':', text.len);
    struct fr_str name = {text.ptr, colon ? (uint32_t)(colon - text.ptr) : text.len};
    task->category = colon ? (struct fr_str){colon + 1, text.len - name.len - 1} : (struct fr_str){0};
    for (int k = 0; k < FR_TRAINING_KINDS; k++) {
        task->kind = (enum fr_training_kind)k;
        if (fr_str_eq(name, fr_str_of(names[k])))
            return (k == FR_TRAINING_CATEGORY) == (task->category.len > 0);
    }
    return false;
}

/* ---- what was heard ---- */

static struct tracked *world_user(struct world *w, uint32_t number) {
    if (number >= w->user_cap) {
        uint32_t cap = number + number / 2 + 1024;
        w->users = fr_realloc(w->users, cap * sizeof(struct tracked *));
        memset(w->users + w->user_cap, 0, (cap - w->user_cap) * sizeof(struct tracked *));
        w->user_cap = cap;
    }
    if (w->users[number]) return w->users[number];
    struct tracked *t = w->users[number] = fr_alloc_zero(1, sizeof *t);
    fr_user_init(&t->user);
    t->oldest = t->newest = NO_ROW;
    return t;
}

static void note_price(struct world *w, uint32_t item, double price) {
    if (isnan(price)) return;
    if (item >= w->price_n) {
        uint32_t n = item + item / 2 + 1024;
        w->prices = fr_realloc(w->prices, n * sizeof *w->prices);
        for (uint32_t i = w->price_n; i < n; i++) w->prices[i] = NAN;
        w->price_n = n;
    }
    w->prices[item] = (float)price;
}

static void world_hear(struct world *w, const struct fr_profile_rules *rules, struct fr_dict *ids,
                       const struct fr_event *event) {
    struct tracked *t = world_user(w, fr_dict_intern(ids, event->user_id));
    fr_user_apply(&t->user, event, rules, ids, &w->effects);
    if (event->item_id.len) note_price(w, fr_dict_intern(ids, event->item_id), event->price);
    for (uint32_t i = 0; i < event->item_n; i++)
        note_price(w, fr_dict_intern(ids, event->items[i].item_id), event->items[i].price);
}

static void world_fini(struct world *w) {
    for (uint32_t i = 0; i < w->user_cap; i++) {
        if (!w->users[i]) continue;
        fr_user_fini(&w->users[i]->user);
        free(w->users[i]);
    }
    free(w->users);
    free(w->prices);
    fr_user_effects_fini(&w->effects);
}

/* ---- cuts ---- */

static float *row_values(struct fr_training_rows *r, uint32_t row) {
    return r->table.values + (size_t)row * r->table.column_n;
}

static struct fr_known_prices prices_of(const struct fr_training_rows *r, const struct world *w) {
    return r->schedule.without_prices ? (struct fr_known_prices){NULL, 0}
                                      : (struct fr_known_prices){w->prices, w->price_n};
}

static void add_row(struct fr_training_rows *r, struct tracked *t, uint32_t user) {
    if (r->table.row_n == r->cap) {
        r->cap = r->cap * 2 + 1024;
        r->rows = fr_realloc(r->rows, r->cap * sizeof *r->rows);
        r->table.values = fr_realloc(r->table.values, (size_t)r->cap * r->table.column_n * sizeof(float));
        r->table.labels = fr_realloc(r->table.labels, r->cap);
    }
    uint32_t row = r->table.row_n++;
    fr_propensity_features_of(r->features, &t->user, r->next_cut_ms, prices_of(r, &r->world),
                              row_values(r, row));
    r->rows[row] = (struct row){{user, r->next_cut_ms}, NO_ROW};
    r->table.labels[row] = r->task.kind == FR_TRAINING_CHURN;
    if (t->newest != NO_ROW) r->rows[t->newest].next = row;
    if (t->oldest == NO_ROW) t->oldest = row;
    t->newest = row;
}

static void make_cut(struct fr_training_rows *r) {
    for (uint32_t u = 0; u < r->world.user_cap; u++) {
        struct tracked *t = r->world.users[u];
        if (!t || !t->user.events || !fr_user_allows_ads(&t->user, false)) continue;
        if (t->user.last_ms >= r->next_cut_ms - r->schedule.recent_ms) add_row(r, t, u);
    }
}

/* ---- labels ---- */

static bool is_act(enum fr_event_type type) {
    return type != FR_EVENT_IMPRESSION && type != FR_EVENT_AD_IMPRESSION && type < FR_EVENT_ITEM_UPSERT;
}

static bool buys_of(const struct fr_training_rows *r, const struct fr_event *event) {
    const struct fr_catalog *catalog = r->features->catalog;
    if (event->type != FR_EVENT_PURCHASE) return false;
    if (event->item_id.len)
        return fr_item_is_of(catalog, fr_dict_intern(r->ids, event->item_id), r->task.category);
    for (uint32_t i = 0; i < event->item_n; i++)
        if (fr_item_is_of(catalog, fr_dict_intern(r->ids, event->items[i].item_id), r->task.category))
            return true;
    return false;
}

/* Whether the event decides a row: makes it a yes, of churn a no. */
static bool decides(const struct fr_training_rows *r, const struct fr_event *event) {
    if (r->task.kind == FR_TRAINING_PURCHASE) return event->type == FR_EVENT_PURCHASE;
    if (r->task.kind == FR_TRAINING_CONVERSION) return event->type == FR_EVENT_AD_CONVERSION;
    return r->task.kind == FR_TRAINING_CATEGORY ? buys_of(r, event) : is_act(event->type);
}

static void label_rows(struct fr_training_rows *r, struct tracked *t, const struct fr_event *event) {
    while (t->oldest != NO_ROW && event->time_ms >= r->rows[t->oldest].is.time_ms + r->task.horizon_ms &&
           r->rows[t->oldest].is.time_ms + r->task.horizon_ms <= r->last_ms - r->rules->events->lateness_ms)
        t->oldest = r->rows[t->oldest].next;
    if (t->oldest == NO_ROW) t->newest = NO_ROW;
    if (!decides(r, event)) return;
    for (uint32_t row = t->oldest; row != NO_ROW; row = r->rows[row].next) {
        fr_time_ms cut_ms = r->rows[row].is.time_ms;
        if (event->time_ms >= cut_ms && event->time_ms < cut_ms + r->task.horizon_ms)
            r->table.labels[row] = r->task.kind != FR_TRAINING_CHURN;
    }
}

/* ---- from outside ---- */

struct fr_training_rows *fr_training_rows_new(const struct fr_training_task *task,
                                              const struct fr_training_schedule *schedule,
                                              const struct fr_propensity_features *features,
                                              const struct fr_profile_rules *rules, struct fr_dict *ids) {
    FR_ASSERT(task->horizon_ms > 0 && schedule->every_ms > 0 && schedule->recent_ms > 0);
    struct fr_training_rows *r = fr_alloc_zero(1, sizeof *r);
    r->task = *task;
    r->schedule = *schedule;
    r->features = features;
    r->rules = rules;
    r->ids = ids;
    r->next_cut_ms = schedule->first_ms;
    r->last_ms = INT64_MIN;
    r->table = (struct fr_table){.column_n = features->column_n, .names = features->names};
    return r;
}

void fr_training_rows_free(struct fr_training_rows *r) {
    world_fini(&r->world);
    fr_table_fini(&r->table);
    free(r->rows);
    free(r->lent);
    free(r);
}

void fr_training_rows_add(struct fr_training_rows *r, const struct fr_event *event) {
    for (; event->time_ms >= r->next_cut_ms; r->next_cut_ms += r->schedule.every_ms) make_cut(r);
    if (event->time_ms > r->last_ms) r->last_ms = event->time_ms;
    label_rows(r, world_user(&r->world, fr_dict_intern(r->ids, event->user_id)), event);
    world_hear(&r->world, r->rules, r->ids, event);
}

uint32_t fr_training_rows_n(const struct fr_training_rows *r) { return r->table.row_n; }

const struct fr_table *fr_training_rows_end(struct fr_training_rows *r, const struct fr_training_row **rows) {
    while (r->table.row_n && r->rows[r->table.row_n - 1].is.time_ms + r->task.horizon_ms > r->last_ms)
        r->table.row_n--;
    r->lent = fr_realloc(r->lent, ((size_t)r->table.row_n + 1) * sizeof *r->lent);
    for (uint32_t i = 0; i < r->table.row_n; i++) r->lent[i] = r->rows[i].is;
    *rows = r->lent;
    return &r->table;
}

static bool is_same(const float *a, const float *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (!(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])))) return false;
    return true;
}

bool fr_training_row_check(const struct fr_training_rows *r, const struct fr_training_row *row,
                           const float *features, const struct fr_event *log, uint32_t n) {
    struct world w = {0};
    float again[FR_FEATURE_COLUMNS_MAX];
    for (uint32_t i = 0; i < n && log[i].time_ms < row->time_ms; i++)
        world_hear(&w, r->rules, r->ids, &log[i]);
    fr_propensity_features_of(r->features, &world_user(&w, row->user)->user, row->time_ms, prices_of(r, &w),
                              again);
    bool same = is_same(features, again, r->table.column_n);
    world_fini(&w);
    return same;
}

bool fr_training_row_allowed(const struct fr_training_rows *r, const struct fr_training_row *row,
                             bool must_be_given) {
    const struct tracked *t = r->world.users[row->user];
    return t->user.events && fr_user_allows_ads(&t->user, must_be_given);
}

/* ---- the split ---- */

static int by_time(const void *a, const void *b) {
    fr_time_ms x = *(const fr_time_ms *)a, y = *(const fr_time_ms *)b;
    return (x > y) - (x < y);
}

fr_time_ms fr_training_asked_from(const struct fr_training_row *rows, uint32_t n) {
    fr_time_ms *cuts = fr_alloc(((size_t)n + 1) * sizeof *cuts), first_ms = INT64_MAX;
    uint32_t cut_n = 0;
    for (uint32_t i = 0; i < n; i++)
        if (cut_n == 0 || cuts[cut_n - 1] != rows[i].time_ms) cuts[cut_n++] = rows[i].time_ms;
    qsort(cuts, cut_n, sizeof *cuts, by_time);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < cut_n; i++)
        if (kept == 0 || cuts[kept - 1] != cuts[i]) cuts[kept++] = cuts[i];
    if (kept) first_ms = cuts[kept - (kept + 3) / 4];
    free(cuts);
    return first_ms;
}

enum fr_training_part fr_training_part_of(const struct fr_training_row *row, int64_t horizon_ms,
                                          fr_time_ms asked_ms) {
    if (row->time_ms >= asked_ms) return FR_TRAINING_ASK;
    return row->time_ms + horizon_ms > asked_ms ? FR_TRAINING_GAP : FR_TRAINING_LEARN;
}
