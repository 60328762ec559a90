#include "freshet/target/propensity_features.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { WINDOWS = 3, NAME_BYTES = 64 };

static const int window_days[WINDOWS] = {7, 30, 90};
static const double DAY_MS = 86400000;

/* Kinds whose count ever says something of a user. */
static const enum fr_event_type counted[] = {
    FR_EVENT_IMPRESSION,  FR_EVENT_CLICK,        FR_EVENT_VIEW,   FR_EVENT_LIKE,   FR_EVENT_DISLIKE,
    FR_EVENT_SHARE,       FR_EVENT_COMMENT,      FR_EVENT_FOLLOW, FR_EVENT_ASK,    FR_EVENT_ADD_TO_WISHLIST,
    FR_EVENT_ADD_TO_CART, FR_EVENT_PURCHASE,     FR_EVENT_REFUND, FR_EVENT_SEARCH, FR_EVENT_AD_IMPRESSION,
    FR_EVENT_AD_CLICK,    FR_EVENT_AD_CONVERSION};
/* Kinds whose times the history keeps. */
static const enum fr_event_type timed[] = {FR_EVENT_CLICK,       FR_EVENT_VIEW,    FR_EVENT_LIKE,
                                           FR_EVENT_SHARE,       FR_EVENT_COMMENT, FR_EVENT_ADD_TO_WISHLIST,
                                           FR_EVENT_ADD_TO_CART, FR_EVENT_PURCHASE};
enum { COUNTED = sizeof counted / sizeof *counted, TIMED = sizeof timed / sizeof *timed };

/* ---- names ---- */

FR_PRINTF(3, 4)
static void add_name(struct fr_propensity_features *f, struct fr_arena *arena, const char *format, ...) {
    char text[NAME_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    FR_ASSERT(f->column_n < FR_FEATURE_COLUMNS_MAX);
    f->names[f->column_n++] = fr_arena_copy(arena, fr_str_of(text));
}

static void name_windows(struct fr_propensity_features *f, struct fr_arena *arena, const char *what) {
    add_name(f, arena, "days_since_%s", what);
    for (int w = 0; w < WINDOWS; w++) add_name(f, arena, "%s_%dd", what, window_days[w]);
}

static void name_columns(struct fr_propensity_features *f, struct fr_arena *arena) {
    static const char *const first[] = {"tenure_days", "silent_days", "events", "sessions", "history_items"};
    for (unsigned i = 0; i < sizeof first / sizeof *first; i++) add_name(f, arena, "%s", first[i]);
    for (unsigned i = 0; i < COUNTED; i++) add_name(f, arena, "%s_ever", fr_event_type_text(counted[i]));
    for (unsigned i = 0; i < TIMED; i++) name_windows(f, arena, fr_event_type_text(timed[i]));
    add_name(f, arena, "purchases_a_week");
    add_name(f, arena, "spent_30d");
    add_name(f, arena, "spent_90d");
    for (uint32_t c = 0; c < f->category_n; c++)
        add_name(f, arena, "share_of_%.*s", FR_STR_ARG(f->categories[c]));
    if (!f->target.len) return;
    add_name(f, arena, "target_share");
    name_windows(f, arena, "target");
}

/* ---- categories ---- */

struct category {
    struct fr_str name;
    uint32_t items;
};

static int compare_categories(const void *a, const void *b) {
    const struct category *x = a, *y = b;
    if (x->items != y->items) return x->items < y->items ? 1 : -1;
    return fr_str_cmp(x->name, y->name);
}

static void pick_categories(struct fr_propensity_features *f, struct fr_arena *arena) {
    struct fr_dict names;
    struct category *all = NULL;
    uint32_t cap = 0;
    fr_dict_init(&names);
    for (uint32_t i = fr_catalog_next(f->catalog, 0); i != FR_DICT_NONE;
         i = fr_catalog_next(f->catalog, i + 1)) {
        const struct fr_item_record *item = fr_catalog_get(f->catalog, i);
        if (!item->category_n) continue;
        uint32_t c = fr_dict_intern(&names, item->category[0]);
        if (c >= cap) {
            all = fr_realloc(all, (cap * 2 + 64) * sizeof *all);
            memset(all + cap, 0, (cap + 64) * sizeof *all);
            cap = cap * 2 + 64;
        }
        all[c].name = fr_dict_str(&names, c);
        all[c].items++;
    }
    if (names.n) qsort(all, names.n, sizeof *all, compare_categories);
    f->category_n = names.n < FR_FEATURE_CATEGORIES ? names.n : FR_FEATURE_CATEGORIES;
    for (uint32_t c = 0; c < f->category_n; c++) f->categories[c] = fr_arena_copy(arena, all[c].name);
    free(all);
    fr_dict_fini(&names);
}

void fr_propensity_features_init(struct fr_propensity_features *f, const struct fr_catalog *catalog,
                                 struct fr_str target, struct fr_arena *arena) {
    *f = (struct fr_propensity_features){.catalog = catalog, .target = fr_arena_copy(arena, target)};
    if (catalog) pick_categories(f, arena);
    name_columns(f, arena);
}

bool fr_item_is_of(const struct fr_catalog *catalog, uint32_t item, struct fr_str category) {
    const struct fr_item_record *record = catalog ? fr_catalog_get(catalog, item) : NULL;
    for (uint32_t level = 0; record && level < record->category_n; level++)
        if (fr_str_eq(record->category[level], category)) return true;
    return false;
}

/* ---- values ---- */

/* What the times of one behaviour say. */
struct windows {
    double days_since, counts[WINDOWS];
};

struct sums {
    struct windows of[TIMED], target;
    double touches, target_touches, by_category[FR_FEATURE_CATEGORIES], spent[WINDOWS];
};

static void add_time(struct windows *w, double days) {
    if (!(days > w->days_since)) w->days_since = days; /* NaN at first */
    for (int i = 0; i < WINDOWS; i++) w->counts[i] += days <= window_days[i];
}

static int timed_index(enum fr_event_type type) {
    for (int i = 0; i < TIMED; i++)
        if (timed[i] == type) return i;
    return -1;
}

static void add_purchase(struct sums *s, double days, bool is_target, uint32_t item,
                         struct fr_known_prices prices) {
    if (is_target) add_time(&s->target, days);
    if (item >= prices.n || isnan(prices.at[item])) return;
    for (int w = 0; w < WINDOWS; w++)
        if (days <= window_days[w]) s->spent[w] += (double)prices.at[item];
}

static void add_category(const struct fr_propensity_features *f, struct sums *s, uint32_t item,
                         double marks) {
    const struct fr_item_record *record = f->catalog ? fr_catalog_get(f->catalog, item) : NULL;
    if (!record || !record->category_n) return;
    for (uint32_t c = 0; c < f->category_n; c++)
        if (fr_str_eq(record->category[0], f->categories[c])) s->by_category[c] += marks;
}

static void add_entry(const struct fr_propensity_features *f, struct sums *s, const struct fr_history *h,
                      uint32_t i, fr_time_ms now_ms, struct fr_known_prices prices) {
    const struct fr_history_entry *entry = &h->entries[i];
    bool is_target = f->target.len && fr_item_is_of(f->catalog, h->ids[i], f->target);
    for (uint32_t m = entry->mark_first; m < entry->mark_first + entry->mark_n; m++) {
        int at = timed_index(fr_mark_type(h->marks[m]));
        double days = (double)(now_ms - fr_mark_ms(h->marks[m])) / DAY_MS;
        if (at < 0) continue;
        add_time(&s->of[at], days);
        if (timed[at] == FR_EVENT_PURCHASE) add_purchase(s, days, is_target, h->ids[i], prices);
    }
    s->touches += entry->mark_n;
    if (is_target) s->target_touches += entry->mark_n;
    add_category(f, s, h->ids[i], entry->mark_n);
}

static float *put_windows(float *out, const struct windows *w) {
    *out++ = (float)w->days_since;
    for (int i = 0; i < WINDOWS; i++) *out++ = (float)w->counts[i];
    return out;
}

static float *put_counts(float *out, const struct fr_user *u, fr_time_ms now_ms) {
    *out++ = u->events ? (float)((double)(now_ms - u->first_ms) / DAY_MS) : NAN;
    *out++ = u->events ? (float)((double)(now_ms - u->last_ms) / DAY_MS) : NAN;
    *out++ = (float)u->events;
    *out++ = (float)fr_sessions_count(&u->sessions);
    *out++ = (float)u->history.n;
    for (int i = 0; i < COUNTED; i++) *out++ = (float)u->counts[counted[i]];
    return out;
}

static float *put_shares(float *out, const struct fr_propensity_features *f, const struct sums *s) {
    double touches = s->touches > 0 ? s->touches : 1;
    for (uint32_t c = 0; c < f->category_n; c++) *out++ = (float)(s->by_category[c] / touches);
    if (!f->target.len) return out;
    *out++ = (float)(s->target_touches / touches);
    return put_windows(out, &s->target);
}

void fr_propensity_features_of(const struct fr_propensity_features *f, const struct fr_user *user,
                               fr_time_ms now_ms, struct fr_known_prices prices, float *out) {
    struct sums s = {.target = {.days_since = (double)NAN}};
    for (int i = 0; i < TIMED; i++) s.of[i].days_since = (double)NAN;
    for (uint32_t i = 0; i < user->history.n; i++) add_entry(f, &s, &user->history, i, now_ms, prices);
    float *at = put_counts(out, user, now_ms);
    double weeks = user->events ? (double)(now_ms - user->first_ms) / DAY_MS / 7 : 0;
    for (int i = 0; i < TIMED; i++) at = put_windows(at, &s.of[i]);
    *at++ = (float)(user->counts[FR_EVENT_PURCHASE] / fmax(weeks, 1));
    *at++ = (float)s.spent[1];
    *at++ = (float)s.spent[2];
    at = put_shares(at, f, &s);
    FR_ASSERT(at == out + f->column_n);
}
