/* err.h - error codes, each with a fate, and a message that the first failure writes.
 *
 * Promise   a code says what happened; its fate says what the worker does about it. Both come from one table.
 * Not       bugs are not errors: FR_ASSERT aborts. Bad records are not errors either: see event/reject.h.
 * Threads   any; a struct fr_errmsg belongs to its caller. */
#ifndef FR_BASE_ERR_H
#define FR_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* What run/worker does with a failure. Nothing else switches on it. */
enum fr_fate {
    FR_FATE_OK,    /* go on */
    FR_FATE_RETRY, /* the same thing again, after a back-off */
    FR_FATE_ABORT, /* drop the partition's memory and acquire it again */
    FR_FATE_FATAL, /* stop this process with a reason */
};

#define FR_ERR_MAP(X)                                                                 \
    X(OK, OK, "ok")                                                                   \
    X(PENDING, RETRY, "not finished yet")                                             \
    X(TIMEOUT, RETRY, "timed out")                                                    \
    X(BUS_DOWN, RETRY, "the broker cannot be reached")                                \
    X(BUS_UNSTABLE, RETRY, "an offset is held by a transaction that is not finished") \
    X(BUS_ABORTED, RETRY, "the transaction was aborted and can be sent again")        \
    X(BUS_DOUBTFUL, RETRY, "whether the transaction was committed is not known")      \
    X(BUS_FENCED, ABORT, "another instance took over")                                \
    X(BUS_FATAL, FATAL, "the bus client cannot go on")                                \
    X(BUS_NO_TOPIC, FATAL, "a topic is missing or has the wrong shape")               \
    X(LOG_GAP, FATAL, "records that are needed are no longer in the log")             \
    X(LOG_MISMATCH, FATAL, "the log is not the one this state was made from")         \
    X(STORE_DOWN, RETRY, "the store cannot be reached")                               \
    X(STORE_BUSY, RETRY, "the store refuses writes at present")                       \
    X(STORE_GUARD, ABORT, "the store no longer holds what this instance wrote")       \
    X(STORE_FATAL, FATAL, "the store cannot be used")                                 \
    X(STATE_CORRUPT, FATAL, "a stored state cannot be read")                          \
    X(STATE_MISMATCH, FATAL, "the stored state was made under other settings")        \
    X(CONFIG, FATAL, "the configuration is wrong")                                    \
    X(LIMIT, FATAL, "a stated limit was reached")                                     \
    X(IO, FATAL, "input or output failed")

enum fr_err {
#define FR_ERR_ENUM(name, fate, text) FR_##name,
    FR_ERR_MAP(FR_ERR_ENUM)
#undef FR_ERR_ENUM
        FR_ERR_N
};

#define FR_MUST_USE __attribute__((warn_unused_result))
#define FR_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* A message for a person. On the caller's stack; every function that takes one accepts NULL and then formats
 * nothing. */
struct fr_errmsg {
    enum fr_err code;
    char text[232];
};

enum fr_fate fr_err_fate(enum fr_err code);
const char *fr_err_name(enum fr_err code); /* "STORE_DOWN" */
const char *fr_err_text(enum fr_err code); /* the table's sentence */

/* Writes the message unless one is there already (the first error wins) and returns code. */
enum fr_err fr_err_set(struct fr_errmsg *msg, enum fr_err code, const char *format, ...) FR_PRINTF(3, 4);
/* Puts "context: " in front of the message and returns its code. */
enum fr_err fr_err_wrap(struct fr_errmsg *msg, enum fr_err code, const char *context);

/* Always on: a wrong score published in silence is worse than a restart. No side effects in the condition. */
#define FR_ASSERT(cond) ((cond) ? (void)0 : fr_assert_failed(__FILE__, __LINE__, #cond))
_Noreturn void fr_assert_failed(const char *file, int line, const char *cond);

/* malloc, calloc, realloc that abort when memory is gone. For sizes the program bounds itself; anything sized
 * by input is bounded first. */
void *fr_alloc(size_t size_bytes);
void *fr_alloc_zero(size_t n, size_t size_bytes);
void *fr_realloc(void *old, size_t size_bytes);

#endif
