/* The store's twin.
 *
 * Problem   the simulator must bring about, at will, what a real server does once a month: a commit that is
 * executed after its sender died, an answer that is lost, a restart with an older state. Choice    a commit
 * is one step, taken when commit_poll is told to GO. The guard is compared at that step, as EXEC after WATCH
 * does. Each executed commit leaves an undo record, so that rolling back is exact. Memory    keys stay in the
 * dictionary for ever (they are few in simulations); values are freed when replaced. */
#include "freshet/adapt/store_memory.h"
#include "freshet/base/dict.h"
#include <pthread.h>
#include <stdlib.h>

struct value {
    char *ptr; /* NULL: absent */
    uint32_t len;
};

struct undo {
    uint32_t n;
    uint32_t *keys;
    struct value *values; /* [n] as they were */
};

/* A commit with its bytes, kept after its sender died. */
struct orphan {
    struct fr_arena bytes;
    struct fr_store_commit commit;
    const void *endpoint; /* only to be named */
    struct orphan *next;
};

struct fr_store_memory {
    pthread_mutex_t lock;
    struct fr_dict keys;
    struct value *values; /* [keys.n] */
    uint32_t value_cap;
    struct undo *undos; /* the latest undo_n commits, oldest first */
    unsigned undo_n, undo_max;
    struct orphan *orphans;
    const struct fr_store_memory_faults *faults;
    bool tears;
};

struct endpoint {
    struct fr_store base;
    struct fr_store_memory *server;
    const struct fr_store_commit *commit; /* under way, or NULL */
    const struct fr_pair *puts;
    uint32_t put_n;
};

static enum fr_store_verdict verdict(struct fr_store_memory *s, enum fr_store_point point) {
    return s->faults ? s->faults->decide(s->faults->context, point) : FR_STORE_GO;
}

static struct value *slot_of(struct fr_store_memory *s, struct fr_str key) {
    uint32_t number = fr_dict_intern(&s->keys, key);
    if (number >= s->value_cap) {
        uint32_t cap = s->value_cap ? s->value_cap * 2 : 1024;
        s->values = fr_realloc(s->values, cap * sizeof *s->values);
        memset(s->values + s->value_cap, 0, (cap - s->value_cap) * sizeof *s->values);
        s->value_cap = cap;
    }
    return &s->values[number];
}

static struct fr_str read_value(struct fr_store_memory *s, struct fr_str key) {
    uint32_t number = fr_dict_find(&s->keys, key);
    if (number == (uint32_t)FR_DICT_NONE || number >= s->value_cap) return (struct fr_str){NULL, 0};
    return (struct fr_str){s->values[number].ptr, s->values[number].len};
}

static struct value value_copy(struct fr_str bytes) {
    if (bytes.len == 0) return (struct value){NULL, 0};
    struct value v = {fr_alloc(bytes.len), bytes.len};
    memcpy(v.ptr, bytes.ptr, bytes.len);
    return v;
}

static void undo_fini(struct undo *u) {
    for (uint32_t i = 0; i < u->n; i++) free(u->values[i].ptr);
    free(u->keys);
    free(u->values);
}

static struct undo *undo_push(struct fr_store_memory *s, uint32_t n) {
    if (s->undo_n == s->undo_max) {
        undo_fini(&s->undos[0]);
        memmove(s->undos, s->undos + 1, (s->undo_n - 1) * sizeof *s->undos);
        s->undo_n--;
    }
    struct undo *u = &s->undos[s->undo_n++];
    *u = (struct undo){0, fr_alloc(n * sizeof *u->keys), fr_alloc(n * sizeof *u->values)};
    return u;
}

static void write_value(struct fr_store_memory *s, struct fr_str key, struct fr_str bytes, struct undo *u) {
    struct value *v = slot_of(s, key);
    if (u) {
        u->keys[u->n] = (uint32_t)(v - s->values);
        u->values[u->n++] = *v;
    } else {
        free(v->ptr);
    }
    *v = value_copy(bytes);
}

static bool guard_holds(struct fr_store_memory *s, const struct fr_store_commit *c) {
    struct fr_str now = read_value(s, c->meta_key);
    if (!c->expected.ptr) return now.ptr == NULL;
    return now.ptr && fr_str_eq(now, c->expected);
}

static enum fr_err execute(struct fr_store_memory *s, const struct fr_store_commit *c, const void *endpoint) {
    if (!guard_holds(s, c)) return FR_STORE_GUARD;
    struct undo *u = s->undo_max ? undo_push(s, c->pair_n + 1) : NULL;
    for (uint32_t i = 0; i < c->pair_n; i++) write_value(s, c->pairs[i].key, c->pairs[i].value, u);
    write_value(s, c->meta_key, c->replacement, u);
    if (s->faults && s->faults->executed) s->faults->executed(s->faults->context, c, endpoint);
    return FR_OK;
}

/* Half of the pairs and no meta: what one SET per key leaves when it is cut. */
static void execute_torn(struct fr_store_memory *s, const struct fr_store_commit *c) {
    if (!guard_holds(s, c)) return;
    for (uint32_t i = 0; i < (c->pair_n + 1) / 2; i++)
        write_value(s, c->pairs[i].key, c->pairs[i].value, NULL);
}

static enum fr_err load(struct fr_store *store, const struct fr_str *keys, uint32_t n, struct fr_str *values,
                        struct fr_arena *arena, struct fr_errmsg *msg) {
    struct fr_store_memory *s = ((struct endpoint *)store)->server;
    pthread_mutex_lock(&s->lock);
    enum fr_store_verdict v = verdict(s, FR_STORE_AT_LOAD);
    for (uint32_t i = 0; i < n && v == FR_STORE_GO; i++) {
        struct fr_str found = read_value(s, keys[i]);
        values[i] = found.ptr ? fr_arena_copy(arena, found) : found;
    }
    pthread_mutex_unlock(&s->lock);
    if (v == FR_STORE_GO) return FR_OK;
    return fr_err_set(msg, v == FR_STORE_REFUSE ? FR_STORE_BUSY : FR_STORE_DOWN, "simulated fault");
}

static enum fr_err commit_start(struct fr_store *store, const struct fr_store_commit *c,
                                struct fr_errmsg *msg) {
    (void)msg;
    struct endpoint *e = (struct endpoint *)store;
    FR_ASSERT(!e->commit);
    e->commit = c;
    return FR_OK;
}

static enum fr_err commit_step(struct endpoint *e, enum fr_store_verdict v) {
    struct fr_store_memory *s = e->server;
    const struct fr_store_commit *c = e->commit;
    switch (v) {
    case FR_STORE_GO: return execute(s, c, e);
    case FR_STORE_WAIT: return FR_PENDING;
    case FR_STORE_REFUSE: return FR_STORE_BUSY;
    case FR_STORE_CUT_AFTER: execute(s, c, e); return FR_STORE_DOWN;
    case FR_STORE_CUT: break;
    }
    if (s->tears) execute_torn(s, c);
    return FR_STORE_DOWN;
}

static enum fr_err commit_poll(struct fr_store *store, struct fr_errmsg *msg) {
    struct endpoint *e = (struct endpoint *)store;
    FR_ASSERT(e->commit);
    pthread_mutex_lock(&e->server->lock);
    enum fr_err err = commit_step(e, verdict(e->server, FR_STORE_AT_COMMIT));
    pthread_mutex_unlock(&e->server->lock);
    if (err != FR_PENDING) e->commit = NULL;
    return err == FR_OK || err == FR_PENDING ? err : fr_err_set(msg, err, "%s", fr_err_text(err));
}

static enum fr_err put_start(struct fr_store *store, const struct fr_pair *pairs, uint32_t n, uint32_t ttl_s,
                             struct fr_errmsg *msg) {
    (void)msg;
    (void)ttl_s; /* the twin keeps views until they are replaced */
    struct endpoint *e = (struct endpoint *)store;
    FR_ASSERT(!e->puts);
    e->puts = pairs;
    e->put_n = n;
    return FR_OK;
}

static enum fr_err put_poll(struct fr_store *store, struct fr_errmsg *msg) {
    struct endpoint *e = (struct endpoint *)store;
    FR_ASSERT(e->puts);
    struct fr_store_memory *s = e->server;
    pthread_mutex_lock(&s->lock);
    enum fr_store_verdict v = verdict(s, FR_STORE_AT_PUT);
    for (uint32_t i = 0; i < e->put_n && v == FR_STORE_GO; i++)
        write_value(s, e->puts[i].key, e->puts[i].value, NULL);
    pthread_mutex_unlock(&s->lock);
    if (v == FR_STORE_WAIT) return FR_PENDING;
    e->puts = NULL;
    return v == FR_STORE_GO ? FR_OK : fr_err_set(msg, FR_STORE_DOWN, "simulated fault");
}

static enum fr_err scan(struct fr_store *store, struct fr_str prefix,
                        bool (*visit)(void *context, struct fr_str key), void *context,
                        struct fr_errmsg *msg) {
    (void)msg;
    struct fr_store_memory *s = ((struct endpoint *)store)->server;
    for (uint32_t i = 0; i < s->keys.n && i < s->value_cap; i++) {
        struct fr_str key = fr_dict_str(&s->keys, i);
        if (!s->values[i].ptr || key.len < prefix.len) continue;
        if (prefix.len && memcmp(key.ptr, prefix.ptr, prefix.len) != 0) continue;
        if (!visit(context, key)) break;
    }
    return FR_OK;
}

static enum fr_err info(struct fr_store *store, struct fr_store_info *out, struct fr_errmsg *msg) {
    (void)msg;
    struct fr_store_memory *s = ((struct endpoint *)store)->server;
    *out = (struct fr_store_info){.version = "memory", .nodes = 1};
    for (uint32_t i = 0; i < s->keys.n && i < s->value_cap; i++) out->used_bytes += s->values[i].len;
    return FR_OK;
}

static void close_endpoint(struct fr_store *store) { free(store); }

static const struct fr_store_ops ops = {load,     commit_start, commit_poll, put_start,
                                        put_poll, scan,         info,        close_endpoint};

struct fr_store *fr_store_memory_open(struct fr_store_memory *server) {
    struct endpoint *e = fr_alloc_zero(1, sizeof *e);
    e->base.ops = &ops;
    e->server = server;
    return &e->base;
}

struct fr_store_memory *fr_store_memory_new(void) {
    struct fr_store_memory *s = fr_alloc_zero(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    fr_dict_init(&s->keys);
    return s;
}

static void clear_undos(struct fr_store_memory *s) {
    for (unsigned i = 0; i < s->undo_n; i++) undo_fini(&s->undos[i]);
    s->undo_n = 0;
}

static void clear_orphans(struct fr_store_memory *s) {
    for (struct orphan *o = s->orphans, *next; o; o = next) {
        next = o->next;
        fr_arena_fini(&o->bytes);
        free(o);
    }
    s->orphans = NULL;
}

void fr_store_memory_flush(struct fr_store_memory *s) {
    for (uint32_t i = 0; i < s->keys.n && i < s->value_cap; i++) {
        free(s->values[i].ptr);
        s->values[i] = (struct value){NULL, 0};
    }
    clear_undos(s);
}

void fr_store_memory_free(struct fr_store_memory **server) {
    struct fr_store_memory *s = *server;
    if (!s) return;
    fr_store_memory_flush(s);
    clear_orphans(s);
    fr_dict_fini(&s->keys);
    free(s->values);
    free(s->undos);
    pthread_mutex_destroy(&s->lock);
    free(s);
    *server = NULL;
}

void fr_store_memory_set_faults(struct fr_store_memory *s, const struct fr_store_memory_faults *faults) {
    s->faults = faults;
}
void fr_store_memory_tear(struct fr_store_memory *s, bool on) { s->tears = on; }

void fr_store_memory_keep_undo(struct fr_store_memory *s, unsigned n) {
    clear_undos(s);
    free(s->undos);
    s->undos = n ? fr_alloc(n * sizeof *s->undos) : NULL;
    s->undo_max = n;
}

unsigned fr_store_memory_roll_back(struct fr_store_memory *s, unsigned n) {
    unsigned done = 0;
    for (; done < n && s->undo_n; done++) {
        struct undo *u = &s->undos[--s->undo_n];
        for (uint32_t i = u->n; i-- > 0;) {
            free(s->values[u->keys[i]].ptr);
            s->values[u->keys[i]] = u->values[i];
        }
        u->n = 0;
        undo_fini(u);
    }
    return done;
}

static struct orphan *orphan_of(const struct fr_store_commit *c) {
    struct orphan *o = fr_alloc_zero(1, sizeof *o);
    struct fr_pair *pairs = fr_arena_alloc(&o->bytes, c->pair_n * sizeof *pairs);
    for (uint32_t i = 0; i < c->pair_n; i++)
        pairs[i] = (struct fr_pair){fr_arena_copy(&o->bytes, c->pairs[i].key),
                                    fr_arena_copy(&o->bytes, c->pairs[i].value)};
    o->commit = (struct fr_store_commit){fr_arena_copy(&o->bytes, c->meta_key), c->expected,
                                         fr_arena_copy(&o->bytes, c->replacement), pairs, c->pair_n};
    if (c->expected.ptr) o->commit.expected = fr_arena_copy(&o->bytes, c->expected);
    return o;
}

void fr_store_memory_crash(struct fr_store *endpoint) {
    struct endpoint *e = (struct endpoint *)endpoint;
    if (e->commit) {
        struct orphan *o = orphan_of(e->commit);
        o->endpoint = e;
        o->next = e->server->orphans;
        e->server->orphans = o;
    }
    free(e);
}

void fr_store_memory_run_orphans(struct fr_store_memory *s) {
    for (struct orphan *o = s->orphans; o; o = o->next) execute(s, &o->commit, o->endpoint);
    clear_orphans(s);
}

struct fr_str fr_store_memory_get(struct fr_store_memory *s, struct fr_str key) {
    return read_value(s, key);
}
