#include "eval_propensity.h"
#include "freshet/base/json.h"
#include <errno.h>
#include <stdio.h>

const char *propensity_imbalance_name(enum fr_imbalance imbalance) {
    static const char *const names[] = {"none", "weights", "balanced"};
    return names[imbalance];
}

static const char heading[] =
    "model       imbalance    auc     (sd)    avg_prec  f1      precision  recall  log_loss  brier   "
    "cal_err  by_split  fit_s   score_s  peak_mib  made_of\n";

void propensity_report_table(const struct propensity_setup *s, const struct propensity_row *rows, uint32_t n,
                             struct fr_buf *out) {
    fr_buf_printf(out, "%s", heading);
    for (uint32_t i = 0; i < n; i++) {
        const struct propensity_row *r = &rows[i];
        const struct propensity_figures *f = &r->figures;
        if (r->err != FR_OK) continue;
        fr_buf_printf(
            out,
            "%-11s %-10s %.4f  (%.4f)  %.4f    %.4f  %.4f     %.4f  %.4f    %.4f  %.4f   %.4f  %7.2f  %7.3f  "
            "%8.0f  %s\n",
            r->name, propensity_imbalance_name(s->options.imbalance), f->auc, f->auc_sd, f->average_precision,
            f->f1, f->precision, f->recall, f->log_loss, f->brier, fr_reliability_error(&f->reliability),
            f->split_error, r->fit_s, r->score_s, r->peak_mib, r->made_of);
    }
}

static void put_number(struct fr_buf *out, const char *key, double value) {
    fr_json_key(out, key);
    fr_json_number(out, value);
}

static void put_text(struct fr_buf *out, const char *key, const char *text) {
    fr_json_key(out, key);
    fr_json_str(out, fr_str_of(text));
}

/* What a reliability diagram shows: of each bin the rows, their mean probability and the share of yes. */
static void put_bins(struct fr_buf *out, const struct fr_reliability *r) {
    fr_json_key(out, "bins");
    fr_json_open(out, '[');
    for (unsigned b = 0; b < FR_BINARY_BINS; b++) {
        double rows = (double)r->rows[b];
        fr_json_open(out, '{');
        fr_json_key(out, "rows");
        fr_json_int(out, (int64_t)r->rows[b]);
        if (rows > 0) put_number(out, "predicted", r->predicted[b] / rows);
        if (rows > 0) put_number(out, "happened", (double)r->happened[b] / rows);
        fr_json_close(out, '}');
    }
    fr_json_close(out, ']');
}

static void put_row(const struct propensity_setup *s, const struct propensity_row *r, struct fr_buf *out) {
    const struct propensity_figures *f = &r->figures;
    fr_json_open(out, '{');
    put_text(out, "model", r->name);
    put_text(out, "imbalance", propensity_imbalance_name(s->options.imbalance));
    put_number(out, "auc", f->auc);
    put_number(out, "auc_sd", f->auc_sd);
    put_number(out, "average_precision", f->average_precision);
    put_number(out, "f1", f->f1);
    put_number(out, "precision", f->precision);
    put_number(out, "recall", f->recall);
    put_number(out, "log_loss", f->log_loss);
    put_number(out, "brier", f->brier);
    put_number(out, "calibration_error", fr_reliability_error(&f->reliability));
    put_number(out, "calibration_error_by_split", f->split_error);
    put_number(out, "fit_seconds", r->fit_s);
    put_number(out, "score_seconds", r->score_s);
    put_number(out, "peak_mib", r->peak_mib);
    put_text(out, "made_of", r->made_of);
    put_bins(out, &f->reliability);
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}

void propensity_report_json(const struct propensity_setup *s, const struct propensity_row *rows, uint32_t n,
                            struct fr_buf *out) {
    for (uint32_t i = 0; i < n; i++)
        if (rows[i].err == FR_OK) put_row(s, &rows[i], out);
}

bool propensity_write_predictions(const char *path, const struct propensity_setup *s,
                                  const struct propensity_row *rows, uint32_t n, struct fr_errmsg *msg) {
    FILE *file = fopen(path, "we");
    if (!file) {
        fr_err_set(msg, FR_IO, "%s: %s", path, strerror(errno));
        return false;
    }
    fprintf(file, "row,split,label");
    for (uint32_t r = 0; r < n; r++)
        if (rows[r].err == FR_OK) fprintf(file, ",%s", rows[r].name);
    for (uint32_t k = 0; k < s->split_n; k++)
        for (uint32_t i = 0; i < s->splits[k].asked_n; i++) {
            uint32_t row = s->splits[k].asked[i];
            fprintf(file, "\n%u,%u,%d", row, k, s->table->labels[row]);
            for (uint32_t r = 0; r < n; r++)
                if (rows[r].err == FR_OK) fprintf(file, ",%.9g", rows[r].probabilities[row]);
        }
    fputc('\n', file);
    bool failed = ferror(file);
    failed |= fclose(file) != 0;
    if (failed) fr_err_set(msg, FR_IO, "%s: it could not be written", path);
    return !failed;
}
