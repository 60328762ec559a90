#include "freshet/target/permit.h"

/* How long what is asked for should last, and when what lies unused goes back: so late that a campaign which is wanted every few
 * minutes is not found empty each time. A report is repeated while less was granted. */
enum { COVER_MS = 20000, IDLE_MS = 1200000, REPEAT_MS = 1000, PORTION_PRICES = 2 };

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

void fr_permits_start(struct fr_permits *p, int64_t generation, const struct fr_permit_terms *terms,
                      fr_time_ms now) {
    *p = (struct fr_permits){.generation = generation, .terms = *terms, .changed = true};
    p->oldest_slot = now / FR_PERMIT_SLOT_MS;
}

/* Nothing was given before the book's first answer, so what was billed until then is of generations before. */
void fr_permits_learn(struct fr_permits *p, const struct fr_permit_account *account) {
    if (account->generation != p->generation) return;
    p->granted_micros = most(p->granted_micros, account->granted_micros);
    if (p->old_known) return;
    p->old_known = true;
    p->old_n = account->old_n;
    memcpy(p->olds, account->olds, sizeof p->olds);
    fr_permit_olds_take(p->olds, &p->old_n, most(p->old_billed_micros - account->old_billed_micros, 0));
}

/* --- reservations --- */

static int64_t *slot(struct fr_permits *p, int64_t number) { return &p->slots[number % FR_PERMIT_SLOTS]; }

static void let_go(struct fr_permits *p, int64_t number) {
    p->reserved_micros -= *slot(p, number);
    *slot(p, number) = 0;
}

void fr_permits_advance(struct fr_permits *p, fr_time_ms now) {
    int64_t first = (now + FR_PERMIT_SLOT_MS - 1) / FR_PERMIT_SLOT_MS; /* the first that has not ended */
    for (int64_t n = p->oldest_slot; n < first && n < p->oldest_slot + FR_PERMIT_SLOTS; n++) let_go(p, n);
    p->oldest_slot = most(p->oldest_slot, first);
    uint32_t olds = p->old_n;
    fr_permit_olds_end(p->olds, &p->old_n, now);
    p->changed |= p->old_n < olds; /* the book hears that it is over */
}

/* The slot that ends at end_ms or after it. */
static int64_t slot_of(const struct fr_permits *p, fr_time_ms end_ms) {
    return most((end_ms + FR_PERMIT_SLOT_MS - 1) / FR_PERMIT_SLOT_MS, p->oldest_slot);
}

static bool has_slot(const struct fr_permits *p, int64_t number) {
    return number < p->oldest_slot + FR_PERMIT_SLOTS;
}

static void reserve(struct fr_permits *p, int64_t micros, fr_time_ms end_ms) {
    int64_t number = slot_of(p, end_ms);
    FR_ASSERT(has_slot(p, number));
    *slot(p, number) += micros;
    p->reserved_micros += micros;
}

static void take_oldest(struct fr_permits *p, int64_t micros) {
    for (int64_t n = p->oldest_slot; micros > 0 && n < p->oldest_slot + FR_PERMIT_SLOTS; n++) {
        int64_t taken = micros < *slot(p, n) ? micros : *slot(p, n);
        *slot(p, n) -= taken;
        p->reserved_micros -= taken;
        micros -= taken;
    }
}

/* As long as events may be of permits of before, they are taken for these. So nothing may end sooner than these do, and
 * as what is shown moves no reservation then, it must last for the answer from the start. */
static fr_time_ms end_of(const struct fr_permits *p, fr_time_ms until_ms) {
    fr_time_ms end_ms = until_ms + FR_PERMIT_ARRIVE_MS;
    return p->old_n ? most(end_ms + p->terms.answer_ms, p->olds[p->old_n - 1].until_ms) : end_ms;
}

/* There is no slot for it when the clock of a generation before was far ahead of this one's. */
bool fr_permits_covers(const struct fr_permits *p, fr_time_ms until_ms) {
    return fr_permits_free(p) >= p->terms.budget.price_micros && has_slot(p, slot_of(p, end_of(p, until_ms)));
}

bool fr_permits_give(struct fr_permits *p, fr_time_ms until_ms, fr_time_ms now) {
    fr_permits_want(p, now);
    if (!fr_permits_covers(p, until_ms)) return false;
    reserve(p, p->terms.budget.price_micros, end_of(p, until_ms));
    return true;
}

void fr_permits_shown(struct fr_permits *p, fr_time_ms now) {
    if (!p->old_known || p->old_n || !p->terms.answer_ms) return;
    if (!has_slot(p, slot_of(p, now + p->terms.answer_ms))) return; /* an event of the future */
    take_oldest(p, p->terms.budget.price_micros);
    reserve(p, p->terms.budget.price_micros, now + p->terms.answer_ms);
}

void fr_permits_bill(struct fr_permits *p, int64_t micros) {
    int64_t old = p->old_known ? fr_permit_olds_sum(p->olds, p->old_n) : micros;
    if (old > micros) old = micros;
    fr_permit_olds_take(p->olds, &p->old_n, old);
    p->old_billed_micros = fr_permit_sum(p->old_billed_micros, old);
    p->billed_micros = fr_permit_sum(p->billed_micros, micros - old);
    take_oldest(p, micros - old);
    p->changed = true;
}

/* --- reports --- */

/* What lasted half as long as it should is doubled, what lasted twice as long is halved. */
static int64_t next_portion(const struct fr_permits *p, fr_time_ms now) {
    int64_t portion = p->portion_micros;
    fr_time_ms lasted_ms = now - p->asked_ms;
    if (lasted_ms < COVER_MS / 2 && portion < FR_PERMIT_MICROS_MAX / 4) portion *= 2;
    if (lasted_ms > COVER_MS * 2) portion /= 2;
    return most(portion, PORTION_PRICES * p->terms.budget.price_micros);
}

static void hand_back(struct fr_permits *p) {
    int64_t unused = fr_permits_free(p);
    p->changed |= unused > 0 || p->asked_micros > p->granted_micros;
    if (unused > 0) p->returned_micros += unused;
    p->asked_micros = p->granted_micros;
    p->portion_micros = 0;
}

static void ask(struct fr_permits *p, fr_time_ms now) {
    if (p->granted_micros < p->asked_micros) {
        p->changed |= now - p->reported_ms >= REPEAT_MS;
        return;
    }
    if (fr_permits_free(p) >= most(p->portion_micros / 2, p->terms.budget.price_micros)) return;
    p->portion_micros = next_portion(p, now);
    p->asked_micros = fr_permit_sum(p->granted_micros, p->portion_micros);
    p->asked_ms = now;
    p->changed = true;
}

static fr_time_ms window_of(const struct fr_permit_terms *t) {
    return FR_PERMIT_SHOW_MS + FR_PERMIT_ARRIVE_MS + t->answer_ms + FR_PERMIT_SLOT_MS;
}

bool fr_permits_report(struct fr_permits *p, fr_time_ms now, struct fr_permit_report *report) {
    if (now - p->used_ms > IDLE_MS)
        hand_back(p);
    else
        ask(p, now);
    if (!p->changed) return false;
    p->changed = false;
    p->reported_ms = now;
    *report = (struct fr_permit_report){.generation = p->generation,
                                        .clock_ms = now,
                                        .window_ms = window_of(&p->terms),
                                        .billed_micros = p->billed_micros,
                                        .old_billed_micros = p->old_billed_micros,
                                        .returned_micros = p->returned_micros,
                                        .asked_micros = p->asked_micros,
                                        .budget = p->terms.budget};
    return true;
}
