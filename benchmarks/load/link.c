/* TCP connections on one epoll. Level-triggered: one recv per event, and a spurious event does no harm. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* 28,000 local ports per source address are soon used up by connections in TIME_WAIT: spread them. */
enum { SOURCE_ADDRESSES = 32, READ_SIZE = 256 * 1024, BATCH = 256 };

static int poller = -1;
static unsigned opened;
static char scratch[READ_SIZE];

void loop_start(void) {
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) die("epoll_create1: %s", strerror(errno));
}

static void watch(struct link *link, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (link->want_write ? EPOLLOUT : 0), .data.ptr = link};
    if (epoll_ctl(poller, operation, link->fd, &event)) die("epoll_ctl: %s", strerror(errno));
}

void link_open(struct link *link) {
    struct sockaddr_in source = {.sin_family = AF_INET}, target = {.sin_family = AF_INET};
    int on = 1;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + opened++ % SOURCE_ADDRESSES);
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target.sin_port = htons((uint16_t)options.port);
    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0) die("socket: %s", strerror(errno));
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(link->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(link->fd, (struct sockaddr *)&source, sizeof source)) die("bind: %s", strerror(errno));
    if (connect(link->fd, (struct sockaddr *)&target, sizeof target) && errno != EINPROGRESS)
        die("connect: %s", strerror(errno));
    link->rest_size = link->out_size = 0;
    link->want_write = true; /* writable means connected; what link_send was given meanwhile leaves then */
    watch(link, EPOLL_CTL_ADD);
}

static void keep(char **buffer, size_t *size, const char *data, size_t more) {
    *buffer = realloc(*buffer, *size + more);
    if (!*buffer) die("out of memory");
    memcpy(*buffer + *size, data, more);
    *size += more;
}

static void lost(struct link *link) {
    link_close(link);
    link->closed(link);
}

void link_send(struct link *link, const char *data, size_t size) {
    if (!link->want_write) {
        ssize_t sent = send(link->fd, data, size, MSG_NOSIGNAL);
        if (sent == (ssize_t)size) return;
        if (sent < 0 && errno != EAGAIN) return; /* reading says that it is closed */
        if (sent > 0) data += sent, size -= (size_t)sent;
        link->want_write = true;
        watch(link, EPOLL_CTL_MOD);
    }
    keep(&link->out, &link->out_size, data, size);
}

static void flush(struct link *link) {
    ssize_t sent = link->out_size ? send(link->fd, link->out, link->out_size, MSG_NOSIGNAL) : 0;
    if (sent < 0) {
        if (errno != EAGAIN) lost(link);
        return;
    }
    link->out_size -= (size_t)sent;
    memmove(link->out, link->out + sent, link->out_size);
    if (link->out_size) return;
    free(link->out);
    link->out = NULL;
    link->want_write = false;
    watch(link, EPOLL_CTL_MOD);
}

void link_close(struct link *link) {
    if (link->fd < 0) return;
    close(link->fd);
    link->fd = -1;
    free(link->rest);
    free(link->out);
    link->rest = link->out = NULL;
    link->rest_size = link->out_size = 0;
}

static void readable(struct link *link) {
    char *data = scratch;
    ssize_t got = recv(link->fd, scratch + link->rest_size, READ_SIZE - link->rest_size, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        lost(link);
        return;
    }
    size_t size = link->rest_size + (size_t)got;
    if (link->rest_size) memcpy(scratch, link->rest, link->rest_size);
    link->rest_size = 0;
    while (size) {
        size_t used = link->received(link, data, size);
        if (link->fd < 0) return;
        if (!used) break;
        data += used;
        size -= used;
    }
    if (size == READ_SIZE) die("a message larger than %d bytes", READ_SIZE);
    if (size) keep(&link->rest, &link->rest_size, data, size);
}

void loop_once(int timeout_ms) {
    struct epoll_event events[BATCH];
    int count = epoll_wait(poller, events, BATCH, timeout_ms);
    for (int i = 0; i < count; i++) {
        struct link *link = events[i].data.ptr;
        if (link->fd >= 0 && events[i].events & EPOLLOUT) flush(link);
        if (link->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(link);
    }
}
