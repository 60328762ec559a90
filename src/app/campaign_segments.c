/* Which segments the people are in whom a campaign reached, and what they did: from the users' exposures, by the segments' rules as
 * they are now.
 *
 * Privacy   only people who may be counted (targeting.consent); of fewer than an audience may be shown with, nothing is said. */
#include "freshet/target/audience.h"
#include "campaign_report.h"
#include <stdio.h>
#include <stdlib.h>

#define NO_ROW UINT32_MAX

struct tally {
    struct fr_audience reached;
    uint64_t clicked, converted;
};

struct counting {
    struct fr_state_reader *reader;
    const struct fr_campaign_set *set;
    struct campaign_report *report;
    struct tally *tallies;       /* [rows][segments] */
    struct fr_audience *reached; /* [rows] everybody whom the campaign reached */
    bool *is_in;                 /* [segments] of the user at hand */
    uint32_t *row_of, number_n;  /* [number_n] of the campaigns' numbers in the reader's ids; NO_ROW: none */
    uint32_t read, all;
};

static void count_exposure(struct counting *c, uint32_t row, const struct fr_exposure *e,
                           struct fr_str user_id) {
    fr_audience_add(&c->reached[row], user_id);
    for (uint32_t s = 0; s < c->set->segment_n; s++) {
        struct tally *t = &c->tallies[(size_t)row * c->set->segment_n + s];
        if (!c->is_in[s]) continue;
        fr_audience_add(&t->reached, user_id);
        t->clicked += e->clicks > 0;
        t->converted += e->conversions > 0;
    }
}

static void ask_segments(struct counting *c, const struct fr_user *user) {
    struct fr_rule_facts facts = {.user = user,
                                  .rules = &c->reader->rules.profile,
                                  .ids = &c->reader->ids,
                                  .now_ms = c->report->as_of_ms};
    for (uint32_t s = 0; s < c->set->segment_n; s++)
        c->is_in[s] = fr_rule_matches(c->set->segments[s].rule, &facts);
}

static void count_one(struct counting *c, const struct fr_user *user, struct fr_str user_id) {
    bool known = false;
    for (uint32_t i = 0; i < user->exposures.n; i++) {
        const struct fr_exposure *e = &user->exposures.at[i];
        if (!e->impressions || e->campaign >= c->number_n || c->row_of[e->campaign] == NO_ROW) continue;
        if (!known) ask_segments(c, user);
        known = true;
        count_exposure(c, c->row_of[e->campaign], e, user_id);
    }
}

static enum fr_err count_user(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct counting *c = context;
    struct fr_user user;
    enum fr_err err = fr_state_user(c->reader, state, &user, msg);
    bool counts = err == FR_OK && user.exposures.n &&
                  fr_user_allows_ads(&user, c->reader->rules.ads.consent_must_be_given);
    if (counts) count_one(c, &user, state->id);
    if (++c->read % 100000 == 0) fprintf(stderr, "freshet report: %u of %u users\n", c->read, c->all);
    fr_user_fini(&user);
    return err;
}

static void number_rows(struct counting *c) {
    for (uint32_t row = 0; row < c->report->n; row++)
        fr_dict_intern(&c->reader->ids, c->report->rows[row].id);
    c->number_n = c->reader->ids.n;
    c->row_of = fr_alloc((c->number_n + 1) * sizeof *c->row_of);
    memset(c->row_of, 0xff, c->number_n * sizeof *c->row_of);
    for (uint32_t row = 0; row < c->report->n; row++)
        c->row_of[fr_dict_find(&c->reader->ids, c->report->rows[row].id)] = row;
}

static int by_clicks(const void *a, const void *b) {
    const struct campaign_segment *x = a, *y = b;
    bool few_x = x->reached == FR_AUDIENCE_FEW, few_y = y->reached == FR_AUDIENCE_FEW;
    if (few_x != few_y) return few_x ? 1 : -1;
    if (!few_x && (x->clicked > y->clicked || x->clicked < y->clicked))
        return x->clicked > y->clicked ? -1 : 1;
    return fr_str_cmp(x->id, y->id);
}

static void set_segments(struct counting *c, uint32_t at, struct fr_str salt) {
    struct campaign_row *row = &c->report->rows[at];
    uint32_t n = c->set->segment_n;
    struct campaign_segment *out = fr_arena_zero(&c->report->arena, (n + 1) * sizeof *out);
    for (uint32_t s = 0; s < n; s++) {
        const struct tally *t = &c->tallies[(size_t)at * n + s];
        out[s].id = c->set->segments[s].record.id;
        out[s].reached = fr_audience_estimate(&t->reached, &c->reached[at], salt);
        if (out[s].reached == FR_AUDIENCE_FEW) continue;
        out[s].clicked = (double)t->clicked / (double)t->reached.n;
        out[s].converted = (double)t->converted / (double)t->reached.n;
    }
    qsort(out, n, sizeof *out, by_clicks);
    row->segments = out;
    row->segment_n = n;
}

enum fr_err campaign_report_segments(struct fr_state_reader *reader, const struct fr_campaign_set *set,
                                     struct fr_str salt, struct campaign_report *r, struct fr_errmsg *msg) {
    struct counting c = {.reader = reader, .set = set, .report = r};
    struct fr_state_list list = {0};
    c.tallies = fr_alloc_zero((size_t)r->n * set->segment_n + 1, sizeof *c.tallies);
    c.reached = fr_alloc_zero(r->n + 1, sizeof *c.reached);
    c.is_in = fr_alloc_zero(set->segment_n + 1, sizeof *c.is_in);
    number_rows(&c);
    enum fr_err err = fr_state_list(reader->store, &reader->keys[FR_STAGE_USER], FR_KEY_USER, &list, msg);
    c.all = list.n;
    if (err == FR_OK) err = fr_state_each(reader->store, &list, count_user, &c, msg);
    for (uint32_t row = 0; row < r->n && err == FR_OK; row++) set_segments(&c, row, salt);
    fr_state_list_fini(&list);
    free(c.tallies);
    free(c.reached);
    free(c.is_in);
    free(c.row_of);
    return err;
}
