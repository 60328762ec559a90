#include "freshet/target/ledger.h"
#include <stdlib.h>

enum { DAY_HOURS = 24 };

const char *fr_ledger_measure_name(enum fr_ledger_measure measure) {
    static const char *const names[] = {
#define NAME(name, text) text,
        FR_LEDGER_MEASURE_MAP(NAME)
#undef NAME
    };
    return names[measure];
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

int32_t fr_ledger_hour(fr_time_ms t) {
    int64_t hour = floor_div(t, FR_HOUR_MS);
    return hour < INT32_MIN ? INT32_MIN : hour > INT32_MAX ? INT32_MAX : (int32_t)hour;
}

int32_t fr_ledger_day(int32_t hour) { return (int32_t)floor_div(hour, DAY_HOURS); }

static void add_sums(struct fr_ledger_sums *to, const struct fr_ledger_sums *add) {
    for (unsigned i = 0; i < FR_LEDGER_MEASURES; i++)
        to->of[i] = (int64_t)((uint64_t)to->of[i] + (uint64_t)add->of[i]);
}

static bool is_zero(const struct fr_ledger_sums *sums) {
    for (unsigned i = 0; i < FR_LEDGER_MEASURES; i++)
        if (sums->of[i]) return false;
    return true;
}

/* --- series ------------------------------------------------------------------------------------------- */

/* The first bucket not before at. */
static uint32_t find(const struct fr_ledger_series *s, int32_t at) {
    uint32_t low = 0, high = s->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->buckets[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct fr_ledger_series *s, uint32_t place, int32_t at) {
    if (s->n == s->cap) {
        s->cap += s->cap / 2 + 8;
        s->buckets = fr_realloc(s->buckets, s->cap * sizeof *s->buckets);
    }
    memmove(s->buckets + place + 1, s->buckets + place, (s->n - place) * sizeof *s->buckets);
    s->buckets[place] = (struct fr_ledger_bucket){.at = at};
    s->n++;
}

static void remove_buckets(struct fr_ledger_series *s, uint32_t first, uint32_t n) {
    if (n == 0) return;
    s->n -= n;
    memmove(s->buckets + first, s->buckets + first + n, (s->n - first) * sizeof *s->buckets);
}

/* Buckets at or before newest - kept are neither held nor made. */
static void series_add(struct fr_ledger_series *s, int64_t newest, int64_t kept, int32_t at,
                       const struct fr_ledger_sums *add) {
    int64_t oldest = newest - kept + 1;
    if (s->n && s->buckets[0].at < oldest) remove_buckets(s, 0, find(s, (int32_t)oldest));
    if (at < oldest || is_zero(add)) return;
    uint32_t place = find(s, at);
    if (place == s->n || s->buckets[place].at != at) insert(s, place, at);
    add_sums(&s->buckets[place].sums, add);
    if (is_zero(&s->buckets[place].sums)) remove_buckets(s, place, 1);
}

/* --- ledger ------------------------------------------------------------------------------------------- */

void fr_ledger_apply(struct fr_ledger *ledger, uint32_t hours_kept, const struct fr_ledger_delta *delta) {
    if (!ledger->touched || delta->hour > ledger->newest_hour) ledger->newest_hour = delta->hour;
    ledger->touched = true;
    add_sums(&ledger->totals, &delta->add);
    series_add(&ledger->hours, ledger->newest_hour, hours_kept, delta->hour, &delta->add);
    series_add(&ledger->days, fr_ledger_day(ledger->newest_hour), FR_LEDGER_DAYS, fr_ledger_day(delta->hour),
               &delta->add);
}

void fr_ledger_report(struct fr_ledger *ledger, const struct fr_permit_report *report) {
    struct fr_permit_spent spent = {.total_micros = fr_ledger_total(ledger, FR_LEDGER_SPEND_MICROS)};
    const struct fr_ledger_series *days = &ledger->days;
    for (uint32_t i = find(days, fr_ledger_day(fr_ledger_hour(report->clock_ms))); i < days->n; i++) {
        int64_t micros = days->buckets[i].sums.of[FR_LEDGER_SPEND_MICROS];
        if (micros > spent.on_day_micros) spent.on_day_micros = micros;
    }
    fr_permit_book_apply(&ledger->permits, report, &spent);
}

int64_t fr_ledger_on_day(const struct fr_ledger *ledger, int32_t day, enum fr_ledger_measure measure) {
    uint32_t place = find(&ledger->days, day);
    if (place == ledger->days.n || ledger->days.buckets[place].at != day) return 0;
    return ledger->days.buckets[place].sums.of[measure];
}

int64_t fr_ledger_in_hours(const struct fr_ledger *ledger, int32_t first, int32_t last,
                           enum fr_ledger_measure measure) {
    const struct fr_ledger_series *hours = &ledger->hours;
    uint64_t sum = 0;
    for (uint32_t i = find(hours, first); i < hours->n && hours->buckets[i].at <= last; i++)
        sum += (uint64_t)hours->buckets[i].sums.of[measure];
    return (int64_t)sum;
}

static bool series_is_sound(const struct fr_ledger_series *s, int64_t newest, int64_t kept) {
    for (uint32_t i = 0; i < s->n; i++) {
        const struct fr_ledger_bucket *b = &s->buckets[i];
        bool ascends = i == 0 || b[-1].at < b->at;
        if (!ascends || b->at > newest || b->at <= newest - kept || is_zero(&b->sums)) return false;
    }
    return true;
}

const char *fr_ledger_check(const struct fr_ledger *ledger, uint32_t hours_kept) {
    if (!ledger->touched &&
        (ledger->newest_hour || ledger->hours.n || ledger->days.n || !is_zero(&ledger->totals)))
        return "an untouched ledger holds something";
    if (!series_is_sound(&ledger->hours, ledger->newest_hour, hours_kept))
        return "the hours are not in order";
    if (!series_is_sound(&ledger->days, fr_ledger_day(ledger->newest_hour), FR_LEDGER_DAYS))
        return "the days are not in order";
    return NULL;
}

size_t fr_ledger_bytes(const struct fr_ledger *ledger) {
    return sizeof *ledger + (ledger->hours.cap + ledger->days.cap) * sizeof(struct fr_ledger_bucket) +
           ledger->permits.n * sizeof *ledger->permits.accounts;
}

void fr_ledger_fini(struct fr_ledger *ledger) {
    free(ledger->hours.buckets);
    free(ledger->days.buckets);
    fr_permit_book_fini(&ledger->permits);
    *ledger = (struct fr_ledger){0};
}
