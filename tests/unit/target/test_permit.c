/* Permits and their book: what is open is never less than what can still be billed, whoever dies. */
#include "check.h"
#include "freshet/base/pack.h"
#include "freshet/base/rng.h"
#include "freshet/target/ledger.h"
#include "freshet/target/permit.h"

static const fr_time_ms t0 = 1700000010000; /* a slot begins */

static struct fr_permit_terms terms(int64_t total_micros, fr_time_ms answer_ms) {
    return (struct fr_permit_terms){{0, total_micros, 100}, answer_ms};
}

/* The book hears it, and the permits hear the book. */
static void exchange(struct fr_permits *p, struct fr_ledger *l, uint32_t partition, fr_time_ms now) {
    struct fr_permit_report r;
    fr_permits_advance(p, now);
    if (fr_permits_report(p, now, &r)) {
        r.partition = partition;
        fr_ledger_report(l, &r);
    }
    if (partition < l->permits.n) fr_permits_learn(p, &l->permits.accounts[partition]);
}

static void spend(struct fr_ledger *l, int64_t micros, fr_time_ms at_ms) {
    struct fr_ledger_delta d = {.hour = fr_ledger_hour(at_ms)};
    d.add.of[FR_LEDGER_SPEND_MICROS] = micros;
    fr_ledger_apply(l, FR_LEDGER_HOURS, &d);
}

static uint32_t give_all(struct fr_permits *p, fr_time_ms now) {
    uint32_t n = 0;
    while (fr_permits_give(p, now + FR_PERMIT_SHOW_MS, now)) n++;
    return n;
}

static void test_a_grant_becomes_permits_and_comes_back(void) {
    struct fr_permits p;
    struct fr_ledger l = {0};
    struct fr_permit_terms t = terms(1000, 0);
    fr_permits_start(&p, 5, &t, t0);
    CHECK(!fr_permits_give(&p, t0 + 1000, t0)); /* nothing is granted yet */
    exchange(&p, &l, 3, t0);
    CHECK_INT(fr_permits_free(&p), 200);
    CHECK_INT(give_all(&p, t0), 2);
    CHECK_INT(fr_permit_book_open(&l.permits), 200);
    fr_permits_bill(&p, 100);
    spend(&l, 100, t0);
    fr_time_ms end_ms = t0 + FR_PERMIT_SHOW_MS + FR_PERMIT_ARRIVE_MS;
    fr_permits_advance(&p, end_ms);
    CHECK_INT(fr_permits_free(&p), 0); /* it may be in the log this very instant */
    fr_permits_advance(&p, end_ms + 1);
    CHECK_INT(fr_permits_free(&p), 100);
    exchange(&p, &l, 3, t0 + 20 * 60000);
    CHECK_INT(fr_permit_book_open(&l.permits), 100); /* somebody may want it yet */
    exchange(&p, &l, 3, t0 + 20 * 60000 + 1);
    CHECK_INT(fr_permit_book_open(&l.permits), 0); /* handed back, as it was of no use */
    fr_ledger_fini(&l);
}

/* An answer is reserved for from the impression on, and not for those who were never shown it. */
static void test_what_was_shown_is_kept_for_the_answer(void) {
    struct fr_permits p;
    struct fr_ledger l = {0};
    struct fr_permit_terms t = terms(100000, FR_PERMIT_CLICK_MS);
    fr_permits_start(&p, 1, &t, t0);
    fr_permits_want(&p, t0);
    exchange(&p, &l, 0, t0);
    CHECK_INT(give_all(&p, t0), 2);
    fr_permits_shown(&p, t0 + 30000);
    fr_permits_advance(&p, t0 + 300000);
    CHECK_INT(p.reserved_micros, 100);
    fr_permits_advance(&p, t0 + 30000 + FR_PERMIT_CLICK_MS);
    CHECK_INT(p.reserved_micros, 100);
    fr_permits_advance(&p, t0 + 60001 + FR_PERMIT_CLICK_MS);
    CHECK_INT(p.reserved_micros, 0);
    fr_ledger_fini(&l);
}

static void test_a_forgotten_life_stays_open_until_its_end(void) {
    struct fr_permits p;
    struct fr_ledger l = {0};
    struct fr_permit_terms t = terms(400, 0);
    fr_permits_start(&p, 1, &t, t0);
    fr_permits_want(&p, t0);
    exchange(&p, &l, 0, t0);
    CHECK_INT(give_all(&p, t0), 2);
    fr_permits_start(&p, 9, &t, t0 + 1000); /* the first is dead */
    fr_permits_want(&p, t0 + 1000);
    exchange(&p, &l, 0, t0 + 1000);
    CHECK_INT(p.old_n, 1);
    CHECK_INT(fr_permit_book_open(&l.permits), 300); /* the dead one's 200, and half of what is left */
    fr_permits_bill(&p, 100);                        /* taken for one of before */
    spend(&l, 100, t0 + 2000);
    CHECK_INT(p.old_billed_micros, 100);
    CHECK_INT(fr_permits_free(&p), 100); /* its own is untouched */
    exchange(&p, &l, 0, t0 + 2000);
    CHECK_INT(fr_permit_book_open(&l.permits), 300); /* 100 of before, and 100 more were granted */
    CHECK(fr_permits_give(&p, t0 + 2000,
                          t0 + 2000)); /* ends at once, and is still held until those of before have ended */
    CHECK_INT(give_all(&p, t0 + 2000), 1);
    fr_permits_advance(&p, p.olds[0].until_ms);
    CHECK_INT(p.reserved_micros, 200);
    exchange(&p, &l, 0, t0 + 1000 + FR_PERMIT_SHOW_MS + FR_PERMIT_ARRIVE_MS);
    CHECK_INT(l.permits.accounts[0].old_n, 1);
    exchange(&p, &l, 0, t0 + 30 * 60000);
    CHECK_INT(p.old_n, 0);
    CHECK_INT(fr_permit_book_open(&l.permits), 0);
    fr_ledger_fini(&l);
}

static void test_who_wants_nothing_still_says_that_it_is_new(void) {
    struct fr_permits p;
    struct fr_permit_report r;
    struct fr_permit_terms t = terms(400, 0);
    fr_permits_start(&p, 9, &t, t0);
    CHECK(fr_permits_report(&p, t0, &r));
    CHECK(r.generation == 9 && r.asked_micros == 0);
    CHECK(!fr_permits_report(&p, t0 + 1000, &r));
}

/* Nothing of them is lost when there are more than can be told apart. */
static void test_many_lives_are_joined(void) {
    struct fr_ledger l = {0};
    struct fr_permit_report r = {.window_ms = 1000000, .asked_micros = 100, .budget = {0, 100000, 100}};
    for (int i = 0; i < 12; i++) {
        r.generation = i + 1;
        r.clock_ms = t0 + i * i * 1000;
        fr_ledger_report(&l, &r);
        CHECK_INT(fr_permit_book_open(&l.permits), 100 * (i + 1));
    }
    CHECK_INT(l.permits.accounts[0].old_n, FR_PERMIT_OLDS);
    r.clock_ms = t0 + 1000000; /* the first began its end at 1 s, but it was joined to a later one */
    fr_ledger_report(&l, &r);
    CHECK_INT(fr_permit_book_open(&l.permits), 1200);
    r.clock_ms = t0 + 1000000 + 121001;
    fr_ledger_report(&l, &r);
    CHECK_INT(fr_permit_book_open(&l.permits), 100);
    fr_ledger_fini(&l);
}

/* The one before had a clock that was far ahead: nothing is given until it is caught up with. */
static void test_a_clock_that_was_ahead(void) {
    struct fr_permits p;
    struct fr_ledger l = {0};
    struct fr_permit_terms t = terms(400, 0);
    fr_time_ms ahead_ms = 100 * FR_PERMIT_SLOTS * (fr_time_ms)FR_PERMIT_SLOT_MS;
    struct fr_permit_report r = {
        .generation = 1, .clock_ms = t0, .window_ms = ahead_ms, .asked_micros = 100, .budget = {0, 400, 100}};
    fr_ledger_report(&l, &r);
    r.generation = 2;
    fr_ledger_report(&l, &r);
    fr_permits_start(&p, 3, &t, t0);
    fr_permits_want(&p, t0);
    exchange(&p, &l, 0, t0);
    CHECK(fr_permits_free(&p) >= 100 && p.old_n > 0);
    CHECK(!fr_permits_covers(&p, t0) && !fr_permits_give(&p, t0, t0));
    fr_permits_advance(&p, t0 + ahead_ms - 60000);
    CHECK(fr_permits_covers(&p, t0 + ahead_ms));
    fr_ledger_fini(&l);
}

/* ---- any course of things ---- */

enum { HOLDERS = 3, GIVEN_MOST = 5000 };

struct given {
    fr_time_ms until_ms, shown_ms; /* shown_ms 0: not yet */
    bool used;
};

struct world {
    struct fr_rng rng;
    struct fr_permit_terms terms;
    struct fr_ledger ledger;
    struct fr_permits permits[HOLDERS];
    struct fr_buf seen; /* the view, which may be old */
    int64_t generation, spent;
    struct given given[HOLDERS][GIVEN_MOST];
    uint32_t given_n[HOLDERS];
    fr_time_ms now;
};

static void restart(struct world *w, uint32_t h) {
    fr_permits_start(&w->permits[h], ++w->generation, &w->terms, w->now);
}

static void bill(struct world *w, uint32_t h, struct given *g) {
    g->used = true;
    w->spent += 100;
    fr_permits_bill(&w->permits[h], 100);
    spend(&w->ledger, 100, w->now);
}

/* Uses some of what is out, as late as it may be. */
static void use(struct world *w, uint32_t h) {
    for (uint32_t i = 0; i < w->given_n[h]; i++) {
        struct given *g = &w->given[h][i];
        if (g->used || fr_rng_below(&w->rng, 4)) continue;
        if (g->shown_ms) {
            if (w->now - g->shown_ms <= w->terms.answer_ms) bill(w, h, g);
        } else if (w->now <= g->until_ms + FR_PERMIT_ARRIVE_MS) {
            g->shown_ms = w->now;
            fr_permits_shown(&w->permits[h], w->now);
            if (!w->terms.answer_ms) bill(w, h, g);
        }
    }
}

static void act(struct world *w, uint32_t h) {
    struct fr_permits *p = &w->permits[h];
    struct fr_permit_account account;
    struct fr_permit_report r;
    fr_permits_advance(p, w->now);
    use(w, h);
    if (fr_permit_book_find(fr_buf_slice(&w->seen), h, &account)) fr_permits_learn(p, &account);
    for (uint32_t i = fr_rng_below(&w->rng, 8); i && w->given_n[h] < GIVEN_MOST; i--) {
        fr_time_ms until_ms = w->now + fr_rng_below(&w->rng, FR_PERMIT_SHOW_MS + 1);
        if (fr_permits_give(p, until_ms, w->now))
            w->given[h][w->given_n[h]++] = (struct given){.until_ms = until_ms};
    }
    if (fr_permits_report(p, w->now, &r)) {
        r.partition = h;
        fr_ledger_report(&w->ledger, &r);
    }
}

static int64_t open_in_truth(const struct world *w) {
    int64_t n = 0;
    for (uint32_t h = 0; h < HOLDERS; h++)
        for (uint32_t i = 0; i < w->given_n[h]; i++) {
            const struct given *g = &w->given[h][i];
            fr_time_ms end_ms =
                g->shown_ms ? g->shown_ms + w->terms.answer_ms : g->until_ms + FR_PERMIT_ARRIVE_MS;
            n += !g->used && w->now <= end_ms;
        }
    return 100 * n;
}

/* Returns what was spent. */
static int64_t live(uint64_t seed, fr_time_ms answer_ms, uint32_t deaths) {
    static struct world w;
    w = (struct world){.rng = {seed}, .terms = terms(20000, answer_ms), .now = t0};
    for (uint32_t h = 0; h < HOLDERS; h++) restart(&w, h);
    for (int i = 0; i < 3000; i++) {
        w.now += 1000 + (fr_rng_below(&w.rng, 50) == 0 ? fr_rng_below(&w.rng, 200000) : 0);
        for (uint32_t h = 0; h < HOLDERS; h++) {
            act(&w, h);
            if (deaths && fr_rng_below(&w.rng, deaths) == 0) restart(&w, h);
        }
        if (fr_rng_below(&w.rng, 3) == 0) {
            fr_buf_clear(&w.seen);
            fr_permit_book_encode(&w.ledger.permits, &w.seen);
        }
        int64_t open = fr_permit_book_open(&w.ledger.permits);
        CHECK(w.spent + open <= 20000);
        CHECK(open_in_truth(&w) <= open);
    }
    fr_ledger_fini(&w.ledger);
    fr_buf_fini(&w.seen);
    return w.spent;
}

static void test_the_budget_covers_whatever_is_out(void) {
    static const fr_time_ms answers_ms[] = {0, FR_PERMIT_CLICK_MS, FR_PERMIT_CONVERSION_MS};
    for (int a = 0; a < 3; a++)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            int64_t spent = live(seed, answers_ms[a], seed % 4 == 0 ? 0 : seed % 4 == 1 ? 20 : 300);
            CHECK(spent <= 20000 && spent > 16000);
            if (seed % 4 == 0) CHECK_INT(spent, 20000);
        }
}

/* Days are bounded each for itself, also those after the report's. */
static void test_days_have_their_own_bound(void) {
    struct fr_ledger l = {0};
    struct fr_permit_report r = {
        .generation = 1, .clock_ms = t0, .asked_micros = 1000, .budget = {1000, 0, 100}};
    spend(&l, 900, t0 + 86400000);
    spend(&l, 200, t0 + 2 * 86400000);
    spend(&l, 5000, t0 - 86400000);
    fr_ledger_report(&l, &r);
    CHECK_INT(l.permits.accounts[0].granted_micros, 100);
    fr_ledger_report(&l, &r); /* again: no more is left */
    CHECK_INT(l.permits.accounts[0].granted_micros, 100);
    r.generation = 0;
    r.asked_micros = 5000;
    r.budget.daily_micros = 100000;
    fr_ledger_report(&l, &r);
    CHECK_INT(l.permits.accounts[0].granted_micros, 100);
    fr_ledger_fini(&l);
}

/* ---- bytes ---- */

static struct fr_permit_account any_account(struct fr_rng *rng) {
    struct fr_permit_account a = {.generation = 1 + fr_rng_below(rng, 1000)};
    a.granted_micros = fr_rng_below(rng, 1000000);
    a.closed_micros = fr_rng_below(rng, (uint32_t)a.granted_micros + 1);
    a.old_n = fr_rng_below(rng, FR_PERMIT_OLDS + 1);
    for (uint32_t i = 0; i < a.old_n; i++)
        a.olds[i] = (struct fr_permit_old){t0 + i, 1 + fr_rng_below(rng, 1000)};
    return a;
}

static void test_books_read_back(void) {
    struct fr_rng rng = {4};
    for (int i = 0; i < 200; i++) {
        struct fr_permit_account accounts[4] = {{0}, any_account(&rng), {0}, any_account(&rng)}, found;
        struct fr_permit_book book = {accounts, 4}, got = {0};
        struct fr_buf once = {0}, twice = {0};
        fr_permit_book_encode(&book, &once);
        CHECK(fr_permit_book_decode(&got, fr_buf_slice(&once)));
        fr_permit_book_encode(&got, &twice);
        CHECK(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
        CHECK(fr_permit_book_find(fr_buf_slice(&once), 3, &found));
        CHECK_INT(found.granted_micros, accounts[3].granted_micros);
        CHECK(!fr_permit_book_find(fr_buf_slice(&once), 2, &found));
        CHECK(!fr_permit_book_find(fr_buf_slice(&once), 4, &found));
        for (uint32_t n = 0; n < once.len; n++)
            CHECK(!fr_permit_book_decode(&got, (struct fr_str){once.data, n}));
        fr_permit_book_fini(&got);
        fr_buf_fini(&once);
        fr_buf_fini(&twice);
    }
}

static void test_a_ledger_keeps_its_book(void) {
    struct fr_ledger l = {0}, got = {0};
    struct fr_permit_report r = {
        .partition = 2, .generation = 7, .clock_ms = t0, .asked_micros = 400, .budget = {0, 1000, 100}};
    struct fr_buf bytes = {0};
    fr_ledger_report(&l, &r);
    fr_ledger_encode(&l, &bytes);
    CHECK(fr_ledger_decode(&got, FR_LEDGER_HOURS, fr_buf_slice(&bytes)));
    CHECK_INT(got.permits.n, 3);
    CHECK_INT(got.permits.accounts[2].granted_micros, 400);
    fr_ledger_fini(&l);
    fr_ledger_fini(&got);
    fr_buf_fini(&bytes);
}

static void test_reports_read_back(void) {
    struct fr_permit_report r = {3, 77, t0, 1000, 5, 6, 7, 8, {9, 10, 11}}, got;
    struct fr_buf bytes = {0};
    struct fr_str id = {0};
    fr_permit_report_write(&bytes, FR_STR("c"), &r);
    struct fr_str whole = fr_buf_slice(&bytes);
    CHECK(fr_permit_is_report(whole) && fr_permit_report_read(&got, &id, whole));
    CHECK(fr_str_eq(id, FR_STR("c")) && got.partition == 3 && got.generation == 77 && got.clock_ms == t0);
    CHECK(got.window_ms == 1000 && got.billed_micros == 5 && got.old_billed_micros == 6);
    CHECK(got.returned_micros == 7 && got.asked_micros == 8 && got.budget.daily_micros == 9);
    CHECK(got.budget.total_micros == 10 && got.budget.price_micros == 11);
    for (uint32_t n = 0; n < whole.len; n++)
        CHECK(!fr_permit_report_read(&got, &id, (struct fr_str){whole.ptr, n}));
    r.budget.price_micros = 0;
    fr_buf_clear(&bytes);
    fr_permit_report_write(&bytes, FR_STR("c"), &r);
    CHECK(!fr_permit_report_read(&got, &id, fr_buf_slice(&bytes)));
    fr_buf_fini(&bytes);
}

int main(void) {
    RUN(test_a_grant_becomes_permits_and_comes_back);
    RUN(test_what_was_shown_is_kept_for_the_answer);
    RUN(test_a_forgotten_life_stays_open_until_its_end);
    RUN(test_who_wants_nothing_still_says_that_it_is_new);
    RUN(test_many_lives_are_joined);
    RUN(test_a_clock_that_was_ahead);
    RUN(test_the_budget_covers_whatever_is_out);
    RUN(test_days_have_their_own_bound);
    RUN(test_books_read_back);
    RUN(test_a_ledger_keeps_its_book);
    RUN(test_reports_read_back);
    return check_done();
}
