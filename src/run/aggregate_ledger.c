/* The campaigns' ledgers: states of the aggregate stage beside those of items, fed by records of their own kind. */
#include "stage_aggregate_internal.h"
#include <stdlib.h>

void ledger_begin(struct aggregate_stage *s, const struct fr_stage_batch *b) {
    struct aggregate_ads *a = &s->ads;
    a->is_ledger = fr_arena_zero(b->arena, b->record_n * sizeof *a->is_ledger);
    a->reports = fr_arena_zero(b->arena, b->record_n * sizeof(struct fr_permit_report *));
    if (b->record_n <= a->row_cap) return;
    a->rows = fr_realloc(a->rows, b->record_n * sizeof *a->rows);
    memset(a->rows + a->row_cap, 0, (b->record_n - a->row_cap) * sizeof *a->rows);
    a->row_cap = b->record_n;
}

static struct fr_str id_of(const struct aggregate_stage *s, uint32_t campaign) {
    return campaign == (uint32_t)FR_DICT_NONE ? FR_STR("") : fr_dict_str(&s->ids, campaign);
}

static void decode_report(struct aggregate_stage *s, const struct fr_stage_batch *b, uint32_t record,
                          struct fr_wants *wants) {
    struct fr_permit_report report;
    struct fr_str id;
    s->ads.is_ledger[record] = true;
    s->bad[record] = !fr_permit_report_read(&report, &id, b->records[record].value);
    if (s->bad[record]) return;
    s->ads.reports[record] = fr_arena_alloc(b->arena, sizeof report);
    *s->ads.reports[record] = report;
    fr_want(wants, fr_keys_thing(FR_KEY_LEDGER, id, b->arena));
}

/* Rows of one campaign lie together; each run of them is one state. */
bool ledger_decode(struct aggregate_stage *s, const struct fr_stage_batch *b, uint32_t record,
                   struct fr_wants *wants) {
    struct fr_ledger_rows *rows = &s->ads.rows[record];
    rows->n = 0;
    if (fr_permit_is_report(b->records[record].value)) {
        decode_report(s, b, record, wants);
        return true;
    }
    if (!fr_ledger_is_record(b->records[record].value)) return false;
    s->ads.is_ledger[record] = true;
    s->bad[record] = !fr_ledger_record_read(rows, b->records[record].value, &s->ids);
    for (uint32_t i = 0; i < rows->n && !s->bad[record]; i++)
        if (i == 0 || rows->at[i].campaign != rows->at[i - 1].campaign)
            fr_want(wants, fr_keys_thing(FR_KEY_LEDGER, id_of(s, rows->at[i].campaign), b->arena));
    return true;
}

uint32_t ledger_hours(const struct ledger_state *st) {
    return st->number == (uint32_t)FR_DICT_NONE ? FR_TRAFFIC_HOURS : FR_LEDGER_HOURS;
}

static void note_place(struct aggregate_stage *s, struct ledger_state *st, int32_t partition) {
    st->partition = partition;
    if (st->number == (uint32_t)FR_DICT_NONE) s->ads.partitions[partition].traffic = st;
}

static void apply_report(struct aggregate_stage *s, const struct fr_record *r, struct fr_cell *cell,
                         const struct fr_permit_report *report) {
    if (!cell) return; /* the stored state has it */
    struct ledger_state *st = cell->state;
    note_place(s, st, r->partition);
    fr_ledger_report(&st->ledger, report);
    cell->bytes = (uint32_t)(fr_ledger_bytes(&st->ledger) + sizeof *st);
}

void ledger_apply(struct aggregate_stage *s, const struct fr_stage_batch *b, uint32_t record,
                  struct fr_cell *const *cells, uint32_t cell_n) {
    const struct fr_ledger_rows *rows = &s->ads.rows[record];
    const struct fr_record *r = &b->records[record];
    uint32_t cell = 0;
    s->ads.partitions[r->partition].is_ours = true;
    if (r->timestamp_ms > s->ads.newest_ms) s->ads.newest_ms = r->timestamp_ms;
    if (s->ads.reports[record] && cell_n) apply_report(s, r, cells[0], s->ads.reports[record]);
    for (uint32_t i = 0; i < rows->n; i++) {
        cell += i && rows->at[i].campaign != rows->at[i - 1].campaign;
        if (cell >= cell_n || !cells[cell]) continue; /* the stored state has it */
        struct ledger_state *st = cells[cell]->state;
        note_place(s, st, r->partition);
        fr_ledger_apply(&st->ledger, ledger_hours(st), &rows->at[i]);
        cells[cell]->bytes = (uint32_t)(fr_ledger_bytes(&st->ledger) + sizeof *st);
    }
}

/* ---- states ---- */

struct pace *ledger_pace(struct aggregate_stage *s, uint32_t number) {
    struct aggregate_ads *a = &s->ads;
    if (number >= a->pace_cap) {
        uint32_t cap = s->ids.cap > number ? s->ids.cap : number + 1;
        a->paces = fr_realloc(a->paces, cap * sizeof *a->paces);
        memset(a->paces + a->pace_cap, 0, (cap - a->pace_cap) * sizeof *a->paces);
        a->pace_cap = cap;
    }
    return &a->paces[number];
}

static void forget_read(struct pace *p) {
    fr_ledger_fini(&p->stored);
    p->is_read = false;
}

void *ledger_state_decode(struct aggregate_stage *s, struct fr_str key, struct fr_str bytes) {
    struct ledger_state *st = fr_alloc_zero(1, sizeof *st);
    struct fr_str id = {key.ptr + 2, key.len - 2};
    st->number = id.len ? fr_dict_intern(&s->ids, id) : (uint32_t)FR_DICT_NONE;
    if (bytes.len && !fr_ledger_decode(&st->ledger, ledger_hours(st), bytes)) {
        free(st);
        return NULL;
    }
    if (id.len) {
        struct pace *p = ledger_pace(s, st->number);
        forget_read(p);
        p->live = st;
    }
    return st;
}

void ledger_state_free(struct aggregate_stage *s, struct ledger_state *st) {
    if (st->number != (uint32_t)FR_DICT_NONE)
        ledger_pace(s, st->number)->live = NULL;
    else if (s->ads.partitions[st->partition].traffic == st)
        s->ads.partitions[st->partition].traffic = NULL;
    fr_ledger_fini(&st->ledger);
    free(st);
}

void ledger_fini(struct aggregate_stage *s) {
    struct aggregate_ads *a = &s->ads;
    for (uint32_t i = 0; i < a->row_cap; i++) fr_ledger_rows_fini(&a->rows[i]);
    for (uint32_t i = 0; i < a->pace_cap; i++) fr_ledger_fini(&a->paces[i].stored);
    if (s->feeds.campaigns) fr_slot_release(s->feeds.campaigns, &a->campaigns);
    free(a->rows);
    free(a->paces);
    free(a->partitions);
}
