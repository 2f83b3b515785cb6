"""How coxswain and supervisord are set up for Benchmarks/logging, each as PID 1 of a PID namespace with four talkers."""

import os
import signal
import socket
import subprocess
import threading

from lifecycle_contenders import children, die_with_parent, kill, lines, write

TALKERS = [f"talker{number}" for number in range(4)]
TICKS = os.sysconf("SC_CLK_TCK")


class Contender:
    """A supervisor whose standard output is a pipe that is read as fast as it is written, into a file."""

    name = ""
    needs = []

    def __init__(self, folder, programs, rate, seconds, kind):
        self.folder, self.programs = folder, programs
        self.commands = {
            name: [f"{programs}/logging-talker", str(number), str(rate), str(seconds), kind]
            for number, name in enumerate(TALKERS)}
        self.taken = f"{folder}/taken"

    def prepare(self):
        """Writes the settings; returns PID 1's command and what is added to its environment."""
        raise NotImplementedError

    def start(self):
        os.makedirs(self.folder)
        command, extra = self.prepare()
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder, **extra}
        with open(f"{self.folder}/errors", "wb") as errors:
            self.process = subprocess.Popen(
                ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *command], env=environment,
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                start_new_session=True, preexec_fn=die_with_parent)
        self.reader = threading.Thread(target=self.take, daemon=True)
        self.reader.start()

    def take(self):
        with open(self.taken, "wb") as file:
            while chunk := os.read(self.process.stdout.fileno(), 1 << 20):
                file.write(chunk)

    @property
    def supervisor(self):
        return next(iter(children(self.process.pid)), None)

    def stop(self):
        """Asked first, so that what is held back is told."""
        if self.supervisor:
            kill(self.supervisor, signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(10)

    def busy(self):
        """Seconds on a core so far of PID 1, all its threads: in user mode and in the kernel."""
        fields = lines(f"/proc/{self.supervisor}/stat")[0].rpartition(")")[2].split()
        return int(fields[11]) / TICKS, int(fields[12]) / TICKS

    def memory(self):
        """PSS and anonymous memory of PID 1, in MiB."""
        def value(file, key):
            return next((int(line.split()[1]) / 1024 for line in lines(file) if line.startswith(key)), 0)
        folder = f"/proc/{self.supervisor}"
        return value(f"{folder}/smaps_rollup", "Pss:"), value(f"{folder}/status", "RssAnon:")

    def logs(self):
        return [self.taken]

    def arrived(self):
        """Lines of the talkers that came out. Those that were told as repeated are there too, by their count."""
        count = 0
        for path in self.logs():
            with open(path, "rb") as file:
                count += sum(self.worth(line) for line in file)
        return count

    def worth(self, line):
        return 1


class Coxswain(Contender):
    name = "coxswain"

    def prepare(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        text = ""
        for default in ("engine", "warmup", "api"):
            text += f"[service.{default}]\nenabled = false\n"
        for service, command in self.commands.items():
            quoted = ", ".join(f'"{word}"' for word in command)
            text += f"[service.{service}]\ncommand = [{quoted}]\n"
        write(f"{self.folder}/coxswain.toml", text)
        return [f"{self.programs}/coxswain", "run", "--config", f"{self.folder}/coxswain.toml"], {
            "COXSWAIN_LISTEN": f"127.0.0.1:{port}", "OUTPUT_DIR": f"{self.folder}/output", "COXSWAIN_LOG_LEVEL": "debug"}

    def worth(self, line):
        if b'"service":"talker' not in line:
            return 0
        mark = line.find(b'"repeated":')
        return int(line[mark + 11:].split(b",")[0].rstrip(b"}\n")) if mark >= 0 else 1


class CoxswainConsole(Coxswain):
    """With the form for people."""

    name = "coxswain, console"

    def prepare(self):
        command, extra = super().prepare()
        return command, {**extra, "COXSWAIN_LOG_FORMAT": "console"}

    def worth(self, line):
        if line[13:19] != b"talker":
            return 0
        mark = line.find(b" repeated=")
        return int(line[mark + 10:].split()[0]) if mark >= 0 else 1


class Supervisord(Contender):
    """What containers do: the log goes on to supervisord's own standard output."""

    name = "supervisord"
    needs = ["supervisord"]

    def target(self, service):
        return "/dev/fd/1"

    def prepare(self):
        text = "[supervisord]\nnodaemon=true\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
        text += f"pidfile={self.folder}/pid\n"
        for service, command in self.commands.items():
            text += f"[program:{service}]\ncommand={' '.join(command)}\nredirect_stderr=true\n"
            text += f"stdout_logfile={self.target(service)}\nstdout_logfile_maxbytes=0\n"
        write(f"{self.folder}/supervisord.conf", text)
        return ["supervisord", "-n", "-c", f"{self.folder}/supervisord.conf"], {}

    def worth(self, line):
        # Its own words go to the same place: "2026-11-22 10:00:00,000 INFO spawned: …".
        return 0 if line[24:29] in (b"INFO ", b"WARN ", b"CRIT ") else 1


class SupervisordFiles(Supervisord):
    """A file for each service."""

    name = "supervisord, to files"

    def target(self, service):
        return f"{self.folder}/{service}.log"

    def logs(self):
        return [self.target(service) for service in TALKERS]


ALL = [Coxswain, CoxswainConsole, Supervisord, SupervisordFiles]
