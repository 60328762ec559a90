#include "freshet/recommend/recommendation.h"
#include "freshet/base/hash.h"
#include "freshet/base/json.h"

/* The beginning of a reason, in a width that is copied without asking for the length. */
struct fragment {
    char text[48];
    uint32_t len;
};

/* Numbers least significant byte first, so that an id does not depend on the machine. */
static void put_u64(unsigned char *to, uint64_t v) {
    for (int i = 0; i < 8; i++) to[i] = (unsigned char)(v >> 8 * i);
}

void fr_recommendation_id(const struct fr_recommendation_cause *cause, struct fr_str user_id,
                          struct fr_str surface, struct fr_str model_version, char out[37]) {
    struct fr_hash128 user = fr_hash128(user_id.ptr, user_id.len, 0);
    const uint64_t parts[] = {
        fr_hash_str(cause->topic), (uint64_t)cause->partition, (uint64_t)cause->offset, user.low, user.high,
        fr_hash_str(surface),      fr_hash_str(model_version)};
    enum { PARTS = sizeof parts / sizeof *parts };
    unsigned char bytes[PARTS * 8];
    for (int i = 0; i < PARTS; i++) put_u64(bytes + 8 * i, parts[i]);
    fr_hash_uuid(fr_hash128(bytes, sizeof bytes, 0), out);
}

static void write_text(struct fr_buf *b, const char *key, struct fr_str value) {
    fr_json_key(b, key);
    fr_json_str(b, value);
}

static void write_time(struct fr_buf *b, const char *key, fr_time_ms t) {
    fr_json_key(b, key);
    fr_json_time(b, t);
}

static void write_cause(struct fr_buf *b, const struct fr_recommendation_cause *c) {
    fr_json_key(b, "made_from");
    fr_json_open(b, '{');
    write_text(b, "topic", c->topic);
    fr_json_key(b, "partition");
    fr_json_int(b, c->partition);
    fr_json_key(b, "offset");
    fr_json_int(b, c->offset);
    fr_json_key(b, "through");
    fr_json_int(b, c->through);
    if (c->catalogue) {
        fr_json_key(b, "catalogue");
        fr_json_int(b, (int64_t)c->catalogue);
    }
    fr_json_close(b, '}');
}

static void write_head(struct fr_buf *b, const struct fr_recommendation *r) {
    fr_json_key(b, "schema_version");
    fr_json_int(b, 1);
    write_text(b, "recommendation_id", r->id);
    write_text(b, "user_id", r->user_id);
    write_text(b, "surface", r->surface);
    write_time(b, "generated_at", r->generated_ms);
    write_time(b, "expires_at", r->expires_ms);
    fr_json_key(b, "model");
    fr_json_open(b, '{');
    write_text(b, "name", r->model_name);
    write_text(b, "version", r->model_version);
    if (r->trained_ms) write_time(b, "trained_at", r->trained_ms);
    fr_json_close(b, '}');
    if (r->cause.topic.len) write_cause(b, &r->cause);
}

#define FRAGMENT(text) \
    { text, sizeof text - 1 }
static const struct fragment with_item[FR_REASON_N] = {
#define FR_REASON_FRAGMENT(name, code, text) FRAGMENT("{\"code\":\"" code "\",\"item_id\":"),
    FR_REASON_MAP(FR_REASON_FRAGMENT)
#undef FR_REASON_FRAGMENT
};
static const struct fragment without_item[FR_REASON_N] = {
#define FR_REASON_FRAGMENT(name, code, text) FRAGMENT("{\"code\":\"" code "\",\"weight\":"),
    FR_REASON_MAP(FR_REASON_FRAGMENT)
#undef FR_REASON_FRAGMENT
};

static inline char *put_fragment(char *to, const struct fragment *f) {
    memcpy(to, f->text, sizeof f->text);
    return to + f->len;
}

/* What is written besides ids, with some to spare. */
enum { REASON_BYTES = 128, ITEM_BYTES = 192 };

static void write_reason(struct fr_buf *b, bool is_first, const struct fr_reason *r,
                         const struct fr_dict *items) {
    bool has_item = r->item != (uint32_t)FR_DICT_NONE;
    struct fr_str item = has_item ? fr_dict_str(items, r->item) : (struct fr_str){0};
    char *to = fr_buf_reserve(b, REASON_BYTES + FR_JSON_STR_BYTES(item.len));
    if (!is_first) *to++ = ',';
    if (has_item) {
        to = fr_json_put_str(put_fragment(to, &with_item[r->code]), item);
        to = fr_str_put(to, FR_STR(",\"weight\":"));
    } else {
        to = put_fragment(to, &without_item[r->code]);
    }
    to = fr_json_put_millionths(to, fr_list_units(r->weight));
    *to++ = '}';
    fr_buf_end_at(b, to);
}

static void write_item(struct fr_buf *b, const struct fr_list_item *item, uint32_t rank,
                       const struct fr_dict *items) {
    struct fr_str id = fr_dict_str(items, item->item);
    char *to = fr_buf_reserve(b, ITEM_BYTES + FR_JSON_STR_BYTES(id.len));
    if (rank > 1) *to++ = ',';
    to = fr_json_put_str(fr_str_put(to, FR_STR("{\"item_id\":")), id);
    to = fr_json_put_unsigned(fr_str_put(to, FR_STR(",\"rank\":")), rank);
    to = fr_json_put_millionths(fr_str_put(to, FR_STR(",\"score\":")), fr_list_units(item->score));
    if (item->propensity > 0)
        to = fr_json_put_millionths(fr_str_put(to, FR_STR(",\"propensity\":")),
                                    fr_list_units(item->propensity));
    to = fr_str_put(to, FR_STR(",\"reasons\":["));
    fr_buf_end_at(b, to);
    for (uint32_t i = 0; i < item->reason_n; i++) write_reason(b, i == 0, &item->reasons[i], items);
    fr_buf_append(b, "]}", 2);
}

void fr_recommendation_write(struct fr_buf *b, const struct fr_recommendation *r, const struct fr_list *list,
                             const struct fr_dict *items) {
    fr_json_open(b, '{');
    write_head(b, r);
    fr_json_key(b, "fallback");
    fr_json_bool(b, list->fallback);
    fr_json_key(b, "items");
    fr_json_open(b, '[');
    for (uint32_t i = 0; i < list->item_n; i++) write_item(b, &list->items[i], i + 1, items);
    fr_json_close(b, ']');
    fr_json_close(b, '}');
}

static struct fr_str time_text(fr_time_ms t, struct fr_arena *arena) {
    char *text = fr_arena_alloc(arena, 25);
    fr_time_format(t, text);
    return (struct fr_str){text, 24};
}

const struct fr_recommendation_header *
fr_recommendation_headers(const struct fr_recommendation *r, struct fr_str source, struct fr_arena *arena) {
    struct fr_recommendation_header *h = fr_arena_alloc(arena, FR_RECOMMENDATION_HEADERS * sizeof *h);
    h[0] = (struct fr_recommendation_header){FR_STR("content-type"), FR_STR("application/json")};
    h[1] = (struct fr_recommendation_header){FR_STR("ce_specversion"), FR_STR("1.0")};
    h[2] = (struct fr_recommendation_header){FR_STR("ce_id"), r->id};
    h[3] = (struct fr_recommendation_header){FR_STR("ce_source"), source};
    h[4] = (struct fr_recommendation_header){FR_STR("ce_type"), FR_STR(FR_RECOMMENDATION_TYPE)};
    h[5] = (struct fr_recommendation_header){FR_STR("ce_time"), time_text(r->generated_ms, arena)};
    h[6] = (struct fr_recommendation_header){FR_STR("ce_dataschema"), FR_STR(FR_RECOMMENDATION_SCHEMA)};
    h[7] = (struct fr_recommendation_header){FR_STR("ce_expirytime"), time_text(r->expires_ms, arena)};
    return h;
}
