#include "freshet/target/ad_example.h"
#include "freshet/base/hash.h"
#include "freshet/base/map.h"
#include "freshet/base/varint.h"
#include <stdlib.h>

enum { ID_BYTES = 8, ATTRIBUTE_BYTES = 4, ENTRY_BYTES_LEAST = 2 };

/* ---- joining ---- */

enum key_kind { BY_AD = 1, BY_CREATIVE, BY_CAMPAIGN };

static uint64_t key_of(enum key_kind kind, uint64_t user, uint64_t first, uint64_t second) {
    return fr_hash_mix(user ^ fr_hash_mix(first ^ fr_hash_mix(second + kind)));
}

uint32_t fr_ad_keys(const struct fr_ad_example *shown, uint64_t keys[FR_ATTRIBUTION_KEYS]) {
    const struct fr_impression *x = &shown->of;
    uint32_t n = 0;
    if (shown->ad) keys[n++] = key_of(BY_AD, x->user, shown->ad, 0);
    if (x->creative) keys[n++] = key_of(BY_CREATIVE, x->user, x->campaign, x->creative);
    keys[n++] = key_of(BY_CAMPAIGN, x->user, x->campaign, 0);
    return n;
}

uint64_t fr_ad_key(const struct fr_ad_example *answer) {
    const struct fr_impression *x = &answer->of;
    if (answer->ad) return key_of(BY_AD, x->user, answer->ad, 0);
    if (x->creative) return key_of(BY_CREATIVE, x->user, x->campaign, x->creative);
    return key_of(BY_CAMPAIGN, x->user, x->campaign, 0);
}

/* ---- writing ---- */

/* Words of one width, each once. */
struct words {
    struct fr_map places;
    struct fr_buf bytes;
    uint32_t n, width;
};

struct fr_ad_writer {
    struct words ids, attributes;
    struct fr_buf entries;
    uint32_t entry_n;
    fr_time_ms time_ms; /* of the last entry that has one */
};

struct fr_ad_writer *fr_ad_writer_new(void) {
    struct fr_ad_writer *w = fr_alloc_zero(1, sizeof *w);
    w->ids.width = ID_BYTES;
    w->attributes.width = ATTRIBUTE_BYTES;
    return w;
}

static void words_fini(struct words *t) {
    fr_map_fini(&t->places);
    fr_buf_fini(&t->bytes);
}

void fr_ad_writer_free(struct fr_ad_writer *w) {
    if (!w) return;
    words_fini(&w->ids);
    words_fini(&w->attributes);
    fr_buf_fini(&w->entries);
    free(w);
}

uint32_t fr_ad_writer_count(const struct fr_ad_writer *w) { return w->entry_n; }
size_t fr_ad_writer_bytes(const struct fr_ad_writer *w) {
    return w->ids.bytes.len + w->attributes.bytes.len + w->entries.len;
}

static uint64_t place_of(struct words *t, uint64_t word) {
    bool known;
    uint64_t *place = fr_map_put(&t->places, word, &known);
    if (known) return *place;
    for (uint32_t i = 0; i < t->width; i++) fr_buf_byte(&t->bytes, (unsigned char)(word >> 8 * i));
    return *place = t->n++;
}

static void put_id(struct fr_ad_writer *w, uint64_t id) {
    fr_varint_write(&w->entries, id ? place_of(&w->ids, id) + 1 : 0);
}

static void put_attributes(struct fr_ad_writer *w, const uint32_t *attributes, uint32_t n) {
    fr_varint_write(&w->entries, n);
    for (uint32_t i = 0; i < n; i++) fr_varint_write(&w->entries, place_of(&w->attributes, attributes[i]));
}

static void put_time(struct fr_ad_writer *w, fr_time_ms time_ms) {
    fr_varint_write(&w->entries, fr_zigzag((int64_t)((uint64_t)time_ms - (uint64_t)w->time_ms)));
    w->time_ms = time_ms;
}

static void put_shown(struct fr_ad_writer *w, const struct fr_impression *x) {
    put_id(w, x->advertiser);
    put_id(w, x->topic);
    put_id(w, x->surface);
    put_time(w, x->time_ms);
    fr_varint_write(&w->entries, (uint64_t)(x->position + INT64_C(1)));
    fr_varint_write(&w->entries, (uint64_t)(x->age_days + INT64_C(1)));
    put_attributes(w, x->user_attributes, x->user_attribute_n);
    put_attributes(w, x->item_attributes, x->item_attribute_n);
}

void fr_ad_writer_add(struct fr_ad_writer *w, const struct fr_ad_example *e) {
    fr_buf_byte(&w->entries, (unsigned char)e->kind);
    put_id(w, e->of.user);
    w->entry_n++;
    if (e->kind == FR_AD_FORGET) return;
    put_id(w, e->ad);
    put_id(w, e->of.creative);
    put_id(w, e->of.campaign);
    if (e->kind == FR_AD_SHOWN)
        put_shown(w, &e->of);
    else
        put_time(w, e->of.time_ms);
}

static void finish_words(struct words *t, struct fr_buf *out) {
    fr_varint_write(out, t->n);
    fr_buf_append(out, t->bytes.data, t->bytes.len);
    fr_map_clear(&t->places);
    fr_buf_clear(&t->bytes);
    t->n = 0;
}

void fr_ad_writer_finish(struct fr_ad_writer *w, struct fr_buf *out) {
    fr_buf_byte(out, FR_AD_EXAMPLE_VERSION);
    finish_words(&w->ids, out);
    finish_words(&w->attributes, out);
    fr_buf_append(out, w->entries.data, w->entries.len);
    fr_buf_clear(&w->entries);
    w->entry_n = 0;
    w->time_ms = 0;
}

/* ---- reading ---- */

struct table {
    const unsigned char *at; /* words of `width` bytes */
    uint64_t n;
    uint32_t width;
};

struct reading {
    struct fr_reader in;
    struct table ids, attributes;
    fr_time_ms time_ms;
};

static void get_table(struct fr_reader *in, struct table *t) {
    t->n = fr_varint_read(in);
    t->at = in->at;
    if (t->n > (uint64_t)(in->end - in->at) / t->width) in->ok = false;
    if (in->ok) in->at += t->n * t->width;
}

static uint64_t word_at(struct reading *r, const struct table *t, uint64_t place) {
    uint64_t word = 0;
    if (place >= t->n || !r->in.ok) {
        r->in.ok = false;
        return 0;
    }
    for (uint32_t i = 0; i < t->width; i++) word |= (uint64_t)t->at[place * t->width + i] << 8 * i;
    return word;
}

static uint64_t get_id(struct reading *r) {
    uint64_t place = fr_varint_read(&r->in);
    return place ? word_at(r, &r->ids, place - 1) : 0;
}

/* A number that was written 1 larger; -1: not said. */
static int32_t get_number(struct reading *r) {
    uint64_t v = fr_varint_read(&r->in);
    if (v > (uint64_t)INT32_MAX + 1) r->in.ok = false;
    return r->in.ok ? (int32_t)((int64_t)v - 1) : -1;
}

static uint32_t get_attributes(struct reading *r, uint32_t *out, uint32_t most) {
    uint64_t n = fr_varint_read(&r->in);
    if (n > most) r->in.ok = false;
    for (uint64_t i = 0; i < n && r->in.ok; i++)
        out[i] = (uint32_t)word_at(r, &r->attributes, fr_varint_read(&r->in));
    return r->in.ok ? (uint32_t)n : 0;
}

static fr_time_ms get_time(struct reading *r) {
    r->time_ms = (fr_time_ms)((uint64_t)r->time_ms + (uint64_t)fr_unzigzag(fr_varint_read(&r->in)));
    if (r->time_ms > FR_AD_TIME_MOST_MS || r->time_ms < -FR_AD_TIME_MOST_MS) r->in.ok = false;
    return r->time_ms;
}

static void get_shown(struct reading *r, struct fr_impression *x) {
    x->advertiser = get_id(r);
    x->topic = get_id(r);
    x->surface = get_id(r);
    x->time_ms = get_time(r);
    x->position = get_number(r);
    x->age_days = get_number(r);
    x->user_attribute_n = get_attributes(r, x->user_attributes, FR_IMPRESSION_USER_ATTRIBUTES);
    x->item_attribute_n = get_attributes(r, x->item_attributes, FR_IMPRESSION_ITEM_ATTRIBUTES);
}

static void get_entry(struct reading *r, struct fr_ad_example *e) {
    unsigned kind = *r->in.at++;
    if (kind >= FR_AD_EXAMPLE_KINDS) r->in.ok = false;
    e->kind = (enum fr_ad_example_kind)kind;
    e->of.user = get_id(r);
    if (!e->of.user) r->in.ok = false;
    if (!r->in.ok || e->kind == FR_AD_FORGET) return;
    e->ad = get_id(r);
    e->of.creative = get_id(r);
    e->of.campaign = get_id(r);
    if (e->kind == FR_AD_SHOWN)
        get_shown(r, &e->of);
    else
        e->of.time_ms = get_time(r);
}

bool fr_ad_batch_read(struct fr_str bytes, struct fr_arena *arena, struct fr_ad_batch *out) {
    struct reading r = {
        .in = fr_reader_of(bytes), .ids.width = ID_BYTES, .attributes.width = ATTRIBUTE_BYTES};
    *out = (struct fr_ad_batch){0};
    if (bytes.len == 0 || *r.in.at++ != FR_AD_EXAMPLE_VERSION) return false;
    get_table(&r.in, &r.ids);
    get_table(&r.in, &r.attributes);
    if (!r.in.ok) return false;
    size_t most = (size_t)(r.in.end - r.in.at) / ENTRY_BYTES_LEAST + 1;
    struct fr_ad_example *at = fr_arena_zero(arena, most * sizeof *at);
    uint32_t n = 0;
    while (r.in.ok && r.in.at < r.in.end) get_entry(&r, &at[n++]);
    if (r.in.ok) *out = (struct fr_ad_batch){at, n};
    return r.in.ok;
}
