/* One line per thing that happened; rate-limited by code so that a broken link cannot fill a disk. The mutex
 * is taken per line, and lines are rare by design. */
#include "freshet/base/log.h"
#include "freshet/base/buf.h"
#include "freshet/base/clock.h"
#include "freshet/base/json.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { CODES = 64, LINES_PER_WINDOW = 10, WINDOW_MS = 10000 };

static struct {
    pthread_mutex_t lock;
    enum fr_log_level least;
    enum fr_log_format format;
    struct {
        const char *code;
        fr_time_ms window_start;
        unsigned lines, suppressed;
    } codes[CODES];
    _Atomic unsigned long long counts[FR_LOG_LEVEL_N];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .least = FR_LOG_INFO};

static const char *const level_names[FR_LOG_LEVEL_N] = {"debug", "info", "warn", "error"};

void fr_log_setup(enum fr_log_level least, enum fr_log_format format) {
    pthread_mutex_lock(&state.lock);
    state.least = least;
    state.format = format;
    pthread_mutex_unlock(&state.lock);
}

unsigned long long fr_log_count(enum fr_log_level level) { return atomic_load(&state.counts[level]); }

/* Whether this line may be written; *suppressed gets what the code kept back since its last line. */
static bool admit(const char *code, fr_time_ms now, unsigned *suppressed) {
    unsigned at = 0;
    while (at < CODES - 1 && state.codes[at].code && strcmp(state.codes[at].code, code) != 0) at++;
    if (!state.codes[at].code) state.codes[at].code = code;
    if (now - state.codes[at].window_start >= WINDOW_MS) {
        state.codes[at].window_start = now;
        state.codes[at].lines = 0;
    }
    if (state.codes[at].lines++ >= LINES_PER_WINDOW) {
        state.codes[at].suppressed++;
        return false;
    }
    *suppressed = state.codes[at].suppressed;
    state.codes[at].suppressed = 0;
    return true;
}

/* "key=value key=\"a b\"" into JSON members; text without '=' becomes the member "text". */
static void members(struct fr_buf *out, const char *p) {
    while (*p) {
        while (*p == ' ') p++;
        const char *key = p;
        while (*p && *p != '=' && *p != ' ') p++;
        size_t key_len = (size_t)(p - key);
        if (key_len == 0) return;
        if (*p != '=') {
            fr_json_key(out, "text");
            fr_json_str(out, fr_str_of(key));
            return;
        }
        fr_json_key_str(out, (struct fr_str){key, (uint32_t)key_len});
        bool quoted = *++p == '"';
        const char *value = quoted ? ++p : p;
        while (*p && *p != (quoted ? '"' : ' ')) p++;
        fr_json_str(out, (struct fr_str){value, (uint32_t)(p - value)});
        if (quoted && *p) p++;
    }
}

static void write_line(enum fr_log_level level, const char *code, const char *fields, unsigned suppressed,
                       fr_time_ms now) {
    struct fr_buf line = {0};
    char when[25];
    fr_time_format(now, when);
    if (state.format == FR_LOG_JSON) {
        fr_json_open(&line, '{');
        fr_json_key(&line, "ts");
        fr_json_str(&line, fr_str_of(when));
        fr_json_key(&line, "level");
        fr_json_str(&line, fr_str_of(level_names[level]));
        fr_json_key(&line, "event");
        fr_json_str(&line, fr_str_of(code));
        members(&line, fields);
        if (suppressed) {
            fr_json_key(&line, "suppressed");
            fr_json_int(&line, suppressed);
        }
        fr_json_close(&line, '}');
    } else {
        fr_buf_printf(&line, "ts=%s level=%s event=%s %s", when, level_names[level], code, fields);
        if (suppressed) fr_buf_printf(&line, " suppressed=%u", suppressed);
    }
    fr_buf_byte(&line, '\n');
    ssize_t written = write(STDERR_FILENO, line.data, line.len); /* nothing to be done when stderr is gone */
    (void)written;
    fr_buf_fini(&line);
}

/* Text from outside (an error of a library) must not begin a line of its own. */
static void flatten(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ') *text = ' ';
}

void fr_log(enum fr_log_level level, const char *code, const char *fields, ...) {
    atomic_fetch_add(&state.counts[level], 1);
    if (level < state.least) return;
    char text[1024];
    va_list args;
    va_start(args, fields);
    vsnprintf(text, sizeof text, fields, args);
    va_end(args);
    flatten(text);
    fr_time_ms now = fr_clock_wall_ms();
    unsigned suppressed = 0;
    pthread_mutex_lock(&state.lock);
    if (admit(code, now, &suppressed)) write_line(level, code, text, suppressed, now);
    pthread_mutex_unlock(&state.lock);
}
