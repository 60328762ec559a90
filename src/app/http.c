/* A table of pages behind libmicrohttpd.
 *
 * Choice    one internal thread with epoll: a slow reader costs a connection, never a thread, and pages are
 *           small texts made in memory.
 * Invariant a page writes only into its buffer; what goes on the wire is copied from it. */
#include "freshet/app/http.h"
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "freshet/app/metrics.h"
#include "freshet/base/json.h"

struct fr_http {
    struct MHD_Daemon *daemon;
    struct fr_http_source source;
    unsigned port;
};

#define TEXT_TYPE "text/plain; charset=utf-8"

struct page {
    const char *path, *type;
    unsigned (*make)(const struct fr_http *http, bool verbose, struct fr_buf *out); /* returns the status */
};

static unsigned make_live(const struct fr_http *http, bool verbose, struct fr_buf *out) {
    (void)verbose;
    bool live = !http->source.live || http->source.live(http->source.context);
    fr_buf_printf(out, live ? "ok\n" : "a worker has not moved for too long\n");
    return live ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned make_ready(const struct fr_http *http, bool verbose, struct fr_buf *out) {
    struct fr_buf why = {0};
    bool ready = !http->source.ready || http->source.ready(http->source.context, &why);
    if (verbose || !ready) fr_buf_str(out, fr_buf_slice(&why));
    fr_buf_printf(out, ready ? "ok\n" : "not ready\n");
    fr_buf_fini(&why);
    return ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned make_metrics(const struct fr_http *http, bool verbose, struct fr_buf *out) {
    (void)verbose;
    if (http->source.metrics) http->source.metrics(http->source.context, out);
    return MHD_HTTP_OK;
}

static unsigned make_version(const struct fr_http *http, bool verbose, struct fr_buf *out) {
    (void)http;
    (void)verbose;
    fr_json_open(out, '{');
    fr_json_key(out, "name");
    fr_json_str(out, FR_STR("freshet"));
    fr_json_key(out, "version");
    fr_json_str(out, FR_STR(FRESHET_VERSION));
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
    return MHD_HTTP_OK;
}

static unsigned make_index(const struct fr_http *http, bool verbose, struct fr_buf *out);

static const struct page pages[] = {
    {"/", TEXT_TYPE, make_index},
    {"/livez", TEXT_TYPE, make_live},
    {"/readyz", TEXT_TYPE, make_ready},
    {"/healthz", TEXT_TYPE, make_ready},
    {"/metrics", FR_METRICS_CONTENT_TYPE, make_metrics},
    {"/version", "application/json", make_version},
};

static unsigned make_index(const struct fr_http *http, bool verbose, struct fr_buf *out) {
    (void)http;
    (void)verbose;
    for (size_t i = 1; i < sizeof pages / sizeof *pages; i++) fr_buf_printf(out, "%s\n", pages[i].path);
    return MHD_HTTP_OK;
}

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, const char *type,
                               struct fr_buf *body) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_COPY);
    fr_buf_fini(body);
    if (!response) return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static const struct page *page_of(const char *path) {
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(path, pages[i].path) == 0) return &pages[i];
    return NULL;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **seen) {
    static char head_seen;
    (void)version;
    (void)upload;
    if (!*seen) { /* only the head has come: wait for the rest, which is ignored */
        *seen = &head_seen;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }
    struct fr_buf body = {0};
    const struct page *page = page_of(path);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        fr_buf_printf(&body, "only GET and HEAD are answered\n");
        return respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, TEXT_TYPE, &body);
    }
    if (!page) {
        fr_buf_printf(&body, "no such page; there are:\n");
        make_index(context, false, &body);
        return respond(connection, MHD_HTTP_NOT_FOUND, TEXT_TYPE, &body);
    }
    bool verbose =
        MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "verbose", 7, NULL, NULL) == MHD_YES;
    unsigned status = page->make(context, verbose, &body);
    return respond(connection, status, page->type, &body);
}

bool fr_http_address(const char *listen, char host[64], char port[8]) {
    const char *colon = strrchr(listen, ':');
    if (!colon || colon == listen) return false;
    const char *start = listen, *end = colon;
    bool bracket = *start == '[';
    if (bracket && end[-1] != ']') return false;
    if (bracket)
        start++, end--;
    else if (memchr(start, ':', (size_t)(end - start)))
        return false; /* IPv6 needs its brackets */
    size_t digits = strspn(colon + 1, "0123456789");
    if (end <= start || end - start >= 64 || digits == 0 || digits > 5 || colon[1 + digits]) return false;
    if (strtol(colon + 1, NULL, 10) > 65535) return false;
    snprintf(host, 64, "%.*s", (int)(end - start), start);
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

static struct MHD_Daemon *start_on(struct fr_http *http, const struct addrinfo *address) {
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD;
    if (address->ai_family == AF_INET6) flags |= MHD_USE_IPv6;
    return MHD_start_daemon(flags, 0, NULL, NULL, answer, http, MHD_OPTION_SOCK_ADDR, address->ai_addr,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)FR_HTTP_CONNECTIONS,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)FR_HTTP_IDLE_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_END);
}

enum fr_err fr_http_start(const char *listen, const struct fr_http_source *source, struct fr_http **out,
                          struct fr_errmsg *msg) {
    char host[64], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *addresses;
    *out = NULL;
    if (strcmp(listen, "off") == 0) return FR_OK;
    if (!fr_http_address(listen, host, port))
        return fr_err_set(msg, FR_CONFIG, "http.listen %s is not address:port", listen);
    int fault = getaddrinfo(host, port, &hints, &addresses);
    if (fault) return fr_err_set(msg, FR_CONFIG, "http.listen %s: %s", listen, gai_strerror(fault));
    struct fr_http *http = fr_alloc_zero(1, sizeof *http);
    http->source = *source;
    http->daemon = start_on(http, addresses);
    freeaddrinfo(addresses);
    if (!http->daemon) {
        free(http);
        return fr_err_set(msg, FR_IO, "cannot listen on %s: is the port taken?", listen);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    http->port = info ? info->port : 0;
    *out = http;
    return FR_OK;
}

unsigned fr_http_port(const struct fr_http *http) { return http->port; }

void fr_http_stop(struct fr_http **http) {
    if (!*http) return;
    MHD_stop_daemon((*http)->daemon);
    free(*http);
    *http = NULL;
}
