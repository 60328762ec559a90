#include "bus_memory_internal.h"
#include <stdio.h>
#include <stdlib.h>

struct group *group_named(struct fr_bus_memory *c, const char *name, enum fr_topic input) {
    for (struct group *g = c->groups; g; g = g->next)
        if (strcmp(g->name, name) == 0) return g;
    struct group *g = fr_alloc_zero(1, sizeof *g);
    snprintf(g->name, sizeof g->name, "%s", name);
    g->input = input;
    g->committed = fr_alloc_zero(c->config.partitions[input], sizeof *g->committed);
    for (uint32_t i = 0; i < c->config.partitions[input]; i++) g->committed[i].offset = -1;
    g->next = c->groups;
    return c->groups = g;
}

struct member *group_member(struct group *g, uint64_t id) {
    struct member *m = g->members;
    while (m && m->id != id) m = m->next;
    return m;
}

static void start_rebalance(struct group *g) { g->rebalancing = true; }

/* A member with the instance's name takes its place with the same partitions: static membership. */
struct member *group_join(struct fr_bus_memory *c, struct group *g, const char *instance) {
    struct member **at = &g->members;
    while (*at && strcmp((*at)->instance, instance) < 0) at = &(*at)->next;
    struct member *m = *at;
    if (m && strcmp(m->instance, instance) == 0) {
        m->joined = m->joined || g->rebalancing;
        m->told = false;
    } else {
        m = fr_alloc_zero(1, sizeof *m);
        snprintf(m->instance, sizeof m->instance, "%s", instance);
        m->next = *at;
        m->joined = true;
        *at = m;
        start_rebalance(g);
    }
    m->id = ++c->next_member;
    m->seen_ms = bus_now(c);
    return m;
}

static void remove_member(struct group *g, struct member *gone) {
    struct member **at = &g->members;
    while (*at != gone) at = &(*at)->next;
    *at = gone->next;
    free(gone->partitions);
    free(gone);
    start_rebalance(g);
}

void group_leave(struct fr_bus_memory *c, struct group *g, uint64_t id) {
    struct member *m = group_member(g, id);
    if (m) remove_member(g, m);
    group_try_assign(c, g);
}

void group_expire(struct fr_bus_memory *c) {
    for (struct group *g = c->groups; g; g = g->next) {
        for (struct member *m = g->members, *next; m; m = next) {
            next = m->next;
            if (bus_now(c) - m->seen_ms >= (fr_time_ms)c->config.session_timeout_ms) remove_member(g, m);
        }
        group_try_assign(c, g);
    }
}

/* Kafka's range assignor for one topic: members by name, the first few get one partition more. */
static void assign_range(struct fr_bus_memory *c, struct group *g, uint32_t members) {
    uint32_t partitions = c->config.partitions[g->input], next = 0, index = 0;
    for (struct member *m = g->members; m; m = m->next, index++) {
        uint32_t n = partitions / members + (index < partitions % members);
        m->partitions = fr_realloc(m->partitions, (n ? n : 1) * sizeof *m->partitions);
        for (uint32_t i = 0; i < n; i++) m->partitions[i] = (int32_t)next++;
        m->partition_n = n;
        m->joined = m->told = false;
    }
}

void group_try_assign(struct fr_bus_memory *c, struct group *g) {
    if (!g->rebalancing) return;
    uint32_t members = 0;
    for (struct member *m = g->members; m; m = m->next, members++)
        if (!m->joined) return; /* somebody still holds partitions */
    g->generation++;
    g->rebalancing = false;
    if (members) assign_range(c, g, members);
    pthread_cond_broadcast(&c->changed);
}

void group_fini(struct fr_bus_memory *c) {
    for (struct group *g = c->groups, *next; g; g = next) {
        next = g->next;
        while (g->members) remove_member(g, g->members);
        free(g->committed);
        free(g);
    }
}

int64_t fr_bus_memory_group_offset(struct fr_bus_memory *c, const char *name, int32_t partition) {
    pthread_mutex_lock(&c->lock);
    int64_t offset = -1;
    for (struct group *g = c->groups; g; g = g->next)
        if (strcmp(g->name, name) == 0) offset = g->committed[partition].offset;
    pthread_mutex_unlock(&c->lock);
    return offset;
}

void fr_bus_memory_set_group_offset(struct fr_bus_memory *c, const char *name, int32_t partition,
                                    int64_t offset) {
    pthread_mutex_lock(&c->lock);
    for (struct group *g = c->groups; g; g = g->next)
        if (strcmp(g->name, name) == 0) g->committed[partition].offset = offset;
    pthread_mutex_unlock(&c->lock);
}
