"""What Benchmarks/pipeline measures of its contenders."""

import socket
import statistics
import threading
import time

import pipeline_processes as processes

BODY = 200_000  # bytes of a request, by which the stub's own capacity is measured


class Rate:
    """Pages, seconds and processor seconds of all turns of one contender at one latency."""

    def __init__(self):
        self.pages, self.seconds, self.processor, self.peak = 0, 0.0, 0.0, 0

    @property
    def pages_a_second(self):
        return self.pages / self.seconds

    @property
    def processor_a_page(self):
        return self.processor / self.pages


def turns(running, count):
    """All of them, so many times, each time beginning with another."""
    for number in range(count):
        first = number % len(running)
        yield from running[first:] + running[:first]


def rates(stub, running, document, latency, rounds, seconds):
    """A Rate by each contender's key. Each turn lasts so many seconds, and a document at least."""
    stub.set(latency)
    found = {contender.key: Rate() for contender in running}
    for contender in turns(running, rounds):
        rate = found[contender.key]
        end = time.monotonic() + seconds
        before = processes.processor_seconds(contender.pid)
        while True:
            took, pages = contender.send(document)
            rate.seconds += took
            rate.pages += pages
            if time.monotonic() > end:
                break
        rate.processor += processes.processor_seconds(contender.pid) - before
    # Once more, since reading the memory of gigabytes takes processor time from whoever is measured.
    for contender in running:
        with processes.MemoryWatch(contender.pid) as watch:
            contender.send(document)
        found[contender.key].peak = watch.peak
    return found


class Latency:
    """Seconds of a document of one page: alone, and while a long one is under way."""

    def __init__(self, alone, during, pages):
        self.alone, self.during, self.pages = alone, during, pages

    @property
    def ratio(self):
        return statistics.median(self.during) / statistics.median(self.alone)


def latency(stub, contender, one_page, long_document, latency_ms, times):
    stub.set(latency_ms)
    alone = []
    for _ in range(times):
        alone.append(contender.send(one_page)[0])
        time.sleep(0.05)
    outcome = []
    sender = threading.Thread(target=lambda: outcome.append(contender.send(long_document)))
    sender.start()
    # The long one is well under way.
    time.sleep(0.5)
    during = []
    while sender.is_alive() and len(during) < times:
        # One that outlasts the long document has waited behind it all the same.
        during.append(contender.send(one_page)[0])
        time.sleep(0.05)
    sender.join()
    if not during or not outcome:
        raise SystemExit(f"{contender.name}: the long document ended too early to measure beside it")
    return Latency(alone, during, outcome[0][1])


class Occupancy:
    """How busy one document kept the engine: shares of time."""

    def __init__(self, account, took, pages):
        self.rate = pages / took
        # Of the whole time, from the first byte that was sent to the last of the answer.
        self.busy = (account["seconds"] - account["empty"]) / took
        # From the first request to the last answer: with every place taken that there was a page for, and places taken of
        # those that could be.
        self.full = account["full"] / account["seconds"]
        self.taken = account["taken"] / account["takeable"]
        self.most_waiting = account["most_waiting"]


def occupancy(stub, contender, document, pages, latency_ms, places, rounds):
    """The median, by how busy it was, of so many documents."""
    found = []
    for _ in range(rounds):
        stub.set(latency_ms, total=pages, places=places)
        took, pages_read = contender.send(document)
        account = stub.account()
        if account["completions"] != pages:
            raise SystemExit(f"{pages_read} pages of {pages}, {account['completions']} requests")
        found.append(Occupancy(account, took, pages))
    return sorted(found, key=lambda one: one.busy)[len(found) // 2]


def tokens(stub, contender, document, pages, pieces, latency_ms):
    """Processor seconds a page when each answer comes in so many pieces, as an engine that generates sends them."""
    stub.set(latency_ms, pieces=pieces)
    before = processes.processor_seconds(contender.pid)
    contender.send(document)
    return (processes.processor_seconds(contender.pid) - before) / pages


def stub_capacity(stub, seconds=2):
    """Requests a second that the stub answers to one connection, and its own processor seconds for each."""
    stub.set(0)
    picture = b'{"model":"stub","stream":true,"messages":"' + b"x" * BODY + b'"}'
    request = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(picture) + picture
    count, before, begun = 0, processes.processor_seconds(stub.pid), time.monotonic()
    with socket.create_connection(("127.0.0.1", stub.port)) as connection:
        while time.monotonic() < begun + seconds:
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"0\r\n\r\n"):
                answer += connection.recv(1 << 16)
            count += 1
    took = time.monotonic() - begun
    return count / took, (processes.processor_seconds(stub.pid) - before) / count


class Hundreds:
    """Peak memory while each hundred pages of a long document is read, by the engine's count of pages."""

    def __init__(self, stub):
        self.stub, self.peaks = stub, {}

    def take(self, memory):
        number = self.stub.account()["completions"] // 100
        self.peaks[number] = max(self.peaks.get(number, 0), memory)


def long_document(stub, contender, document, programs, latency_ms):
    """Peak memory, in bytes, of these programs: of all the time, and in each hundred pages; and pages a second."""
    stub.set(latency_ms)
    hundreds = Hundreds(stub)
    with processes.MemoryWatch(contender.pid, programs=programs, told=hundreds.take) as watch:
        took, pages = contender.send(document)
    return watch.peak, hundreds.peaks, pages / took
