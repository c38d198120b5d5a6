/* Options, limits, the JSON line.
 *
 *   load echo --port 5000 --pid 1234 --clients 100
 */
#define _GNU_SOURCE
#include "load.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct options options = {
    .clients = 100, .depth = 1, .connecting = 64, .connections = 2,
    .warm_up = SECOND / 2, .duration = 2 * SECOND, .settle = SECOND, .timeout = 60 * SECOND,
    .size = sizeof PAYLOAD - 1,
};

static const struct { const char *name; void (*run)(void); } workloads[] = {
    {"echo", run_echo},       {"broadcast", run_broadcast}, {"idle", run_idle},
    {"connect", run_connect}, {"polling", run_polling},     {"polling-connect", run_polling_connect},
};

static uint64_t deadline;

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "load %s: ", options.workload ? options.workload : "");
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void check_deadline(void) {
    if (now() > deadline) die("not done in time (phase %d, %llu units)", phase, (unsigned long long)units);
}

void report(const char *unit) {
    struct window w = measured_window();
    if (!w.units) die("nothing happened in the measured window");
    double count = (double)w.units;
    printf("{\"workload\": \"%s\", \"unit\": \"%s\", \"clients\": %d, \"depth\": %d, \"units\": %llu, ",
           options.workload, unit, options.clients, options.depth, (unsigned long long)w.units);
    printf("\"seconds\": %.3f, \"per_second\": %.1f, \"cpu_us\": %.3f, \"p50_us\": %.1f, \"p99_us\": %.1f, ", w.seconds,
           count / w.seconds, w.server.cpu * 1e6 / count, percentile(0.5), percentile(0.99));
    printf("\"server_cpu\": %.3f, \"server_wait\": %.3f, \"load_cpu\": %.3f}\n", w.server.cpu / w.seconds,
           w.server.wait / w.seconds, w.load_cpu / w.seconds);
}

static void raise_file_limit(rlim_t wanted) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted;
    if (limit.rlim_max < wanted) limit.rlim_max = wanted; /* the superuser may */
    if (setrlimit(RLIMIT_NOFILE, &limit))
        die("%d clients need a limit of %d open files", options.clients, (int)wanted);
}

static double number(const char *text, double least, double most) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || value < least || value > most)
        die("%s is not a number from %g to %g", text, least, most);
    return value;
}

static void add_pids(char *list) {
    for (char *pid = strtok(list, ","); pid; pid = strtok(NULL, ",")) {
        if (options.pid_count == MAX_PIDS) die("more than %d processes", MAX_PIDS);
        options.pids[options.pid_count++] = (pid_t)number(pid, 1, 1 << 30);
    }
}

static void read_options(int argc, char **argv) {
    static const struct option names[] = {
        {"port", 1, NULL, 'p'},     {"pid", 1, NULL, 'P'},     {"clients", 1, NULL, 'c'},     {"depth", 1, NULL, 'd'},
        {"connecting", 1, NULL, 'C'}, {"connections", 1, NULL, 'k'},
        {"warm-up", 1, NULL, 'w'},  {"seconds", 1, NULL, 's'}, {"settle", 1, NULL, 'S'},      {"timeout", 1, NULL, 't'},
        {"count", 1, NULL, 'n'},    {"collect", 0, NULL, 'g'}, {"size", 1, NULL, 'b'},        {"deflate", 0, NULL, 'z'},
        {0},
    };
    for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (name) {
        case 'p': options.port = (int)number(optarg, 1, 65535); break;
        case 'P': add_pids(optarg); break;
        case 'c': options.clients = (int)number(optarg, 1, 200000); break;
        case 'd': options.depth = (int)number(optarg, 1, MAX_DEPTH); break;
        case 'C': options.connecting = (int)number(optarg, 1, 4096); break;
        case 'k': options.connections = (int)number(optarg, 1, 2); break;
        case 'w': options.warm_up = (uint64_t)(number(optarg, 0, 600) * 1e9); break;
        case 's': options.duration = (uint64_t)(number(optarg, 0.01, 600) * 1e9); break;
        case 'S': options.settle = (uint64_t)(number(optarg, 0, 600) * 1e9); break;
        case 't': options.timeout = (uint64_t)(number(optarg, 1, 3600) * 1e9); break;
        case 'n': options.count = (uint64_t)number(optarg, 0, 1e15); break;
        case 'g': options.collect = true; break;
        case 'b': options.size = (int)number(optarg, 1, MAX_SIZE); break;
        case 'z': options.deflate = true; break;
        default: die("see main.c for the options");
    }
    if (optind + 1 != argc || !options.port || !options.pid_count)
        die("usage: load WORKLOAD --port PORT --pid PID,... [options]");
    options.workload = argv[optind];
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    raise_file_limit((rlim_t)options.clients * (strncmp(options.workload, "polling", 7) ? 1 : 2) + 256);
    deadline = now() + options.timeout;
    loop_start();
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
        if (strcmp(workloads[i].name, options.workload)) continue;
        workloads[i].run();
        return 0;
    }
    die("no such workload");
}
