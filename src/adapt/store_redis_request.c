/* Commands as bytes.
 *
 * Problem   a commit can be 20 MB. hiredis copies a command twice before it is sent and then moves the rest
 * of its buffer down after every partial write. Choice    lengths and short arguments go into one buffer,
 * long arguments are only pointed at, and the whole is sent by sendmsg. hiredis keeps what it does well:
 * connecting and parsing replies. Invariant text grows only at its end; a piece without a pointer is the next
 * run of text. */
#include "store_redis_internal.h"
#include <stdio.h>
#include <stdlib.h>

enum { COPY_BYTES = 2048 }; /* copying less is cheaper than one more piece */

void fr_redis_request_clear(struct redis_request *r) {
    fr_buf_clear(&r->text);
    r->piece_n = 0;
    r->bytes = 0;
}

void fr_redis_request_fini(struct redis_request *r) {
    fr_buf_fini(&r->text);
    free(r->pieces);
    *r = (struct redis_request){0};
}

static struct redis_piece *piece_push(struct redis_request *r) {
    if (r->piece_n == r->piece_cap) {
        r->piece_cap = r->piece_cap ? r->piece_cap * 2 : 64;
        r->pieces = fr_realloc(r->pieces, r->piece_cap * sizeof *r->pieces);
    }
    return &r->pieces[r->piece_n++];
}

static void add_text(struct redis_request *r, const char *bytes, size_t n) {
    struct redis_piece *last = r->piece_n ? &r->pieces[r->piece_n - 1] : NULL;
    if (!last || last->ptr) {
        last = piece_push(r);
        *last = (struct redis_piece){NULL, r->text.len, 0};
    }
    fr_buf_append(&r->text, bytes, n);
    last->len += n;
    r->bytes += n;
}

static void add_count(struct redis_request *r, char mark, uint32_t n) {
    char line[16];
    add_text(r, line, (size_t)snprintf(line, sizeof line, "%c%u\r\n", mark, n));
}

void fr_redis_request_arg(struct redis_request *r, struct fr_str arg) {
    add_count(r, '$', arg.len);
    if (arg.len > COPY_BYTES) {
        *piece_push(r) = (struct redis_piece){arg.ptr, 0, arg.len};
        r->bytes += arg.len;
    } else {
        add_text(r, arg.ptr, arg.len);
    }
    add_text(r, "\r\n", 2);
}

void fr_redis_request_command(struct redis_request *r, const char *name, uint32_t arg_n) {
    add_count(r, '*', arg_n + 1);
    fr_redis_request_arg(r, fr_str_of(name));
}
