/* Load generator for Socket.IO servers: what its files share.
 *
 * One thread, one epoll. measure.c counts and times, link.c moves bytes, http.c and websocket.c frame them,
 * websocket_workloads.c and polling_workloads.c decide what is sent next, main.c reads the options and reports.
 * Times are nanoseconds of the monotonic clock unless a name says otherwise.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SECOND 1000000000ull
#define MAX_PIDS 64
#define MAX_DEPTH 256

struct options {
    const char *workload;
    int port;
    int clients;       /* how many stay connected */
    int depth;         /* messages in flight per client (broadcast: in all) */
    int connecting;    /* handshakes under way at once */
    int connections;   /* of one polling client: 1 (POST, then GET) or 2 (GET waits while POST goes) */
    uint64_t warm_up;
    uint64_t duration; /* of the measured window */
    uint64_t settle;   /* pause before memory is read */
    uint64_t timeout;  /* of the whole run */
    uint64_t count;    /* the window ends after so many units, if it is not 0 */
    int size;          /* bytes of the broadcast's payload */
    bool deflate;      /* the clients offer permessage-deflate, and want broadcasts compressed */
    bool collect;      /* SIGUSR2 asks the server to collect its garbage before memory is read */
    pid_t pids[MAX_PIDS];
    int pid_count;
};
extern struct options options;

void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* measure.c */
enum phase { CONNECTING, WARMING, MEASURING, DONE };
struct usage {
    double cpu, wait; /* seconds on the processor, and ready but kept waiting for it */
};
struct window {
    uint64_t units;
    double seconds, load_cpu;
    struct usage server;
};
extern enum phase phase;
extern uint64_t units; /* units of work done since the start */
uint64_t now(void);
struct usage server_usage(void);
long server_memory(void); /* bytes resident, -1: not known */
void server_collect(void);
double load_cpu(void);
void record(uint64_t latency);
double percentile(double share); /* in microseconds */
void begin_warm_up(void);
void measure_tick(void); /* moves WARMING -> MEASURING -> DONE */
struct window measured_window(void);

/* link.c: a TCP connection */
struct link {
    int fd; /* -1: closed */
    bool want_write;
    char *rest, *out; /* bytes received but not consumed; bytes not yet accepted by the kernel */
    size_t rest_size, out_size;
    size_t (*received)(struct link *, char *data, size_t size); /* returns how many bytes it consumed */
    void (*closed)(struct link *);                              /* the peer closed */
};
void loop_start(void);
void loop_once(int timeout_ms);
void link_open(struct link *link);
void link_send(struct link *link, const char *data, size_t size);
void link_close(struct link *link);

/* http.c */
struct response {
    int status;
    char *body;
    size_t size;
};
size_t http_response(char *data, size_t size, struct response *response); /* bytes consumed, 0: not whole yet */
const char *json_string(const char *text, size_t size, const char *key, size_t *value_size);

/* websocket.c: a Socket.IO client over WebSocket */
enum client_state { CLIENT_CLOSED, CLIENT_UPGRADING, CLIENT_OPENING, CLIENT_JOINING, CLIENT_CONNECTED, CLIENT_CLOSING };
struct client {
    struct link link; /* first: a link is its client */
    enum client_state state;
    uint64_t started;            /* connecting or closing since */
    uint64_t sent_at[MAX_DEPTH]; /* ring: when the messages in flight were sent */
    unsigned sent, replied;
};
struct client_events {
    void (*connected)(struct client *);
    void (*messages)(struct client *, int count); /* Socket.IO events of one read */
    void (*closed)(struct client *);
};
extern struct client_events client_events;
extern const char *expected_event; /* what every event packet must be, byte for byte */
size_t websocket_frame(char *out, int opcode, const char *payload, size_t size);
void client_connect(struct client *client);
void client_close(struct client *client);

/* workloads */
void run_echo(void);
void run_broadcast(void);
void run_idle(void);
void run_connect(void);
void run_polling(void);
void run_polling_connect(void);
void report(const char *unit); /* prints the JSON line of the measured window */
void check_deadline(void);

#define PAYLOAD "0123456789abcdef0123456789abcdef" /* 32 bytes */
#define ECHO_PACKET "42[\"echo\",\"" PAYLOAD "\"]"
#define MAX_SIZE 60000

#endif
