/* What is said at the end, for a person: what went through, how good the lists were, and a few of them. */
#include "demo.h"
#include <stdio.h>

enum { EXAMPLES = 3, LABEL = 17, CELL = 36 };

static void put_total(struct fr_buf *out, const char *what, uint64_t n, double seconds) {
    fr_buf_printf(out, "  %-*s", LABEL, what);
    demo_count(out, n, 11);
    demo_count(out, seconds > 0 ? (uint64_t)((double)n / seconds) : 0, 10);
    fr_buf_printf(out, "/s\n");
}

static void put_rejects(struct fr_buf *out, const struct demo_numbers *n) {
    fr_buf_printf(out, "  %-*s", LABEL, "rejected");
    demo_count(out, n->rejected, 11);
    for (unsigned r = 0; r < FR_REJECT_N; r++)
        if (n->rejects[r])
            fr_buf_printf(out, "   %s %llu", fr_reject_code((enum fr_reject)r),
                          (unsigned long long)n->rejects[r]);
    fr_buf_printf(out, "\n  %-*s", LABEL, "duplicates");
    demo_count(out, n->duplicates, 11);
    fr_buf_byte(out, '\n');
}

static void put_totals(struct fr_buf *out, const struct demo_frame *f) {
    const struct demo_numbers *n = &f->now;
    fr_buf_printf(out, "Summary: ");
    demo_count(out, n->events, 0);
    fr_buf_printf(out, " events in %.1f s\n\n", n->at_s);
    put_total(out, "events", n->events, n->at_s);
    put_total(out, "lists", n->lists, n->at_s);
    put_total(out, "affinity deltas", n->deltas, n->at_s);
    put_total(out, "neighbour lists", n->neighbors, n->at_s);
    put_rejects(out, n);
    fr_buf_printf(out, "  %-*s  p50 ", LABEL, "event to list");
    demo_latency(out, demo_quantile(n->latency, .5));
    fr_buf_printf(out, ", p99 ");
    demo_latency(out, demo_quantile(n->latency, .99));
    fr_buf_printf(out, "\n  %-*s  ", LABEL, "state");
    demo_count(out, n->keys, 0);
    fr_buf_printf(out, " keys; Redis uses ");
    demo_bytes(out, f->redis_bytes);
    fr_buf_byte(out, '\n');
}

static void put_hit_line(struct fr_buf *out, const char *what, uint64_t few, uint64_t list, uint64_t cases) {
    fr_buf_printf(out, "  %-36s%8.2f %%%10.2f %%\n", what, demo_percent(few, cases),
                  demo_percent(list, cases));
}

static void put_hits(struct fr_buf *out, const struct fr_hits_score *h) {
    fr_buf_printf(out, "\nWas the next new item of a user in the list published before it? ");
    demo_count(out, h->cases, 0);
    fr_buf_printf(out, " cases\n\n  %-36s%10s%12s\n", "", "first 10", "first 20");
    put_hit_line(out, "freshet's list", h->few, h->list, h->cases);
    put_hit_line(out, "most popular when it was published", h->popular_few, h->popular_list, h->cases);
    put_hit_line(out, "most popular at that moment", h->now_few, h->now_list, h->cases);
}

/* ---- three users ---- */

static bool is_example(const struct fr_demo_user *u) {
    return u->first.n >= FR_DEMO_TOP && u->latest.n >= FR_DEMO_TOP && fr_demo_top_is_personal(&u->latest) &&
           fr_demo_top_differs(&u->first, &u->latest);
}

/* Those whose list was made anew most often. */
static uint32_t choose(const struct fr_demo_lists *l, uint32_t users[EXAMPLES]) {
    uint32_t n = 0;
    for (uint32_t user = 0; user < l->users.n; user++) {
        if (!is_example(&l->at[user])) continue;
        uint32_t at = n < EXAMPLES ? n++ : EXAMPLES;
        for (; at > 0 && l->at[users[at - 1]].lists < l->at[user].lists; at--)
            if (at < EXAMPLES) users[at] = users[at - 1];
        if (at < EXAMPLES) users[at] = user;
    }
    return n;
}

static void put_example(struct fr_buf *out, const struct fr_demo_lists *l, uint32_t user) {
    const struct fr_demo_user *u = &l->at[user];
    struct fr_buf cell = {0};
    fr_buf_printf(out, "\n  %.*s: %llu events, %llu lists, last %s\n",
                  FR_STR_ARG(fr_dict_str(&l->users, user)), (unsigned long long)u->events,
                  (unsigned long long)u->lists, fr_event_type_text(u->last_type));
    fr_buf_printf(out, "     %-*s%s\n", CELL, "first personal list", "latest list");
    for (unsigned i = 0; i < FR_DEMO_TOP; i++) {
        fr_buf_clear(&cell);
        demo_entry(&cell, &u->first.top[i], &l->items);
        fr_buf_printf(out, "  %u  %-*.*s", i + 1, CELL, (int)cell.len, cell.data);
        demo_entry(out, &u->latest.top[i], &l->items);
        fr_buf_byte(out, '\n');
    }
    fr_buf_fini(&cell);
}

static void put_examples(struct fr_buf *out, const struct fr_demo_lists *l) {
    uint32_t users[EXAMPLES], n = choose(l, users);
    if (n)
        fr_buf_printf(out,
                      "\nUsers with most lists, of those with something personal among the first five\n");
    for (uint32_t i = 0; i < n; i++) put_example(out, l, users[i]);
}

static void put_trending(struct fr_buf *out, const struct demo_frame *f) {
    if (f->trending_n) fr_buf_printf(out, "\nTrending at the end, and what is most similar\n\n");
    for (uint32_t i = 0; i < f->trending_n; i++) {
        const struct demo_trending *t = &f->trending[i];
        fr_buf_printf(out, "  %-8.*s", FR_STR_ARG(fr_dict_str(&f->lists->items, t->item)));
        for (uint32_t k = 0; k < t->neighbor_n; k++)
            fr_buf_printf(out, "  %.*s %.2f", FR_STR_ARG(fr_dict_str(&f->lists->items, t->neighbors[k].item)),
                          t->neighbors[k].similarity);
        fr_buf_byte(out, '\n');
    }
}

void demo_summary(struct fr_buf *out, const struct demo_frame *f) {
    put_totals(out, f);
    put_hits(out, &f->hits);
    put_examples(out, f->lists);
    put_trending(out, f);
}
