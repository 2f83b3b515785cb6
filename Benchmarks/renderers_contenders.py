"""Renderers for Benchmarks/renderers: each draws all pages of a document into JPEG and says what CPU time that took.

All run on one core, in processes of their own. What is asked of one is a dictionary: `path`, `pages` (a number), `dpi`,
`grey`, `quality`, and `folder` for files. What comes back is seconds of CPU for all pages, and the size in pixels of the last.
"""

import glob
import json
import os
import resource
import socket
import struct
import subprocess
import sys

from PIL import Image


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Coxswain:
    """coxswain-render, spoken to as `RenderProtocol` has it: frames of a length and a body, the first field a tag."""

    name = "coxswain-render"

    def __init__(self, program):
        ours, theirs = socket.socketpair()
        # Descriptor 3, whatever number the socket has here. The limits are those of the pool in the api.
        command = 'exec 3<&"$1"; shift; exec "$@"'
        self.process = subprocess.Popen(
            ["bash", "-c", command, "bash", str(theirs.fileno()), program, "--address-space", str(1 << 30)],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self.socket = ours
        if self.receive()[0] != 1:
            sys.exit(f"{program} did not say that it is ready")

    def receive(self):
        return self.take(struct.unpack("<I", self.take(4))[0])

    def take(self, count):
        data = bytearray()
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                sys.exit(f"coxswain-render ended with {self.process.wait()}")
            data += part
        return bytes(data)

    def ask(self, body, file=None):
        frame = struct.pack("<I", len(body)) + body
        if file is None:
            self.socket.sendall(frame)
        else:
            socket.send_fds(self.socket, [frame], [file.fileno()])
        reply = self.receive()
        if reply[0] == 4:
            sys.exit(f"coxswain-render failed: {reply[6:].decode()}")
        return reply

    def seconds(self):
        # Nanoseconds that its one thread ran.
        with open(f"/proc/{self.process.pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9

    def draw(self, task):
        with open(task["path"], "rb") as file:
            before = self.seconds()
            self.ask(struct.pack("<BBI", 1, 0, 0), file)
        for page in range(task["pages"]):
            # Render: page, pixels, resolution, colour, JPEG, quality, the page whole.
            reply = self.ask(struct.pack(
                "<BIQdBBBB", 2, page, 1 << 30, task["dpi"], 0 if task["grey"] else 1, 0, task["quality"], 0))
        used = self.seconds() - before
        self.socket.sendall(struct.pack("<IB", 1, 3))
        return used, struct.unpack("<II", reply[1:9])

    def end(self):
        self.socket.close()
        self.process.wait()


class Pdftoppm:
    """poppler's own program, one process for the document."""

    name = "pdftoppm -jpeg"

    def draw(self, task):
        stem = os.path.join(task["folder"], "page")
        command = ["pdftoppm", "-jpeg", "-jpegopt", f"quality={task['quality']}", "-r", str(task["dpi"]),
                   "-l", str(task["pages"]), *(["-gray"] if task["grey"] else []), task["path"], stem]
        before = children_seconds()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        used = children_seconds() - before
        files = sorted(glob.glob(stem + "*"))
        with Image.open(files[-1]) as picture:
            size = picture.size
        for path in files:
            os.unlink(path)
        return used, size

    def end(self):
        pass


class Library:
    """A library of Python, in a process that imports it once; what the imports take is not counted."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), type(self).__name__], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)

    def draw(self, task):
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        return tuple(json.loads(self.process.stdout.readline()))

    def end(self):
        self.process.stdin.close()
        self.process.wait()

    @classmethod
    def serve(cls):
        for line in sys.stdin:
            task = json.loads(line)
            path = os.path.join(task["folder"], "page.jpg")

            def now():
                used = resource.getrusage(resource.RUSAGE_SELF)
                return used.ru_utime + used.ru_stime + children_seconds()

            before = now()
            size = None
            for picture in cls.pictures(task):
                size = picture.size
                picture.save(path, "JPEG", quality=task["quality"])
            print(json.dumps([now() - before, size]), flush=True)


class Pypdfium2(Library):
    name = "pypdfium2 + Pillow"

    @staticmethod
    def pictures(task):
        import pypdfium2
        document = pypdfium2.PdfDocument(task["path"])
        for index in range(task["pages"]):
            page = document[index]
            yield page.render(scale=task["dpi"] / 72, grayscale=task["grey"]).to_pil()
            page.close()
        document.close()


class Pdf2image(Library):
    name = "pdf2image + Pillow"

    @staticmethod
    def pictures(task):
        import pdf2image
        # Ten at a time: all at once would take gigabytes.
        for first in range(1, task["pages"] + 1, 10):
            yield from pdf2image.convert_from_path(
                task["path"], dpi=task["dpi"], first_page=first, last_page=min(first + 9, task["pages"]),
                grayscale=task["grey"])


if __name__ == "__main__":
    globals()[sys.argv[1]].serve()
