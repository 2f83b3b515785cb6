"""store.py PLAN RECORD: a stand-in for an S3 store that fails as it is told, in ways that a real one does seldom.

It checks digests, and no signatures. PLAN is a file of JSON, read at each request: a list of rules
{"match": regular expression for "METHOD /path?query", "header": one that the request has to have (none), "times": how often
(all), "do": what, ...}. The first that matches is what happens:
  status   the body is read, and the answer is `status` with the error `code` and `headers`
  refuse   the same before the body is read, and without "100 Continue"
  accept   "100 Continue" is not said; otherwise all is well
  reset    the connection is reset after `bytes` of the body
  silence  the body is read, and nothing is answered
  crawl    the body is read at `bytes` a tenth of a second, and all is well at the end
  lost     all is done, and the connection closes without an answer
  etag     all is done, and the answer's ETag is `etag`, with `headers`
  body     nothing is done, and the answer is 200 with `body`
RECORD gets a line of JSON for each request that was begun. GET /_uploads answers the ids of uploads that are under way. The
port is the first line of the output; it ends at the end of its input.
"""
import base64
import hashlib
import json
import os
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PLAN, RECORD = sys.argv[1], sys.argv[2]
lock = threading.Lock()
objects, uploads, used = {}, {}, {}


class Broken(Exception):
    pass


class Store(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        return True

    def rule(self):
        try:
            with open(PLAN) as file:
                rules = json.load(file)
        except FileNotFoundError:
            return {}
        with lock:
            for index, rule in enumerate(rules):
                if rule.get("header", "") not in ["", *(name.lower() for name in self.headers)]:
                    continue
                if re.search(rule["match"], f"{self.command} {self.path}") and used.get(index, 0) < rule.get("times", 1 << 30):
                    used[index] = used.get(index, 0) + 1
                    return rule
        return {}

    def read(self, rule):
        left = int(self.headers.get("Content-Length", 0))
        if "expect" in self.headers and rule.get("do") != "accept":
            self.send_response_only(100)
            self.end_headers()
        what, taken, body = rule.get("do"), 0, []
        while left > 0:
            size = min(left, 64 << 10)
            if what == "reset":
                size = min(size, rule["bytes"] - taken)
                if size <= 0:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    raise Broken
            if what == "crawl":
                size = min(size, rule["bytes"])
                time.sleep(0.1)
            piece = self.rfile.read(size)
            if not piece:
                raise Broken
            body.append(piece)
            taken += len(piece)
            left -= len(piece)
        return b"".join(body)

    def answer(self, status, body=b"", headers=()):
        self.send_response_only(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, headers=()):
        self.answer(status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>of its own</Message></Error>".encode(), headers)

    def serve(self):
        rule = self.rule()
        what = rule.get("do")
        with lock, open(RECORD, "a") as file:
            file.write(json.dumps({
                "method": self.command, "path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}}) + "\n")
        try:
            if what == "refuse":
                self.close_connection = True
                return self.error(rule["status"], rule.get("code", ""), rule.get("headers", {}))
            body = self.read(rule)
            if what == "silence":
                while self.connection.recv(1):
                    pass
                raise Broken
            if what == "status":
                return self.error(rule["status"], rule.get("code", ""), rule.get("headers", {}))
            if what == "body":
                return self.answer(200, rule["body"].encode(), rule.get("headers", {}))
            status, headers, answer = self.work(body)
            if what == "lost":
                raise Broken
            if what == "etag":
                headers["ETag"] = rule["etag"]
                headers.update(rule.get("headers", {}))
            if isinstance(answer, str):
                return self.error(status, answer)
            self.answer(status, answer, headers)
        except (Broken, OSError):
            self.close_connection = True

    def work(self, body):
        url = urlsplit(self.path)
        path, query = unquote(url.path), parse_qs(url.query, keep_blank_values=True)
        if hashlib.sha256(body).hexdigest() != self.headers.get("x-amz-content-sha256"):
            return 400, {}, "XAmzContentSHA256Mismatch"
        md5 = hashlib.md5(body)
        said = self.headers.get("Content-MD5")
        if said and base64.b64decode(said) != md5.digest():
            return 400, {}, "BadDigest"
        etag = f'"{md5.hexdigest()}"'
        mark = {name: value for name, value in self.headers.items() if name.lower().startswith("x-amz-meta-")}
        isTaken = self.headers.get("If-None-Match") == "*" and path in objects
        with lock:
            if path == "/_uploads":
                return 200, {}, json.dumps(sorted(uploads)).encode()
            if "uploads" in query:
                name = f"id{len(uploads)}+/={os.urandom(4).hex()}"
                uploads[name] = {0: mark}
                return 200, {}, f"<InitiateMultipartUploadResult xmlns='x'><UploadId>{name}</UploadId></InitiateMultipartUploadResult>".encode()
            if "uploadId" in query:
                name = query["uploadId"][0]
                if name not in uploads:
                    return 404, {}, "NoSuchUpload"
                if self.command == "PUT":
                    uploads[name][int(query["partNumber"][0])] = body
                    return 200, {"ETag": etag}, b""
                if isTaken:
                    return 412, {}, "PreconditionFailed"
                parts = uploads.pop(name)
                mark = parts.pop(0)
                if self.command == "DELETE":
                    return 204, {}, b""
                told = re.findall(rb"<PartNumber>(\d+)</PartNumber><ETag>([^<]*)</ETag>", body)
                sums = [hashlib.md5(parts[number]).digest() for number in sorted(parts)]
                if [(int(number), etag.replace(b"&quot;", b"").decode()) for number, etag in told] != [
                        (number, hashlib.md5(parts[number]).hexdigest()) for number in sorted(parts)]:
                    return 400, {}, "InvalidPart"
                whole = f"{hashlib.md5(b''.join(sums)).hexdigest()}-{len(parts)}"
                objects[path] = b"".join(parts[number] for number in sorted(parts)), f'"{whole}"', mark
                return 200, {}, (
                    "\n\n <?xml version='1.0'?><CompleteMultipartUploadResult><ETag>&quot;"
                    f"{whole}&quot;</ETag></CompleteMultipartUploadResult>").encode()
            if self.command == "PUT":
                if isTaken:
                    return 412, {}, "PreconditionFailed"
                objects[path] = body, etag, mark
                return 200, {"ETag": etag}, b""
            if path not in objects:
                return 404, {}, "NoSuchKey"
            body, etag, mark = objects[path]
            return 200, {"ETag": etag, **mark}, body

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve


class Server(ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
os._exit(0)
