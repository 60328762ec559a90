/* What was measured, as a table, as JSON rows and as a plot. */
#include "freshet/base/json.h"
#include "eval_stream.h"
#include "plot.h"
#include <stdio.h>
#include <sys/resource.h>

static const char *const histories[STREAM_HISTORIES] = {"history 1-2", "history 3-9", "history 10-29",
                                                        "history 30+"};
static const char *const ages[STREAM_AGES] = {"item never met", "item met today", "item a week old",
                                              "item older"};

static double share(double part, uint64_t all) { return all ? part / (double)all : 0; }

static double peak_mib(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void table_row(const struct stream_report *r, const char *name, const struct stream_tally *t,
                      double us, struct fr_buf *out) {
    fr_buf_printf(out, "  %-18s", name);
    for (uint32_t i = 0; i < r->judge->k_n; i++)
        fr_buf_printf(out, "  %.4f  %.4f  %.4f", share((double)t->hits[i], t->tested),
                      share(t->mrr[i], t->tested), share(t->ndcg[i], t->tested));
    fr_buf_printf(out, "  %8llu", (unsigned long long)t->tested);
    if (us >= 0) fr_buf_printf(out, "  %6.1f", us);
    fr_buf_byte(out, '\n');
}

static void table_head(const struct stream_report *r, struct fr_buf *out) {
    fr_buf_printf(out, "  %-18s", "");
    for (uint32_t i = 0; i < r->judge->k_n; i++)
        fr_buf_printf(out, "  rec@%-3u mrr@%-3u ndcg@%-2u", r->judge->ks[i], r->judge->ks[i],
                      r->judge->ks[i]);
    fr_buf_printf(out, "    tested  us/list\n");
}

static uint32_t best_source(const struct stream_report *r) {
    uint32_t best = 0;
    for (uint32_t s = 1; s < r->judge->sources; s++)
        if (r->judge->by_source[s].hits[0] > r->judge->by_source[best].hits[0]) best = s;
    return best;
}

static const char *source_name(const struct stream_report *r, uint32_t s) {
    return fr_recommender_source(r->world->recommender, s)->ops->name;
}

static void table_foot(const struct stream_report *r, struct fr_buf *out) {
    const struct stream_judge *j = r->judge;
    uint64_t hits = j->blend.hits[0];
    if (j->sources) {
        uint32_t best = best_source(r);
        fr_buf_printf(out, "\n  blend / best source (%s): %.3f\n", source_name(r, best),
                      share((double)hits, j->by_source[best].hits[0]));
    }
    fr_buf_printf(out, "  scores in the first %u promise %.0f hits, %llu were seen: %.3f\n", j->ks[0],
                  j->promised, (unsigned long long)hits, share(j->promised, hits));
    fr_buf_printf(out, "  learning %.1f us/event, a list %.1f us, profile and co-occurrence %.1f us/event\n",
                  1e6 * share(r->world->learn_s, r->world->learnt), 1e6 * share(j->list_s, j->lists),
                  1e6 * share(r->world->affinity_s, r->events));
    const struct fr_profile_rules *profile = &r->rules->profile;
    if (profile->group_by_n) fr_buf_printf(out, "  groups by");
    for (uint32_t i = 0; i < profile->group_by_n; i++)
        fr_buf_printf(out, "%s %.*s", i ? "," : "", FR_STR_ARG(profile->group_by[i]));
    if (profile->group_by_n)
        fr_buf_printf(out, "%s\n", r->groups_chosen ? ", chosen on the first fifth of the log" : "");
    fr_buf_printf(out, "  %llu events, %llu rejected, %llu items, %.0f s, %.0f MiB\n",
                  (unsigned long long)r->events, (unsigned long long)r->world->rejected,
                  (unsigned long long)r->catalogue, r->total_s, peak_mib());
}

void stream_report_table(const struct stream_report *r, struct fr_buf *out) {
    const struct stream_judge *j = r->judge;
    table_head(r, out);
    table_row(r, "blend", &j->blend, 1e6 * share(j->list_s, j->lists), out);
    for (uint32_t s = 0; s < j->sources; s++)
        table_row(r, source_name(r, s), &j->by_source[s], 1e6 * share(j->source_s[s], j->by_source[s].tested),
                  out);
    fr_buf_printf(out, "\n  the blend, by how much of the user and of the item is known, and over the log\n");
    for (uint32_t i = 0; i < STREAM_HISTORIES; i++) table_row(r, histories[i], &j->by_history[i], -1, out);
    for (uint32_t i = 0; i < STREAM_AGES; i++) table_row(r, ages[i], &j->by_age[i], -1, out);
    for (uint32_t i = 0; i < STREAM_SLICES; i++) {
        char name[32];
        snprintf(name, sizeof name, "part %u of %d", i + 1, STREAM_SLICES);
        table_row(r, name, &j->slices[i], -1, out);
    }
    table_foot(r, out);
}

struct row {
    const char *model, *part;
    const struct stream_tally *tally;
    uint64_t shown;
    double fit_s, score_s;
};

static void number(struct fr_buf *out, const char *key, double value) {
    fr_json_key(out, key);
    fr_json_number(out, value);
}

static void json_row(const struct stream_report *r, const struct row *row, uint32_t k_at,
                     struct fr_buf *out) {
    const struct stream_tally *t = row->tally;
    double k = (double)r->judge->ks[k_at], recall = share((double)t->hits[k_at], t->tested);
    fr_json_open(out, '{');
    fr_json_key(out, "model");
    fr_json_str(out, fr_str_of(row->model));
    number(out, "k", k);
    number(out, "recall", recall);
    number(out, "ndcg", share(t->ndcg[k_at], t->tested));
    number(out, "mrr", share(t->mrr[k_at], t->tested));
    number(out, "hit_rate", recall);
    number(out, "precision", recall / k);
    number(out, "coverage", share((double)row->shown, r->catalogue));
    number(out, "tested", (double)t->tested);
    number(out, "fit_seconds", row->fit_s);
    number(out, "score_seconds", row->score_s);
    number(out, "peak_mib", peak_mib());
    fr_json_key(out, "part");
    fr_json_str(out, fr_str_of(row->part));
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}

static void json_rows(const struct stream_report *r, const struct row *row, struct fr_buf *out) {
    for (uint32_t i = 0; i < r->judge->k_n; i++) json_row(r, row, i, out);
}

void stream_report_json(const struct stream_report *r, struct fr_buf *out) {
    const struct stream_judge *j = r->judge;
    struct row row = {"blend", "all", &j->blend, j->shown_n[0], r->world->learn_s, j->list_s};
    json_rows(r, &row, out);
    for (uint32_t s = 0; s < j->sources; s++) {
        row = (struct row){source_name(r, s), "all", &j->by_source[s], j->shown_n[s + 1], 0, j->source_s[s]};
        json_rows(r, &row, out);
    }
    for (uint32_t i = 0; i < STREAM_HISTORIES; i++)
        json_rows(r, &(struct row){"blend", histories[i], &j->by_history[i], 0, 0, 0}, out);
    for (uint32_t i = 0; i < STREAM_AGES; i++)
        json_rows(r, &(struct row){"blend", ages[i], &j->by_age[i], 0, 0, 0}, out);
    for (uint32_t i = 0; i < STREAM_SLICES; i++) {
        char name[32];
        snprintf(name, sizeof name, "slice %u", i + 1);
        json_rows(r, &(struct row){"blend", name, &j->slices[i], 0, 0, 0}, out);
    }
}

/* ---- the plot: over the log, and by source ---- */

enum { PLOT_SOURCES = 4, PLOT_WIDTH = 900, LINES_HEIGHT = 300, BAR_HEIGHT = 19 };

/* Source numbers by falling hits. */
static void order_sources(const struct stream_judge *j, uint32_t order[FR_RECOMMENDER_SOURCES_MAX]) {
    for (uint32_t s = 0; s < j->sources; s++) {
        uint32_t at = s;
        for (; at && j->by_source[order[at - 1]].hits[0] < j->by_source[s].hits[0]; at--)
            order[at] = order[at - 1];
        order[at] = s;
    }
}

static void plot_over_log(const struct stream_report *r, const uint32_t *order, struct fr_buf *out) {
    const struct stream_judge *j = r->judge;
    double y[1 + PLOT_SOURCES][STREAM_SLICES];
    struct plot_line lines[1 + PLOT_SOURCES] = {{"blend", y[0]}};
    uint32_t line_n = 1 + (j->sources < PLOT_SOURCES ? j->sources : PLOT_SOURCES);
    for (uint32_t l = 0; l < line_n; l++) {
        if (l) lines[l] = (struct plot_line){source_name(r, order[l - 1]), y[l]};
        for (uint32_t i = 0; i < STREAM_SLICES; i++) {
            uint64_t hits = l ? j->source_hits[order[l - 1]][i] : j->slices[i].hits[0];
            y[l][i] = share((double)hits, j->slices[i].tested);
        }
    }
    char title[64];
    snprintf(title, sizeof title, "recall@%u over the log", j->ks[0]);
    plot_lines(out, (struct plot_box){24, 56, PLOT_WIDTH - 48, LINES_HEIGHT}, title, "tenths of the log",
               lines, line_n, STREAM_SLICES);
}

static void plot_by_source(const struct stream_report *r, const uint32_t *order, struct fr_buf *out) {
    const struct stream_judge *j = r->judge;
    struct plot_bar bars[1 + FR_RECOMMENDER_SOURCES_MAX] = {{"blend", stream_recall(&j->blend, 0)}};
    for (uint32_t s = 0; s < j->sources; s++)
        bars[s + 1] = (struct plot_bar){source_name(r, order[s]), stream_recall(&j->by_source[order[s]], 0)};
    char title[64];
    snprintf(title, sizeof title, "recall@%u of the whole log", j->ks[0]);
    struct plot_box box = {24, 76 + LINES_HEIGHT, PLOT_WIDTH - 48, 26 + BAR_HEIGHT * (1 + j->sources)};
    plot_bars(out, box, title, bars, 1 + j->sources);
}

void stream_report_plot(const struct stream_report *r, struct fr_buf *out) {
    uint32_t order[FR_RECOMMENDER_SOURCES_MAX] = {0};
    order_sources(r->judge, order);
    plot_open(out, PLOT_WIDTH, 76 + LINES_HEIGHT + 26 + BAR_HEIGHT * (1 + r->judge->sources) + 20,
              "Test first, then learn");
    plot_over_log(r, order, out);
    plot_by_source(r, order, out);
    plot_close(out);
}
