/* redis_server.h - servers of a test's own: in a new folder, on a unix socket or free ports, gone with the test.
 * Nothing of the machine's own Redis is touched. Needs redis-server in PATH. */
#ifndef FR_TESTS_REDIS_SERVER_H
#define FR_TESTS_REDIS_SERVER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVER_OPTIONS = 12, SERVER_WAIT_TRIES = 2000 };

struct redis_server {
    char dir[64], socket[96], url[128];
    int port; /* 0: unix socket only */
    pid_t pid;
    const char *options[SERVER_OPTIONS]; /* "--requirepass", "x", NULL */
};

static inline void server_exec(const struct redis_server *s) {
    char port[16];
    snprintf(port, sizeof port, "%d", s->port);
    const char *argv[24 + SERVER_OPTIONS] = {
        "redis-server", "--port",        port,       "--bind",
        "127.0.0.1",    "--unixsocket",  s->socket,  "--dir",
        s->dir,         "--save",        "",         "--appendonly",
        "yes",          "--appendfsync", "everysec", "--maxmemory-policy",
        "noeviction"};
    for (int i = 0; s->options[i]; i++) argv[17 + i] = s->options[i];
    char log[96];
    snprintf(log, sizeof log, "%s/log", s->dir);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, 1);
    dup2(fd, 2);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    union {
        const char **in;
        char **out;
    } args = {argv};
    execvp("redis-server", args.out);
    _exit(127);
}

static inline redisContext *server_dial(const struct redis_server *s) {
    redisContext *c = redisConnectUnix(s->socket);
    if (c && !c->err) return c;
    if (c) redisFree(c);
    return NULL;
}

/* Waits until the server answers anything but "still loading". */
static inline bool server_wait(const struct redis_server *s) {
    for (int i = 0; i < SERVER_WAIT_TRIES; i++, usleep(5000)) {
        redisContext *c = server_dial(s);
        redisReply *r = c ? redisCommand(c, "PING") : NULL;
        bool up = r && strncmp(r->str, "LOADING", 7) != 0;
        if (r) freeReplyObject(r);
        if (c) redisFree(c);
        if (up) return true;
    }
    fprintf(stderr, "redis-server in %s did not come up; see its log\n", s->dir);
    return false;
}

static inline bool server_start(struct redis_server *s) {
    if (!*s->dir) {
        snprintf(s->dir, sizeof s->dir, "/tmp/freshet-redis-XXXXXX");
        if (!mkdtemp(s->dir)) return false;
        snprintf(s->socket, sizeof s->socket, "%s/sock", s->dir);
        snprintf(s->url, sizeof s->url, "unix://%s", s->socket);
    }
    s->pid = fork();
    if (s->pid == 0) server_exec(s);
    return s->pid > 0 && server_wait(s);
}

static inline void server_kill(struct redis_server *s) {
    if (s->pid <= 0) return;
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

static inline void server_remove(struct redis_server *s) {
    server_kill(s);
    char command[2048];
    snprintf(command, sizeof command, "rm -rf '%s'", s->dir);
    if (*s->dir && system(command) != 0) fprintf(stderr, "%s stays behind\n", s->dir);
}

/* One command over a connection of its own; writes an error reply to stderr. Gives the reply or NULL. */
static inline redisReply *server_ask(const struct redis_server *s, const char *format, ...) {
    redisContext *c = server_dial(s);
    if (!c) return NULL;
    va_list args;
    va_start(args, format);
    redisReply *r = redisvCommand(c, format, args);
    va_end(args);
    if (r && r->type == REDIS_REPLY_ERROR) fprintf(stderr, "\"%s\": %s\n", format, r->str);
    redisFree(c);
    return r;
}

static inline void server_do(const struct redis_server *s, const char *format, ...) {
    redisContext *c = server_dial(s);
    va_list args;
    va_start(args, format);
    redisReply *r = c ? redisvCommand(c, format, args) : NULL;
    va_end(args);
    if (!r || r->type == REDIS_REPLY_ERROR) fprintf(stderr, "\"%s\": %s\n", format, r ? r->str : "no answer");
    if (r) freeReplyObject(r);
    if (c) redisFree(c);
}

static inline bool port_free(int port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    union {
        struct sockaddr_in *in;
        struct sockaddr *any;
    } address = {&at};
    bool is_free = bind(fd, address.any, sizeof at) == 0;
    close(fd);
    return is_free;
}

/* A port whose cluster bus port (10,000 above) is free too; a different start for every process. */
static inline int port_find(void) {
    static int next;
    if (!next) next = 20000 + (int)(getpid() % 1000) * 10;
    while (!port_free(next) || !port_free(next + 10000)) next++;
    return next++;
}

/* Three masters, a third of the slots each. */
static inline bool cluster_start(struct redis_server servers[3]) {
    static const int bounds[4] = {0, 5461, 10923, 16384};
    for (int i = 0; i < 3; i++) {
        servers[i] = (struct redis_server){.port = port_find(), .options = {"--cluster-enabled", "yes"}};
        if (!server_start(&servers[i])) return false;
        server_do(&servers[i], "CLUSTER ADDSLOTSRANGE %d %d", bounds[i], bounds[i + 1] - 1);
        server_do(&servers[i], "CLUSTER SET-CONFIG-EPOCH %d", i + 1);
        if (i) server_do(&servers[i], "CLUSTER MEET 127.0.0.1 %d", servers[0].port);
    }
    for (int i = 0, ready = 0; i < SERVER_WAIT_TRIES && ready < 3; i++, usleep(10000)) {
        redisReply *r = server_ask(&servers[ready], "CLUSTER INFO");
        if (r && strstr(r->str, "cluster_state:ok") && strstr(r->str, "cluster_known_nodes:3")) ready++;
        if (r) freeReplyObject(r);
        if (ready == 3) return true;
    }
    return false;
}

#endif
