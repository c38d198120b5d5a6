/* A Socket.IO 5 client over Engine.IO 4 over WebSocket, started on that transport (no polling, no upgrade). */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

struct client_events client_events;
const char *expected_event;

/* One key for all frames: the server has to unmask them just the same. */
size_t websocket_frame(char *out, int opcode, const char *payload, size_t size) {
    static const unsigned char key[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t head = 2;
    if (size > 65535) die("a frame too large for this generator");
    out[0] = (char)(0x80 | opcode);
    out[1] = (char)(0x80 | (size > 125 ? 126 : size));
    if (size > 125) out[head++] = (char)(size >> 8), out[head++] = (char)size;
    memcpy(out + head, key, 4);
    head += 4;
    for (size_t i = 0; i < size; i++) out[head + i] = (char)(payload[i] ^ key[i % 4]);
    return head + size;
}

static void send_frame(struct client *client, int opcode, const char *payload, size_t size) {
    char frame[160];
    link_send(&client->link, frame, websocket_frame(frame, opcode, payload, size));
}

/* Returns how many Socket.IO events the packet is: 0 or 1. */
static int packet_received(struct client *client, const char *packet, size_t size) {
    if (client->state == CLIENT_CONNECTED && size == strlen(expected_event) && !memcmp(packet, expected_event, size))
        return 1;
    if (size == 1 && packet[0] == '2') {
        send_frame(client, TEXT, "3", 1);
    } else if (client->state == CLIENT_OPENING && size && packet[0] == '0') {
        client->state = CLIENT_JOINING;
        send_frame(client, TEXT, "40", 2);
    } else if (client->state == CLIENT_JOINING && size > 2 && !memcmp(packet, "40", 2)) {
        client->state = CLIENT_CONNECTED;
        client_events.connected(client);
    } else if (client->state != CLIENT_CLOSING) {
        die("unexpected packet: %.*s", (int)size, packet);
    }
    return 0;
}

/* A compressed event. It is not inflated here: without context every client gets the same bytes, so each frame has to be
 * like the first one, and shorter than the event. */
static int compressed_received(struct client *client, const char *payload, size_t size) {
    static char *first;
    static size_t first_size;
    if (client->state != CLIENT_CONNECTED) die("a compressed packet before any event");
    if (!first) {
        if (size >= strlen(expected_event)) die("a compressed event of %zu bytes", size);
        first = malloc(first_size = size);
        if (!first) die("out of memory");
        memcpy(first, payload, size);
    }
    if (size != first_size || memcmp(payload, first, size)) die("not compressed once for all clients");
    return 1;
}

static size_t upgraded(struct client *client, char *data, size_t size) {
    struct response response;
    size_t used = http_response(data, size, &response);
    if (!used) return 0;
    if (response.status != 101) die("no upgrade: %.*s", (int)used, data);
    client->state = CLIENT_OPENING;
    return used;
}

/* Consumes every whole frame of one read, then reports their events at once: the answers leave in one send. */
static size_t received(struct link *link, char *data, size_t size) {
    struct client *client = (struct client *)link;
    if (client->state == CLIENT_UPGRADING) return upgraded(client, data, size);
    size_t used = 0;
    int events = 0;
    while (size - used >= 2) {
        unsigned char *frame = (unsigned char *)data + used;
        size_t head = 2, length = frame[1];
        if (length == 126) {
            if (size - used < 4) break;
            head = 4, length = (size_t)frame[2] << 8 | frame[3];
        } else if (length > 125) {
            die("a frame that is masked or too large");
        }
        if (size - used < head + length) break;
        used += head + length;
        if (frame[0] == (0x80 | TEXT)) {
            int event = packet_received(client, (char *)frame + head, length);
            if (event && options.deflate) die("the server does not compress");
            events += event;
        } else if (frame[0] == (0xC0 | TEXT) && options.deflate) {
            events += compressed_received(client, (char *)frame + head, length);
        } else if (frame[0] == (0x80 | PING)) {
            send_frame(client, PONG, (char *)frame + head, length);
        } else if (frame[0] == (0x80 | CLOSE)) {
            if (client->state != CLIENT_CLOSING) die("the server closed with a frame");
        } else {
            die("unexpected frame, first byte 0x%02x", frame[0]);
        }
    }
    if (events) client_events.messages(client, events);
    return used;
}

static void closed(struct link *link) {
    struct client *client = (struct client *)link;
    if (client->state != CLIENT_CLOSING) die("the server closed a connection (state %d)", client->state);
    client->state = CLIENT_CLOSED;
    client_events.closed(client);
}

void client_connect(struct client *client) {
    static char request[512];
    static size_t size;
    if (!size)
        size = (size_t)snprintf(request, sizeof request,
                                "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                                options.port,
                                options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
    client->link.received = received;
    client->link.closed = closed;
    client->state = CLIENT_UPGRADING;
    client->started = now();
    client->sent = client->replied = 0;
    link_open(&client->link);
    link_send(&client->link, request, size);
}

/* Status 1000; the server answers with its own close frame and closes the connection. */
void client_close(struct client *client) {
    client->state = CLIENT_CLOSING;
    client->started = now();
    send_frame(client, CLOSE, "\x03\xe8", 2);
}
