/* As much of HTTP/1.1 as a Socket.IO client needs: responses with a Content-Length or in chunks. */
#define _GNU_SOURCE
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *header(const char *head, size_t size, const char *name) {
    size_t name_size = strlen(name);
    for (const char *line = head; (line = memmem(line, size - (size_t)(line - head), "\r\n", 2));) {
        line += 2;
        if ((size_t)(head + size - line) > name_size && !strncasecmp(line, name, name_size)) {
            line += name_size;
            while (*line == ' ') line++;
            return line;
        }
    }
    return NULL;
}

/* Joins the chunks in place. Returns the bytes used, 0 when the last chunk is not there yet. */
static size_t join_chunks(char *data, size_t size, size_t *body_size) {
    struct { char *at; size_t size; } chunks[256];
    size_t at = 0, count = 0;
    for (;;) {
        char *end = memmem(data + at, size - at, "\r\n", 2);
        if (!end) return 0;
        size_t chunk = strtoul(data + at, NULL, 16);
        at = (size_t)(end - data) + 2;
        if (at + chunk + 2 > size) return 0;
        if (!chunk) break;
        if (count == sizeof chunks / sizeof *chunks) die("a response of too many chunks");
        chunks[count].at = data + at;
        chunks[count++].size = chunk;
        at += chunk + 2;
    }
    *body_size = 0;
    for (size_t i = 0; i < count; i++) {
        memmove(data + *body_size, chunks[i].at, chunks[i].size);
        *body_size += chunks[i].size;
    }
    return at + 2;
}

size_t http_response(char *data, size_t size, struct response *response) {
    char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - data) + 2;
    if (size < 12 || memcmp(data, "HTTP/1.1 ", 9)) die("not an HTTP/1.1 response: %.60s", data);
    response->status = atoi(data + 9);
    response->body = end + 4;
    response->size = 0;
    if (response->status == 101) return head + 2;
    const char *length = header(data, head, "content-length:");
    if (length) {
        response->size = strtoul(length, NULL, 10);
        return head + 2 + response->size > size ? 0 : head + 2 + response->size;
    }
    const char *coding = header(data, head, "transfer-encoding:");
    if (!coding || strncasecmp(coding, "chunked", 7)) die("a response of unknown length: %.*s", (int)head, data);
    size_t used = join_chunks(response->body, size - head - 2, &response->size);
    return used ? head + 2 + used : 0;
}

const char *json_string(const char *text, size_t size, const char *key, size_t *value_size) {
    const char *at = memmem(text, size, key, strlen(key)), *end = text + size, *close;
    if (!at) return NULL;
    at += strlen(key);
    while (at < end && (*at == ' ' || *at == ':')) at++;
    if (at == end || *at++ != '"') return NULL;
    close = memchr(at, '"', (size_t)(end - at));
    if (!close) return NULL;
    *value_size = (size_t)(close - at);
    return at;
}
