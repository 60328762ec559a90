#include "eval_report.h"
#include "freshet/base/json.h"

static const char table_heading[] =
    "model              k  recall    ndcg     mrr  hit_rate  precision  coverage  novelty  diversity  "
    " fit_s  score_s  peak_mib";

static void put_table_row(const struct eval_row *row, uint32_t k, const struct fr_accuracy *a,
                          const struct fr_variety *v, const char *group, struct fr_buf *out) {
    fr_buf_printf(
        out, "%-16s %3u  %.5f  %.5f %.5f   %.5f    %.5f   %.5f  %7.2f    %.5f  %7.2f  %7.2f  %8.0f%s%s\n",
        row->name, k, a->recall, a->ndcg, a->mrr, a->hit_rate, a->precision, v->coverage, v->novelty,
        v->diversity, row->fit_s, row->score_s, row->peak_mib, group ? "  " : "", group ? group : "");
}

void eval_report_table(const struct eval_setup *setup, const struct eval_row *rows, uint32_t n,
                       struct fr_buf *out) {
    const struct eval_settings *settings = setup->settings;
    fr_buf_printf(out, "%s%s\n", table_heading, setup->groups[0].name ? "  group" : "");
    for (uint32_t g = 0; g < setup->group_n; g++)
        for (uint32_t r = 0; r < n; r++)
            for (uint32_t i = 0; rows[r].err == FR_OK && i < settings->k_n; i++)
                put_table_row(&rows[r], settings->ks[i], &rows[r].accuracy[g][i], &rows[r].variety[g][i],
                              setup->groups[g].name, out);
}

static void put_number(struct fr_buf *out, const char *key, double value) {
    fr_json_key(out, key);
    fr_json_number(out, value);
}

static void put_parameters(const struct eval_row *row, struct fr_buf *out) {
    fr_json_key(out, "parameters");
    fr_json_open(out, '{');
    for (uint32_t i = 0; row->ops && i < row->ops->parameter_n; i++)
        put_number(out, row->ops->parameters[i].name, row->values[i]);
    for (uint32_t i = 0; !row->ops && i < row->part_n; i++)
        put_number(out, row->parts[i].name, row->parts[i].weight);
    fr_json_close(out, '}');
}

static void put_row(const struct eval_row *row, uint32_t k, const struct fr_accuracy *a,
                    const struct fr_variety *v, const char *group, struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "model");
    fr_json_str(out, fr_str_of(row->name));
    fr_json_key(out, "k");
    fr_json_int(out, k);
    put_number(out, "recall", a->recall);
    put_number(out, "ndcg", a->ndcg);
    put_number(out, "mrr", a->mrr);
    put_number(out, "hit_rate", a->hit_rate);
    put_number(out, "precision", a->precision);
    put_number(out, "coverage", v->coverage);
    fr_json_key(out, "tested");
    fr_json_int(out, (int64_t)a->tested);
    put_number(out, "fit_seconds", row->fit_s);
    put_number(out, "score_seconds", row->score_s);
    put_number(out, "peak_mib", row->peak_mib);
    if (group) {
        fr_json_key(out, "group");
        fr_json_str(out, fr_str_of(group));
    }
    put_number(out, "novelty", v->novelty);
    put_number(out, "diversity", v->diversity);
    put_number(out, "search_seconds", row->search_s);
    put_number(out, "validation", row->judged);
    put_parameters(row, out);
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}

void eval_report_json(const struct eval_setup *setup, const struct eval_row *rows, uint32_t n,
                      struct fr_buf *out) {
    const struct eval_settings *settings = setup->settings;
    for (uint32_t g = 0; g < setup->group_n; g++)
        for (uint32_t r = 0; r < n; r++)
            for (uint32_t i = 0; rows[r].err == FR_OK && i < settings->k_n; i++)
                put_row(&rows[r], settings->ks[i], &rows[r].accuracy[g][i], &rows[r].variety[g][i],
                        setup->groups[g].name, out);
}
