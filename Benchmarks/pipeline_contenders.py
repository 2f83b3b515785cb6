"""The contenders of Benchmarks/pipeline and the engine stub that all of them use."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import venv

import pipeline_processes as processes

HERE = os.path.dirname(os.path.abspath(__file__))
PLACES = 64
PACKAGES = [
    "fastapi==0.115.6", "uvicorn[standard]==0.34.0", "python-multipart==0.0.20", "pdf2image==1.17.0", "pillow==11.1.0",
    "httpx==0.28.1",
]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def request(port, method, target, body=None, headers={}, timeout=600):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class Process:
    """A program that was started here, with all that it starts."""

    started = []  # in their order, for whoever stops them all

    def __init__(self, command, environment, folder):
        self.log = f"{folder}/log"
        with open(self.log, "ab") as log:
            # A session of its own: Ctrl-C is for this script, which ends what it has started.
            self.process = subprocess.Popen(
                command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        self.pid = self.process.pid
        self.started.append(self)

    def wait_until(self, port, target, patience):
        end = time.monotonic() + patience
        while True:
            try:
                if request(port, "GET", target, timeout=5)[0] == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                with open(self.log, errors="replace") as log:
                    sys.exit(f"{self.process.args[0]} is not ready; its log ends:\n{log.read()[-3000:]}")
            time.sleep(0.02)

    def stop(self, patience=20):
        family = processes.descendants(self.pid)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            for pid in family:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()


class Stub(Process):
    """The engine; see pipeline-engine.c."""

    def __init__(self, folder):
        compiler = next(filter(shutil.which, ("cc", "gcc", "clang")), None)
        if not compiler:
            sys.exit("no C compiler: apt-get install -y --no-install-recommends gcc libc6-dev")
        program = f"{folder}/pipeline-engine"
        subprocess.run([compiler, "-O2", "-Wall", "-static", f"{HERE}/pipeline-engine.c", "-o", program], check=True)
        self.port = free_port()
        super().__init__([program, str(self.port)], {}, folder)
        self.wait_until(self.port, "/health", 5)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def set(self, latency_ms, total=0, pieces=1, places=PLACES):
        """Begins a new account. total: requests that will come; pieces: of which a streamed answer consists."""
        request(self.port, "GET", f"/set?latency_ms={latency_ms}&places={places}&pieces={pieces}&total={total}")

    def account(self):
        return json.loads(request(self.port, "GET", "/account")[1])


class Contender(Process):
    name = ""

    def send(self, document):
        """Sends a document as a form, as curl -F does; returns seconds until the whole answer was here."""
        with open(document, "rb") as file:
            content = file.read()
        boundary = "pipeline-benchmark"
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="document.pdf"\r\n'
            "Content-Type: application/pdf\r\n\r\n").encode() + content + f"\r\n--{boundary}--\r\n".encode()
        begun = time.monotonic()
        status, answer = request(
            self.port, "POST", "/ocr/pdf", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        took = time.monotonic() - begun
        result = json.loads(answer)
        if status != 200 or result["status"] != "success":
            sys.exit(f"{self.name}: {status} {answer[:500]!r}")
        return took, result["pages_processed"]


class Coxswain(Contender):
    """The whole container, as it is meant to be run beside an engine that runs elsewhere: PID 1, shim, api, renderers."""

    name = "coxswain"
    key = "coxswain"

    def __init__(self, folder, programs, stub):
        os.makedirs(folder)
        self.port = free_port()
        environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "OUTPUT_DIR": f"{folder}/output",
            "COXSWAIN_LISTEN": f"127.0.0.1:{self.port}", "COXSWAIN_ENGINE": stub.url, "COXSWAIN_DRAIN_DELAY": "0s",
            # The stub has so many places, and reads nothing that a warm-up could compare.
            "COXSWAIN_ENGINE_CONCURRENCY": str(PLACES), "COXSWAIN_WARMUP_MAX_ERROR": "off",
            # Each page as one picture, as the stand-in sends it.
            "COXSWAIN_PAGE_REGIONS": "whole",
        }
        command = [f"{programs}/coxswain", "run"]
        if os.geteuid() == 0:
            command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"] + command
        super().__init__(command, environment, folder)
        self.wait_until(self.port, "/readyz", 60)

    def stop(self):
        for pid in processes.descendants(self.pid):
            # unshare(1) does not pass signals on.
            if processes.program(pid) == "coxswain":
                os.kill(pid, signal.SIGTERM)
                break
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            super().stop(1)


class StandIn(Contender):
    """See pipeline_standin.py."""

    def __init__(self, folder, stub, python):
        os.makedirs(f"{folder}/output")
        self.port = free_port()
        environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "OUTPUT_DIR": f"{folder}/output", "VLLM_URL": stub.url,
            "PAGES_AT_ONCE": str(self.pages_at_once), "PYTHONDONTWRITEBYTECODE": "1",
        }
        super().__init__(
            [python, "-m", "uvicorn", "pipeline_standin:app", "--app-dir", HERE, "--port", str(self.port), "--workers", "1",
             "--log-level", "warning"], environment, folder)
        self.wait_until(self.port, "/health", 30)


class OnePage(StandIn):
    name, key, pages_at_once = "stand-in, a page at a time", "one", 1


class ManyPages(StandIn):
    name, key, pages_at_once = f"stand-in, {PLACES} at once", "many", PLACES


STAND_INS = [OnePage, ManyPages]


def python_with_packages():
    """A virtual environment of its own, made once; returns its Python."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = f"{cache}/coxswain/pipeline-benchmark"
    python, mark = f"{folder}/bin/python", f"{folder}/packages"
    wanted = "\n".join(PACKAGES)
    try:
        with open(mark) as file:
            if file.read() == wanted:
                return python
    except OSError:
        pass
    print(f"installing the stand-in's packages in {folder}", file=sys.stderr)
    venv.create(folder, clear=True, with_pip=True)
    result = subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES])
    if result.returncode != 0:
        sys.exit("pip could not install the stand-in's packages; it needs PyPI")
    with open(mark, "w") as file:
        file.write(wanted)
    return python
