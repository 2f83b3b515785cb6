"""The image as anybody starts it: no option but a volume, entry point as PID 1, root."""

import json
import os
import pathlib
import statistics
import time

from container import Container, docker, eventually
from report import check, fact, story


def text_in_log(container, document):
    """A sentence of the document that stands in the log."""
    log = "\n".join(container.lines())
    return next((sentence for sentence in document.sentences() if sentence in log), None)


def what_it_is():
    story("What the image is")
    config = docker("inspect", "--format", "{{json .}}", "coxswain:cpu")
    image = json.loads(config)
    image = image[0] if isinstance(image, list) else image
    inner = image["Config"]
    check(inner["Entrypoint"] == ["/usr/local/bin/coxswain", "run"] and not inner.get("Cmd"),
          "its entry point is `coxswain run`, without arguments", inner)
    check(inner.get("StopSignal") == "SIGTERM", "its stop signal is SIGTERM", inner.get("StopSignal"))
    health = image.get("Healthcheck") or inner.get("Healthcheck") or {}
    check(health.get("Test") == ["CMD", "/usr/local/bin/coxswain", "probe", "ready"] and health.get("StartPeriod") == 620e9,
          "its health check is `coxswain probe ready`, with a start period of 620 s", health)
    labels = inner["Labels"]
    check(all(labels.get(f"org.opencontainers.image.{name}") for name in ("version", "revision", "source", "licenses")),
          "its labels tell version, revision, source and licences", labels)
    check("VOLUME" not in config and not inner.get("Volumes"), "it declares no volume that would be lost unseen", inner)
    script = "for name in cc gcc clang swift make git curl wget; do command -v $name; done; " \
             "ls -A /var/lib/apt/lists /var/cache/apt/archives | grep -v -e lock -e partial -e : ; " \
             "ls -d /src /dist /mnt/* /run/secrets /tmp/* 2>/dev/null; true"
    left = docker("run", "--rm", "--network", "none", "--entrypoint", "sh", "coxswain:cpu", "-c", script)
    check(left.strip() == "", "no compiler, no cache, no source and no mount point is left in it", left)
    size = int(docker("inspect", "--format", "{{.Size}}", "coxswain:cpu")) / 1e6
    base = int(docker("inspect", "--format", "{{.Size}}", "localhost/coxswain-test/debian:bookworm-slim")) / 1e6
    fact(f"image coxswain:cpu: {size:.0f} MB, of which Debian {base:.0f} MB")


def starts():
    story("How long it takes to get ready")
    times = []
    for _ in range(3):
        with Container("coxswain:cpu") as container:
            times.append(container.wait_until_ready())
    check(max(times) < 60, "it gets ready within a minute, three times", times)
    fact(f"`docker run` to /readyz 200, median of 3: {statistics.median(times):.1f} s ({min(times):.1f}–{max(times):.1f})")


def reads_and_stops(folder, document):
    story("It starts, reads, and stops")
    output = pathlib.Path(folder, "output")
    output.mkdir()
    with Container("coxswain:cpu", "-v", f"{output}:/workspace/output") as container:
        check(not container.is_healthy(), "the health check fails before it is ready")
        container.wait_until_ready()
        check(container.is_healthy(), "the health check passes once it is")
        check(container.exec("cat", "/proc/1/comm") == "coxswain", "coxswain is PID 1")
        answer = container.send(document.path)
        check(answer.status == 200 and answer.json()["status"] == "success", "a PDF is read", answer)
        error = document.error(answer.json().get("markdown") or "")
        check(error < 0.05, f"the text is that of the PDF, though it brings no font: {error:.1%} of the words differ")
        names = sorted(os.listdir(output))
        check([pathlib.Path(name).suffix for name in names] == ["", ".json", ".md"] and names[0] == ".coxswain",
              "two results and nothing else lie in the output folder", names)
        check((output / names[2]).read_text().strip() == answer.json()["markdown"].strip(),
              "the file holds what the answer says")
        inside = container.processes_of_the_host()
        code, seconds = container.stop()
        check(code == 0, "asked to stop, it exits with 0", code)
        left = [pid for pid in inside if os.path.exists(f"/proc/{pid}")]
        check(len(inside) > 5 and not left, f"none of its {len(inside)} processes is left", left)
        check(seconds < 10, f"idle, that takes {seconds:.1f} s, 3 of which are for load balancers", seconds)
        records = container.records()
        check(not [r for r in records if "not json" in r], "every line of its log is a JSON record",
              [r for r in records if "not json" in r])
        check(text_in_log(container, document) is None, "no text of the document is in the log", text_in_log(container, document))
        check(records[-1].get("message") == "coxswain exits" and records[-1].get("status") == 0,
              "its last word is the exit status", records[-1])
        left = [str(p.relative_to(output)) for p in output.rglob("*") if p.is_file() and ".coxswain" in str(p)]
        check(not [name for name in left if "spool/" in name or name.endswith((".tmp", ".new", ".sock", "-wal"))],
              "no upload, no half file and no open log of the database is left", left)


def heals(folder, document):
    story("Parts of it are killed while a document is read")
    with Container("coxswain:cpu", "-v", "coxswain-test:/workspace/output") as container:
        container.wait_until_ready()
        waiting = container.sending(document.path)
        for program, name in (("coxswain-tesseract", "the engine"), ("coxswain-render", "a renderer")):
            time.sleep(1.5)
            check(container.kill(program) and waiting.poll() is None, f"{name} is killed with -9 while a request waits")
        answer = container.answer(waiting)
        check(answer.status == 200 and answer.json()["status"] == "success", "the same request is answered all the same", answer)
        check(document.error(answer.json().get("markdown") or "") < 0.05, "with the whole text")
        job = container.send(document.path, "/jobs").json()["id"]
        time.sleep(2)
        status = container.get(f"/jobs/{job}").json()["status"]
        check(container.kill("coxswain-ocr serve") and status == "running", "the api is killed with -9 while a job is worked on", status)
        refused = []

        def done():
            answer = container.get(f"/jobs/{job}")
            if answer is None:
                refused.append(1)
            return answer is not None and answer.status == 200 and answer.json()["status"] not in ("queued", "running")
        check(eventually(done, 120), "the job comes to its end", container.get(f"/jobs/{job}"))
        check(not refused, "nobody was refused meanwhile")
        result = container.get(f"/jobs/{job}/result?format=markdown")
        check(result.status == 200 and document.error(result.body) < 0.05, "with the whole text", result)
        status = container.exec("coxswain", "status")
        check(container.logged("engine failed after") and container.logged("api failed after") and container.is_ready(),
              "the log says what died, and the container is ready", status)

        job = container.send(document.path, "/jobs").json()["id"]
        time.sleep(2)
        code, seconds = container.stop()
        check(code == 0 and seconds < 25, f"stopped in the middle of a document it exits with 0 after {seconds:.1f} s", code)
        container.start_again()
        container.wait_until_ready()
        check(eventually(lambda: container.get(f"/jobs/{job}/result").status == 200, 120),
              "started again on the same volume it goes on with that document", container.get(f"/jobs/{job}"))
        result = container.get(f"/jobs/{job}/result?format=markdown")
        check(document.error(result.body) < 0.05, "and has the whole text", result)
        docker("kill", "-s", "KILL", container.name)
        check(container.exit_code() == 137, "killed as a whole it is gone")
        container.start_again()
        container.wait_until_ready()
        check(container.get(f"/jobs/{job}/result").status == 200, "and started again it still has the result")
    docker("volume", "rm", "coxswain-test")
