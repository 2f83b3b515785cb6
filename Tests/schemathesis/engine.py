"""A stand-in for what the api asks: an engine that reads every page as the same words, documents under /documents/, and
somebody who takes every webhook. Prints its port, and goes on until it is killed."""

import http.server
import json

from documents import PDF

ANSWER = {
    "model": "stand-in",
    "choices": [{"message": {"content": "some words"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2},
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        if self.path == "/v1/models":
            self.answer(200, b'{"object":"list","data":[{"id":"stand-in"}]}')
        elif self.path.startswith("/documents/"):
            self.answer(200, PDF, "application/pdf")
        else:
            self.answer(404, b"{}")

    do_HEAD = do_GET

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/v1/chat/completions":
            self.answer(200, json.dumps(ANSWER).encode())
        else:
            self.answer(200, b"")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
