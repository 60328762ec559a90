#include "freshet/app/items_read.h"
#include "freshet/app/lines.h"
#include <stdio.h>

struct reading {
    const char *name;
    const struct fr_items_sink *sink;
    struct fr_items_totals *totals;
    struct fr_arena arena;
};

static void tell(const struct reading *r, uint64_t line, const struct fr_item_faults *faults) {
    char text[256];
    r->totals->bad_lines++;
    r->totals->faults += faults->n;
    for (uint32_t i = 0; i < faults->n && r->sink->fault; i++) {
        const struct fr_item_fault *f = &faults->at[i];
        snprintf(text, sizeof text, "%.96s:%llu: %s%s%s", r->name, (unsigned long long)line, f->field,
                 *f->field ? ": " : "", fr_item_fault_text(f->code));
        r->sink->fault(r->sink->context, text);
    }
}

static enum fr_err take_line(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    struct reading *r = context;
    struct fr_item_record item;
    struct fr_item_faults faults = {.n = 1, .at = {{.code = FR_ITEM_TOO_LARGE}}};
    if (line->text.len == 0 && !line->is_overlong) return FR_OK;
    fr_arena_clear(&r->arena);
    if (line->is_overlong ||
        !fr_item_record_read(line->text, (struct fr_str){0}, &r->arena, &item, &faults)) {
        tell(r, line->number, &faults);
        return FR_OK;
    }
    r->totals->items++;
    return r->sink->take ? r->sink->take(r->sink->context, &item, line->text, msg) : FR_OK;
}

enum fr_err fr_items_read(const char *path, const struct fr_items_sink *sink, struct fr_items_totals *totals,
                          struct fr_errmsg *msg) {
    struct reading r = {.name = fr_lines_name(path), .sink = sink, .totals = totals};
    enum fr_err err = fr_lines_each(path, FR_ITEM_RECORD_BYTES, take_line, &r, msg);
    fr_arena_fini(&r.arena);
    return err;
}

struct loading {
    struct fr_catalog *catalog;
    char first_fault[200];
};

static enum fr_err put(void *context, const struct fr_item_record *item, struct fr_str json,
                       struct fr_errmsg *msg) {
    struct loading *l = context;
    (void)json;
    if (fr_catalog_put(l->catalog, item) != (uint32_t)FR_DICT_NONE) return FR_OK;
    return fr_err_set(msg, FR_LIMIT, "more than %d items", FR_CATALOG_ITEMS);
}

static void keep_first(void *context, const char *text) {
    struct loading *l = context;
    if (!*l->first_fault) snprintf(l->first_fault, sizeof l->first_fault, "%s", text);
}

enum fr_err fr_items_load(const char *path, struct fr_catalog *catalog, struct fr_errmsg *msg) {
    struct loading l = {.catalog = catalog};
    struct fr_items_totals totals = {0};
    enum fr_err err = fr_items_read(path, &(struct fr_items_sink){&l, put, keep_first}, &totals, msg);
    if (err != FR_OK || totals.bad_lines == 0) return err;
    return fr_err_set(msg, FR_CONFIG, "%s (freshet items check tells all %llu faults)", l.first_fault,
                      (unsigned long long)totals.faults);
}
