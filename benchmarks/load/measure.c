/* Clock, CPU and memory of the server (from /proc), latencies, and the measured window. */
#define _GNU_SOURCE
#include "load.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum phase phase = CONNECTING;
uint64_t units;

static struct window window;
static uint64_t phase_began, units_at_start;
static struct usage server_at_start;
static double load_cpu_at_start;

uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* schedstat counts nanoseconds, stat only clock ticks of 10 ms; it is per thread, so all threads are summed. Its second
 * number is the time spent ready to run while something else had the processor. */
struct usage server_usage(void) {
    unsigned long long cpu = 0, wait = 0;
    for (int i = 0; i < options.pid_count; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/task", (int)options.pids[i]);
        DIR *tasks = opendir(path);
        if (!tasks) die("server process %d is gone", (int)options.pids[i]);
        for (struct dirent *task; (task = readdir(tasks));) {
            if (task->d_name[0] == '.') continue;
            char file_name[400];
            snprintf(file_name, sizeof file_name, "%s/%s/schedstat", path, task->d_name);
            FILE *file = fopen(file_name, "r");
            unsigned long long ran, waited;
            if (!file) continue; /* that thread has just ended */
            if (fscanf(file, "%llu %llu", &ran, &waited) == 2) cpu += ran, wait += waited;
            fclose(file);
        }
        closedir(tasks);
    }
    return (struct usage){.cpu = (double)cpu / 1e9, .wait = (double)wait / 1e9};
}

/* smaps_rollup counts pages; VmRSS of status may lag by some pages per thread. */
long server_memory(void) {
    long total = 0;
    for (int i = 0; i < options.pid_count; i++) {
        char path[64], line[256];
        long kilobytes = -1;
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)options.pids[i]);
        FILE *file = fopen(path, "r");
        if (!file) return -1;
        while (kilobytes < 0 && fgets(line, sizeof line, file))
            if (sscanf(line, "Rss: %ld kB", &kilobytes) != 1) kilobytes = -1;
        fclose(file);
        if (kilobytes < 0) return -1;
        total += kilobytes * 1024;
    }
    return total;
}

void server_collect(void) {
    for (int i = 0; options.collect && i < options.pid_count; i++) kill(options.pids[i], SIGUSR2);
}

double load_cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Log-linear histogram: 64 steps in each power of two, so a percentile is off by 1.6 % at most. */
enum { STEP_BITS = 6, STEPS = 1 << STEP_BITS, BUCKETS = 40 * STEPS };
static uint64_t histogram[BUCKETS], recorded;

void record(uint64_t latency) {
    if (phase != MEASURING) return;
    unsigned exponent = 63u - (unsigned)__builtin_clzll(latency | STEPS);
    size_t bucket = (size_t)(exponent - STEP_BITS) * STEPS + (size_t)(latency >> (exponent - STEP_BITS));
    histogram[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    recorded++;
}

double percentile(double share) {
    uint64_t seen = 0;
    if (!recorded) return 0;
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        seen += histogram[bucket];
        if ((double)seen < share * (double)recorded) continue;
        if (bucket < 2 * STEPS) return (double)bucket / 1e3;
        size_t shift = bucket / STEPS - 1;
        return (double)((uint64_t)(bucket - shift * STEPS) << shift) / 1e3;
    }
    return 0;
}

void begin_warm_up(void) {
    phase = WARMING;
    phase_began = now();
}

/* The window begins and ends where every client has had the same number of turns on average: some servers answer
 * thousands of clients in waves, and part of a wave would count its CPU but not its messages. */
void measure_tick(void) {
    static uint64_t rounds;
    uint64_t time = now(), rounds_now = units / (uint64_t)options.clients;
    if (rounds_now == rounds) return;
    rounds = rounds_now;
    if (phase == WARMING && time - phase_began >= options.warm_up) {
        phase = MEASURING;
        phase_began = time;
        units_at_start = units;
        server_at_start = server_usage();
        load_cpu_at_start = load_cpu();
    } else if (phase == MEASURING && (time - phase_began >= options.duration ||
                                      (options.count && units - units_at_start >= options.count))) {
        phase = DONE;
        window.units = units - units_at_start;
        window.seconds = (double)(time - phase_began) / 1e9;
        struct usage server = server_usage();
        window.server.cpu = server.cpu - server_at_start.cpu;
        window.server.wait = server.wait - server_at_start.wait;
        window.load_cpu = load_cpu() - load_cpu_at_start;
    }
}

struct window measured_window(void) { return window; }
