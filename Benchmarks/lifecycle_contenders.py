"""How each supervisor is set up for Benchmarks/lifecycle, and what is read from the kernel while it runs as PID 1."""

import ctypes
import os
import select
import signal
import socket
import struct
import subprocess
import time

# Restarted sooner than this after its start, a service waits in runit and s6 on purpose.
SETTLED = 1.1
CREDENTIALS = struct.Struct("3i")


class Contender:
    """One supervisor as PID 1 of a PID namespace, with the services `sleeper` and `talker`."""

    name = package = ""
    needs = []
    endings = [signal.SIGKILL]

    def __init__(self, folder, programs, talk, orphans):
        """talk: bytes that the talker prints at each start."""
        self.folder, self.programs = folder, programs
        self.service = f"{programs}/lifecycle-service"
        os.makedirs(folder)
        self.address = f"{folder}/said"
        self.said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.said.bind(self.address)
        self.said.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        # The last (process id, nanoseconds) of each word that was said.
        self.last = {}
        self.services = {
            "sleeper": [self.service, "sleeper", self.address],
            "talker": [self.service, "talker", self.address, str(talk), str(orphans)],
        }
        self.process = None

    def prepare(self):
        """Writes the settings; returns PID 1's command and what is added to its environment."""
        raise NotImplementedError

    def start(self):
        """Returns seconds from the exec of PID 1 to the first moment of its first service."""
        command, extra = self.prepare()
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder, **extra}
        namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        with open(f"{self.folder}/errors", "wb") as errors:
            # A session of its own: Ctrl-C is for this script, which ends what it has started.
            self.process = subprocess.Popen(
                [*namespace, self.service, "exec", self.address, *command], env=environment, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
                preexec_fn=die_with_parent)
        self.supervisor, begun = self.wait("exec", 0)
        first = min(self.wait(service, begun)[1] for service in self.services)
        self.wait("printed", begun)
        return (first - begun) / 1e9

    def stop(self):
        """Ends the namespace with all that is in it."""
        self.said.close()
        if self.process:
            for number in self.endings:
                for pid in children(self.process.pid):
                    kill(pid, number)
                # unshare(1) collects PID 1, which waits for all others of its namespace.
                if self.has_ended(10):
                    break
            else:
                self.process.kill()
                self.process.wait()
            # The number may soon be somebody else's.
            self.process = None

    def has_ended(self, timeout):
        try:
            return self.process.wait(timeout) is not None
        except subprocess.TimeoutExpired:
            return False

    # What the services say

    def hear(self, timeout):
        """Takes in one datagram; false if none came in so many seconds."""
        if not select.select([self.said], [], [], timeout)[0]:
            return False
        data, ancillary, _, _ = self.said.recvmsg(128, socket.CMSG_SPACE(CREDENTIALS.size))
        word, nanoseconds = data.decode().split()
        pid = CREDENTIALS.unpack(ancillary[0][2][:CREDENTIALS.size])[0]
        self.last[word] = (pid, int(nanoseconds))
        return True

    def wait(self, word, after, timeout=30):
        """Waits until the word is said at a later moment (nanoseconds) than `after`."""
        limit = time.monotonic() + timeout
        while not self.wait_if_said(word, after, min(1, limit - time.monotonic())):
            ended = self.process.poll() is not None
            if ended or time.monotonic() > limit:
                with open(f"{self.folder}/errors", errors="replace") as errors:
                    raise SystemExit(
                        f"{self.name}: {'ended' if ended else f'{timeout} s passed'} before `{word}` was said\n"
                        + errors.read()[-2000:])
        return self.last[word]

    def wait_if_said(self, word, after, timeout):
        """Whether the word was said after that moment, or is within so many seconds."""
        limit = time.monotonic() + timeout
        while self.last.get(word, (0, -1))[1] <= after:
            if not self.hear(max(0, limit - time.monotonic())):
                return False
        return True

    def age(self, service):
        return time.monotonic() - self.last[service][1] / 1e9

    def kill(self, service):
        """Seconds from kill -9 to the first moment of the next instance; the present one has run for SETTLED before."""
        time.sleep(max(0, SETTLED - self.age(service)))
        return (self.wait(service, self.strike(service))[1] - self.struck) / 1e9

    def strike(self, service):
        self.struck = time.monotonic_ns()
        kill(self.last[service][0], signal.SIGKILL)
        return self.struck

    # What the kernel says

    def own_processes(self):
        """PID 1 and its helpers, without the services."""
        return [pid for pid in self.tree() if executable(pid) not in (self.service, None)]

    def tree(self):
        found = [self.supervisor]
        for pid in found:
            found += children(pid)
        return found

    def zombies(self):
        return sum(state(pid) == "Z" for pid in self.tree())

    def at_rest(self):
        """Nothing is there but the supervisor's own processes and one process for each service."""
        tree = self.tree()
        return all(state(pid) not in ("Z", None) for pid in tree) and sum(
            executable(pid) == self.service for pid in tree) == len(self.services)

    def memory(self, pids):
        """PSS and private dirty memory of these processes, in MiB."""
        values = {"Pss:": 0, "Private_Dirty:": 0}
        for pid in pids:
            for line in lines(f"/proc/{pid}/smaps_rollup"):
                parts = line.split()
                if parts[0] in values:
                    values[parts[0]] += int(parts[1]) / 1024
        return tuple(values.values())

    def activity(self):
        """Context switches and seconds on a core so far, of all threads of all of its own processes."""
        switches, busy = 0, 0.0
        for pid in self.own_processes():
            for thread in os.listdir(f"/proc/{pid}/task"):
                folder = f"/proc/{pid}/task/{thread}"
                switches += sum(int(line.split()[1]) for line in lines(f"{folder}/status") if "ctxt_switches" in line)
                busy += int(lines(f"{folder}/schedstat")[0].split()[0]) / 1e9
        return switches, busy


class Coxswain(Contender):
    name = "coxswain"
    # It removes its control groups when it is asked to stop.
    endings = [signal.SIGTERM, signal.SIGKILL]

    def prepare(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        text = 'drain-delay = "0s"\n'
        for default in ("engine", "warmup", "api"):
            text += f"[service.{default}]\nenabled = false\n"
        for service, command in self.services.items():
            quoted = ", ".join(f'"{word}"' for word in command)
            text += f"[service.{service}]\ncommand = [{quoted}]\n"
            # At once, each time, as the others do.
            text += 'restart = { backoff = ["0s", "0s", "0s"], limit = 100000, failed-starts = 100000 }\n'
        write(f"{self.folder}/coxswain.toml", text)
        return [f"{self.programs}/coxswain", "run", "--config", f"{self.folder}/coxswain.toml"], {
            "COXSWAIN_LISTEN": f"127.0.0.1:{port}", "OUTPUT_DIR": f"{self.folder}/output"}


class Scripted(Contender):
    """A folder for each service, with a script `run`."""

    def prepare(self):
        for service, command in self.services.items():
            os.makedirs(f"{self.folder}/services/{service}")
            write(f"{self.folder}/services/{service}/run", f"#!/bin/sh\nexec {' '.join(command)}\n", 0o755)
        return [*self.program, f"{self.folder}/services"], {}


class Runit(Scripted):
    name = package = "runit"
    needs = ["runsvdir", "runsv"]
    program = ["runsvdir"]


class S6(Scripted):
    name = package = "s6"
    needs = ["s6-svscan", "s6-supervise"]
    program = ["s6-svscan"]


class Supervisord(Contender):
    name = "supervisord"
    package = "supervisor"
    needs = ["supervisord"]

    def prepare(self):
        text = "[supervisord]\nnodaemon=true\nuser=root\nlogfile=/dev/null\nlogfile_maxbytes=0\n"
        text += f"pidfile={self.folder}/pid\n"
        for service, command in self.services.items():
            text += f"[program:{service}]\ncommand={' '.join(command)}\n"
            text += "autorestart=true\nstartsecs=0\nstartretries=100000\n"
            # What containers do: the log goes on to supervisord's own standard output.
            text += "stdout_logfile=/dev/fd/1\nstdout_logfile_maxbytes=0\nredirect_stderr=true\n"
        write(f"{self.folder}/supervisord.conf", text)
        return ["supervisord", "-n", "-c", f"{self.folder}/supervisord.conf"], {}


ALL = [Coxswain, Runit, S6, Supervisord]


def die_with_parent():
    """Also where this script is killed outright, its namespaces end (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def lines(path):
    """Lines of a file of /proc; none when the process is gone."""
    try:
        with open(path) as file:
            return file.readlines()
    except OSError:
        return []


def children(pid):
    return [int(word) for line in lines(f"/proc/{pid}/task/{pid}/children") for word in line.split()]


def state(pid):
    """The letter of ps(1), or None when the process is gone."""
    for line in lines(f"/proc/{pid}/stat"):
        # The name is in brackets and may hold brackets itself: the last one ends it.
        return line[line.rindex(")") + 2]
    return None


def executable(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return None
