#include "plot.h"
#include <math.h>
#include <stdio.h>

enum { COLOURS = 6, TICKS = 5 };

static const char *const colours[COLOURS] = {"#d1495b", "#2e6f95", "#6a994e",
                                             "#e09f3e", "#7b5ea7", "#5f6c7b"};

static void text(struct fr_buf *out, double x, double y, const char *anchor, const char *style,
                 const char *what) {
    fr_buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>", x, y, anchor, style);
    for (; *what; what++) {
        if (*what == '<')
            fr_buf_printf(out, "&lt;");
        else if (*what == '&')
            fr_buf_printf(out, "&amp;");
        else
            fr_buf_byte(out, (unsigned char)*what);
    }
    fr_buf_printf(out, "</text>\n");
}

static void number(struct fr_buf *out, double x, double y, const char *anchor, char shape, double value) {
    char label[32];
    snprintf(label, sizeof label, shape == 'f' ? "%.4f" : "%.4g", value);
    text(out, x, y, anchor, "fill=\"#777\"", label);
}

void plot_open(struct fr_buf *out, double width, double height, const char *title) {
    fr_buf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
                  "height=\"%.0f\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                  width, height, width, height);
    text(out, 24, 32, "start", "font-size=\"17\" font-weight=\"bold\"", title);
}

void plot_close(struct fr_buf *out) { fr_buf_printf(out, "</svg>\n"); }

/* The least of 1, 2, 2.5, 5 times a power of ten that is at least x. */
static double round_up(double x) {
    static const double steps[] = {1, 2, 2.5, 5, 10};
    if (!(x > 0)) return 1;
    double power = pow(10, floor(log10(x)));
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i] * power >= x * (1 - 1e-9)) return steps[i] * power;
    return 10 * power;
}

static double largest(const struct plot_line *lines, uint32_t line_n, uint32_t n) {
    double most = 0;
    for (uint32_t l = 0; l < line_n; l++)
        for (uint32_t i = 0; i < n; i++) most = lines[l].y[i] > most ? lines[l].y[i] : most;
    return most;
}

static void y_axis(struct fr_buf *out, struct plot_box b, double step) {
    for (int t = 0; t <= TICKS; t++) {
        double y = b.y + b.height - b.height * t / TICKS;
        fr_buf_printf(out, "<path d=\"M%.1f %.1fh%.1f\" stroke=\"#ddd\"/>\n", b.x, y, b.width);
        number(out, b.x - 6, y + 4, "end", 'g', step * t);
    }
}

static void one_line(struct fr_buf *out, struct plot_box b, const struct plot_line *line, uint32_t n,
                     double top, uint32_t which) {
    fr_buf_printf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" points=\"",
                  colours[which % COLOURS], which ? "1.5" : "3");
    for (uint32_t i = 0; i < n; i++)
        fr_buf_printf(out, "%.1f,%.1f ", b.x + b.width * i / (n - 1),
                      b.y + b.height * (1 - line->y[i] / top));
    fr_buf_printf(out, "\"/>\n");
    double y = b.y + 16 * which;
    fr_buf_printf(out, "<path d=\"M%.1f %.1fh18\" stroke=\"%s\" stroke-width=\"3\"/>\n", b.x + b.width + 14,
                  y, colours[which % COLOURS]);
    text(out, b.x + b.width + 38, y + 4, "start", "", line->name);
}

void plot_lines(struct fr_buf *out, struct plot_box box, const char *title, const char *x_label,
                const struct plot_line *lines, uint32_t line_n, uint32_t n) {
    struct plot_box inner = {box.x + 48, box.y + 26, box.width - 48 - 150, box.height - 26 - 36};
    double step = round_up(largest(lines, line_n, n) / TICKS), top = step * TICKS;
    text(out, box.x, box.y + 10, "start", "font-weight=\"bold\"", title);
    y_axis(out, inner, step);
    for (uint32_t l = line_n; l-- > 0;) one_line(out, inner, &lines[l], n, top, l);
    text(out, inner.x + inner.width / 2, inner.y + inner.height + 28, "middle", "fill=\"#777\"", x_label);
}

void plot_bars(struct fr_buf *out, struct plot_box box, const char *title, const struct plot_bar *bars,
               uint32_t n) {
    double most = 0, left = box.x + 130, width = box.width - 130 - 60, each = (box.height - 26) / (n ? n : 1);
    for (uint32_t i = 0; i < n; i++) most = bars[i].value > most ? bars[i].value : most;
    text(out, box.x, box.y + 10, "start", "font-weight=\"bold\"", title);
    for (uint32_t i = 0; i < n; i++) {
        double y = box.y + 26 + each * i, length = most > 0 ? width * bars[i].value / most : 0;
        text(out, left - 8, y + each * .62, "end", "", bars[i].name);
        fr_buf_printf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", left,
                      y + each * .15, length, each * .7, colours[i ? 1 : 0]);
        number(out, left + length + 6, y + each * .62, "start", 'f', bars[i].value);
    }
}

static void x_axis(struct fr_buf *out, struct plot_box b, double step) {
    for (int t = 0; t <= TICKS; t++) {
        double x = b.x + b.width * t / TICKS;
        fr_buf_printf(out, "<path d=\"M%.1f %.1fv%.1f\" stroke=\"#ddd\"/>\n", x, b.y, b.height);
        number(out, x, b.y + b.height + 16, "middle", 'g', step * t);
    }
}

void plot_reliability(struct fr_buf *out, struct plot_box box, const char *title,
                      const struct plot_point *points, uint32_t n) {
    double side = box.width - 60 < box.height - 70 ? box.width - 60 : box.height - 70, most = 0;
    struct plot_box inner = {box.x + 52, box.y + 26, side, side};
    for (uint32_t i = 0; i < n; i++) most = fmax(most, fmax(points[i].predicted, points[i].seen));
    double step = round_up(most / TICKS), top = step * TICKS;
    text(out, box.x, box.y + 10, "start", "font-weight=\"bold\"", title);
    y_axis(out, inner, step);
    x_axis(out, inner, step);
    fr_buf_printf(out, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#777\" stroke-dasharray=\"4\"/>\n", inner.x,
                  inner.y + side, inner.x + side, inner.y);
    for (uint32_t i = 0; i < n; i++)
        fr_buf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n",
                      inner.x + side * points[i].predicted / top, inner.y + side * (1 - points[i].seen / top),
                      colours[0]);
    text(out, inner.x + side / 2, inner.y + side + 34, "middle", "fill=\"#777\"", "predicted");
    text(out, inner.x, inner.y - 6, "end", "fill=\"#777\"", "seen");
}
