// What pipeline-engine.c says of every page: 480 words, in vLLM's two forms of a chat completion. They do not repeat each other in
// any order, or the api would think that the engine has got stuck. Each
// function writes one part of an HTTP answer and returns its length.

#include <stdio.h>
#include <string.h>

enum { WORDS = 480, PART = WORDS * 9 + 1024 };

static size_t write_words(char *to, int piece, int pieces) {
    static const char *const words[] = {"the ",   "quick ", "brown ", "fox ",   "jumps ", "over ",  "lazy ",  "dog. ",
                                        "while ", "seven ", "boats ", "row ",   "upon ",  "cold ",  "water ", "and ",
                                        "eight ", "oars ",  "bend ",  "under ", "their ", "own ",   "weight. ", "cox ",
                                        "calls ", "time ",  "again ", "until ", "every ", "blade ", "falls "};
    size_t length = 0;
    int end = (int)((long)WORDS * (piece + 1) / pieces);
    for (int word = (int)((long)WORDS * piece / pieces); word < end; word++)
        length += (size_t)sprintf(to + length, "%s", words[((unsigned)word * 2654435761u >> 15) % (sizeof words / sizeof *words)]);
    return length ? length : (size_t)sprintf(to, ".");
}

// The header of an answer of known length, and its body.
static size_t write_answer(char *to, int status, const char *type, const char *body) {
    return (size_t)sprintf(to, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", status,
                           status == 200 ? "OK" : "Error", type, strlen(body), body);
}

static size_t write_whole(char *to) {
    char body[PART];
    size_t length = (size_t)sprintf(body, "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"model\":\"stub\","
                                          "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
    length += write_words(body + length, 0, 1);
    sprintf(body + length, "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1300,\"total_tokens\":1780,"
                           "\"completion_tokens\":480}}");
    return write_answer(to, 200, "application/json", body);
}

static size_t write_stream_head(char *to) {
    return (size_t)sprintf(to, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static size_t write_chunk(char *to, const char *event) {
    return (size_t)sprintf(to, "%zx\r\n%s\r\n", strlen(event), event);
}

static size_t write_piece(char *to, int piece, int pieces) {
    char event[PART];
    size_t length = (size_t)sprintf(event, "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                                           "\"model\":\"stub\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"");
    length += write_words(event + length, piece, pieces);
    sprintf(event + length, "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
    return write_chunk(to, event);
}

static size_t write_stream_end(char *to) {
    size_t length = write_chunk(
        to, "data: {\"object\":\"chat.completion.chunk\",\"model\":\"stub\",\"choices\":[{\"index\":0,\"delta\":{},"
            "\"finish_reason\":\"stop\"}]}\n\ndata: {\"object\":\"chat.completion.chunk\",\"model\":\"stub\",\"choices\":[],"
            "\"usage\":{\"prompt_tokens\":1300,\"total_tokens\":1780,\"completion_tokens\":480}}\n\ndata: [DONE]\n\n");
    return length + (size_t)sprintf(to + length, "0\r\n\r\n");
}
