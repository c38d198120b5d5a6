/* echo, broadcast, idle and connect over WebSocket. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct client *clients;
static int begun, connected;
static char *frames; /* `depth` frames in a row, so that n messages are one send */
static size_t frame_size;

static void prepare(const char *packet) {
    expected_event = packet;
    clients = calloc((size_t)options.clients, sizeof *clients);
    if (!clients) die("out of memory");
    for (int i = 0; i < options.clients; i++) clients[i].link.fd = -1;
    frames = malloc((size_t)options.depth * (strlen(packet) + 16));
    if (!frames) die("out of memory");
    for (int i = 0; i < options.depth; i++)
        frame_size = websocket_frame(frames + (size_t)i * frame_size, 1, packet, strlen(packet));
}

static void connect_next(void) {
    if (begun < options.clients) client_connect(&clients[begun++]);
}

static void on_connected(struct client *client) {
    record(now() - client->started);
    connected++;
    connect_next();
}

static void connect_all(int target) {
    int total = options.clients;
    options.clients = target;
    for (int i = 0; i < options.connecting; i++) connect_next();
    while (connected < target) {
        loop_once(10);
        check_deadline();
    }
    options.clients = total;
}

static void run_window(void) {
    while (phase != DONE) {
        loop_once(10);
        measure_tick();
        check_deadline();
    }
}

static void send_messages(struct client *client, int count) {
    uint64_t time = now();
    for (int i = 0; i < count; i++) client->sent_at[client->sent++ % MAX_DEPTH] = time;
    link_send(&client->link, frames, (size_t)count * frame_size);
}

static void on_echo(struct client *client, int count) {
    uint64_t time = now();
    for (int i = 0; i < count; i++) record(time - client->sent_at[client->replied++ % MAX_DEPTH]);
    units += (uint64_t)count;
    send_messages(client, count);
}

/* Every client keeps `depth` messages in flight. A unit is a message echoed. */
void run_echo(void) {
    prepare(ECHO_PACKET);
    client_events = (struct client_events){.connected = on_connected, .messages = on_echo};
    connect_all(options.clients);
    for (int i = 0; i < options.clients; i++) send_messages(&clients[i], options.depth);
    begin_warm_up();
    run_window();
    report("message");
}

static uint64_t broadcasts_complete;

static void on_broadcast(struct client *client, int count) {
    uint64_t time = now();
    /* The sender is clients[0]; it takes its times from the ring, the others count along. */
    for (int i = 0; i < count; i++) record(time - clients[0].sent_at[client->replied++ % MAX_DEPTH]);
    units += (uint64_t)count;
    for (; units / (uint64_t)options.clients > broadcasts_complete; broadcasts_complete++)
        send_messages(&clients[0], 1);
}

/* What is broadcast: PAYLOAD where the size is its own; else numbered words, as compressible as lists of records are. */
static const char *broadcast_packet(void) {
    static char packet[MAX_SIZE + 64];
    size_t start = (size_t)sprintf(packet, "42[\"broadcast\",\""), end = start + (size_t)options.size;
    if (end == start + sizeof PAYLOAD - 1) {
        memcpy(packet + start, PAYLOAD, sizeof PAYLOAD - 1);
    } else {
        unsigned chance = 1;
        for (size_t at = start; at < end;) {
            char record[64];
            chance = chance * 1103515245 + 12345;
            size_t size = (size_t)snprintf(record, sizeof record, "id %u, user %u, at %u; ", chance >> 12 & 0xffff,
                                           chance >> 8 & 15, chance >> 16 & 0x3ff);
            size = size < end - at ? size : end - at;
            memcpy(packet + at, record, size);
            at += size;
        }
    }
    strcpy(packet + end, "\"]");
    return packet;
}

/* One client asks, the server sends to all; the next one follows when all have it. A unit is a delivery. */
void run_broadcast(void) {
    prepare(broadcast_packet());
    client_events = (struct client_events){.connected = on_connected, .messages = on_broadcast};
    connect_all(options.clients);
    send_messages(&clients[0], options.depth);
    begin_warm_up();
    run_window();
    report("delivery");
}

static void hold(uint64_t pause) {
    for (uint64_t until = now() + pause; now() < until; check_deadline()) loop_once(10);
}

static void on_nothing(struct client *client, int count) {
    (void)client;
    die("%d events, where none was asked for", count);
}

/* Resident memory before and after `clients` connect. The first hundred come before the first reading, so that what
 * a server loads or caches once is not counted; they stay. */
void run_idle(void) {
    int first = 100, added = options.clients;
    options.clients += first;
    prepare(ECHO_PACKET);
    client_events = (struct client_events){.connected = on_connected, .messages = on_nothing};
    connect_all(first);
    server_collect();
    hold(options.settle);
    long before = server_memory();
    struct usage used_before = server_usage();
    uint64_t began = now();
    connect_all(options.clients);
    double seconds = (double)(now() - began) / 1e9;
    hold(options.settle);
    struct usage used = server_usage();
    long after = server_memory();
    server_collect();
    hold(options.settle);
    long collected = server_memory();
    if (before < 0) die("/proc/PID/smaps_rollup cannot be read");
    printf("{\"workload\": \"idle\", \"unit\": \"connection that stays\", \"clients\": %d, ", added);
    printf("\"seconds\": %.3f, ", seconds);
    printf("\"bytes\": %.0f, \"bytes_collected\": %.0f, \"memory_before\": %ld, \"memory_after\": %ld, ",
           (double)(after - before) / added, (double)(collected - before) / added, before, after);
    printf("\"cpu_us\": %.3f, \"server_wait\": %.3f}\n", (used.cpu - used_before.cpu) * 1e6 / added,
           (used.wait - used_before.wait) / seconds);
}

static void on_connected_close(struct client *client) {
    record(now() - client->started);
    client_close(client);
}

static void on_closed_again(struct client *client) {
    units++;
    if (phase != DONE) client_connect(client);
}

/* connect, CONNECT packet, its answer, close frame, end of stream; then again. A unit is one such round. */
void run_connect(void) {
    prepare(ECHO_PACKET);
    client_events = (struct client_events){
        .connected = on_connected_close, .messages = on_nothing, .closed = on_closed_again};
    for (int i = 0; i < options.clients; i++) client_connect(&clients[i]);
    begin_warm_up();
    while (phase != DONE) {
        loop_once(10);
        measure_tick();
        check_deadline();
        for (int i = 0; i < options.clients; i++)
            if (clients[i].state == CLIENT_CLOSING && now() - clients[i].started > 2 * SECOND)
                die("a connection is still open 2 s after its close frame");
    }
    report("connection");
}
