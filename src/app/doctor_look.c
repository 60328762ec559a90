/* What doctor looks at: Redis, Kafka, and how the two stand to each other. */
#include "doctor.h"
#include "freshet/base/pack.h"
#include <stdarg.h>
#include <stdio.h>

enum {
    SAMPLE_KEYS = 1000,  /* a family */
    MARKERS_AT_MOST = 64 /* a distance up to this may be markers of transactions and is looked into */
};

void doctor_advise(struct doctor *d, bool error, const char *format, ...) {
    if (d->advice_n == DOCTOR_ADVICE_MAX) return;
    struct doctor_advice *a = &d->advice[d->advice_n++];
    va_list args;
    va_start(args, format);
    vsnprintf(a->text, sizeof a->text, format, args);
    va_end(args);
    a->error = error;
    d->errors += error;
}

/* ---- Redis ---- */

static void judge_store(struct doctor *d) {
    const struct fr_store_info *s = &d->store;
    if (s->evicts)
        doctor_advise(d, true,
                      "Redis may throw state away when its memory is full: set maxmemory-policy noeviction "
                      "(redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf)");
    if (!s->persists)
        doctor_advise(d, false,
                      "Redis keeps nothing over a restart: set appendonly yes, or every restart rebuilds all "
                      "state from the log");
    if (s->limit_bytes && s->used_bytes > s->limit_bytes / 10 * 9)
        doctor_advise(d, false, "Redis uses more than nine tenths of maxmemory: give it more");
}

struct families {
    struct doctor *d;
    uint32_t prefix_bytes;
    struct fr_str samples[DOCTOR_FAMILIES_MAX][SAMPLE_KEYS];
};

static struct doctor_family *family_of(struct doctor *d, const char *name) {
    for (uint32_t i = 0; i < d->family_n; i++)
        if (strcmp(d->families[i].name, name) == 0) return &d->families[i];
    if (d->family_n == DOCTOR_FAMILIES_MAX) return NULL;
    struct doctor_family *f = &d->families[d->family_n++];
    snprintf(f->name, sizeof f->name, "%s", name);
    return f;
}

static bool visit_key(void *context, struct fr_str key) {
    struct families *all = context;
    const char *from = key.ptr + all->prefix_bytes, *brace = memchr(key.ptr, '{', key.len);
    if (!brace || brace <= from) return true;
    char name[40];
    snprintf(name, sizeof name, "%.*s", (int)(brace - from - 1), from);
    struct doctor_family *f = family_of(all->d, name);
    if (!f) return true;
    if (f->keys < SAMPLE_KEYS)
        all->samples[f - all->d->families][f->keys] = fr_arena_copy(&all->d->arena, key);
    f->keys++;
    f->key_bytes += key.len;
    return true;
}

static enum fr_err weigh(struct doctor *d, struct doctor_family *f, const struct fr_str *keys,
                         struct fr_errmsg *msg) {
    struct fr_str values[SAMPLE_KEYS];
    struct fr_arena arena = {0};
    uint32_t n = f->keys < SAMPLE_KEYS ? (uint32_t)f->keys : SAMPLE_KEYS;
    enum fr_err err = d->reader.store->ops->load(d->reader.store, keys, n, values, &arena, msg);
    for (uint32_t i = 0; i < n && err == FR_OK; i++) {
        if (!values[i].len) continue;
        f->sampled++;
        f->sampled_bytes += values[i].len;
    }
    fr_arena_fini(&arena);
    return err;
}

static enum fr_err count_keys(struct doctor *d, struct fr_errmsg *msg) {
    struct families *all = fr_arena_alloc(&d->arena, sizeof *all);
    all->d = d;
    char prefix[FR_KEYS_PREFIX_BYTES + 1];
    all->prefix_bytes = (uint32_t)snprintf(prefix, sizeof prefix, "%s:", d->reader.rules.topic_prefix);
    struct fr_store *store = d->reader.store;
    enum fr_err err = store->ops->scan(store, fr_str_of(prefix), visit_key, all, msg);
    for (uint32_t i = 0; i < d->family_n && err == FR_OK; i++)
        err = weigh(d, &d->families[i], all->samples[i], msg);
    return err;
}

static enum fr_err read_metas(struct doctor *d, struct fr_errmsg *msg) {
    for (int stage = 0; stage < FR_STAGE_N; stage++) {
        struct doctor_stage *s = &d->stages[stage];
        s->stored_n = s->n = d->reader.keys[stage].partitions;
        s->partitions = fr_arena_zero(&d->arena, s->n * sizeof *s->partitions);
        struct fr_meta *metas = fr_arena_alloc(&d->arena, s->n * sizeof *metas);
        enum fr_err err = fr_state_metas(&d->reader, (enum fr_stage_kind)stage, metas, msg);
        if (err != FR_OK) return err;
        for (uint32_t p = 0; p < s->n; p++)
            s->partitions[p] = (struct doctor_partition){metas[p].epoch, metas[p].next_offset, -1, -1, -1, 0};
    }
    return FR_OK;
}

static void look_at_store(struct doctor *d) {
    struct fr_errmsg *msg = &d->store_error;
    enum fr_err err = fr_state_open(&d->reader, d->config, msg);
    if (err == FR_OK) err = d->reader.store->ops->info(d->reader.store, &d->store, msg);
    if (err == FR_OK) err = read_metas(d, msg);
    if (err == FR_OK) err = count_keys(d, msg);
    d->store_there = err == FR_OK;
    if (d->store_there)
        judge_store(d);
    else
        doctor_advise(d, true, "Redis: %s", *msg->text ? msg->text : fr_err_text(err));
}

/* ---- Kafka ---- */

static bool count_record(void *context, const struct fr_record *record) {
    (void)record;
    ++*(int64_t *)context;
    return true;
}

/* Offsets behind the stored one may be taken by markers of transactions: only records count. */
static enum fr_err count_behind(struct doctor *d, enum fr_topic topic, int32_t number,
                                struct doctor_partition *p, struct fr_errmsg *msg) {
    int64_t from = p->stored < p->first ? p->first : p->stored;
    p->behind = p->end - from;
    if (p->behind <= 0 || p->behind > MARKERS_AT_MOST) return FR_OK;
    int64_t records = 0;
    struct fr_kafka_range range = {number, from, p->end};
    enum fr_err err = fr_kafka_read(&d->cluster, topic, range, true, count_record, &records, msg);
    p->behind = records;
    return err;
}

static void judge_partition(struct doctor *d, enum fr_stage_kind stage, uint32_t number,
                            const struct doctor_partition *p) {
    const char *name = fr_stage_name(stage);
    if (!d->store_there) return;
    if (p->stored >= 0 && p->stored < p->first)
        doctor_advise(d, true,
                      "%s partition %u: the state ends at offset %lld and the log starts at %lld: records in "
                      "between are lost; make retention.ms longer than Redis may be behind",
                      name, number, (long long)p->stored, (long long)p->first);
    if (p->stored > p->committed && p->committed >= 0)
        doctor_advise(d, true,
                      "%s partition %u: the state is at %lld, the group at %lld: somebody moved the group's "
                      "offsets back",
                      name, number, (long long)p->stored, (long long)p->committed);
    if (p->stored > p->end)
        doctor_advise(d, true, "%s partition %u: the state ends behind the log: the topic was made anew",
                      name, number);
    if (p->stored < 0 && p->committed > 0)
        doctor_advise(d, p->first > 0,
                      "%s partition %u: the group is at %lld and nothing is stored: the next start rebuilds "
                      "the state from the log%s",
                      name, number, (long long)p->committed, p->first > 0 ? ", whose start is gone" : "");
}

static enum fr_err look_at_partitions(struct doctor *d, enum fr_stage_kind stage, struct fr_errmsg *msg) {
    struct doctor_stage *s = &d->stages[stage];
    enum fr_topic topic = fr_stage_input(stage);
    uint32_t n = d->look.states[topic].partitions;
    if (!d->look.states[topic].exists) return FR_OK;
    if (s->stored_n && s->stored_n != n)
        doctor_advise(d, true,
                      "the state of stage %s was made for %u partitions and its topic has %u: it cannot be "
                      "continued",
                      fr_stage_name(stage), s->stored_n, n);
    if (s->n != n) {
        s->n = n;
        s->partitions = fr_arena_alloc(&d->arena, n * sizeof *s->partitions);
        for (uint32_t p = 0; p < n; p++) s->partitions[p] = (struct doctor_partition){0, -1, -1, -1, -1, 0};
    }
    char group[160];
    snprintf(group, sizeof group, "%s-%s", d->config->kafka.group_id, fr_stage_name(stage));
    struct fr_kafka_lag *lags = fr_arena_alloc(&d->arena, n * sizeof *lags);
    enum fr_err err = fr_kafka_group_lag(&d->cluster, group, topic, lags, n, msg);
    for (uint32_t p = 0; p < n && err == FR_OK; p++) {
        struct doctor_partition *at = &s->partitions[p];
        int64_t written;
        err = fr_kafka_ends(&d->cluster, topic, (int32_t)p, &at->first, &at->end, &written, msg);
        at->committed = lags[p].committed;
        if (err == FR_OK) err = count_behind(d, topic, (int32_t)p, at, msg);
        if (err == FR_OK) judge_partition(d, stage, p, at);
    }
    return err;
}

static void look_at_kafka(struct doctor *d) {
    struct fr_errmsg *msg = &d->kafka_error;
    d->cluster = fr_wire_cluster(d->config, &d->arena);
    enum fr_err err = topic_look(&d->cluster, &d->look, msg);
    for (int stage = 0; stage < FR_STAGE_N && err == FR_OK; stage++)
        err = look_at_partitions(d, (enum fr_stage_kind)stage, msg);
    d->kafka_there = err == FR_OK;
    if (!d->kafka_there)
        doctor_advise(d, true, "Kafka at %s: %s", d->config->kafka.bootstrap_servers,
                      *msg->text ? msg->text : fr_err_text(err));
    for (uint32_t i = 0; i < d->look.problems.n; i++)
        doctor_advise(d, d->look.problems.at[i].error, "%s", d->look.problems.at[i].text);
}

void doctor_look(struct doctor *d, const struct fr_config *config) {
    *d = (struct doctor){.config = config};
    look_at_store(d);
    look_at_kafka(d);
}

bool doctor_is_quiet(const struct doctor *d) {
    if (!d->store_there || !d->kafka_there) return false;
    for (int stage = 0; stage < FR_STAGE_N; stage++)
        for (uint32_t p = 0; p < d->stages[stage].n; p++)
            if (d->stages[stage].partitions[p].behind > 0) return false;
    return true;
}

void doctor_fini(struct doctor *d) {
    fr_state_close(&d->reader);
    fr_arena_fini(&d->arena);
}
