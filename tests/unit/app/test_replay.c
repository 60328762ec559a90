#include "check.h"
#include "freshet/app/replay.h"
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static struct fr_buf sent; /* "key|value\n" a record */
static fr_time_ms last_time_ms;
static struct fr_replay_totals totals;

static enum fr_err keep(void *context, const struct fr_replay_line *line, struct fr_errmsg *msg) {
    (void)context;
    if (fr_str_eq(line->value, FR_STR("stop"))) return fr_err_set(msg, FR_BUS_DOWN, "stopped");
    last_time_ms = line->has_time ? line->time_ms : -1;
    fr_buf_str(&sent, line->key.ptr ? line->key : FR_STR("(none)"));
    fr_buf_byte(&sent, '|');
    fr_buf_str(&sent, line->value);
    fr_buf_byte(&sent, '\n');
    return FR_OK;
}

/* Writes a file with gz ("w": packed, "wT": plain), replays it; cut bytes are taken off its end first. */
static enum fr_err replay(struct fr_str text, const char *mode, off_t cut) {
    char path[] = "/tmp/freshet-replay-XXXXXX";
    int fd = mkstemp(path);
    gzFile file = gzdopen(dup(fd), mode);
    gzwrite(file, text.ptr, text.len);
    gzclose(file);
    if (cut) CHECK_INT(ftruncate(fd, lseek(fd, 0, SEEK_END) - cut), 0);
    close(fd);
    struct fr_event_rules rules;
    fr_event_rules_init(&rules);
    struct fr_replay *r = fr_replay_new(&rules, (struct fr_replay_sink){NULL, keep}, 0, false);
    struct fr_errmsg msg = {0};
    fr_buf_clear(&sent);
    enum fr_err err = fr_replay_file(r, path, &msg);
    totals = fr_replay_totals(r);
    fr_buf_byte(&sent, '\0');
    fr_replay_free(&r);
    fr_event_rules_fini(&rules);
    unlink(path);
    return err;
}

static const char lines[] = "{\"event_type\":\"click\",\"user_id\":\"u1\",\"item_id\":\"i\"}\n"
                            "\n"
                            "{\"event_type\":\"click\",\"user_id\":42,\"item_id\":\"i\"}\r\n"
                            "{\"event_type\":\"click\",\"anonymous_id\":\"a\"}\n"
                            "{\"event_type\":\n"
                            "{\"event_type\":\"view\"}";
static const char want[] = "u1|{\"event_type\":\"click\",\"user_id\":\"u1\",\"item_id\":\"i\"}\n"
                           "42|{\"event_type\":\"click\",\"user_id\":42,\"item_id\":\"i\"}\n"
                           "a|{\"event_type\":\"click\",\"anonymous_id\":\"a\"}\n"
                           "(none)|{\"event_type\":\n"
                           "(none)|{\"event_type\":\"view\"}\n";

static void test_plain_and_packed(void) {
    for (int packed = 0; packed < 2; packed++) {
        CHECK_INT(replay(fr_str_of(lines), packed ? "w" : "wT", 0), FR_OK);
        CHECK(strcmp(sent.data, want) == 0);
        CHECK_INT(totals.lines, 5);
        CHECK_INT(totals.bad, 1);
    }
}

static void test_a_line_has_the_time_of_its_event(void) {
    CHECK_INT(replay(FR_STR("{\"event_type\":\"tick\",\"timestamp\":\"1970-01-01T00:00:09Z\"}\n"), "wT", 0),
              FR_OK);
    CHECK_INT(last_time_ms, 9000);
    CHECK_INT(replay(FR_STR("{\"event_type\":\"tick\"}\n"), "wT", 0), FR_OK);
    CHECK_INT(last_time_ms, -1);
}

static void test_a_cut_archive_is_an_error(void) { CHECK_INT(replay(fr_str_of(lines), "w", 10), FR_IO); }

static void test_overlong_lines_are_left_out(void) {
    struct fr_buf text = {0};
    memset(fr_buf_reserve(&text, FR_REPLAY_LINE_BYTES + 1), 'x', FR_REPLAY_LINE_BYTES + 1);
    text.len = FR_REPLAY_LINE_BYTES + 1;
    fr_buf_append(&text, "\nlast\n", 6);
    CHECK_INT(replay(fr_buf_slice(&text), "wT", 0), FR_OK);
    CHECK_STR(sent.data, "(none)|last\n");
    CHECK_INT(totals.too_long, 1);
    fr_buf_fini(&text);
}

static void test_a_sink_that_fails_ends_it(void) {
    CHECK_INT(replay(FR_STR("a\nstop\nb\n"), "wT", 0), FR_BUS_DOWN);
    CHECK_STR(sent.data, "(none)|a\n");
    CHECK_INT(totals.lines, 1);
}

static void test_a_file_that_is_not_there(void) {
    struct fr_event_rules rules;
    struct fr_errmsg msg = {0};
    fr_event_rules_init(&rules);
    struct fr_replay *r = fr_replay_new(&rules, (struct fr_replay_sink){NULL, keep}, 0, false);
    CHECK_INT(fr_replay_file(r, "/nowhere/x.jsonl", &msg), FR_IO);
    CHECK_STR(msg.text, "/nowhere/x.jsonl: No such file or directory");
    fr_replay_free(&r);
    fr_event_rules_fini(&rules);
}

int main(void) {
    RUN(test_plain_and_packed);
    RUN(test_a_line_has_the_time_of_its_event);
    RUN(test_a_cut_archive_is_an_error);
    RUN(test_overlong_lines_are_left_out);
    RUN(test_a_sink_that_fails_ends_it);
    RUN(test_a_file_that_is_not_there);
    fr_buf_fini(&sent);
    return check_done();
}
