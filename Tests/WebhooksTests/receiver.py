"""receiver.py SECRET RECORD: a receiver of webhooks that answers as the path says.

/status/N answers N, with the value of ?retry as Retry-After; /redirect sends on to /status/200; /silence answers nothing;
/flood answers 200 with a body without end, /drip with one that never comes whole; /cut answers nothing and closes.
RECORD gets a line of JSON for each request, with `verified`: whether its signature is right, computed anew here. SECRET is in
hexadecimal digits. The port is the first line of the output; it ends at the end of its input.
"""
import base64
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

secret, record = bytes.fromhex(sys.argv[1]), sys.argv[2]


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        text = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        right = "v1," + base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()
        with open(record, "a") as file:
            file.write(json.dumps({
                "path": self.path, "body": body.decode(), "headers": {k.lower(): v for k, v in self.headers.items()},
                "verified": hmac.compare_digest(right, self.headers["webhook-signature"])}) + "\n")
        url = urlsplit(self.path)
        words, query = url.path.strip("/").split("/"), parse_qs(url.query)
        self.close_connection = True
        if words[0] == "silence":
            return self.connection.recv(1)
        if words[0] == "cut":
            return None
        if words[0] == "redirect":
            self.send_response_only(307)
            self.send_header("Location", "/status/200")
        elif words[0] == "status":
            self.send_response_only(int(words[1]))
            if "retry" in query:
                self.send_header("Retry-After", query["retry"][0])
        else:
            self.send_response_only(200)
        self.end_headers()
        try:
            while words[0] == "flood":
                self.wfile.write(b"x" * 65536)
            while words[0] == "drip":
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
