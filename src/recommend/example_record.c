#include "freshet/recommend/example_record.h"
#include "freshet/base/map.h"
#include "freshet/base/pack.h"
#include <stdlib.h>

enum { KIND_EXAMPLE, KIND_ROW };
enum { EXAMPLE_DISLIKE = 1, EXAMPLE_NEW = 2, SEED_DISLIKED = 1, SEED_PURCHASED = 2 };
enum { EXAMPLE_FIELDS = 14, ROW_FIELDS = 3, SEED_FIELDS = 4, ENTRY_BYTES_LEAST = 4 };
enum { STRENGTHS = 1000 };

struct fr_example_writer {
    const struct fr_dict *ids;
    struct fr_map places; /* number -> index among this record's strings */
    struct fr_buf strings, entries;
    uint32_t string_n, entry_n;
};

struct fr_example_writer *fr_example_writer_new(const struct fr_dict *ids) {
    struct fr_example_writer *w = fr_alloc_zero(1, sizeof *w);
    w->ids = ids;
    return w;
}

void fr_example_writer_free(struct fr_example_writer *w) {
    if (!w) return;
    fr_map_fini(&w->places);
    fr_buf_fini(&w->strings);
    fr_buf_fini(&w->entries);
    free(w);
}

uint32_t fr_example_writer_count(const struct fr_example_writer *w) { return w->entry_n; }
size_t fr_example_writer_bytes(const struct fr_example_writer *w) { return w->strings.len + w->entries.len; }

/* ---- writing ---- */

static void put_id(struct fr_example_writer *w, uint32_t number) {
    if (number == (uint32_t)FR_DICT_NONE) {
        fr_pack_nil(&w->entries);
        return;
    }
    bool known;
    uint64_t *place = fr_map_put(&w->places, number, &known);
    if (!known) {
        *place = w->string_n++;
        fr_pack_str(&w->strings, fr_dict_str(w->ids, number));
    }
    fr_pack_int(&w->entries, (int64_t)*place);
}

static void put_seeds(struct fr_example_writer *w, const struct fr_query *q) {
    uint32_t n = q->seed_n < FR_EXAMPLE_SEEDS ? q->seed_n : FR_EXAMPLE_SEEDS;
    fr_pack_array(&w->entries, n * SEED_FIELDS);
    for (uint32_t i = 0; i < n; i++) {
        const struct fr_seed *s = &q->seeds[i];
        put_id(w, s->item);
        fr_pack_int(&w->entries, (int64_t)(s->strength * STRENGTHS + .5));
        fr_pack_int(&w->entries, q->now_ms - s->time_ms);
        fr_pack_int(&w->entries, (s->disliked ? SEED_DISLIKED : 0) | (s->purchased ? SEED_PURCHASED : 0));
    }
}

static void put_followees(struct fr_example_writer *w, const struct fr_query *q) {
    uint32_t n = q->followee_n < FR_EXAMPLE_FOLLOWEES ? q->followee_n : FR_EXAMPLE_FOLLOWEES;
    fr_pack_array(&w->entries, n);
    for (uint32_t i = 0; i < n; i++) put_id(w, q->followees[i]);
}

void fr_example_writer_add(struct fr_example_writer *w, const struct fr_example *e) {
    const struct fr_query *q = &e->before;
    fr_pack_array(&w->entries, EXAMPLE_FIELDS);
    fr_pack_int(&w->entries, KIND_EXAMPLE);
    put_id(w, q->user);
    put_id(w, q->group);
    put_id(w, q->surface);
    put_id(w, e->item);
    fr_pack_str(&w->entries, fr_str_of(fr_event_type_text(e->type)));
    fr_pack_int(&w->entries, e->weight);
    fr_pack_int(&w->entries, (e->dislike ? EXAMPLE_DISLIKE : 0) | (e->is_new ? EXAMPLE_NEW : 0));
    put_id(w, e->sharer);
    fr_pack_int(&w->entries, e->time_ms);
    fr_pack_int(&w->entries, e->time_ms - q->now_ms);
    fr_pack_int(&w->entries, (int64_t)q->draw);
    put_seeds(w, q);
    put_followees(w, q);
    w->entry_n++;
}

void fr_example_writer_row(struct fr_example_writer *w, uint32_t item, const struct fr_candidate *row,
                           uint32_t n) {
    fr_pack_array(&w->entries, ROW_FIELDS);
    fr_pack_int(&w->entries, KIND_ROW);
    put_id(w, item);
    fr_pack_array(&w->entries, 2 * n);
    for (uint32_t i = 0; i < n; i++) {
        put_id(w, row[i].item);
        fr_pack_double(&w->entries, (double)row[i].worth);
    }
    w->entry_n++;
}

void fr_example_writer_finish(struct fr_example_writer *w, struct fr_buf *out) {
    fr_pack_array(out, 3);
    fr_pack_int(out, FR_EXAMPLE_VERSION);
    fr_pack_array(out, w->string_n);
    fr_buf_append(out, w->strings.data, w->strings.len);
    fr_pack_array(out, w->entry_n);
    fr_buf_append(out, w->entries.data, w->entries.len);
    fr_map_clear(&w->places);
    fr_buf_clear(&w->strings);
    fr_buf_clear(&w->entries);
    w->string_n = w->entry_n = 0;
}

/* ---- reading ---- */

struct reading {
    struct fr_reader in;
    struct fr_dict *ids;
    struct fr_arena *arena;
    uint32_t *numbers; /* [string_n] */
    uint32_t string_n;
};

static uint32_t get_id(struct reading *r) {
    uint64_t place = (uint64_t)fr_pack_read_int(&r->in);
    if (place < r->string_n) return r->numbers[place];
    r->in.ok = false;
    return FR_DICT_NONE;
}

static uint32_t get_id_or_none(struct reading *r) {
    if (fr_pack_peek(&r->in) != FR_PACK_NIL) return get_id(r);
    fr_pack_skip(&r->in);
    return FR_DICT_NONE;
}

static enum fr_event_type get_type(struct reading *r) {
    struct fr_str text = fr_pack_read_str(&r->in);
    for (unsigned t = 0; t < FR_EVENT_TYPE_N; t++)
        if (fr_str_eq(text, fr_str_of(fr_event_type_text((enum fr_event_type)t))))
            return (enum fr_event_type)t;
    return FR_EVENT_OTHER; /* of a newer program */
}

/* Room for n elements of an array whose every element takes at least one byte of the input. */
static void *room(struct reading *r, uint32_t n, size_t bytes) {
    return fr_arena_zero(r->arena, n * bytes + 1);
}

static void get_strings(struct reading *r) {
    uint32_t n = fr_pack_read_array(&r->in);
    struct fr_str *strings = room(r, n, sizeof *strings);
    for (uint32_t i = 0; i < n; i++) strings[i] = fr_pack_read_str(&r->in);
    if (!r->in.ok) return;
    r->numbers = room(r, n, sizeof *r->numbers);
    fr_dict_intern_all(r->ids, strings, n, r->numbers);
    r->string_n = n;
}

static void get_seeds(struct reading *r, struct fr_query *q) {
    uint32_t n = fr_pack_read_array(&r->in) / SEED_FIELDS;
    struct fr_seed *seeds = room(r, n, sizeof *seeds);
    for (uint32_t i = 0; i < n; i++) {
        seeds[i].item = get_id(r);
        seeds[i].strength = (double)fr_pack_read_int(&r->in) / STRENGTHS;
        seeds[i].time_ms = (fr_time_ms)((uint64_t)q->now_ms - (uint64_t)fr_pack_read_int(&r->in));
        int64_t flags = fr_pack_read_int(&r->in);
        seeds[i].disliked = flags & SEED_DISLIKED;
        seeds[i].purchased = flags & SEED_PURCHASED;
    }
    q->seeds = seeds;
    q->seed_n = n;
}

static void get_followees(struct reading *r, struct fr_query *q) {
    uint32_t n = fr_pack_read_array(&r->in);
    uint32_t *followees = room(r, n, sizeof *followees);
    for (uint32_t i = 0; i < n; i++) followees[i] = get_id(r);
    q->followees = followees;
    q->followee_n = n;
}

static void get_example(struct reading *r, struct fr_example *e) {
    struct fr_query *q = &e->before;
    q->ids = r->ids;
    q->user = get_id_or_none(r);
    q->group = get_id_or_none(r);
    q->surface = get_id_or_none(r);
    e->item = get_id(r);
    e->type = get_type(r);
    e->weight = (uint32_t)fr_pack_read_int(&r->in);
    int64_t flags = fr_pack_read_int(&r->in);
    e->dislike = flags & EXAMPLE_DISLIKE;
    e->is_new = flags & EXAMPLE_NEW;
    e->sharer = get_id_or_none(r);
    e->time_ms = fr_pack_read_int(&r->in);
    q->now_ms = (fr_time_ms)((uint64_t)e->time_ms - (uint64_t)fr_pack_read_int(&r->in));
    q->draw = (uint64_t)fr_pack_read_int(&r->in);
    get_seeds(r, q);
    get_followees(r, q);
}

static void get_row(struct reading *r, struct fr_neighbor_row *out) {
    out->item = get_id(r);
    uint32_t n = fr_pack_read_array(&r->in) / 2;
    struct fr_candidate *row = room(r, n, sizeof *row);
    for (uint32_t i = 0; i < n; i++) {
        row[i].item = get_id(r);
        double worth = fr_pack_read_double(&r->in);
        row[i].worth = worth > 0 && worth <= 1 ? (float)worth : 0;
    }
    out->row = row;
    out->n = n;
}

bool fr_example_read(struct fr_str bytes, struct fr_dict *ids, struct fr_arena *arena,
                     struct fr_example_batch *out) {
    *out = (struct fr_example_batch){0};
    struct reading r = {.in = fr_reader_of(bytes), .ids = ids, .arena = arena};
    if (fr_pack_read_array(&r.in) != 3 || fr_pack_read_int(&r.in) != FR_EXAMPLE_VERSION) return false;
    get_strings(&r);
    uint32_t n = fr_pack_read_array(&r.in);
    if (!r.in.ok || n > bytes.len / ENTRY_BYTES_LEAST) return false;
    struct fr_example *examples = room(&r, n, sizeof *examples);
    struct fr_neighbor_row *rows = room(&r, n, sizeof *rows);
    for (uint32_t i = 0; i < n && r.in.ok; i++) {
        uint32_t fields = fr_pack_read_array(&r.in);
        int64_t kind = fr_pack_read_int(&r.in);
        if (kind == KIND_EXAMPLE && fields == EXAMPLE_FIELDS)
            get_example(&r, &examples[out->example_n++]);
        else if (kind == KIND_ROW && fields == ROW_FIELDS)
            get_row(&r, &rows[out->row_n++]);
        else
            r.in.ok = false;
    }
    out->examples = examples;
    out->rows = rows;
    return r.in.ok;
}
