/* What the kernel alone costs: epoll, recv and send of the same bytes, and hardly anything else.
 *
 * Speaks just enough to satisfy the load generator over WebSocket; the payloads are constants. Not a server.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAYLOAD "0123456789abcdef0123456789abcdef"
#define OPEN "0{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}"

static char greeting[512], joined[64], echo[64], broadcast[64], goodbye[4] = {(char)0x88, 2, 0x03, (char)0xe8};
static size_t echo_size, broadcast_size;
static unsigned char open_fds[1 << 20];
static int highest, poller;

static size_t frame(char *out, const char *packet) {
    size_t size = strlen(packet);
    out[0] = (char)0x81;
    out[1] = (char)size;
    memcpy(out + 2, packet, size);
    return size + 2;
}

static void put(int fd, const char *data, size_t size) {
    if (send(fd, data, size, MSG_NOSIGNAL) != (ssize_t)size) fprintf(stderr, "limit: short send\n");
}

static void drop(int fd) {
    open_fds[fd] = 0;
    close(fd);
}

static void serve(int fd) {
    char data[65536], out[65536];
    ssize_t got = recv(fd, data, sizeof data, 0);
    size_t out_size = 0;
    if (got <= 0) {
        drop(fd);
        return;
    }
    if (data[0] == 'G') {
        put(fd, greeting, strlen(greeting));
        return;
    }
    for (char *at = data; at + 6 <= data + got;) {
        size_t size = at[1] & 0x7f;
        for (size_t i = 0; i < size; i++) at[6 + i] ^= at[2 + i % 4];
        if ((at[0] & 15) == 8) {
            put(fd, goodbye, sizeof goodbye);
            drop(fd);
            return;
        }
        if (size == 2) {
            put(fd, joined, frame(joined, "40{\"sid\":\"y\"}"));
        } else if (!memcmp(at + 6, "42[\"echo\"", 9)) {
            memcpy(out + out_size, echo, echo_size);
            out_size += echo_size;
        } else if (!memcmp(at + 6, "42[\"broadcast\"", 14)) {
            for (int to = 0; to <= highest; to++)
                if (open_fds[to]) put(to, broadcast, broadcast_size);
        }
        at += 6 + size;
    }
    if (out_size) put(fd, out, out_size);
}

static void welcome(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    open_fds[fd] = 1;
    if (fd > highest) highest = fd;
}

int main(int argc, char **argv) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct epoll_event events[256];
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    if (argc != 2) return 2;
    signal(SIGUSR2, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    snprintf(greeting, sizeof greeting,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81%c%s",
             (int)strlen(OPEN), OPEN);
    echo_size = frame(echo, "42[\"echo\",\"" PAYLOAD "\"]");
    broadcast_size = frame(broadcast, "42[\"broadcast\",\"" PAYLOAD "\"]");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) return 1;
    poller = epoll_create1(0);
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener) welcome(listener);
            else serve(events[i].data.fd);
        }
    }
}
