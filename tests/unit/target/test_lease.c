/* Leases by hand, and then over random schedules: holders and a book between logs, with any delays, any order between
 * holders, batches that are committed with their outputs or lost by a crash. At no moment may what is billed, leased or
 * under way exceed a budget. */
#include "check.h"
#include "freshet/base/err.h"
#include "freshet/base/rng.h"
#include "freshet/target/lease.h"
#include <stdlib.h>

enum { HOLDERS = 4, PRICE = 100, DAY = 20000, DAY_MS = 86400000 };

static fr_time_ms at(double day) { return (fr_time_ms)((DAY + day) * DAY_MS); }

static void test_a_lease_by_hand(void) {
    struct fr_lease l = {0};
    struct fr_lease_book book = {0};
    struct fr_lease_budget budget = {1000, 0, PRICE};
    struct fr_lease_ask ask;
    struct fr_lease_grant grant;
    fr_lease_advance(&l, at(.5));
    CHECK(!fr_lease_reserve(&l, PRICE, at(.5))); /* nothing yet: and so it asks */
    CHECK(fr_lease_asks(&l, PRICE, at(.5), &ask));
    CHECK_INT(ask.wanted_micros, 2 * PRICE);
    CHECK(!fr_lease_asks(&l, PRICE, at(.5), &ask)); /* one at a time */
    CHECK(fr_lease_book_apply(&book, 3, &budget, &ask, &grant));
    CHECK_INT(grant.granted_micros, 200);
    CHECK(!fr_lease_book_apply(&book, 3, &budget, &ask, &grant)); /* a duplicate */
    CHECK_INT(fr_lease_book_on_day(&book, DAY), 200);
    struct fr_lease_grant other_day = {grant.number, DAY - 1, 500};
    fr_lease_take(&l, &other_day);
    fr_lease_take(&l, &grant);
    fr_lease_take(&l, &grant);
    CHECK_INT(fr_lease_free(&l), 200);
    CHECK(fr_lease_reserve(&l, PRICE, at(.5)));
    CHECK(fr_lease_reserve(&l, PRICE, at(.5)));
    CHECK(!fr_lease_reserve(&l, PRICE, at(.5)));
    CHECK(!fr_lease_bill(&l, false, DAY, PRICE, at(.5))); /* all is set aside for others */
    CHECK(fr_lease_bill(&l, true, DAY, PRICE, at(.5)));
    fr_lease_release(&l, DAY, PRICE);
    CHECK_INT(fr_lease_free(&l), 100);
    CHECK(fr_lease_bill(&l, false, DAY, PRICE, at(.5)));
    CHECK_INT(l.billed_micros, 200);
    fr_lease_advance(&l, at(1.1));
    CHECK_INT(fr_lease_free(&l), 0);
    CHECK_INT(l.billed_before_micros, 200);
    CHECK(!fr_lease_bill(&l, true, DAY, PRICE, at(1.1))); /* yesterday's reservation is void */
    fr_lease_book_fini(&book);
}

static void test_a_refused_ask_waits(void) {
    struct fr_lease l = {0};
    struct fr_lease_ask ask;
    fr_lease_advance(&l, at(.5));
    fr_lease_reserve(&l, PRICE, at(.5));
    CHECK(fr_lease_asks(&l, PRICE, at(.5), &ask));
    fr_lease_take(&l, &(struct fr_lease_grant){ask.number, DAY, 0});
    CHECK(!fr_lease_asks(&l, PRICE, at(.5) + FR_LEASE_COVER_MS / 2 - 1, &ask));
    CHECK(fr_lease_asks(&l, PRICE, at(.5) + FR_LEASE_COVER_MS / 2, &ask));
    CHECK_INT(ask.wanted_micros, 2 * PRICE);
}

/* Portions follow the pace: gone within half of the time they should last, the next is twice as large. */
static void test_portions_follow_the_pace(void) {
    struct fr_lease l = {0};
    struct fr_lease_ask ask;
    fr_time_ms now = at(.5);
    fr_lease_advance(&l, now);
    for (int64_t wanted = 2 * PRICE; wanted <= 64 * PRICE; wanted *= 2, now += FR_LEASE_COVER_MS / 4) {
        fr_lease_reserve(&l, PRICE, now);
        CHECK(fr_lease_asks(&l, PRICE, now, &ask));
        CHECK_INT(ask.wanted_micros, wanted);
        fr_lease_take(&l, &(struct fr_lease_grant){ask.number, DAY, ask.wanted_micros});
        CHECK(fr_lease_bill(&l, false, DAY, fr_lease_free(&l), now));
    }
    now += 3 * FR_LEASE_COVER_MS;
    fr_lease_reserve(&l, PRICE, now);
    CHECK(fr_lease_asks(&l, PRICE, now, &ask));
    CHECK_INT(ask.wanted_micros, 32 * PRICE);
}

static void test_idle_leases_are_handed_back(void) {
    struct fr_lease l = {0};
    struct fr_lease_book book = {0};
    struct fr_lease_budget budget = {1000, 0, PRICE};
    struct fr_lease_ask ask;
    struct fr_lease_grant grant;
    fr_lease_advance(&l, at(.99));
    fr_lease_reserve(&l, PRICE, at(.99));
    CHECK(fr_lease_asks(&l, PRICE, at(.99), &ask));
    CHECK(fr_lease_book_apply(&book, 0, &budget, &ask, &grant));
    fr_lease_take(&l, &grant);
    CHECK(fr_lease_reserve(&l, PRICE, at(.99)));
    CHECK(!fr_lease_asks(&l, PRICE, at(.99) + FR_LEASE_IDLE_MS, &ask));
    CHECK(fr_lease_asks(&l, PRICE, at(.99) + FR_LEASE_IDLE_MS + 1, &ask));
    CHECK_INT(ask.wanted_micros, 0);
    CHECK_INT(ask.returned_micros, 100); /* what is reserved stays */
    CHECK(!fr_lease_book_apply(&book, 0, &budget, &ask, &grant));
    CHECK_INT(fr_lease_book_on_day(&book, DAY), 100);
    CHECK_INT(fr_lease_free(&l), 0);
    CHECK(!fr_lease_asks(&l, PRICE, at(.995), &ask));
    fr_lease_book_fini(&book);
}

/* Early in the day it is an eighth of what is left of the day. */
static void test_leases_are_kept_longer_in_the_morning(void) {
    struct fr_lease l = {0};
    struct fr_lease_ask ask;
    fr_lease_advance(&l, at(0));
    fr_lease_reserve(&l, PRICE, at(0));
    CHECK(fr_lease_asks(&l, PRICE, at(0), &ask));
    fr_lease_take(&l, &(struct fr_lease_grant){ask.number, DAY, 200});
    CHECK(!fr_lease_asks(&l, PRICE, at(1 / 9.0 - .0001), &ask)); /* t = (1 - t) / 8 */
    CHECK(fr_lease_asks(&l, PRICE, at(1 / 9.0 + .0001), &ask));
    CHECK_INT(ask.returned_micros, 200);
}

/* Half of what is left to the only holder, then a quarter of the rest to either of two, at least a price, and never a
 * part of a price. */
static void test_grants_shrink_towards_the_end(void) {
    static const int64_t granted[] = {500, 100, 100, 100, 100, 100, 0, 0};
    struct fr_lease_book book = {0};
    struct fr_lease_budget budget = {1050, 0, PRICE};
    struct fr_lease_grant grant;
    for (uint32_t i = 0; i < 8; i++) {
        struct fr_lease_ask ask = {i / 2 + 1, DAY, 0, 0, 100000};
        CHECK(fr_lease_book_apply(&book, i % 2, &budget, &ask, &grant));
        CHECK_INT(grant.granted_micros, granted[i]);
    }
    CHECK_INT(fr_lease_book_on_day(&book, DAY), 1000);
    fr_lease_book_fini(&book);
}

/* --- random schedules ---------------------------------------------------------------------------------- */

enum { LOG_MAX = 60000, SHOW = 1, BILL, TICK, GRANT };

struct entry {
    int kind;
    fr_time_ms at;
    struct fr_lease_grant grant;
    struct fr_lease_ask ask;
    uint32_t holder;
};

struct log {
    struct entry *at;
    uint32_t n;
};

/* A consumer of one log: its state as committed, and the state that a batch under way has made. */
struct holder {
    struct fr_lease committed, working;
    uint32_t shown, shown_working; /* reservations not billed yet */
    uint32_t read, read_working;   /* position in its log */
    struct log in, out;            /* out: of the batch under way */
};

struct world {
    struct holder holders[HOLDERS];
    struct fr_lease_book book, book_working;
    struct log asks, grants; /* grants: of the book's batch under way */
    uint32_t asks_read, asks_working;
    struct fr_lease_budget budget;
    struct fr_rng rng;
    fr_time_ms now;
    int64_t billed_events; /* as decided by committed batches */
};

static void append(struct log *log, struct entry e) {
    FR_ASSERT(log->n < LOG_MAX);
    log->at[log->n++] = e;
}

static struct log log_new(void) { return (struct log){fr_alloc(LOG_MAX * sizeof(struct entry)), 0}; }

static void world_init(struct world *w, uint64_t seed, struct fr_lease_budget budget) {
    memset(w, 0, sizeof *w);
    w->budget = budget;
    w->rng.state = seed;
    w->now = at(0);
    w->asks = log_new();
    w->grants = log_new();
    for (uint32_t h = 0; h < HOLDERS; h++) {
        w->holders[h].in = log_new();
        w->holders[h].out = log_new();
    }
}

static void world_fini(struct world *w) {
    free(w->asks.at);
    free(w->grants.at);
    for (uint32_t h = 0; h < HOLDERS; h++) {
        free(w->holders[h].in.at);
        free(w->holders[h].out.at);
    }
    fr_lease_book_fini(&w->book);
    fr_lease_book_fini(&w->book_working);
}

static void book_copy(struct fr_lease_book *to, const struct fr_lease_book *from) {
    to->accounts = fr_realloc(to->accounts, (from->n + 1) * sizeof *to->accounts);
    if (from->n) memcpy(to->accounts, from->accounts, from->n * sizeof *to->accounts);
    to->n = from->n;
}

static void holder_apply(struct world *w, struct holder *h, const struct entry *e) {
    struct fr_lease *l = &h->working;
    if (e->kind == GRANT) {
        fr_lease_take(l, &e->grant);
        return;
    }
    int32_t day_before = l->day;
    fr_lease_advance(l, e->at);
    if (l->day != day_before) h->shown_working = 0;
    if (e->kind == SHOW) h->shown_working += fr_lease_reserve(l, PRICE, e->at);
    if (e->kind == BILL && h->shown_working) {
        h->shown_working--;
        CHECK(fr_lease_bill(l, true, l->day, PRICE, e->at));
    } else if (e->kind == BILL) {
        fr_lease_bill(l, false, l->day, PRICE, e->at);
    }
    struct entry out = {.holder = (uint32_t)(h - w->holders)};
    if (fr_lease_asks(l, PRICE, e->at, &out.ask)) append(&h->out, out);
}

/* A batch of any size, then a commit or a crash. */
static void step_holder(struct world *w, struct holder *h) {
    h->working = h->committed;
    h->shown_working = h->shown;
    h->read_working = h->read;
    h->out.n = 0;
    for (uint32_t n = fr_rng_below(&w->rng, 12); n-- > 0 && h->read_working < h->in.n;)
        holder_apply(w, h, &h->in.at[h->read_working++]);
    if (fr_rng_below(&w->rng, 5) == 0) return;
    h->committed = h->working;
    h->shown = h->shown_working;
    h->read = h->read_working;
    for (uint32_t i = 0; i < h->out.n; i++) append(&w->asks, h->out.at[i]);
    const char *wrong = fr_lease_check(&h->committed);
    CHECK_STR(wrong ? wrong : "", "");
}

static void step_book(struct world *w) {
    book_copy(&w->book_working, &w->book);
    w->asks_working = w->asks_read;
    w->grants.n = 0;
    for (uint32_t n = fr_rng_below(&w->rng, 6); n-- > 0 && w->asks_working < w->asks.n;) {
        const struct entry *e = &w->asks.at[w->asks_working++];
        struct entry out = {.kind = GRANT, .holder = e->holder};
        if (fr_lease_book_apply(&w->book_working, e->holder, &w->budget, &e->ask, &out.grant))
            append(&w->grants, out);
    }
    if (fr_rng_below(&w->rng, 5) == 0) return;
    book_copy(&w->book, &w->book_working);
    w->asks_read = w->asks_working;
    for (uint32_t i = 0; i < w->grants.n; i++)
        append(&w->holders[w->grants.at[i].holder].in, w->grants.at[i]);
}

/* What the logs and committed states hold, counted without the book: everything that was or may yet be billed. */
static void check_invariant(const struct world *w) {
    int64_t of_day[4] = {0}, total = 0;
    for (uint32_t i = 0; i < HOLDERS; i++) {
        const struct holder *h = &w->holders[i];
        const struct fr_lease *l = &h->committed;
        int64_t open = l->granted_micros - l->returned_micros;
        if (l->day >= DAY && l->day < DAY + 4) of_day[l->day - DAY] += open;
        total += l->billed_before_micros + open;
        for (uint32_t k = h->read; k < h->in.n; k++) {
            const struct entry *e = &h->in.at[k];
            if (e->kind != GRANT || e->grant.day < l->day) continue;
            of_day[e->grant.day - DAY] += e->grant.granted_micros;
            total += e->grant.granted_micros;
        }
    }
    for (uint32_t d = 0; d < 4; d++) CHECK(!w->budget.daily_micros || of_day[d] <= w->budget.daily_micros);
    CHECK(!w->budget.total_micros || total <= w->budget.total_micros);
}

/* Users come to holders unevenly; ticks come to all. */
static void happen(struct world *w, bool demand) {
    w->now += 200 + fr_rng_below(&w->rng, 1600);
    uint32_t draw = fr_rng_below(&w->rng, 10);
    uint32_t h = draw < 5 ? 0 : draw < 8 ? 1 : draw < 9 ? 2 : 3;
    struct entry e = {.kind = !demand ? TICK : fr_rng_below(&w->rng, 2) ? SHOW : BILL, .at = w->now};
    append(&w->holders[h].in, e);
    if (fr_rng_below(&w->rng, 20)) return;
    for (uint32_t i = 0; i < HOLDERS; i++)
        append(&w->holders[i].in, (struct entry){.kind = TICK, .at = w->now});
}

static void run(struct world *w, uint32_t steps, bool demand) {
    for (uint32_t i = 0; i < steps; i++) {
        happen(w, demand);
        for (uint32_t k = 0; k < 3; k++) {
            uint32_t who = fr_rng_below(&w->rng, HOLDERS + 1);
            if (who < HOLDERS)
                step_holder(w, &w->holders[who]);
            else
                step_book(w);
        }
        check_invariant(w);
    }
}

static int64_t billed_on(const struct world *w, int32_t day) {
    int64_t sum = 0;
    for (uint32_t h = 0; h < HOLDERS; h++)
        if (w->holders[h].committed.day == day) sum += w->holders[h].committed.billed_micros;
    return sum;
}

static int64_t billed_in_all(const struct world *w) {
    int64_t sum = 0;
    for (uint32_t h = 0; h < HOLDERS; h++)
        sum += w->holders[h].committed.billed_micros + w->holders[h].committed.billed_before_micros;
    return sum;
}

/* The same log in one go gives the state that came of batches, crashes and repetitions. */
static void check_replay(struct world *w) {
    for (uint32_t i = 0; i < HOLDERS; i++) {
        struct holder h = w->holders[i], again = w->holders[i];
        again.working = (struct fr_lease){0};
        again.shown_working = 0;
        again.out = log_new();
        struct holder kept = w->holders[i];
        w->holders[i] = again;
        for (uint32_t k = 0; k < h.read; k++) {
            w->holders[i].out.n = 0;
            holder_apply(w, &w->holders[i], &h.in.at[k]);
        }
        CHECK(memcmp(&w->holders[i].working, &h.committed, sizeof h.committed) == 0);
        free(w->holders[i].out.at);
        w->holders[i] = kept;
    }
}

static void test_never_more_than_the_daily_budget(void) {
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct world w;
        world_init(&w, seed, (struct fr_lease_budget){300 * PRICE, 0, PRICE});
        run(&w, 3000, true);
        CHECK(billed_on(&w, DAY) <= 300 * PRICE);
        CHECK(billed_on(&w, DAY) >= (300 - 3 * HOLDERS) * PRICE); /* underspend is a few prices a holder */
        check_replay(&w);
        w.now = at(1);
        run(&w, 500, true);
        CHECK(billed_on(&w, DAY + 1) > 100 * PRICE); /* a new day, a new budget */
        world_fini(&w);
    }
}

static void test_never_more_than_the_total(void) {
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct world w;
        world_init(&w, seed, (struct fr_lease_budget){150 * PRICE, 400 * PRICE, PRICE});
        for (int day = 0; day < 4; day++) {
            w.now = at(day);
            run(&w, 1000, true);
        }
        CHECK(billed_in_all(&w) <= 400 * PRICE);
        CHECK(billed_in_all(&w) >= (400 - 4 * HOLDERS) * PRICE);
        check_replay(&w);
        world_fini(&w);
    }
}

/* All that is left lies with one holder that nobody visits any more: the others get it. */
static void test_what_the_idle_hold_comes_to_the_others(void) {
    struct world w;
    world_init(&w, 9, (struct fr_lease_budget){40 * PRICE, 0, PRICE});
    struct entry show = {.kind = SHOW};
    w.now = at(.9);
    for (uint32_t i = 0; i < 400; i++) {
        show.at = w.now += 100;
        if (i % 40 == 0) append(&w.holders[3].in, show);
        step_holder(&w, &w.holders[3]);
        step_book(&w);
        check_invariant(&w);
    }
    for (uint32_t i = 0; i < w.holders[3].shown; i++) /* nothing came of them */
        fr_lease_release(&w.holders[3].committed, DAY, PRICE);
    w.holders[3].shown = 0;
    int64_t held = fr_lease_free(&w.holders[3].committed);
    CHECK(held >= 2 * PRICE);
    run(&w, 4000, true);
    CHECK(billed_on(&w, DAY) <= 40 * PRICE);
    CHECK(billed_on(&w, DAY) >= (40 - 2 * HOLDERS) * PRICE);
    world_fini(&w);
}

int main(void) {
    RUN(test_a_lease_by_hand);
    RUN(test_a_refused_ask_waits);
    RUN(test_portions_follow_the_pace);
    RUN(test_idle_leases_are_handed_back);
    RUN(test_leases_are_kept_longer_in_the_morning);
    RUN(test_grants_shrink_towards_the_end);
    RUN(test_never_more_than_the_daily_budget);
    RUN(test_never_more_than_the_total);
    RUN(test_what_the_idle_hold_comes_to_the_others);
    return check_done();
}
