/* The live picture: a fixed number of lines, composed whole and put over the one before with one write. */
#include "demo.h"
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 24, CELL_LEAST = 32, COLUMNS_DEFAULT = 100, WATCH_S = 4, LABEL = 17 };

/* ---- who is watched ---- */

static bool is_watched(const struct demo_frame *f, uint32_t user) {
    for (unsigned i = 0; i < DEMO_WATCHED; i++)
        if (f->watched[i].user == user) return true;
    return false;
}

/* Somebody with something personal in a list that has just changed takes the place of whom was watched longest. */
void demo_watch(struct demo_frame *f, uint32_t user, double at_s) {
    const struct fr_demo_user *u = &f->lists->at[user];
    if (!fr_demo_top_is_personal(&u->latest) || u->before.n == 0 ||
        !fr_demo_top_differs(&u->before, &u->latest))
        return;
    if (is_watched(f, user)) return;
    struct demo_watched *oldest = &f->watched[0];
    for (unsigned i = 1; i < DEMO_WATCHED; i++)
        if (f->watched[i].since_s < oldest->since_s) oldest = &f->watched[i];
    if (oldest->user != (uint32_t)FR_DICT_NONE && at_s - oldest->since_s < WATCH_S) return;
    *oldest = (struct demo_watched){user, at_s};
}

/* ---- lines ---- */

static double rate(uint64_t now, uint64_t before, const struct demo_frame *f) {
    double s = f->now.at_s - f->before.at_s;
    return s > 0 ? (double)(now - before) / s : 0;
}

static void put_rate(struct fr_buf *out, const char *what, uint64_t now, uint64_t before,
                     const struct demo_frame *f) {
    fr_buf_printf(out, "  %-*s", LABEL, what);
    demo_count(out, now, 11);
    demo_count(out, (uint64_t)rate(now, before, f), 10);
    fr_buf_printf(out, "/s");
}

static void put_head(struct fr_buf *out, const struct demo_frame *f) {
    double share = f->to_send ? (double)f->sent / (double)f->to_send : 0;
    char time[25] = "";
    if (f->log_time_ms) fr_time_format(f->log_time_ms, time);
    fr_buf_printf(out, "freshet  log of %.10s %.5s  [", time, time[0] ? time + 11 : "");
    for (int i = 0; i < BAR; i++) fr_buf_byte(out, i < (int)(share * BAR) ? '#' : '.');
    fr_buf_printf(out, "] %.0f %% in %.0f s", 100 * share, f->now.at_s);
    if (f->http_port) fr_buf_printf(out, "   http://127.0.0.1:%u/metrics", f->http_port);
    fr_buf_append(out, "\n\n", 2);
}

static void put_latency(struct fr_buf *out, const struct demo_frame *f) {
    fr_buf_printf(out, "    event to list    p50 ");
    demo_latency(out, demo_quantile(f->now.latency, .5));
    fr_buf_printf(out, ", p99 ");
    demo_latency(out, demo_quantile(f->now.latency, .99));
    fr_buf_byte(out, '\n');
}

static void put_state(struct fr_buf *out, const struct demo_frame *f) {
    fr_buf_printf(out, "    state    ");
    demo_count(out, f->now.keys, 0);
    fr_buf_printf(out, " keys, ");
    demo_bytes(out, f->now.bytes);
    fr_buf_printf(out, "; Redis ");
    demo_bytes(out, f->redis_bytes);
    fr_buf_byte(out, '\n');
}

static void put_rates(struct fr_buf *out, const struct demo_frame *f) {
    put_rate(out, "events", f->now.events, f->before.events, f);
    put_latency(out, f);
    put_rate(out, "lists", f->now.lists, f->before.lists, f);
    put_state(out, f);
    put_rate(out, "affinity deltas", f->now.deltas, f->before.deltas, f);
    fr_buf_printf(out, "    rejected ");
    demo_count(out, f->now.rejected, 0);
    fr_buf_printf(out, ", duplicates ");
    demo_count(out, f->now.duplicates, 0);
    fr_buf_byte(out, '\n');
    put_rate(out, "neighbour lists", f->now.neighbors, f->before.neighbors, f);
    fr_buf_append(out, "\n\n", 2);
}

static void put_hit_line(struct fr_buf *out, const char *what, uint64_t few, uint64_t list, uint64_t cases) {
    fr_buf_printf(out, "  %-48s first 10 %5.2f %%   first 20 %5.2f %%\n", what, demo_percent(few, cases),
                  demo_percent(list, cases));
}

static void put_hits(struct fr_buf *out, const struct demo_frame *f) {
    const struct fr_hits_score *h = &f->hits;
    put_hit_line(out, "the next new item was in the user's list", h->few, h->list, h->cases);
    put_hit_line(out, "  or in the most popular when that list was made", h->popular_few, h->popular_list,
                 h->cases);
    put_hit_line(out, "  or in the most popular at that moment", h->now_few, h->now_list, h->cases);
    fr_buf_byte(out, '\n');
}

static void put_trending(struct fr_buf *out, const struct demo_frame *f) {
    fr_buf_printf(out, "  trending  ");
    for (uint32_t i = 0; i < f->trending_n; i++)
        fr_buf_printf(out, " %.*s", FR_STR_ARG(fr_dict_str(&f->lists->items, f->trending[i].item)));
    fr_buf_append(out, "\n\n", 2);
}

/* ---- users, side by side ---- */

static bool stood_before(const struct fr_demo_user *u, uint32_t item) {
    for (uint32_t i = 0; i < u->before.n; i++)
        if (u->before.items[i] == item) return true;
    return false;
}

/* Line 0 says who and what they did, the others are their list; + marks an item that the list before did not have. */
static void put_cell(struct fr_buf *out, const struct demo_frame *f, uint32_t user, unsigned line) {
    if (user == (uint32_t)FR_DICT_NONE) return;
    const struct fr_demo_user *u = &f->lists->at[user];
    const struct fr_dict *items = &f->lists->items;
    if (line == 0) {
        fr_buf_printf(out, "%.*s", FR_STR_ARG(fr_dict_str(&f->lists->users, user)));
        if (u->events) fr_buf_printf(out, ": %s", fr_event_type_text(u->last_type));
        if (u->last_item != (uint32_t)FR_DICT_NONE)
            fr_buf_printf(out, " %.*s", FR_STR_ARG(fr_dict_str(items, u->last_item)));
        return;
    }
    if (line > u->latest.n) return;
    const struct fr_demo_entry *e = &u->latest.top[line - 1];
    fr_buf_printf(out, " %c ", stood_before(u, e->item) ? ' ' : '+');
    demo_entry(out, e, items);
}

static void put_users(struct fr_buf *out, const struct demo_frame *f, unsigned columns) {
    unsigned n = columns / CELL_LEAST < DEMO_WATCHED ? columns / CELL_LEAST : DEMO_WATCHED;
    int width = n ? (int)((columns - 2) / n) - 2 : 0;
    struct fr_buf cell = {0};
    for (unsigned line = 0; line <= FR_DEMO_TOP; line++) {
        for (unsigned i = 0; i < n; i++) {
            fr_buf_clear(&cell);
            put_cell(&cell, f, f->watched[i].user, line);
            fr_buf_printf(out, "  %-*.*s", width, width < (int)cell.len ? width : (int)cell.len,
                          cell.data ? cell.data : "");
        }
        fr_buf_byte(out, '\n');
    }
    fr_buf_fini(&cell);
}

/* ---- the whole ---- */

/* Copies text with each line cut to so many characters, trailing spaces left out. */
static void put_cut(struct fr_buf *out, struct fr_str text, unsigned columns) {
    unsigned column = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        bool continues = ((unsigned char)text.ptr[i] & 0xc0) == 0x80; /* inside a UTF-8 character */
        if (text.ptr[i] == '\n') {
            while (out->len && out->data[out->len - 1] == ' ') out->len--;
            column = 0;
        } else if (!continues) {
            column++;
        }
        if (column <= columns) fr_buf_byte(out, (unsigned char)text.ptr[i]);
    }
}

void demo_view_picture(struct fr_buf *out, const struct demo_frame *f, unsigned columns) {
    struct fr_buf text = {0};
    put_head(&text, f);
    put_rates(&text, f);
    put_hits(&text, f);
    put_trending(&text, f);
    put_users(&text, f, columns);
    put_cut(out, fr_buf_slice(&text), columns);
    fr_buf_fini(&text);
}

void demo_view_line(struct fr_buf *out, const struct demo_frame *f) {
    fr_buf_printf(out, "%3.0f s %3.0f %%  events", f->now.at_s, demo_percent(f->sent, f->to_send));
    demo_count(out, f->now.events, 8);
    fr_buf_printf(out, "  lists");
    demo_count(out, f->now.lists, 8);
    fr_buf_printf(out, " (%.0f/s)  event to list p50 ", rate(f->now.lists, f->before.lists, f));
    demo_latency(out, demo_quantile(f->now.latency, .5));
    fr_buf_printf(out, " p99 ");
    demo_latency(out, demo_quantile(f->now.latency, .99));
    fr_buf_printf(out, "  in first 20: %.2f %% (popular: %.2f %%)\n",
                  demo_percent(f->hits.list, f->hits.cases),
                  demo_percent(f->hits.popular_list, f->hits.cases));
}

unsigned demo_screen_columns(void) {
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return COLUMNS_DEFAULT;
    return size.ws_col;
}

/* Lines that the terminal is too low for are left out: the cursor could not come back over them. */
static struct fr_str fitting(const struct fr_buf *picture, unsigned *lines) {
    struct winsize size = {0};
    unsigned most = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row - 1u : 1000;
    uint32_t end = 0;
    *lines = 0;
    for (uint32_t i = 0; i < picture->len && *lines < most; i++)
        if (picture->data[i] == '\n') {
            end = i + 1;
            ++*lines;
        }
    return (struct fr_str){picture->data, end};
}

void demo_screen_show(struct demo_screen *s, const struct fr_buf *picture) {
    if (s->lines) printf("\033[%uF", s->lines); /* up to the first line of the last picture */
    struct fr_str text = fitting(picture, &s->lines);
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n') fputs("\033[K", stdout); /* what stood there before */
        putchar(text.ptr[i]);
    }
    fputs("\033[J", stdout);
    fflush(stdout);
}
