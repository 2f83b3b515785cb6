// A service of Benchmarks/logging: says so many lines a second for so long, as an engine or an API would, one write(2) a line,
// and then sleeps.
//
//   logging-talker NUMBER LINES_A_SECOND SECONDS different|same
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int number;

// In turn what vLLM, uvicorn, our own programs and others write; no two lines are the same.
static int line(char *text, size_t size, long count, int differs) {
    long value = differs ? count : 7;
    long milliseconds = value * 7919 % 1000;
    switch (differs ? count % 4 : number % 4) {
        case 0:
            return snprintf(
                text, size,
                "(APIServer pid=%d) INFO 11-22 10:%02ld:%02ld [loggers.py:127] Engine 000: Avg prompt throughput: %ld.%ld tokens/s, "
                "Avg generation throughput: %ld.%ld tokens/s, Running: %ld reqs, Waiting: %ld reqs, GPU KV cache usage: %ld.%ld%%\n",
                100 + number, value / 60 % 60, value % 60, value % 5000, value % 10, value % 900, value % 7, value % 64, value % 9,
                value % 100, value % 10);
        case 1:
            return snprintf(
                text, size, "INFO:     127.0.0.1:%ld - \"POST /v1/chat/completions HTTP/1.1\" 200 OK\n", 1024 + value % 60000);
        case 2:
            return snprintf(
                text, size,
                "{\"level\":\"info\",\"message\":\"page read\",\"time\":\"2026-11-22T10:00:00.%03ldZ\",\"dpi\":300,\"height\":3507,"
                "\"width\":2480,\"ms\":%ld,\"queued_ms\":%ld,\"words\":%ld,\"job\":\"%032lx\",\"number\":%ld}\n",
                milliseconds, 800 + value % 1000, value % 20, value % 700, value * 2654435761L, value);
        default:
            return snprintf(
                text, size, "2026-11-22 10:00:00,%03ld - ocr.worker%ld - WARNING - page %ld of job %08lx is tried again\n",
                milliseconds, value % 8, value % 2000, value * 2654435761L & 0xffffffff);
    }
}

int main(int count, char **arguments) {
    if (count != 5) return 64;
    number = atoi(arguments[1]);
    long rate = atol(arguments[2]), total = rate * atol(arguments[3]);
    int differs = strcmp(arguments[4], "same") != 0;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    char text[1024];
    for (long said = 0; said < total;) {
        // A millisecond's worth at a time.
        for (long i = 0; i < (rate + 999) / 1000 && said < total; i++, said++) {
            int length = line(text, sizeof text, said, differs);
            for (int written = 0; written < length;) {
                ssize_t got = write(STDOUT_FILENO, text + written, (size_t)(length - written));
                if (got < 0) return 74;
                written += (int)got;
            }
        }
        due.tv_nsec += 1000000;
        if (due.tv_nsec >= 1000000000) {
            due.tv_nsec -= 1000000000;
            due.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    for (;;) pause();
}
