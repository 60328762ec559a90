/* What doctor has found, for a person and as JSON. */
#include "doctor.h"
#include "freshet/base/json.h"

/* What Redis 7 adds to the bytes of a key and its value: an entry of the dictionary, the object, lengths, rounding. */
enum { REDIS_KEY_BYTES = 80 };

static double value_bytes(const struct doctor_family *f) {
    return f->sampled ? (double)f->sampled_bytes / (double)f->sampled : 0;
}

double doctor_family_key_bytes(const struct doctor_family *f) {
    return f->keys ? (double)f->key_bytes / (double)f->keys + value_bytes(f) + REDIS_KEY_BYTES : 0;
}

static double family_bytes(const struct doctor_family *f) {
    return doctor_family_key_bytes(f) * (double)f->keys;
}

/* The states of a stage; NULL when there are none. */
static const struct doctor_family *states_of(const struct doctor *d, enum fr_stage_kind stage) {
    const char *name = fr_stage_name(stage);
    size_t n = strlen(name);
    for (uint32_t i = 0; i < d->family_n; i++) {
        const char *family = d->families[i].name;
        if (strncmp(family, name, n) == 0 && family[n] == ':' && strcmp(family + n, ":meta") != 0)
            return &d->families[i];
    }
    return NULL;
}

/* ---- text ---- */

static void say_bytes(struct fr_buf *out, double bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    unsigned unit = 0;
    while (bytes >= 10000 && unit < 4) bytes /= 1024, unit++;
    fr_buf_printf(out, "%.0f %s", bytes, units[unit]);
}

static void say_store(const struct doctor *d, struct fr_buf *out) {
    const struct fr_store_info *s = &d->store;
    if (!d->store_there) {
        fr_buf_printf(out, "REDIS  cannot be used\n");
        return;
    }
    fr_buf_printf(out, "REDIS  version %s, %u %s, ", s->version, s->nodes,
                  s->nodes == 1 ? "node" : "masters");
    say_bytes(out, (double)s->used_bytes);
    fr_buf_printf(out, " used of ");
    if (s->limit_bytes)
        say_bytes(out, (double)s->limit_bytes);
    else
        fr_buf_printf(out, "no limit");
    fr_buf_printf(out, ", %s, appendonly %s\n", s->evicts ? "may evict" : "noeviction",
                  s->persists ? "yes" : "no");
}

static void say_families(const struct doctor *d, struct fr_buf *out) {
    if (d->family_n == 0) return;
    fr_buf_printf(out, "\n%-20s %12s %14s  %s\n", "KEYS", "NUMBER", "BYTES A KEY", "ALL (estimated)");
    for (uint32_t i = 0; i < d->family_n; i++) {
        const struct doctor_family *f = &d->families[i];
        fr_buf_printf(out, "%-20s %12llu %14.0f  ", f->name, (unsigned long long)f->keys,
                      doctor_family_key_bytes(f));
        say_bytes(out, family_bytes(f));
        fr_buf_byte(out, '\n');
    }
}

static void say_costs(const struct doctor *d, struct fr_buf *out) {
    static const char *const things[FR_STAGE_N] = {"a user", "an item", "a live model"};
    for (int stage = 0; stage < FR_STAGE_N; stage++) {
        const struct doctor_family *f = states_of(d, (enum fr_stage_kind)stage);
        if (f)
            fr_buf_printf(out, "%s takes about %.0f bytes of Redis\n", things[stage],
                          doctor_family_key_bytes(f));
    }
}

static void say_offset(struct fr_buf *out, int64_t offset, int width) {
    if (offset < 0)
        fr_buf_printf(out, " %*s", width, "-");
    else
        fr_buf_printf(out, " %*lld", width, (long long)offset);
}

static void say_partitions(const struct doctor *d, struct fr_buf *out) {
    fr_buf_printf(out, "\n%-10s %9s %6s %12s %12s %12s %12s %8s\n", "STAGE", "PARTITION", "EPOCH",
                  "LOG START", "STORED", "COMMITTED", "LOG END", "BEHIND");
    for (int stage = 0; stage < FR_STAGE_N; stage++) {
        for (uint32_t p = 0; p < d->stages[stage].n; p++) {
            const struct doctor_partition *at = &d->stages[stage].partitions[p];
            fr_buf_printf(out, "%-10s %9u %6llu", fr_stage_name((enum fr_stage_kind)stage), p,
                          (unsigned long long)at->epoch);
            say_offset(out, at->first, 12);
            say_offset(out, at->stored, 12);
            say_offset(out, at->committed, 12);
            say_offset(out, at->end, 12);
            say_offset(out, at->end < 0 ? -1 : at->behind, 8);
            fr_buf_byte(out, '\n');
        }
    }
}

void doctor_text(const struct doctor *d, struct fr_buf *out) {
    say_store(d, out);
    say_families(d, out);
    say_costs(d, out);
    if (d->kafka_there) {
        fr_buf_printf(out, "\nKAFKA  cluster %s\n\n", d->look.cluster_id);
        fr_topic_table(d->config->topic_prefix, d->look.states, out);
    } else {
        fr_buf_printf(out, "\nKAFKA  cannot be used\n");
    }
    say_partitions(d, out);
    fr_buf_byte(out, '\n');
    for (uint32_t i = 0; i < d->advice_n; i++)
        fr_buf_printf(out, "%s: %s\n", d->advice[i].error ? "error" : "warning", d->advice[i].text);
    if (d->audited) fr_audit_text(&d->audit, &d->reader.ids, out);
    if (d->advice_n == 0) fr_buf_printf(out, "all good\n");
}

/* ---- JSON ---- */

static void put_int(struct fr_buf *out, const char *key, int64_t v) {
    fr_json_key(out, key);
    fr_json_int(out, v);
}

static void put_bool(struct fr_buf *out, const char *key, bool v) {
    fr_json_key(out, key);
    fr_json_bool(out, v);
}

static void put_text(struct fr_buf *out, const char *key, const char *text) {
    fr_json_key(out, key);
    fr_json_str(out, fr_str_of(text));
}

static void put_store(const struct doctor *d, struct fr_buf *out) {
    fr_json_key(out, "redis");
    fr_json_open(out, '{');
    put_bool(out, "reachable", d->store_there);
    if (d->store_there) {
        put_text(out, "version", d->store.version);
        put_int(out, "nodes", d->store.nodes);
        put_int(out, "used_bytes", (int64_t)d->store.used_bytes);
        put_int(out, "limit_bytes", (int64_t)d->store.limit_bytes);
        put_bool(out, "noeviction", !d->store.evicts);
        put_bool(out, "appendonly", d->store.persists);
    }
    fr_json_close(out, '}');
}

static void put_families(const struct doctor *d, struct fr_buf *out) {
    fr_json_key(out, "keys");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < d->family_n; i++) {
        const struct doctor_family *f = &d->families[i];
        fr_json_open(out, '{');
        put_text(out, "family", f->name);
        put_int(out, "keys", (int64_t)f->keys);
        fr_json_key(out, "value_bytes_mean");
        fr_json_number(out, value_bytes(f));
        fr_json_key(out, "key_bytes_estimated");
        fr_json_number(out, doctor_family_key_bytes(f));
        put_int(out, "bytes_estimated", (int64_t)family_bytes(f));
        fr_json_close(out, '}');
    }
    fr_json_close(out, ']');
}

static void put_costs(const struct doctor *d, struct fr_buf *out) {
    static const char *const keys[FR_STAGE_N] = {"user_bytes_estimated", "item_bytes_estimated",
                                                 "model_bytes_estimated"};
    for (int stage = 0; stage < FR_STAGE_N; stage++) {
        const struct doctor_family *f = states_of(d, (enum fr_stage_kind)stage);
        if (!keys[stage]) continue; /* a stage without states */
        fr_json_key(out, keys[stage]);
        fr_json_number(out, f ? doctor_family_key_bytes(f) : 0);
    }
}

static void put_offset(struct fr_buf *out, const char *key, int64_t offset) {
    fr_json_key(out, key);
    if (offset < 0)
        fr_json_null(out);
    else
        fr_json_int(out, offset);
}

static void put_partition(enum fr_stage_kind stage, uint32_t number, const struct doctor_partition *p,
                          struct fr_buf *out) {
    fr_json_open(out, '{');
    put_text(out, "stage", fr_stage_name(stage));
    put_int(out, "partition", number);
    put_int(out, "epoch", (int64_t)p->epoch);
    put_offset(out, "log_start", p->first);
    put_offset(out, "stored", p->stored);
    put_offset(out, "committed", p->committed);
    put_offset(out, "log_end", p->end);
    put_offset(out, "behind", p->end < 0 ? -1 : p->behind);
    fr_json_key(out, "retention_margin"); /* records that the log still has before it must not lose any */
    if (p->stored < 0 || p->first < 0)
        fr_json_null(out);
    else
        fr_json_int(out, p->stored - p->first);
    fr_json_close(out, '}');
}

static void put_partitions(const struct doctor *d, struct fr_buf *out) {
    fr_json_key(out, "partitions");
    fr_json_open(out, '[');
    for (int stage = 0; stage < FR_STAGE_N; stage++)
        for (uint32_t p = 0; p < d->stages[stage].n; p++)
            put_partition((enum fr_stage_kind)stage, p, &d->stages[stage].partitions[p], out);
    fr_json_close(out, ']');
}

static void put_advice(const struct doctor *d, struct fr_buf *out) {
    fr_json_key(out, "advice");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < d->advice_n; i++) {
        fr_json_open(out, '{');
        put_text(out, "level", d->advice[i].error ? "error" : "warning");
        put_text(out, "text", d->advice[i].text);
        fr_json_close(out, '}');
    }
    fr_json_close(out, ']');
}

void doctor_json(const struct doctor *d, struct fr_buf *out) {
    fr_json_open(out, '{');
    put_store(d, out);
    put_families(d, out);
    put_costs(d, out);
    fr_json_key(out, "kafka");
    fr_json_open(out, '{');
    put_bool(out, "reachable", d->kafka_there);
    if (d->kafka_there) {
        put_text(out, "cluster_id", d->look.cluster_id);
        fr_topic_json(d->config->topic_prefix, d->look.states, &d->look.problems, out);
    }
    fr_json_close(out, '}');
    put_partitions(d, out);
    put_bool(out, "quiet", doctor_is_quiet(d));
    put_advice(d, out);
    if (d->audited) {
        fr_json_key(out, "audit");
        fr_json_open(out, '{');
        fr_audit_json(&d->audit, &d->reader.ids, out);
        fr_json_close(out, '}');
    }
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}
