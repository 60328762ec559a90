/* All campaigns, in versions.
 *
 * Problem   campaigns change one by one, are compiled into rules, and are read by many threads that must not wait.
 * Choice    the book keeps the JSON of each key; a version reads all of it again into memory of its own. With the thousands of
 *           campaigns that there are at most that is some hundredths of a second for each change, and nothing is shared.
 * Rejected  counted references to each campaign's block, as items have (there are 20 million of them, these are few).
 * Invariant what the book holds was judged good. */
#include "freshet/target/campaign_set.h"
#include "freshet/base/hash.h"
#include <stdio.h>
#include <stdlib.h>

struct kept {
    char *json; /* NULL: gone */
    uint32_t len;
    fr_time_ms timestamp_ms;
};

struct fr_campaign_book {
    struct fr_dict keys;
    struct kept *kept; /* [keys.n] */
    uint32_t cap, n;   /* n: those that are there */
    uint64_t changes, records;
    struct fr_arena arena; /* of one record */
};

/* ---- judging ---- */

static void add_rule_faults(struct fr_campaign_faults *faults, const struct fr_rule_errors *errors) {
    char hint[sizeof faults->at[0].hint];
    for (uint32_t i = 0; i < errors->n; i++) {
        const struct fr_rule_error *e = &errors->at[i];
        snprintf(hint, sizeof hint, "line %u, column %u: %s", e->line, e->column, e->text);
        fr_campaign_fault_add(faults, FR_CAMPAIGN_FAULT_BAD_RULE, "rule", hint);
    }
}

bool fr_campaign_judge(struct fr_str json, struct fr_str key, struct fr_arena *arena, struct fr_campaign *out,
                       struct fr_rule **rule, struct fr_campaign_faults *faults) {
    struct fr_rule_errors errors;
    struct fr_rule *compiled = NULL;
    if (rule) *rule = NULL;
    fr_campaign_read(json, key, arena, out, faults);
    if (out->rule.ptr || faults->n == 0) {
        struct fr_rule_scope scope = {.has_segments = out->kind == FR_CAMPAIGN_IS_CAMPAIGN};
        compiled = fr_rule_compile(out->rule, &scope, &errors);
        if (!compiled) add_rule_faults(faults, &errors);
    }
    bool good = faults->n == 0;
    if (good && rule)
        *rule = compiled;
    else
        fr_rule_free(compiled);
    return good;
}

/* ---- the book ---- */

struct fr_campaign_book *fr_campaign_book_new(void) {
    struct fr_campaign_book *b = fr_alloc_zero(1, sizeof *b);
    fr_dict_init(&b->keys);
    return b;
}

void fr_campaign_book_free(struct fr_campaign_book *b) {
    if (!b) return;
    for (uint32_t i = 0; i < b->keys.n; i++) free(b->kept[i].json);
    free(b->kept);
    fr_dict_fini(&b->keys);
    fr_arena_fini(&b->arena);
    free(b);
}

static struct kept *slot_of(struct fr_campaign_book *b, struct fr_str key) {
    uint32_t at = fr_dict_intern(&b->keys, key);
    if (at >= b->cap) {
        uint32_t cap = 2 * at + 64;
        b->kept = fr_realloc(b->kept, cap * sizeof *b->kept);
        memset(b->kept + b->cap, 0, (cap - b->cap) * sizeof *b->kept);
        b->cap = cap;
    }
    return &b->kept[at];
}

static bool is_there(const struct fr_campaign_book *b, struct fr_str key) {
    uint32_t at = fr_dict_find(&b->keys, key);
    return at != (uint32_t)FR_DICT_NONE && b->kept[at].json;
}

static void drop(struct fr_campaign_book *b, struct fr_str key) {
    if (!is_there(b, key)) return;
    struct kept *k = slot_of(b, key);
    free(k->json);
    k->json = NULL;
    b->n--;
    b->changes++;
}

static void keep(struct fr_campaign_book *b, struct fr_str key, struct fr_str json, fr_time_ms timestamp_ms) {
    struct kept *k = slot_of(b, key);
    b->n += k->json == NULL;
    k->json = fr_realloc(k->json, json.len);
    memcpy(k->json, json.ptr, json.len);
    k->len = json.len;
    k->timestamp_ms = timestamp_ms;
    b->changes++;
}

bool fr_campaign_book_put(struct fr_campaign_book *b, struct fr_str key, struct fr_str value,
                          fr_time_ms timestamp_ms, struct fr_campaign_faults *faults) {
    struct fr_campaign campaign;
    faults->n = 0;
    b->records++;
    if (!value.ptr) {
        drop(b, key);
        return true;
    }
    fr_arena_clear(&b->arena);
    if (!fr_campaign_judge(value, key, &b->arena, &campaign, NULL, faults)) return false;
    if (b->n == FR_CAMPAIGN_SET_MAX && !is_there(b, campaign.id)) {
        fr_campaign_fault_add(faults, FR_CAMPAIGN_FAULT_TOO_MANY_CAMPAIGNS, "", "");
        return false;
    }
    keep(b, campaign.id, value, timestamp_ms);
    return true;
}

uint64_t fr_campaign_book_changes(const struct fr_campaign_book *b) { return b->changes; }

/* ---- versions ---- */

static uint64_t hash_or_none(struct fr_str text) { return text.len ? fr_hash_str(text) : 0; }

static struct fr_campaign_entry entry_of(struct fr_campaign_set *s, const struct kept *k) {
    struct fr_campaign_entry e = {.changed_ms = k->timestamp_ms};
    struct fr_campaign_faults faults;
    bool good = fr_campaign_judge((struct fr_str){k->json, k->len}, (struct fr_str){0}, &s->texts, &e.record,
                                  &e.rule, &faults);
    FR_ASSERT(good);
    const struct fr_campaign *c = &e.record;
    e.id_hash = fr_hash_str(c->id);
    e.advertiser_hash = hash_or_none(c->advertiser);
    e.topic_hash = c->category_n ? hash_or_none(c->categories[0]) : c->item_n ? hash_or_none(c->items[0]) : 0;
    return e;
}

static int by_id(const void *a, const void *b) {
    const struct fr_campaign_entry *x = a, *y = b;
    return fr_str_cmp(x->record.id, y->record.id);
}

struct fr_campaign_set *fr_campaign_book_version(const struct fr_campaign_book *b, uint64_t number) {
    struct fr_campaign_set *s = fr_alloc_zero(1, sizeof *s);
    s->campaigns = fr_alloc((b->n + 1) * sizeof *s->campaigns);
    s->segments = fr_alloc((b->n + 1) * sizeof *s->segments);
    for (uint32_t i = 0; i < b->keys.n; i++) {
        if (!b->kept[i].json) continue;
        struct fr_campaign_entry e = entry_of(s, &b->kept[i]);
        if (e.record.kind == FR_CAMPAIGN_IS_SEGMENT)
            s->segments[s->segment_n++] = e;
        else
            s->campaigns[s->campaign_n++] = e;
        s->asks_interests |= fr_rule_asks_interests(e.rule);
    }
    qsort(s->campaigns, s->campaign_n, sizeof *s->campaigns, by_id);
    qsort(s->segments, s->segment_n, sizeof *s->segments, by_id);
    s->number = number;
    s->records = b->records;
    return s;
}

void fr_campaign_set_free(struct fr_campaign_set *s) {
    if (!s) return;
    for (uint32_t i = 0; i < s->campaign_n; i++) fr_rule_free(s->campaigns[i].rule);
    for (uint32_t i = 0; i < s->segment_n; i++) fr_rule_free(s->segments[i].rule);
    free(s->campaigns);
    free(s->segments);
    fr_arena_fini(&s->texts);
    free(s);
}

static const struct fr_campaign_entry *find(const struct fr_campaign_entry *entries, uint32_t n,
                                            struct fr_str id) {
    struct fr_campaign_entry wanted = {.record = {.id = id}};
    return n ? bsearch(&wanted, entries, n, sizeof *entries, by_id) : NULL;
}

const struct fr_campaign_entry *fr_campaign_set_find(const struct fr_campaign_set *s, struct fr_str id) {
    return find(s->campaigns, s->campaign_n, id);
}

const struct fr_campaign_entry *fr_campaign_set_segment(const struct fr_campaign_set *s, struct fr_str id) {
    return find(s->segments, s->segment_n, id);
}
