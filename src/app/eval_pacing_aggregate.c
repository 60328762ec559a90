/* An aggregate partition: ledgers and books are functions of what was sent to it; after a kill they are read from
 * the snapshot's bytes, and what came since is applied again. */
#include "eval_pacing.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

/* The mean time from a multiplier to its effect in the ledger. The user stage reads the views of the second before, an ad is
 * shown after 1.4 seconds on average, and its record is applied one or two seconds later. Clicks and purchases take the
 * longer. */
static const fr_time_ms delays_ms[SIM_PAID_N] = {4500, 24500, 624500};

void sim_aggregate_init(struct sim_aggregate *a, struct sim_world *w, uint32_t number) {
    *a = (struct sim_aggregate){
        .world = w, .number = number, .campaigns = fr_alloc(w->campaign_n * sizeof(uint16_t))};
    for (uint32_t c = 0; c < w->campaign_n; c++)
        if (fr_murmur2(fr_str_of(w->campaigns[c].id)) % SIM_PARTITIONS == number)
            a->campaigns[a->campaign_n++] = (uint16_t)c;
    a->ledgers = fr_alloc_zero(a->campaign_n + 1, sizeof *a->ledgers);
    a->controls = fr_alloc_zero(a->campaign_n + 1, sizeof *a->controls);
    a->plans = fr_alloc_zero(a->campaign_n + 1, sizeof *a->plans);
    a->saturated_s = fr_alloc_zero(a->campaign_n + 1, sizeof *a->saturated_s);
    struct fr_traffic_shape uniform, traffic;
    fr_traffic_shape_uniform(&uniform);
    fr_traffic_shape_of(&traffic, &w->history, sim_time(0), &uniform);
    for (uint32_t i = 0; i < a->campaign_n; i++)
        fr_pacing_plan_of(&a->plans[i], &w->campaigns[a->campaigns[i]].budget, &a->ledgers[i], &traffic,
                          sim_time(0));
}

static void free_states(struct sim_aggregate *a) {
    for (uint32_t i = 0; i < a->campaign_n; i++) fr_ledger_fini(&a->ledgers[i]);
}

void sim_aggregate_fini(struct sim_aggregate *a) {
    free_states(a);
    free(a->campaigns);
    free(a->ledgers);
    free(a->controls);
    free(a->plans);
    free(a->saturated_s);
    free(a->records.ends);
    fr_buf_fini(&a->records.bytes);
    fr_buf_fini(&a->snapshot);
    fr_ledger_rows_fini(&a->rows);
}

void sim_aggregate_send(struct sim_aggregate *a, struct fr_str record) {
    struct sim_records *r = &a->records;
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 256;
        r->ends = fr_realloc(r->ends, r->cap * sizeof *r->ends);
    }
    fr_buf_str(&r->bytes, record);
    r->ends[r->n++] = r->bytes.len;
}

static uint32_t index_of(const struct sim_aggregate *a, uint32_t campaign) {
    uint32_t i = 0;
    while (i < a->campaign_n && a->campaigns[i] != campaign) i++;
    return i;
}

static void apply_report(struct sim_aggregate *a, struct fr_str bytes) {
    struct fr_permit_report report;
    struct fr_str id;
    bool ok = fr_permit_report_read(&report, &id, bytes);
    FR_ASSERT(ok);
    fr_ledger_report(&a->ledgers[index_of(a, fr_dict_find(&a->world->ids, id))], &report);
}

/* The rows of a campaign lie together, so it is looked for once. */
static void apply_record(struct sim_aggregate *a, uint32_t record) {
    size_t from = record ? a->records.ends[record - 1] : 0;
    struct fr_str bytes = {a->records.bytes.data + from, (uint32_t)(a->records.ends[record] - from)};
    if (fr_permit_is_report(bytes)) {
        apply_report(a, bytes);
        return;
    }
    bool ok = fr_ledger_record_read(&a->rows, bytes, &a->world->ids);
    FR_ASSERT(ok);
    uint32_t last = UINT32_MAX, at = 0;
    for (uint32_t i = 0; i < a->rows.n; i++) {
        const struct fr_ledger_delta *d = &a->rows.at[i];
        if (d->campaign == FR_DICT_NONE) continue; /* tomorrow's plans are not made */
        /* Numbers of the dictionary are those of the campaigns: they were interned first and in order. */
        if (d->campaign != last) at = index_of(a, d->campaign);
        last = d->campaign;
        FR_ASSERT(at < a->campaign_n);
        fr_ledger_apply(&a->ledgers[at], FR_LEDGER_HOURS, d);
    }
}

/* What a view says of the books, to those who are there. */
static void tell_granted(const struct sim_aggregate *a, struct sim_partition *partitions) {
    for (uint32_t i = 0; i < a->campaign_n; i++) {
        const struct fr_permit_book *book = &a->ledgers[i].permits;
        for (uint32_t p = 0; p < book->n; p++)
            if (book->accounts[p].generation && book->accounts[p].generation == partitions[p].generation)
                fr_permits_learn(&partitions[p].permits[a->campaigns[i]], &book->accounts[p]);
    }
}

static void keep_snapshot(struct sim_aggregate *a) {
    struct fr_buf one = {0};
    fr_buf_clear(&a->snapshot);
    for (uint32_t i = 0; i < a->campaign_n; i++) {
        fr_buf_clear(&one);
        fr_ledger_encode(&a->ledgers[i], &one);
        fr_varint_write_str(&a->snapshot, fr_buf_slice(&one));
    }
    fr_buf_fini(&one);
    a->kept_at = a->applied;
}

/* The published controller: a tenth more when less was spent than planned, a tenth less when more, once a minute,
 * from a tenth on (Agarwal et al., KDD 2014). */
static double step_of_tenth(struct fr_pacing_control *c, const struct fr_pacing_plan *plan,
                            const struct fr_ledger *ledger, uint32_t second) {
    fr_time_ms now = sim_time(second * 1000);
    double spent = (double)fr_ledger_spent_on_day(ledger, SIM_DAY);
    if (!c->started) c->multiplier = .1;
    c->started = true;
    if (spent >= plan->budget_micros) return c->multiplier = 0;
    if (second % 60 != 0) return c->multiplier;
    c->multiplier *= spent < fr_pacing_planned(plan, now) ? 1.1 : .9;
    return c->multiplier = c->multiplier < 1 ? c->multiplier : 1;
}

static void control(struct sim_aggregate *a, uint32_t i, uint32_t second, double *multipliers) {
    uint32_t number = a->campaigns[i];
    const struct sim_campaign *c = &a->world->campaigns[number];
    fr_time_ms now = sim_time(second * 1000);
    double m = a->world->options->steps
                   ? step_of_tenth(&a->controls[i], &a->plans[i], &a->ledgers[i], second)
                   : fr_pacing_step(&a->controls[i], &a->plans[i], &a->ledgers[i], delays_ms[c->paid], now);
    bool runs = c->budget.start_ms <= now && now < c->budget.end_ms;
    if (runs && m >= 1) a->saturated_s[i]++;
    multipliers[number] = m;
}

void sim_aggregate_step(struct sim_aggregate *a, uint32_t second, double *multipliers,
                        struct sim_partition *partitions) {
    for (; a->applied < a->records.n; a->applied++) apply_record(a, a->applied);
    tell_granted(a, partitions);
    for (uint32_t i = 0; i < a->campaign_n; i++) control(a, i, second, multipliers);
    if ((second + a->number) % SIM_SNAPSHOT_S == 0) keep_snapshot(a);
}

static bool is_same(const struct fr_ledger *a, const struct fr_ledger *b) {
    struct fr_buf x = {0}, y = {0};
    fr_ledger_encode(a, &x);
    fr_ledger_encode(b, &y);
    bool same = fr_str_eq(fr_buf_slice(&x), fr_buf_slice(&y));
    fr_buf_fini(&x);
    fr_buf_fini(&y);
    return same;
}

void sim_aggregate_kill(struct sim_aggregate *a) {
    struct fr_ledger *before = a->ledgers;
    struct fr_reader in = fr_reader_of(fr_buf_slice(&a->snapshot));
    a->ledgers = fr_alloc_zero(a->campaign_n + 1, sizeof *a->ledgers);
    for (uint32_t i = 0; i < a->campaign_n && a->snapshot.len; i++) {
        bool ok = fr_ledger_decode(&a->ledgers[i], FR_LEDGER_HOURS, fr_varint_read_str(&in));
        FR_ASSERT(ok);
    }
    for (uint32_t record = a->kept_at; record < a->applied; record++) apply_record(a, record);
    a->replayed += a->applied - a->kept_at;
    for (uint32_t i = 0; i < a->campaign_n; i++) {
        a->mismatches += !is_same(&before[i], &a->ledgers[i]);
        fr_ledger_fini(&before[i]);
    }
    free(before);
}
