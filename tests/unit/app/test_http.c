#include "check.h"
#include "freshet/app/http.h"
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static bool live_answer, ready_answer;
static struct fr_http *http;
static char reply[65536];

static bool live(void *context) {
    (void)context;
    return live_answer;
}

static bool ready(void *context, struct fr_buf *why) {
    (void)context;
    fr_buf_printf(why, ready_answer ? "[+]redis ok\n" : "[-]redis cannot be reached\n");
    return ready_answer;
}

static void metrics(void *context, struct fr_buf *out) {
    (void)context;
    for (int i = 0; i < 1000; i++) fr_buf_printf(out, "some_metric{n=\"%d\"} 1\n", i);
}

/* Sends the text and reads until the server closes; the status, 0 when there is none. */
static int ask(const char *request) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)fr_http_port(http)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;
    size_t len = 0;
    ssize_t n = 1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request))
        while (n > 0 && len < sizeof reply - 1) {
            n = recv(fd, reply + len, sizeof reply - 1 - len, 0);
            if (n > 0) len += (size_t)n;
        }
    close(fd);
    reply[len] = '\0';
    return sscanf(reply, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static int ask_for(const char *method, const char *path) {
    char request[256];
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    return ask(request);
}

static bool said(const char *text) { return strstr(reply, text) != NULL; }

static void test_live(void) {
    live_answer = true;
    ready_answer = false;
    CHECK_INT(ask_for("GET", "/livez"), 200);
    live_answer = false;
    CHECK_INT(ask_for("GET", "/livez"), 503);
}

static void test_ready_says_why_not(void) {
    ready_answer = false;
    CHECK_INT(ask_for("GET", "/readyz"), 503);
    CHECK(said("[-]redis cannot be reached\nnot ready\n"));
    ready_answer = true;
    CHECK_INT(ask_for("GET", "/readyz"), 200);
    CHECK(!said("[+]redis"));
    CHECK_INT(ask_for("GET", "/readyz?verbose"), 200);
    CHECK(said("[+]redis ok\nok\n"));
    CHECK_INT(ask_for("GET", "/healthz"), 200);
}

static void test_metrics_page(void) {
    CHECK_INT(ask_for("GET", "/metrics"), 200);
    CHECK(said("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    CHECK(said("some_metric{n=\"999\"} 1\n"));
}

static void test_version_page(void) {
    CHECK_INT(ask_for("GET", "/version"), 200);
    CHECK(said("Content-Type: application/json\r\n"));
    CHECK(said("{\"name\":\"freshet\",\"version\":\"" FRESHET_VERSION "\"}\n"));
}

static void test_head_has_no_body(void) {
    CHECK_INT(ask_for("HEAD", "/version"), 200);
    CHECK(said("Content-Length: "));
    CHECK(!said("freshet"));
}

static void test_unknown_page_and_method(void) {
    CHECK_INT(ask_for("GET", "/metric"), 404);
    CHECK(said("/metrics\n"));
    CHECK_INT(ask_for("DELETE", "/metrics"), 405);
    CHECK(said("Allow: GET, HEAD\r\n"));
    CHECK_INT(ask("POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"),
              405);
}

static void test_garbage_does_no_harm(void) {
    int status = ask("\x01\x02\xff not HTTP\r\n\r\n");
    CHECK(status == 0 || status == 400);
    CHECK_INT(ask_for("GET", "/version"), 200);
}

static void test_addresses(void) {
    char host[64], port[8];
    CHECK(fr_http_address("127.0.0.1:9464", host, port));
    CHECK_STR(host, "127.0.0.1");
    CHECK_STR(port, "9464");
    CHECK(fr_http_address("[::1]:0", host, port));
    CHECK_STR(host, "::1");
    static const char *const wrong[] = {"",     "off",   ":1",      "h",    "h:",     "h:x",
                                        "h:1x", "::1:9", "h:65536", "h:-1", "[::1:9", "[]:9"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(!fr_http_address(wrong[i], host, port));
}

static void test_a_taken_port_is_an_error(void) {
    char listen[32];
    struct fr_http *second;
    struct fr_errmsg msg = {0};
    snprintf(listen, sizeof listen, "127.0.0.1:%u", fr_http_port(http));
    CHECK_INT(fr_http_start(listen, &(struct fr_http_source){0}, &second, &msg), FR_IO);
    CHECK(second == NULL && msg.text[0]);
    CHECK_INT(fr_http_start("off", &(struct fr_http_source){0}, &second, &msg), FR_OK);
    CHECK(second == NULL);
    fr_http_stop(&second);
}

int main(void) {
    const struct fr_http_source source = {.live = live, .ready = ready, .metrics = metrics};
    struct fr_errmsg msg = {0};
    if (fr_http_start("127.0.0.1:0", &source, &http, &msg) != FR_OK) {
        fprintf(stderr, "%s\n", msg.text);
        return 1;
    }
    RUN(test_live);
    RUN(test_ready_says_why_not);
    RUN(test_metrics_page);
    RUN(test_version_page);
    RUN(test_head_has_no_body);
    RUN(test_unknown_page_and_method);
    RUN(test_garbage_does_no_harm);
    RUN(test_addresses);
    RUN(test_a_taken_port_is_an_error);
    fr_http_stop(&http);
    return check_done();
}
