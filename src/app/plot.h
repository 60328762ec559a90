/* plot.h - small charts as SVG text: no library, no script, readable in light and in dark.
 *
 * Promise   a function of its arguments; texts are escaped.
 * Memory    appends to the caller's buffer; everything else is borrowed for the call. */
#ifndef FR_APP_PLOT_H
#define FR_APP_PLOT_H

#include "freshet/base/buf.h"

/* Where a chart stands, in pixels, labels included. */
struct plot_box {
    double x, y, width, height;
};

struct plot_line {
    const char *name;
    const double *y; /* [n] of the chart, >= 0 */
};

struct plot_bar {
    const char *name;
    double value; /* >= 0 */
};

void plot_open(struct fr_buf *out, double width, double height, const char *title);
void plot_close(struct fr_buf *out);
/* Points at 1 .. n; the first line is drawn thick. n >= 2. */
void plot_lines(struct fr_buf *out, struct plot_box box, const char *title, const char *x_label,
                const struct plot_line *lines, uint32_t line_n, uint32_t n);
/* One below the other, with their values; the first one stands out. */
void plot_bars(struct fr_buf *out, struct plot_box box, const char *title, const struct plot_bar *bars,
               uint32_t n);

/* Predicted against seen, 0..1: on the diagonal what is predicted is true. Axes end at the largest of both. */
struct plot_point {
    double predicted, seen;
};
void plot_reliability(struct fr_buf *out, struct plot_box box, const char *title,
                      const struct plot_point *points, uint32_t n);

#endif
