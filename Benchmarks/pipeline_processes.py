"""What the kernel says of a tree of processes: processor time and memory. For Benchmarks/pipeline."""

import os
import threading
import time

TICK = 1 / os.sysconf("SC_CLK_TCK")


def descendants(root):
    """The process and all below it. Threads have children too."""
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children") as file:
                    left += [int(word) for word in file.read().split()]
        except OSError:
            pass  # it has ended
    return found


def processor_seconds(root):
    """Of the whole tree; of who has ended, what its parent has collected."""
    total = 0
    for pid in descendants(root):
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        # utime, stime and those of children that were waited for: fields 14 to 17 of proc(5).
        total += sum(map(int, fields[11:15]))
    return total * TICK


def by_program(root):
    """Processor seconds of each program of the tree, for finding out where they go."""
    totals = {}
    for pid in descendants(root):
        try:
            with open(f"/proc/{pid}/stat") as file:
                name, _, rest = file.read().partition("(")[2].rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        totals[name] = totals.get(name, 0) + sum(map(int, fields[11:15])) * TICK
    return totals


def pss(pid):
    """Proportional set size in bytes; 0 when it has ended."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def program(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


class MemoryWatch(threading.Thread):
    """Sums the memory of a tree so many times a second, and keeps the peak."""

    def __init__(self, root, rate=15, programs=None, told=None):
        """programs: only these count; told: called with each sum, in bytes."""
        super().__init__(daemon=True)
        self.root, self.pause, self.programs, self.told = root, 1 / rate, programs, told
        self.peak = self.samples = 0
        self.over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def run(self):
        while not self.over.is_set():
            begun = time.monotonic()
            total = sum(
                pss(pid) for pid in descendants(self.root)
                if self.programs is None or program(pid) in self.programs)
            self.peak = max(self.peak, total)
            self.samples += 1
            if self.told:
                self.told(total)
            self.over.wait(max(0, self.pause - (time.monotonic() - begun)))
