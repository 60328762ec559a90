#include "freshet/run/outbox.h"
#include <stdlib.h>

void fr_outbox_fini(struct fr_outbox *o) {
    fr_arena_fini(&o->bytes);
    free(o->records);
    free(o->views);
    free(o->list_since_ms);
    *o = (struct fr_outbox){0};
}

void fr_outbox_clear(struct fr_outbox *o) {
    fr_arena_clear(&o->bytes);
    o->record_n = o->view_n = o->list_n = 0;
    o->payload_bytes = 0;
}

static void *grow(void *array, uint32_t n, uint32_t *cap, size_t element) {
    if (n < *cap) return array;
    *cap = *cap ? *cap * 2 : 64;
    return fr_realloc(array, *cap * element);
}

void fr_outbox_record_lent(struct fr_outbox *o, const struct fr_out *record) {
    o->records = grow(o->records, o->record_n, &o->record_cap, sizeof *o->records);
    o->records[o->record_n++] = *record;
    o->payload_bytes += record->key.len + record->value.len;
}

/* A copy that keeps "none" (NULL) apart from "empty". */
static struct fr_str copy(struct fr_outbox *o, struct fr_str s) {
    return s.ptr ? fr_arena_copy(&o->bytes, s) : s;
}

void fr_outbox_record(struct fr_outbox *o, const struct fr_out *record) {
    struct fr_out r = *record;
    struct fr_header *headers = fr_arena_alloc(&o->bytes, r.header_n * sizeof *headers);
    for (uint32_t i = 0; i < r.header_n; i++)
        headers[i] = (struct fr_header){copy(o, r.headers[i].name), copy(o, r.headers[i].value)};
    r.headers = headers;
    r.key = copy(o, r.key);
    r.value = copy(o, r.value);
    fr_outbox_record_lent(o, &r);
}

void fr_outbox_view(struct fr_outbox *o, struct fr_str key, struct fr_str value) {
    o->views = grow(o->views, o->view_n, &o->view_cap, sizeof *o->views);
    o->views[o->view_n++] = (struct fr_pair){fr_arena_copy(&o->bytes, key), fr_arena_copy(&o->bytes, value)};
}

void fr_outbox_list_since(struct fr_outbox *o, fr_time_ms since_ms) {
    o->list_since_ms = grow(o->list_since_ms, o->list_n, &o->list_cap, sizeof *o->list_since_ms);
    o->list_since_ms[o->list_n++] = since_ms;
}
