// pipeline-engine: an engine that reads nothing, for Benchmarks/pipeline. It speaks as much of vLLM's HTTP as a client of
// chat completions sees, takes a fixed time for each answer, and has a fixed number of places; who finds none waits in line.
//
//     pipeline-engine PORT
//
// One thread and epoll; bodies are counted and dropped, so that it never limits a measurement. `GET /set?…` sets
// latency_ms, places, pieces (of which a streamed answer consists, spread over the latency) and total (requests of what
// comes next), and begins a new account; `GET /account` prints that account as JSON.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pipeline-answers.h"

enum { HEAD = 16 << 10, EDGE = 2048, RECEIVED = 1 << 20 };

struct connection {
    int descriptor;
    enum { READING_HEAD, READING_BODY, WAITING, INSIDE } state;
    char head[HEAD + 1];
    size_t head_length;
    long body_left;
    // Beginning and end of the body: all that is looked at.
    char first[EDGE + 1], last[EDGE + 1];
    size_t first_length, last_length;
    bool streams, asks_completion;
    int pieces_sent;
    uint64_t due;  // nanoseconds
    char *unsent;
    size_t unsent_length;
    struct connection *before, *after;  // in the line that it stands in
};

// First come, first served: times are fixed, so that whoever entered first is due first.
struct line {
    struct connection *first, *last;
    int count;
};

static struct { double latency; int places, pieces, total; } setting = {0, 64, 1, 0};
static struct {
    uint64_t first, last, changed;
    // Nanoseconds with every place taken that could be, and with none; places times nanoseconds, of both.
    uint64_t full, empty, taken, takeable;
    long completions, aborted, bytes, most_waiting;
} account;
static struct line waiting, inside;
static int poller;
static char received[RECEIVED], part[2 * PART];

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void append(struct line *line, struct connection *one) {
    one->before = line->last;
    one->after = NULL;
    *(line->last ? &line->last->after : &line->first) = one;
    line->last = one;
    line->count++;
}

static void take_out(struct line *line, struct connection *one) {
    *(one->before ? &one->before->after : &line->first) = one->after;
    *(one->after ? &one->after->before : &line->last) = one->before;
    line->count--;
}

// The account of the time since the last change; before every change.
static void settle(void) {
    uint64_t time = now(), passed = time - account.changed;
    account.changed = time;
    long left = setting.total - account.completions;
    if (!account.first || left <= 0) return;  // nothing could be taken
    long takeable = left < setting.places ? left : setting.places;
    if (inside.count >= takeable) account.full += passed;
    if (inside.count == 0) account.empty += passed;
    account.taken += passed * (uint64_t)inside.count;
    account.takeable += passed * (uint64_t)takeable;
}

// To be sent by flush(), so that what belongs together goes together.
static void add_bytes(struct connection *one, const char *bytes, size_t length) {
    one->unsent = realloc(one->unsent, one->unsent_length + length);
    if (!one->unsent) abort();
    memcpy(one->unsent + one->unsent_length, bytes, length);
    one->unsent_length += length;
}

static void flush(struct connection *one) {
    ssize_t sent = send(one->descriptor, one->unsent, one->unsent_length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return;  // its end is reported by epoll
    if (sent > 0) memmove(one->unsent, one->unsent + sent, one->unsent_length -= (size_t)sent);
    struct epoll_event event = {.events = EPOLLIN | (one->unsent_length ? EPOLLOUT : 0), .data.ptr = one};
    epoll_ctl(poller, EPOLL_CTL_MOD, one->descriptor, &event);
}

static void reply(struct connection *one, int status, const char *type, const char *body) {
    add_bytes(one, part, write_answer(part, status, type, body));
}

static uint64_t interval(void) { return (uint64_t)(setting.latency * 1e6 / setting.pieces); }

static void read_next(struct connection *one) {
    one->state = READING_HEAD;
    one->head_length = 0;
}

static void admit(void) {
    while (waiting.count > 0 && inside.count < setting.places) {
        struct connection *one = waiting.first;
        take_out(&waiting, one);
        one->state = INSIDE;
        one->pieces_sent = 0;
        one->due = now() + interval();
        append(&inside, one);
    }
}

// Answers who is due; returns milliseconds until the next one is, -1 where nobody is inside.
static int advance(void) {
    while (inside.first && inside.first->due <= now()) {
        struct connection *one = inside.first;
        bool is_last = one->pieces_sent + 1 >= setting.pieces;
        if (one->streams) {
            if (one->pieces_sent == 0) add_bytes(one, part, write_stream_head(part));
            add_bytes(one, part, write_piece(part, one->pieces_sent, setting.pieces));
            if (is_last) add_bytes(one, part, write_stream_end(part));
            flush(one);
        } else if (is_last) {
            add_bytes(one, part, write_whole(part));
            flush(one);
        }
        one->pieces_sent++;
        if (!is_last) {
            take_out(&inside, one);
            one->due = now() + interval();
            append(&inside, one);
            continue;
        }
        settle();
        take_out(&inside, one);
        account.completions++;
        account.last = account.changed;
        read_next(one);
        admit();
    }
    if (!inside.first) return -1;
    uint64_t time = now();
    return inside.first->due <= time ? 0 : (int)((inside.first->due - time + 999999) / 1000000);
}

static double number(const char *target, const char *name, double otherwise) {
    char key[64];
    for (const char *lead = "?&"; *lead; lead++) {
        snprintf(key, sizeof key, "%c%s=", *lead, name);
        const char *found = strstr(target, key);
        if (found) return atof(found + strlen(key));
    }
    return otherwise;
}

static void set(const char *target) {
    setting.latency = number(target, "latency_ms", setting.latency);
    setting.places = MAX(1, (int)number(target, "places", setting.places));
    setting.pieces = MAX(1, (int)number(target, "pieces", setting.pieces));
    setting.total = (int)number(target, "total", 0);
    memset(&account, 0, sizeof account);
    account.changed = now();
}

static void answer_other(struct connection *one) {
    char text[1024];
    if (strncmp(one->head, "GET /health", 11) == 0) {
        reply(one, 200, "text/plain", "");
    } else if (strncmp(one->head, "GET /v1/models", 14) == 0) {
        reply(one, 200, "application/json", "{\"object\":\"list\",\"data\":[{\"id\":\"stub\",\"object\":\"model\"}]}");
    } else if (strncmp(one->head, "GET /metrics", 12) == 0) {
        snprintf(text, sizeof text,
                 "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{engine=\"0\",model_name=\"stub\"} %d.0\n"
                 "# TYPE vllm:num_requests_waiting gauge\nvllm:num_requests_waiting{engine=\"0\",model_name=\"stub\"} %d.0\n",
                 inside.count, waiting.count);
        reply(one, 200, "text/plain; version=0.0.4", text);
    } else if (strncmp(one->head, "GET /set?", 9) == 0) {
        char *end = strchr(one->head + 4, ' ');
        if (end) *end = 0;
        set(one->head);
        reply(one, 200, "text/plain", "");
    } else if (strncmp(one->head, "GET /account", 12) == 0) {
        settle();
        snprintf(text, sizeof text,
                 "{\"completions\":%ld,\"aborted\":%ld,\"bytes\":%ld,\"most_waiting\":%ld,\"inside\":%d,\"waiting\":%d,"
                 "\"seconds\":%.6f,\"full\":%.6f,\"empty\":%.6f,\"taken\":%.6f,\"takeable\":%.6f}",
                 account.completions, account.aborted, account.bytes, account.most_waiting, inside.count, waiting.count,
                 account.first && account.last ? (double)(account.last - account.first) / 1e9 : 0.0,
                 (double)account.full / 1e9, (double)account.empty / 1e9, (double)account.taken / 1e9,
                 (double)account.takeable / 1e9);
        reply(one, 200, "application/json", text);
    } else {
        reply(one, 404, "application/json", "{\"error\":{\"type\":\"NotFoundError\"}}");
    }
    flush(one);
    read_next(one);
}

static bool asks_stream(const char *text) {
    for (const char *at = text; (at = strstr(at, "\"stream\"")); at++) {
        const char *value = at + 8 + strspn(at + 8, " :");
        if (strncmp(value, "true", 4) == 0) return true;
    }
    return false;
}

static void body_is_here(struct connection *one) {
    if (!one->asks_completion) {
        answer_other(one);
        return;
    }
    one->first[one->first_length] = one->last[one->last_length] = 0;
    one->streams = asks_stream(one->first) || asks_stream(one->last);
    settle();
    if (!account.first) account.first = account.changed;
    one->state = WAITING;
    append(&waiting, one);
    admit();
    if (waiting.count > account.most_waiting) account.most_waiting = waiting.count;
}

static void take_body(struct connection *one, const char *bytes, size_t length) {
    account.bytes += (long)length;
    size_t room = EDGE - one->first_length, begin = length < room ? length : room;
    memcpy(one->first + one->first_length, bytes, begin);
    one->first_length += begin;
    if (length >= EDGE) {
        memcpy(one->last, bytes + length - EDGE, EDGE);
        one->last_length = EDGE;
    } else {
        size_t kept = one->last_length < EDGE - length ? one->last_length : EDGE - length;
        memmove(one->last, one->last + one->last_length - kept, kept);
        memcpy(one->last + kept, bytes, length);
        one->last_length = kept + length;
    }
    one->body_left -= (long)length;
    if (one->body_left == 0) body_is_here(one);
}

static const char *header(const char *head, const char *name) {
    for (const char *line = strstr(head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, strlen(name)) == 0) return line + 2 + strlen(name);
    return NULL;
}

// Takes what belongs to the request that is being read; returns false for a head that makes no sense.
static bool take(struct connection *one, const char *bytes, size_t length) {
    while (length > 0) {
        if (one->state == READING_BODY) {
            size_t own = (long)length < one->body_left ? length : (size_t)one->body_left;
            take_body(one, bytes, own);
            bytes += own;
            length -= own;
            continue;
        }
        // Nobody here sends a second request before the first one's answer.
        if (one->state != READING_HEAD || one->head_length == HEAD) return false;
        one->head[one->head_length++] = *bytes++;
        length--;
        one->head[one->head_length] = 0;
        if (one->head_length < 4 || memcmp(one->head + one->head_length - 4, "\r\n\r\n", 4) != 0) continue;
        const char *size = header(one->head, "content-length:");
        one->body_left = size ? atol(size) : 0;
        if (one->body_left < 0 || header(one->head, "transfer-encoding:")) return false;
        one->first_length = one->last_length = 0;
        one->asks_completion = strncmp(one->head, "POST /v1/chat/completions", 25) == 0;
        if (header(one->head, "expect:")) add_bytes(one, "HTTP/1.1 100 Continue\r\n\r\n", 25), flush(one);
        one->state = READING_BODY;
        if (one->body_left == 0) body_is_here(one);
    }
    return true;
}

static void end(struct connection *one) {
    settle();
    if (one->state == WAITING || one->state == INSIDE) {
        account.aborted++;
        take_out(one->state == WAITING ? &waiting : &inside, one);
    }
    close(one->descriptor);
    free(one->unsent);
    free(one);
    admit();
}

static void accept_all(int listener) {
    int descriptor;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int yes = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct connection *one = calloc(1, sizeof *one);
        if (!one) abort();
        one->descriptor = descriptor;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
        epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
    }
}

static void serve(struct connection *one, uint32_t events) {
    if (events & EPOLLOUT) flush(one);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    // One helping each time, so that others get theirs.
    ssize_t count = recv(one->descriptor, received, sizeof received, 0);
    if (count > 0 ? !take(one, received, (size_t)count) : count == 0 || errno != EAGAIN) end(one);
}

int main(int count, char **arguments) {
    if (count != 2) return 64;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
        perror("pipeline-engine");
        return 71;
    }
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    set("");
    for (;;) {
        int timeout = advance(), found = epoll_wait(poller, events, 256, timeout);
        for (int index = 0; index < found; index++) {
            if (events[index].data.ptr) serve(events[index].data.ptr, events[index].events);
            else accept_all(listener);
        }
    }
}
