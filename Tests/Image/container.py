"""A running container, looked at from outside as an operator and a client would."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.realpath(__file__))
DOCKER = os.path.join(HERE, "docker")


def docker(*arguments, check=True, timeout=120):
    """Output and errors of a command of the container engine; CalledProcessError says why it failed."""
    result = subprocess.run([DOCKER, *arguments], capture_output=True, text=True, timeout=timeout)
    if check and result.returncode != 0:
        raise RuntimeError(f"docker {' '.join(arguments)}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout.strip()


def eventually(condition, within=30, every=0.1):
    """The first true answer; false when there was none in that many seconds."""
    end = time.monotonic() + within
    while True:
        answer = condition()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(every)


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:1000]}"


class Container:
    """`docker run -d` with these options; gone, and nothing left of it, at the end of a `with`."""

    def __init__(self, image, *options, name="coxswain-test", port=8081, command=()):
        self.name, self.port = name, port
        docker("rm", "-f", "-v", name, check=False)
        self.started = time.monotonic()
        docker("run", "-d", "--name", name, *options, image, *command)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        docker("rm", "-f", "-v", "-t", "0", self.name, check=False)

    # --- As a client

    def get(self, path, timeout=10):
        """None where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=timeout) as answer:
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode())
        except OSError:
            return None

    def sending(self, document, path="/ocr/pdf", *options):
        """curl, with a document on its way."""
        return subprocess.Popen(
            ["curl", "-sS", "-m", "300", "-w", "\n%{http_code}", "-F", f"file=@{document}", *options,
             f"http://localhost:{self.port}{path}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def answer(curl):
        output, errors = curl.communicate(timeout=320)
        body, _, status = output.rpartition("\n")
        return Answer(int(status or 0), body or errors)

    def send(self, document, path="/ocr/pdf", *options):
        return self.answer(self.sending(document, path, *options))

    # --- As an operator

    def is_running(self):
        return docker("inspect", "--format", "{{.State.Running}}", self.name) == "true"

    def is_ready(self):
        answer = self.get("/readyz")
        return answer is not None and answer.status == 200

    def wait_until_ready(self, within=90):
        """Seconds from `docker run` on; an error with the log's end where it does not come to that."""
        if not eventually(lambda: self.is_ready() or not self.is_running(), within, every=0.02) or not self.is_ready():
            raise RuntimeError(f"{self.name} does not get ready:\n" + "\n".join(self.lines()[-15:]))
        return time.monotonic() - self.started

    def exit_code(self, within=60):
        """None while it runs."""
        if not eventually(lambda: not self.is_running(), within):
            return None
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", self.name))

    def stop(self, grace=30):
        """Its exit code, and the seconds that it took. 137 where it was killed."""
        began = time.monotonic()
        docker("stop", "-t", str(grace), self.name)
        return self.exit_code(), time.monotonic() - began

    def start_again(self):
        self.started = time.monotonic()
        docker("start", self.name)

    def exec(self, *command, check=True):
        return docker("exec", self.name, *command, check=check)

    def is_healthy(self):
        """Runs the image's own health check once, as nobody here runs it by the clock."""
        return subprocess.run([DOCKER, "healthcheck", "run", self.name], capture_output=True).returncode == 0

    def lines(self):
        result = subprocess.run([DOCKER, "logs", self.name], capture_output=True, text=True)
        return (result.stdout + result.stderr).splitlines()

    def records(self):
        """What it logged; a line that is no JSON is a record without a message."""
        records = []
        for line in self.lines():
            try:
                records.append(json.loads(line))
            except ValueError:
                records.append({"not json": line})
        return records

    def logged(self, text):
        return any(text in line for line in self.lines())

    def processes(self):
        """Those inside: id in there → command line."""
        script = 'cd /proc; for p in [0-9]*; do c=$(tr "\\0" " " <$p/cmdline 2>/dev/null) && echo "$p $c"; done'
        found = {}
        for line in self.exec("sh", "-c", script).splitlines():
            pid, _, command = line.partition(" ")
            if command and "tr \\0" not in command and not command.startswith("sh -c"):
                found[int(pid)] = command
        return found

    def processes_of_the_host(self):
        """Ids as this machine sees them."""
        return docker("top", self.name, "hpid").split()[1:]

    def names(self):
        """Ids and names, which a process may have given itself."""
        script = 'cd /proc; for p in [0-9]*; do echo "$p $(cat $p/comm 2>/dev/null)"; done'
        return [(int(pid), name) for pid, _, name in (line.partition(" ") for line in self.exec("sh", "-c", script).splitlines())]

    def pids(self, program):
        return [pid for pid, command in self.processes().items()
                if program in command and "coxswain-shim" not in command]

    def kill(self, program):
        """kill -9 of the first process of a program; its id, or None where there is none."""
        pids = self.pids(program)
        if not pids:
            return None
        self.exec("sh", "-c", f"kill -9 {pids[0]}", check=False)
        return pids[0]

    def files(self, folder):
        """Below a folder, relative to it."""
        output = self.exec("sh", "-c", f"cd {folder} && find . ! -type d")
        return sorted(line[2:] for line in output.splitlines())
