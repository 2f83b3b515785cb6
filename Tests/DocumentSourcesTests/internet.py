"""A small internet of its own, for one program: to be started as root in fresh network and mount namespaces.

Arguments: a folder, a program and its arguments. The program's names are answered by a server that is not to be trusted; a
web server has a public address; what connects to the inside is written down, each on a line of FOLDER/inside.
"""
import os, socket, socketserver, struct, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PUBLIC, OWN = "93.184.216.34", "93.184.215.14"
INSIDE_PORT = 8080
folder = sys.argv[1]

# Addresses by name; a list of lists is answered in turn.
NAMES = {
    "public.test": [[PUBLIC]],
    "rebind.test": [[PUBLIC], ["127.0.0.1"]],
    "mixed.test": [[PUBLIC, "127.0.0.1"]],
    "mixed-six.test": [[PUBLIC, "::1"]],
    "inside.test": [["127.0.0.1"]],
    "neighbour.test": [["10.1.2.3"]],
    "metadata.test": [["169.254.169.254"]],
    "mapped.test": [["::ffff:127.0.0.1"]],
    "translated.test": [["64:ff9b::7f00:1"]],
    "own.test": [[OWN]],
    "zero.test": [["0.0.0.0"]],
}
asked = {}


class Names(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode().lower())
            at += data[at] + 1
        question = data[12 : at + 5]
        name, kind = ".".join(labels), struct.unpack(">H", data[at + 1 : at + 3])[0]
        turns = NAMES.get(name)
        records = []
        if turns:
            turn = asked.get((name, kind), 0)
            asked[name, kind] = turn + 1
            for address in turns[min(turn, len(turns) - 1)]:
                family, its = (socket.AF_INET6, 28) if ":" in address else (socket.AF_INET, 1)
                if its == kind:
                    raw = socket.inet_pton(family, address)
                    # It may be kept for no time at all.
                    records.append(struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(raw)) + raw)
        flags = 0x8180 if turns else 0x8183
        head = data[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
        sock.sendto(head + question + b"".join(records), self.client_address)


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        document = b"%PDF-1.7 of the public host"
        target = {
            "/to-inside": f"http://inside.test:{INSIDE_PORT}/",
            "/to-literal": f"http://127.0.0.1:{INSIDE_PORT}/",
            "/to-closed": "http://127.0.0.1:1/",
            "/to-neighbour": "http://neighbour.test/",
            "/to-nothing": "http://nothing.test/",
            "/to-file": "file:///etc/passwd",
            "/to-self": "/document",
        }.get(self.path)
        self.send_response(302 if target else 200)
        if target:
            self.send_header("Location", target)
            document = b""
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    def log_message(self, *arguments):
        pass


def inside(listener):
    while True:
        connection, peer = listener.accept()
        with open(f"{folder}/inside", "a") as file:
            file.write(f"{peer}\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n%PDF-evil")
        connection.close()


for line in [
    "link set lo up",
    # All of it is here, without being this machine's own address; the other one is.
    f"route add local {PUBLIC}/32 dev lo",
    f"addr add {OWN}/32 dev lo",
]:
    subprocess.run(["ip", *line.split()], check=True)
with open(f"{folder}/resolv.conf", "w") as file:
    file.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
subprocess.run(["mount", "--bind", f"{folder}/resolv.conf", os.path.realpath("/etc/resolv.conf")], check=True)

listener = socket.create_server(("::", INSIDE_PORT), family=socket.AF_INET6, dualstack_ipv6=True)
servers = [
    socketserver.ThreadingUDPServer(("127.0.0.1", 53), Names),
    ThreadingHTTPServer((PUBLIC, 80), Web),
]
for work in [lambda: inside(listener)] + [server.serve_forever for server in servers]:
    threading.Thread(target=work, daemon=True).start()
# The environment's proxy is inside too.
inner = dict(os.environ, http_proxy=f"http://127.0.0.1:{INSIDE_PORT}", all_proxy=f"http://127.0.0.1:{INSIDE_PORT}")
status = subprocess.run(sys.argv[2:], env=inner).returncode
sys.stdout.flush()
os._exit(status)
