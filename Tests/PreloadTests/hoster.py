#!/usr/bin/env python3
"""A host of models that does what hosts do on bad days. Really listens, on 127.0.0.1.

    hoster.py ROOT [--port N] [--plan FILE] [--record FILE]

Prints its port, then serves until its standard input ends. Under ROOT lie

    models/OWNER/NAME/…     repositories, by the Hugging Face hub's API: revision, tree (in pages), resolve
    BUCKET/…                buckets of an S3 API: ListObjectsV2 and signed GET, where the plan names them
    …                       anything else: plain files

PLAN is JSON, read again at each request:

    {"token": "…",          what the hub's API asks for as a bearer token
     "lfs": 65536,          files from this size on have a SHA-256 in the tree
     "page": 3,             entries of a page of the tree
     "cdn": "http://…",     where the hub redirects large files to
     "rate": 5000000,       bytes a second of each connection
     "buckets": ["b"],
     "rules": [{"match": "part of a path", "mode": "…", "times": N, …}]}

A rule holds for the first N requests whose path it matches; without `times`, for all. Modes:

    cut        ends the connection `after` that many bytes of the body
    longer     promises `by` more bytes than come;  shorter: serves a file that lacks its last `by` bytes
    bytes      one bit of the byte at `at` is wrong
    whole      ranges are ignored
    status     `status`, with `retry` as Retry-After and `text` as the body
    redirect   302 to `to` + path
    trickle    `rate` bytes a second
    hang       reads the request, and never answers
    swap       another file, `with` (below ROOT), with its own ETag

RECORD gets one line of JSON at the end of each request: n, method, path, query, headers that matter, status, `from` (first
byte of a range), `sent` (bytes of the body that were handed to the kernel).
"""

import argparse
import hashlib
import http.server
import json
import os
import re
import socketserver
import sys
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

PIECE = 64 << 10


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--plan")
    parser.add_argument("--record")
    return parser.parse_args()


class State:
    def __init__(self, options):
        self.root = os.path.realpath(options.root)
        self.plan_file, self.record_file = options.plan, options.record
        self.lock = threading.Lock()
        self.used = {}
        self.digests = {}
        self.count = 0

    def plan(self):
        try:
            with open(self.plan_file or "/dev/null") as file:
                return json.loads(file.read() or "{}")
        except (OSError, ValueError):
            return {}

    def rule(self, plan, path):
        """The first rule that still holds for this path; counts it."""
        with self.lock:
            for index, rule in enumerate(plan.get("rules", [])):
                if rule["match"] not in path:
                    continue
                key = json.dumps([index, rule], sort_keys=True)
                if self.used.get(key, 0) >= rule.get("times", 1 << 60):
                    continue
                self.used[key] = self.used.get(key, 0) + 1
                return rule
        return None

    def note(self, **record):
        if not self.record_file:
            return
        with self.lock, open(self.record_file, "a") as file:
            file.write(json.dumps(record) + "\n")

    def digest(self, path, kind):
        """SHA-256 of a file, or the SHA-1 that git knows it by; remembered as long as it is the same file."""
        about = os.stat(path)
        key = (path, about.st_size, about.st_mtime_ns, kind)
        if key not in self.digests:
            digest = hashlib.sha256() if kind == "sha256" else hashlib.sha1(b"blob %d\0" % about.st_size)
            with open(path, "rb") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
            self.digests[key] = digest.hexdigest()
        return self.digests[key]


def files_below(folder):
    found = []
    for at, folders, names in os.walk(folder):
        folders.sort()
        found += [os.path.relpath(os.path.join(at, name), folder) for name in names]
    return sorted(found)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: State

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, has_body):
        state = self.state
        self.has_body, self.sent, self.status, self.first = has_body, 0, 0, 0
        parts = urllib.parse.urlsplit(self.path)
        self.target, self.query = urllib.parse.unquote(parts.path), dict(urllib.parse.parse_qsl(parts.query))
        self.plan = state.plan()
        self.rule = state.rule(self.plan, self.target) or {}
        with state.lock:
            state.count += 1
            number = state.count
        try:
            self.respond()
        except OSError:
            self.close_connection = True
        finally:
            names = ("Authorization", "Range", "If-Range", "Host", "User-Agent", "x-amz-content-sha256")
            state.note(
                n=number, method=self.command, path=self.target, query=self.query, status=self.status, sent=self.sent,
                **{"from": self.first}, headers={name.lower(): self.headers[name] for name in names if self.headers[name]})

    def respond(self):
        mode = self.rule.get("mode")
        if mode == "hang":
            while self.rfile.read1(1):
                pass
            self.close_connection = True
            return
        if mode == "status":
            extra = {"Retry-After": str(self.rule["retry"])} if "retry" in self.rule else {}
            return self.send_small(self.rule["status"], self.rule.get("text", "no"), extra)
        if mode == "redirect":
            return self.send_small(302, "", {"Location": self.rule["to"] + self.path})
        bucket = self.target.split("/")[1]
        if bucket in self.plan.get("buckets", []):
            return self.respond_as_bucket(bucket)
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/([^/]+)", self.target):
            return self.respond_as_hub(*match.groups())
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.target):
            return self.resolve(*match.groups())
        self.send_file(os.path.normpath(self.state.root + self.target))

    # The hub.

    def is_let_in(self):
        token = self.plan.get("token")
        if token and self.headers["Authorization"] != f"Bearer {token}":
            self.send_small(401, '{"error":"Invalid credentials in Authorization header"}')
            return False
        return True

    def tree(self, folder):
        entries = []
        for name in files_below(folder):
            path = os.path.join(folder, name)
            size = os.path.getsize(path)
            entry = {"type": "file", "path": name, "size": size, "oid": self.state.digest(path, "git")}
            if size >= self.plan.get("lfs", 65536):
                entry["lfs"] = {"oid": self.state.digest(path, "sha256"), "size": size, "pointerSize": 135}
            entries.append(entry)
        folders = {os.path.dirname(entry["path"]) for entry in entries} - {""}
        return [{"type": "directory", "path": name, "size": 0, "oid": "0" * 40} for name in sorted(folders)] + entries

    def commit(self, folder):
        return hashlib.sha1(json.dumps(self.tree(folder)).encode()).hexdigest()

    def respond_as_hub(self, repository, kind, revision):
        if not self.is_let_in():
            return
        folder = f"{self.state.root}/models/{repository}"
        if not os.path.isdir(folder):
            return self.send_small(404, '{"error":"Repository not found"}')
        commit = self.commit(folder)
        if revision not in ("main", commit):
            return self.send_small(404, '{"error":"Invalid rev id"}')
        if kind == "revision":
            siblings = [{"rfilename": name} for name in files_below(folder)]
            return self.send_small(
                200, json.dumps({"id": repository, "sha": commit, "private": False, "siblings": siblings}))
        entries, begin = self.tree(folder), int(self.query.get("cursor", 0))
        end = begin + self.plan.get("page", 1000)
        extra = {}
        if end < len(entries):
            host = f"http://{self.headers['Host']}"
            extra["Link"] = f'<{host}/api/models/{repository}/tree/{revision}?recursive=true&cursor={end}>; rel="next"'
        self.send_small(200, json.dumps(entries[begin:end]), extra)

    def resolve(self, repository, revision, name):
        if not self.is_let_in():
            return
        folder = f"{self.state.root}/models/{repository}"
        path = os.path.normpath(f"{folder}/{name}")
        if not path.startswith(folder + "/") or not os.path.isfile(path):
            return self.send_small(404, "Entry not found")
        commit = self.commit(folder) if revision == "main" or self.plan.get("strict", True) else revision
        if revision not in ("main", commit):
            return self.send_small(404, "Revision not found")
        extra = {"X-Repo-Commit": commit}
        large = os.path.getsize(path) >= self.plan.get("lfs", 65536)
        if large and self.plan.get("cdn"):
            extra |= {"X-Linked-Size": str(os.path.getsize(path)), "X-Linked-ETag": f'"{self.state.digest(path, "sha256")}"'}
            extra["Location"] = f"{self.plan['cdn']}/models/{repository}/{urllib.parse.quote(name)}"
            return self.send_small(302, "", extra)
        self.send_file(path, extra)

    # A bucket.

    def respond_as_bucket(self, bucket):
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
            return self.send_small(403, "<Error><Code>AccessDenied</Code></Error>")
        if self.query.get("list-type") != "2":
            return self.send_file(os.path.normpath(self.state.root + self.target))
        prefix = self.query.get("prefix", "")
        keys = [key for key in files_below(f"{self.state.root}/{bucket}") if key.startswith(prefix)]
        begin = int(self.query.get("continuation-token", 0))
        end = begin + self.plan.get("page", 1000)
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><ETag>&quot;x&quot;</ETag>"
            f"<Size>{os.path.getsize(f'{self.state.root}/{bucket}/{key}')}</Size></Contents>" for key in keys[begin:end])
        more = f"<NextContinuationToken>{end}</NextContinuationToken>" if end < len(keys) else ""
        self.send_small(
            200, '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{bucket}</Name><IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}{rows}</ListBucketResult>")

    # Bytes.

    def send_small(self, status, text, extra={}):
        self.status = status
        body = text.encode()
        self.send_response(status)
        for name, value in extra.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.has_body:
            self.wfile.write(body)

    def send_file(self, path, extra={}):
        rule, mode = self.rule, self.rule.get("mode")
        if mode == "swap":
            path = os.path.join(self.state.root, rule["with"])
        if not path.startswith(self.state.root + "/") or not os.path.isfile(path):
            return self.send_small(404, "there is no such file")
        about = os.stat(path)
        size = about.st_size - (rule["by"] if mode == "shorter" else 0)
        etag = f'"{about.st_size:x}-{about.st_mtime_ns:x}"'
        begin, end = 0, size
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted and mode != "whole" and self.headers.get("If-Range", etag) == etag:
            begin, last = int(wanted[1]), int(wanted[2] or size - 1)
            if begin >= size:
                return self.send_small(416, "", {"Content-Range": f"bytes */{size}"})
            end = min(size, last + 1)
            self.status = 206
        else:
            self.status = 200
        self.first = begin
        self.send_response(self.status)
        for name, value in extra.items():
            self.send_header(name, value)
        self.send_header("ETag", etag)
        if mode != "whole":
            self.send_header("Accept-Ranges", "bytes")
        if self.status == 206:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - begin + (rule["by"] if mode == "longer" else 0)))
        self.end_headers()
        if self.has_body:
            with open(path, "rb") as file:
                self.send_bytes(file, begin, end)
        if mode == "longer":
            self.close_connection = True

    def send_bytes(self, file, begin, end):
        rule, mode = self.rule, self.rule.get("mode")
        rate = rule["rate"] if mode == "trickle" else self.plan.get("rate")
        limit = min(end, begin + rule["after"]) if mode == "cut" else end
        if mode is None and not rate:
            self.wfile.flush()
            while begin < limit:
                # The kernel copies; nothing of it passes through Python.
                count = os.sendfile(self.connection.fileno(), file.fileno(), begin, min(limit - begin, 4 << 20))
                if count == 0:
                    raise OSError("the file has become shorter")
                begin, self.sent = begin + count, self.sent + count
            return
        piece = min(PIECE, max(1, rate // 20)) if rate else PIECE
        started, origin = time.monotonic(), begin
        while begin < limit:
            file.seek(begin)
            block = bytearray(file.read(min(piece, limit - begin)))
            if mode == "bytes" and begin <= rule["at"] < begin + len(block):
                block[rule["at"] - begin] ^= 1
            self.wfile.write(block)
            begin, self.sent = begin + len(block), self.sent + len(block)
            if rate:
                time.sleep(max(0, started + (begin - origin) / rate - time.monotonic()))
        if mode == "cut":
            self.close_connection = True


def main():
    options = parse()
    Handler.state = State(options)
    server = Server(("127.0.0.1", options.port), Handler)
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # Whoever started it has gone when this ends.
    sys.stdin.read()


if __name__ == "__main__":
    main()
