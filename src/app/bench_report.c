#include "freshet/app/bench.h"
#include "freshet/base/json.h"
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { TERMINAL_US = 200000, LOG_US = 5000000 };

void fr_bench_report_begin(struct fr_bench_report *r, const char *name) {
    *r = (struct fr_bench_report){0};
    fr_buf_printf(&r->table, "bench %s\n", name);
    fr_json_open(&r->json, '{');
    fr_json_key(&r->json, "bench");
    fr_json_str(&r->json, fr_str_of(name));
}

static void end_section(struct fr_bench_report *r) {
    if (r->in_section) fr_json_close(&r->json, '}');
    r->in_section = false;
}

void fr_bench_section(struct fr_bench_report *r, const char *name) {
    end_section(r);
    fr_buf_printf(&r->table, "\n%s\n", name);
    fr_json_key(&r->json, name);
    fr_json_open(&r->json, '{');
    r->in_section = true;
}

/* Large figures without digits that mean nothing, small ones with some that do. */
static void number(struct fr_buf *b, double value) {
    double size = value < 0 ? -value : value;
    fr_buf_printf(b, " %14.*f", size >= 1000 ? 0 : size >= 10 ? 1 : 3, value);
}

void fr_bench_value(struct fr_bench_report *r, const char *name, double value) {
    fr_buf_printf(&r->table, "  %-32s", name);
    number(&r->table, value);
    fr_buf_byte(&r->table, '\n');
    fr_json_key(&r->json, name);
    fr_json_number(&r->json, value);
}

void fr_bench_word(struct fr_bench_report *r, const char *name, const char *text) {
    fr_buf_printf(&r->table, "  %-32s %s\n", name, text);
    fr_json_key(&r->json, name);
    fr_json_str(&r->json, fr_str_of(text));
}

void fr_bench_row(struct fr_bench_report *r, const char *name, const char *const *columns,
                  const double *values, unsigned n) {
    fr_buf_printf(&r->table, "  %-20s", name);
    fr_json_key(&r->json, name);
    fr_json_open(&r->json, '{');
    for (unsigned i = 0; i < n; i++) {
        number(&r->table, values[i]);
        fr_buf_printf(&r->table, " %s", columns[i]);
        fr_json_key(&r->json, columns[i]);
        fr_json_number(&r->json, values[i]);
    }
    fr_json_close(&r->json, '}');
    fr_buf_byte(&r->table, '\n');
}

void fr_bench_report_end(struct fr_bench_report *r, bool json, bool print) {
    end_section(r);
    fr_json_close(&r->json, '}');
    fr_buf_byte(&r->json, '\n');
    const struct fr_buf *out = json ? &r->json : &r->table;
    if (print) fwrite(out->data, 1, out->len, stdout);
    fflush(stdout);
    fr_buf_fini(&r->table);
    fr_buf_fini(&r->json);
}

void fr_bench_progress(struct fr_bench_progress *p, uint64_t done) {
    fr_mono_us now = fr_clock_mono_us();
    bool terminal = isatty(STDERR_FILENO);
    if (!p->started_us) {
        p->started_us = now;
        p->next_us = now + (terminal ? TERMINAL_US : LOG_US);
    }
    bool ended = p->total && done >= p->total;
    if (!ended && now < p->next_us) return;
    p->next_us = now + (terminal ? TERMINAL_US : LOG_US);
    double s = (double)(now - p->started_us) * 1e-6;
    fprintf(stderr, "%s%s: %llu", terminal ? "\r\033[K" : "", p->what, (unsigned long long)done);
    if (p->total) fprintf(stderr, " of %llu", (unsigned long long)p->total);
    fprintf(stderr, ", %.0f/s%s", s > 0 ? (double)done / s : 0, terminal && !ended ? "" : "\n");
    fflush(stderr);
}
