/* Echo and connect over long-polling: GET and POST on kept-alive connections. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct poller;
struct lane { /* one HTTP connection; at most one request is under way on it */
    struct link link;
    struct poller *poller;
    char method; /* of the request under way: 'G', 'P', 0: none */
};
enum poller_state { OPENING, JOINING, JOINED, RUNNING, LEAVING };
struct poller {
    struct lane lanes[2]; /* GET, POST; with one connection both use the first */
    enum poller_state state;
    uint64_t started;
    bool got_echo, got_ok, pong_due;
    char sid[64];
};

static struct poller *pollers;
static int joined;
static void (*on_settled)(struct poller *);

static void request(struct poller *poller, char method, const char *body) {
    struct lane *lane = &poller->lanes[method == 'P' && options.connections == 2];
    char text[1024];
    int size;
    if (lane->method) die("a second request on a busy connection");
    lane->method = method;
    if (lane->link.fd < 0) link_open(&lane->link);
    const char *sid_key = poller->sid[0] ? "&sid=" : "";
    if (method == 'G') {
        size = snprintf(text, sizeof text,
                        "GET /socket.io/?EIO=4&transport=polling%s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                        "Accept: */*\r\n\r\n",
                        sid_key, poller->sid, options.port);
    } else {
        size = snprintf(text, sizeof text,
                        "POST /socket.io/?EIO=4&transport=polling%s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n"
                        "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: %zu\r\n\r\n%s",
                        sid_key, poller->sid, options.port, strlen(body), body);
    }
    link_send(&lane->link, text, (size_t)size);
}

static void start_trip(struct poller *poller) {
    poller->started = now();
    poller->got_echo = poller->got_ok = false;
    if (options.connections == 2) request(poller, 'G', NULL); /* waiting when the event comes, as in a browser */
    request(poller, 'P', poller->pong_due ? "3\x1e" ECHO_PACKET : ECHO_PACKET);
    poller->pong_due = false;
}

static void trip_advanced(struct poller *poller) {
    if (!poller->got_echo || !poller->got_ok) return;
    record(now() - poller->started);
    units++;
    start_trip(poller);
}

static void packet_received(struct poller *poller, const char *packet, size_t size) {
    size_t sid_size;
    if (poller->state == OPENING && packet[0] == '0') {
        const char *sid = json_string(packet, size, "\"sid\"", &sid_size);
        if (!sid || sid_size >= sizeof poller->sid) die("no session id in %.*s", (int)size, packet);
        memcpy(poller->sid, sid, sid_size);
        poller->sid[sid_size] = 0;
    } else if (poller->state == JOINING && size > 2 && !memcmp(packet, "40", 2)) {
        poller->state = JOINED;
    } else if (poller->state == RUNNING && size == strlen(ECHO_PACKET) && !memcmp(packet, ECHO_PACKET, size)) {
        poller->got_echo = true;
    } else if (size == 1 && packet[0] == '2') {
        poller->pong_due = true;
    } else if (!(size == 1 && packet[0] == '6')) {
        die("unexpected packet: %.*s", (int)size, packet);
    }
}

static void got(struct poller *poller, char *body, size_t size) {
    for (char *end = body + size, *packet = body; packet < end;) {
        char *separator = memchr(packet, 0x1e, (size_t)(end - packet));
        size_t length = (size_t)((separator ? separator : end) - packet);
        packet_received(poller, packet, length);
        packet += length + 1;
    }
    if (poller->state == OPENING) {
        if (!poller->sid[0]) die("the first response holds no open packet");
        poller->state = JOINING;
        request(poller, 'P', "40");
        if (options.connections == 2) request(poller, 'G', NULL);
    } else if (poller->state == JOINING || (poller->state == RUNNING && !poller->got_echo)) {
        request(poller, 'G', NULL);
    } else if (poller->state == RUNNING) {
        trip_advanced(poller);
    }
}

static void posted(struct poller *poller) {
    poller->got_ok = true;
    if (options.connections == 1 && poller->state != LEAVING) request(poller, 'G', NULL);
    if (poller->state == RUNNING) trip_advanced(poller);
}

static size_t received(struct link *link, char *data, size_t size) {
    struct lane *lane = (struct lane *)link;
    struct poller *poller = lane->poller;
    struct response response;
    size_t used = http_response(data, size, &response);
    if (!used) return 0;
    char method = lane->method;
    if (response.status != 200 || !method) die("unexpected response: %.*s", (int)used, data);
    lane->method = 0;
    if (method == 'P') posted(poller);
    else got(poller, response.body, response.size);
    /* Settled when the answer to CONNECT is there and the POST that carried it is answered too, and after leaving. */
    bool idle = !poller->lanes[0].method && !poller->lanes[1].method;
    if ((poller->state == JOINED || (poller->state == LEAVING && method == 'P')) && idle) on_settled(poller);
    return used;
}

static void closed(struct link *link) {
    struct poller *poller = ((struct lane *)link)->poller;
    die("the server closed a kept-alive connection (state %d)", poller->state);
}

static void open_session(struct poller *poller) {
    poller->state = OPENING;
    poller->started = now();
    poller->sid[0] = 0;
    poller->got_ok = poller->pong_due = false;
    request(poller, 'G', NULL);
}

static void prepare(void) {
    pollers = calloc((size_t)options.clients, sizeof *pollers);
    if (!pollers) die("out of memory");
    for (int i = 0; i < options.clients; i++) {
        for (int k = 0; k < 2; k++)
            pollers[i].lanes[k] = (struct lane){
                .link = {.fd = -1, .received = received, .closed = closed}, .poller = &pollers[i]};
        open_session(&pollers[i]);
    }
}

static void count_joined(struct poller *poller) {
    poller->state = RUNNING;
    joined++;
    start_trip(poller);
}

static void run_window(void) {
    while (phase != DONE) {
        loop_once(10);
        if (phase != CONNECTING) measure_tick();
        else if (joined == options.clients) begin_warm_up();
        check_deadline();
    }
}

/* A unit is a round trip: the POST answered, and the echo there with a GET. */
void run_polling(void) {
    on_settled = count_joined;
    prepare();
    run_window();
    report("round trip");
}

static void leave_and_return(struct poller *poller) {
    if (poller->state == JOINED) {
        record(now() - poller->started);
        poller->state = LEAVING;
        request(poller, 'P', "1");
        return;
    }
    units++;
    for (int k = 0; k < 2; k++) link_close(&poller->lanes[k].link);
    if (phase != DONE) open_session(poller);
}

/* GET (open), POST (CONNECT), GET (its answer), POST (close packet), on one new connection; then again. */
void run_polling_connect(void) {
    options.connections = 1;
    on_settled = leave_and_return;
    prepare();
    begin_warm_up();
    run_window();
    report("connection");
}
