"""Places that give a container less than it would like: no rights, nothing to write to, little memory, no room."""

import os
import pathlib
import time

from container import Container, docker
from document import Document
from report import check, story

UNPRIVILEGED = ["--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges"]


def unprivileged(document):
    story("As a user without rights, on a read-only root")
    # 1000 as everybody does; the other as OpenShift makes them up. Neither has an entry in /etc/passwd.
    for user in ("1000:1000", "1234567:0"):
        with Container("coxswain:cpu", "--user", user, *UNPRIVILEGED, "-v", "coxswain-test:/workspace/output") as container:
            container.wait_until_ready()
            check(container.is_healthy(), f"user {user} gets it ready and healthy, without a writable /tmp")
            refused = container.exec("sh", "-c", "touch /x /tmp/x /run/x /usr/local/x 2>&1; grep -E '^(Uid|CapEff|NoNewPrivs)' /proc/1/status",
                                     check=False)
            check(refused.count("Read-only file system") == 4 and "CapEff:\t0000000000000000" in refused
                  and "NoNewPrivs:\t1" in refused, "nothing else is writable, and there are no capabilities", refused)
            waiting = container.sending(document.path)
            time.sleep(1)
            check(container.kill("coxswain-tesseract") and waiting.poll() is None, "its engine is killed while a request waits")
            answer = container.answer(waiting)
            check(answer.status == 200 and document.error(answer.json().get("markdown") or "") < 0.05,
                  "the request is answered all the same, with the whole text", answer)
            code, seconds = container.stop()
            check(code == 0 and seconds < 25, f"asked to stop, it exits with 0 after {seconds:.1f} s", code)
        docker("volume", "rm", "coxswain-test")


def somebody_elses_folder(folder):
    story("A folder that the user may not write to")
    output = pathlib.Path(folder, "roots")
    output.mkdir(mode=0o755)
    with Container("coxswain:cpu", "--user", "1000", "-v", f"{output}:/workspace/output") as container:
        check(container.exit_code() == 78, "it ends at once with 78", container.exit_code())
        problem = next((r["message"] for r in container.records() if r.get("level") == "error"), "")
        check("/workspace/output/.coxswain: Permission denied" in problem and "uid 1000" in problem,
              f"in these words: {problem}", container.lines())
    with Container("coxswain:cpu", "-v", "coxswain-test:/workspace/output") as container:
        container.wait_until_ready()
        container.stop()
    with Container("coxswain:cpu", "--user", "1000", "-v", "coxswain-test:/workspace/output") as container:
        code = container.exit_code(within=10)
        check(code == 78 and container.logged("Permission denied"),
              "another user's state on the volume: the same", (code, container.lines()[-3:]))
    docker("volume", "rm", "coxswain-test")


def memory(folder):
    story("A memory limit that kills the engine")
    # Twelve large pages at once take 1.4 GiB, one after the other half of that.
    large = Document(os.path.join(folder, "large.pdf"), pages=12, lines=30, scale=2)
    parallel = ["-e", "OCR_WORKERS=12", "-e", "COXSWAIN_ENGINE_CONCURRENCY=12"]
    with Container("coxswain:cpu", "-m", "850m", "--memory-swap", "850m", *parallel) as container:
        container.wait_until_ready()
        answer = container.send(large.path)
        failures = [r for r in container.records() if r.get("kind") == "host-memory"]
        check(failures, "the kernel kills the engine over a document, and the log says so", container.lines()[-10:])
        if failures:
            check("the kernel killed" in failures[0]["message"] and "memory limit" in failures[0].get("hint", ""),
                  f"in these words: {failures[0]['message']}", failures[0])
        check(answer.status == 200 and large.error(answer.json().get("markdown") or "") < 0.05,
              "it is healed, and the document comes back whole: its pages were asked for one at a time", answer)
    # By a settings file, so that this takes no minutes.
    settings = pathlib.Path(folder, "coxswain.toml")
    settings.write_text('[service.engine]\nrestart = { backoff = ["0s", "1s", "1s"], failed-starts = 2 }\n')
    with Container("coxswain:cpu", "-m", "200m", "--memory-swap", "200m", "-v", f"{settings}:/etc/coxswain/coxswain.toml:ro",
                   *parallel) as container:
        code = container.exit_code(within=120)
        check(code == 75, "where there is never enough, it gives up and exits with 75", code)
        records = container.records()
        check(any("giving up on engine" in r.get("message", "") for r in records)
              and any("raise the container's memory limit" in r.get("hint", "") for r in records),
              "its log says what to raise", container.lines()[-5:])


def room(document):
    story("A volume that is full")
    with Container("coxswain:cpu", "--tmpfs", "/workspace/output:size=330m,mode=1777") as container:
        container.wait_until_ready()
        container.exec("sh", "-c", "head -c 150M /dev/zero >/workspace/output/full")
        answer = container.send(document.path)
        check(answer.status == 507, "a document is refused with 507", answer)
        check("detail" in answer.body, f"in these words: {answer.body.strip()[:200]}")
        container.exec("rm", "/workspace/output/full")
        answer = container.send(document.path)
        check(answer.status == 200, "with room again it is read", answer)


def twice(document):
    story("Two containers on one state folder")
    with Container("coxswain:cpu", "-v", "coxswain-test:/workspace/output") as first:
        first.wait_until_ready()
        with Container("coxswain:cpu", "-v", "coxswain-test:/workspace/output", "-e", "PORT=8091", "-e", "VLLM_PORT=8090",
                       name="coxswain-test-2", port=8091) as second:
            check(second.exit_code(within=10) == 78 and second.logged("is in use by another running coxswain"),
                  "the second ends at once with 78 and says why", second.lines()[-2:])
        check(first.send(document.path).status == 200, "the first works on")
    with Container("coxswain:cpu", "-v", "coxswain-test:/workspace/output") as third:
        third.wait_until_ready()
        check(True, "after the first was killed there is no lock in the way of the next")
    docker("volume", "rm", "coxswain-test")
