/* A record is its version and then rows to its end, ascending by (id bytewise, hour):
 *
 *   mask << 1 | new     the measures that are not 0; whether an id follows
 *   [length, id]        if new; the traffic's is empty
 *   hour                if new zigzag, else the steps since the row before, above 0
 *   zigzag values       of the mask's measures, ascending
 *
 * Without counts in front a record is cut by ending it, between any two rows. */
#include "freshet/target/ledger_record.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

enum { DEFAULT_MAX_BYTES = 700000, ROW_BYTES_MAX = 4 + 5 + 5 + 10 * FR_LEDGER_MEASURES };

/* --- collecting --------------------------------------------------------------------------------------- */

void fr_ledger_sink_init(struct fr_ledger_sink *sink, const struct fr_dict *dict, uint32_t partitions,
                         size_t max_bytes) {
    FR_ASSERT(partitions > 0);
    *sink = (struct fr_ledger_sink){
        .dict = dict, .partitions = partitions, .max_bytes = max_bytes ? max_bytes : DEFAULT_MAX_BYTES};
}

void fr_ledger_sink_fini(struct fr_ledger_sink *sink) {
    fr_ledger_rows_fini(&sink->rows);
    fr_map_fini(&sink->row_of);
    fr_buf_fini(&sink->bytes);
    free(sink->records);
    *sink = (struct fr_ledger_sink){0};
}

void fr_ledger_sink_clear(struct fr_ledger_sink *sink) {
    sink->rows.n = 0;
    sink->records_n = 0;
    fr_map_clear(&sink->row_of);
    fr_buf_clear(&sink->bytes);
}

size_t fr_ledger_sink_bytes(const struct fr_ledger_sink *sink) {
    return sizeof *sink + sink->rows.cap * sizeof *sink->rows.at +
           sink->row_of.cap * (sizeof *sink->row_of.entries + 1) + sink->bytes.cap +
           sink->records_cap * sizeof *sink->records;
}

static struct fr_ledger_delta *push_row(struct fr_ledger_rows *rows, uint32_t campaign, int32_t hour) {
    if (rows->n == rows->cap) {
        rows->cap = rows->cap ? 2 * rows->cap : 64;
        rows->at = fr_realloc(rows->at, rows->cap * sizeof *rows->at);
    }
    rows->at[rows->n] = (struct fr_ledger_delta){.campaign = campaign, .hour = hour};
    return &rows->at[rows->n++];
}

void fr_ledger_sink_add(struct fr_ledger_sink *sink, uint32_t campaign, int32_t hour,
                        enum fr_ledger_measure measure, int64_t amount) {
    bool was_there;
    uint64_t *row = fr_map_put(&sink->row_of, (uint64_t)campaign << 32 | (uint32_t)hour, &was_there);
    if (!was_there) {
        *row = sink->rows.n;
        push_row(&sink->rows, campaign, hour);
    }
    int64_t *sum = &sink->rows.at[*row].add.of[measure];
    *sum = (int64_t)((uint64_t)*sum + (uint64_t)amount);
}

/* --- packing ------------------------------------------------------------------------------------------ */

/* A row and where it goes. */
struct place {
    uint32_t partition;
    struct fr_str id;
    const struct fr_ledger_delta *row;
};

static int compare_places(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->partition != y->partition) return x->partition < y->partition ? -1 : 1;
    int order = fr_str_cmp(x->id, y->id);
    return order ? order : (x->row->hour > y->row->hour) - (x->row->hour < y->row->hour);
}

static uint32_t place_traffic(const struct fr_ledger_sink *sink, const struct fr_ledger_delta *row,
                              struct place *places) {
    for (uint32_t p = 0; p < sink->partitions; p++) places[p] = (struct place){p, FR_STR(""), row};
    return sink->partitions;
}

static struct place *place_rows(const struct fr_ledger_sink *sink, uint32_t *n) {
    uint32_t traffic_n = 0;
    for (uint32_t i = 0; i < sink->rows.n; i++) traffic_n += sink->rows.at[i].campaign == FR_DICT_NONE;
    size_t most = sink->rows.n + (size_t)traffic_n * sink->partitions;
    struct place *places = fr_alloc((most + 1) * sizeof *places);
    *n = 0;
    for (uint32_t i = 0; i < sink->rows.n; i++) {
        const struct fr_ledger_delta *row = &sink->rows.at[i];
        if (row->campaign == FR_DICT_NONE) {
            *n += place_traffic(sink, row, places + *n);
            continue;
        }
        struct fr_str id = fr_dict_str(sink->dict, row->campaign);
        FR_ASSERT(id.len > 0);
        places[(*n)++] = (struct place){fr_murmur2(id) % sink->partitions, id, row};
    }
    qsort(places, *n, sizeof *places, compare_places);
    return places;
}

static void open_record(struct fr_ledger_sink *sink, uint32_t partition) {
    if (sink->records_n == sink->records_cap) {
        sink->records_cap = sink->records_cap ? 2 * sink->records_cap : 16;
        sink->records = fr_realloc(sink->records, sink->records_cap * sizeof *sink->records);
    }
    sink->records[sink->records_n++] = (struct fr_ledger_sink_record){partition, sink->bytes.len, 0};
    fr_buf_byte(&sink->bytes, FR_LEDGER_RECORD_VERSION);
}

static void write_row(struct fr_buf *out, const struct place *place, const struct place *before) {
    const struct fr_ledger_delta *row = place->row;
    unsigned mask = 0;
    for (unsigned i = 0; i < FR_LEDGER_MEASURES; i++) mask |= (unsigned)(row->add.of[i] != 0) << i;
    bool is_new = !before || !fr_str_eq(before->id, place->id);
    fr_varint_write(out, mask << 1 | is_new);
    if (is_new) {
        fr_varint_write_str(out, place->id);
        fr_varint_write(out, fr_zigzag(row->hour));
    } else {
        fr_varint_write(out, (uint64_t)((int64_t)row->hour - before->row->hour));
    }
    for (unsigned i = 0; i < FR_LEDGER_MEASURES; i++)
        if (row->add.of[i]) fr_varint_write(out, fr_zigzag(row->add.of[i]));
}

uint32_t fr_ledger_sink_finish(struct fr_ledger_sink *sink) {
    uint32_t n;
    struct place *places = place_rows(sink, &n);
    sink->records_n = 0;
    fr_buf_clear(&sink->bytes);
    for (uint32_t i = 0; i < n; i++) {
        const struct place *before = i ? &places[i - 1] : NULL;
        struct fr_ledger_sink_record *record = i ? &sink->records[sink->records_n - 1] : NULL;
        bool fits = record && record->partition == places[i].partition &&
                    record->end - record->start + places[i].id.len + ROW_BYTES_MAX <= sink->max_bytes;
        if (!fits) {
            open_record(sink, places[i].partition);
            before = NULL;
        }
        write_row(&sink->bytes, &places[i], before);
        sink->records[sink->records_n - 1].end = sink->bytes.len;
    }
    free(places);
    return sink->records_n;
}

uint32_t fr_ledger_sink_record(const struct fr_ledger_sink *sink, uint32_t i, struct fr_str *bytes) {
    FR_ASSERT(i < sink->records_n);
    const struct fr_ledger_sink_record *r = &sink->records[i];
    *bytes = (struct fr_str){sink->bytes.data + r->start, (uint32_t)(r->end - r->start)};
    return r->partition;
}

/* --- reading ------------------------------------------------------------------------------------------ */

struct parser {
    struct fr_reader in;
    struct fr_dict *dict;
    struct fr_str id; /* of the row before */
    uint32_t campaign;
    int64_t hour;
};

static bool read_campaign(struct parser *p, bool is_first) {
    struct fr_str id = fr_varint_read_str(&p->in);
    if (!p->in.ok || (!is_first && fr_str_cmp(p->id, id) >= 0)) return false;
    p->id = id;
    p->campaign = id.len ? fr_dict_intern(p->dict, id) : FR_DICT_NONE;
    p->hour = fr_unzigzag(fr_varint_read(&p->in));
    return true;
}

static bool read_row(struct fr_ledger_rows *rows, struct parser *p) {
    uint64_t head = fr_varint_read(&p->in);
    if (!p->in.ok || head >> (FR_LEDGER_MEASURES + 1)) return false;
    if (head & 1) {
        if (!read_campaign(p, rows->n == 0)) return false;
    } else {
        uint64_t step = fr_varint_read(&p->in);
        if (rows->n == 0 || step == 0 || step > UINT32_MAX) return false;
        p->hour += (int64_t)step;
    }
    if (p->hour < INT32_MIN || p->hour > INT32_MAX) return false;
    struct fr_ledger_delta *row = push_row(rows, p->campaign, (int32_t)p->hour);
    for (unsigned i = 0; i < FR_LEDGER_MEASURES; i++) {
        if (!(head >> (i + 1) & 1)) continue;
        row->add.of[i] = fr_unzigzag(fr_varint_read(&p->in));
        if (row->add.of[i] == 0) return false; /* also what a failed read gives */
    }
    return p->in.ok;
}

bool fr_ledger_record_read(struct fr_ledger_rows *rows, struct fr_str bytes, struct fr_dict *dict) {
    struct parser p = {.in = fr_reader_of(bytes), .dict = dict};
    rows->n = 0;
    bool ok = fr_varint_read(&p.in) == FR_LEDGER_RECORD_VERSION && p.in.at < p.in.end;
    while (ok && p.in.at < p.in.end) ok = read_row(rows, &p);
    if (!ok) rows->n = 0;
    return ok;
}

void fr_ledger_rows_fini(struct fr_ledger_rows *rows) {
    free(rows->at);
    *rows = (struct fr_ledger_rows){0};
}
