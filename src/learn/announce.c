#include "freshet/learn/announce.h"
#include "freshet/base/json.h"
#include "freshet/base/pack.h"

const char *fr_model_event_text(enum fr_model_event_kind kind) {
    static const char *const texts[] = {
#define TEXT(name, text) text,
        FR_MODEL_EVENT_MAP(TEXT)
#undef TEXT
    };
    FR_ASSERT((unsigned)kind < FR_MODEL_EVENT_N);
    return texts[kind];
}

/* ---- the control record ---- */

void fr_control_write(const struct fr_control *c, struct fr_buf *out) {
    fr_pack_map(out, 5);
    fr_pack_str(out, FR_STR("kind"));
    fr_pack_str(out, FR_STR("bundle"));
    fr_pack_str(out, FR_STR("version"));
    fr_pack_str(out, c->version);
    fr_pack_str(out, FR_STR("parent"));
    fr_pack_str(out, c->parent);
    fr_pack_str(out, FR_STR("why"));
    fr_pack_str(out, fr_str_of(fr_model_event_text(c->why)));
    fr_pack_str(out, FR_STR("time_ms"));
    fr_pack_int(out, c->time_ms);
}

static bool read_why(struct fr_str text, enum fr_model_event_kind *out) {
    for (int kind = 0; kind < FR_MODEL_EVENT_N; kind++) {
        if (!fr_str_eq(text, fr_str_of(fr_model_event_text((enum fr_model_event_kind)kind)))) continue;
        *out = (enum fr_model_event_kind)kind;
        return true;
    }
    return false;
}

static bool is_version_or_empty(struct fr_str s) { return s.len == 0 || fr_bundle_version_valid(s); }

bool fr_control_read(struct fr_str value, struct fr_control *out) {
    struct fr_reader in = fr_reader_of(value);
    bool is_bundle = false, has_version = false;
    *out = (struct fr_control){.why = FR_MODEL_EVENT_PROMOTED};
    if (fr_pack_peek(&in) != FR_PACK_MAP) return false;
    for (uint32_t n = fr_pack_read_map(&in); n && in.ok; n--) {
        struct fr_str key = fr_pack_read_str(&in);
        if (fr_str_eq(key, FR_STR("kind"))) {
            is_bundle = fr_str_eq(fr_pack_read_str(&in), FR_STR("bundle"));
        } else if (fr_str_eq(key, FR_STR("version"))) {
            out->version = fr_pack_read_str(&in);
            has_version = true;
        } else if (fr_str_eq(key, FR_STR("parent"))) {
            out->parent = fr_pack_read_str(&in);
        } else if (fr_str_eq(key, FR_STR("why"))) {
            in.ok = read_why(fr_pack_read_str(&in), &out->why) && in.ok;
        } else if (fr_str_eq(key, FR_STR("time_ms"))) {
            out->time_ms = fr_pack_read_int(&in);
        } else {
            fr_pack_skip(&in);
        }
    }
    return in.ok && in.at == in.end && is_bundle && has_version && is_version_or_empty(out->version) &&
           is_version_or_empty(out->parent);
}

/* ---- the record of freshet.models ---- */

static void put_text(struct fr_buf *out, const char *key, const char *text) {
    if (!text || !*text) return;
    fr_json_key(out, key);
    fr_json_str(out, fr_str_of(text));
}

static void put_figure(struct fr_buf *out, const char *key, double value) {
    fr_json_key(out, key);
    fr_json_number(out, value);
}

static void put_verdict(struct fr_buf *out, const struct fr_verdict *v, const char *test, double alpha) {
    fr_json_key(out, "judged");
    fr_json_open(out, '{');
    put_text(out, "test", test ? test : "paired t, one-sided, of ndcg@20 on the holdout");
    fr_json_key(out, "cases");
    fr_json_int(out, v->cases);
    put_figure(out, "candidate", v->candidate);
    put_figure(out, "incumbent", v->incumbent);
    put_figure(out, "difference", v->difference);
    put_figure(out, "lower", v->lower);
    put_figure(out, "upper", v->upper);
    put_figure(out, "p_worse", v->p_worse);
    put_figure(out, "alpha", alpha);
    fr_json_key(out, "accepted");
    fr_json_bool(out, v->accepted);
    fr_json_close(out, '}');
}

static void put_count(struct fr_buf *out, const char *key, struct fr_monitor_count c) {
    fr_json_key(out, key);
    fr_json_open(out, '{');
    fr_json_key(out, "outcomes");
    fr_json_int(out, c.n);
    fr_json_key(out, "hits");
    fr_json_int(out, c.hits);
    fr_json_close(out, '}');
}

static void put_monitor(struct fr_buf *out, const struct fr_model_event *e) {
    fr_json_key(out, "watched");
    fr_json_open(out, '{');
    put_text(out, "test", "share of hits since the promotion against before, group-sequential");
    put_count(out, "before", e->monitor->before);
    put_count(out, "after", e->monitor->after);
    put_figure(out, "z", e->z);
    put_figure(out, "alpha", e->alpha);
    fr_json_close(out, '}');
}

void fr_model_event_json(const struct fr_model_event *e, struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "schema_version");
    fr_json_int(out, 1);
    put_text(out, "event", fr_model_event_text(e->kind));
    put_text(out, "task", e->task);
    put_text(out, "version", e->version);
    put_text(out, "in_force", e->in_force);
    put_text(out, "by", e->by);
    put_text(out, "reason", e->reason);
    fr_json_key(out, "time");
    fr_json_time(out, e->time_ms);
    if (e->verdict) put_verdict(out, e->verdict, e->test, e->alpha);
    if (e->monitor) put_monitor(out, e);
    if (e->bundle) {
        struct fr_buf manifest = {0};
        fr_bundle_json(e->bundle, &manifest);
        fr_json_key(out, "bundle");
        fr_json_raw(out, fr_buf_slice(&manifest));
        fr_buf_fini(&manifest);
    }
    fr_json_close(out, '}');
}
