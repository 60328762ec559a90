/* http.h - what an operator's tools ask of a running freshet: /livez /readyz /healthz /metrics /version.
 *
 * Promise   /livez never depends on Kafka or Redis; /readyz says 503 with the reasons, ?verbose lists them in
 *           both cases. GET and HEAD only. At most FR_HTTP_CONNECTIONS at a time, silent ones are closed.
 * Not       no TLS and no passwords: listen on a loopback address, or behind something that has both.
 * Threads   one of its own, which calls the source; the source's functions must not wait.
 * Errors    FR_CONFIG: the address cannot be read; FR_IO: it cannot be listened on. */
#ifndef FR_APP_HTTP_H
#define FR_APP_HTTP_H

#include "freshet/base/buf.h"

enum { FR_HTTP_CONNECTIONS = 64, FR_HTTP_IDLE_S = 15 };

/* Any function may be NULL: alive, ready, no metrics. why gets one line a check, "[+]name ok" or
 * "[-]name what is missing". */
struct fr_http_source {
    void *context;
    bool (*live)(void *context);
    bool (*ready)(void *context, struct fr_buf *why);
    void (*metrics)(void *context, struct fr_buf *out);
};

struct fr_http;

/* listen is address:port, [v6 address]:port, or "off" (then *out is NULL); port 0 takes a free one. Keeps the
 * source's context until stop. */
enum fr_err fr_http_start(const char *listen, const struct fr_http_source *source, struct fr_http **out,
                          struct fr_errmsg *msg) FR_MUST_USE;
unsigned fr_http_port(const struct fr_http *http);
void fr_http_stop(struct fr_http **http);

/* Splits address:port; false when listen is not of this shape. "off" is not. */
bool fr_http_address(const char *listen, char host[64], char port[8]);

#endif
