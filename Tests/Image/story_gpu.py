"""The image for a GPU, on a stand-in of PaddlePaddle's: an engine with vLLM's behaviour, and no GPU."""

import json
import os
import pathlib
import re
import subprocess
import time

from container import DOCKER, Container, docker, eventually
from document import Document
from hub import TOKEN, Hub
from report import check, fact, story

GPU = ["--gpus", "all"]

# As its owner wrote it down, with the name of another image.
REPLACED = """
docker run --gpus all \\
  -p 8081:8081 \\
  -v $(pwd)/output:/workspace/output \\
  -e PADDLEX_HOME=/home/paddleocr/.paddlex \\
  -e OUTPUT_DIR=/workspace/output \\
  -e VLLM_URL=http://127.0.0.1:8080/v1/markdown \\
  -e USE_VLM_API=true \\
  coxswain:gpu
"""
# What else it could be told.
ALSO = """
  -e HF_HOME=/home/paddleocr/.cache/huggingface \\
  -e VLLM_PORT=8080 \\
  -e WARMUP_IMG=/workspace/test_images/warmup.png \\
  -e HF_TOKEN=hf_x \\
  -e CLOUDRU_S3_ENDPOINT=https://s3.example.invalid \\
  -e CLOUDRU_S3_BUCKET=results \\
  -e CLOUDRU_S3_ACCESS_KEY=access \\
  -e CLOUDRU_S3_SECRET_KEY=secret-of-the-store \\
  coxswain:gpu
"""


def what_is_missing():
    story("Without a GPU, and without weights")
    inner = json.loads(docker("inspect", "--format", "{{json .Config}}", "coxswain:gpu-bare"))
    check(inner["Entrypoint"] == ["/usr/local/bin/coxswain", "run"] and not inner.get("Cmd"),
          "the base's command is gone: it would have become arguments", inner)
    with Container("coxswain:gpu-bare") as container:
        code = container.exit_code(10)
        check(code == 69 and container.logged("needs a GPU and this container has none: start it with `--gpus all`"),
              "without a GPU it ends with 69 and says how to give it one", container.lines()[-2:])
    with Container("coxswain:gpu-bare", *GPU) as container:
        code = container.exit_code(60)
        check(code == 69 and container.logged("PaddleOCR-VL is not there"),
              "without weights and a network it ends with 69 and says what is missing", container.lines()[-3:])
        print("       " + next((r["message"] for r in container.records() if r.get("level") == "error"), "")[:400])


def bakes_weights_in(folder, arguments, root):
    story("Weights in the image: --build-arg PRELOAD")
    secret = os.path.join(folder, "token")
    pathlib.Path(secret).write_text(TOKEN + "\n")
    build = [DOCKER, "build", *arguments, "--target", "gpu", "--build-arg", "PRELOAD=PaddleOCR-VL-0.9B"]
    with Hub(folder) as url:
        build += ["--build-arg", f"HF_ENDPOINT={url}"]
        without = subprocess.run([*build, "-t", "coxswain:never", root], capture_output=True, text=True)
        check(without.returncode != 0 and "401" in without.stdout + without.stderr,
              "where the hub wants a token and has none, the build fails and says so", (without.stdout + without.stderr)[-1500:])
        result = subprocess.run([*build, "--secret", f"id=HF_TOKEN,src={secret}", "-t", "coxswain:gpu", root],
                                capture_output=True, text=True)
        check(result.returncode == 0, "with the token as a secret it succeeds", (result.stdout + result.stderr)[-1500:])
    places = "/etc /home /models /root /run /tmp /usr/local/share /var /workspace"
    found = docker("run", "--rm", "--network", "none", "--entrypoint", "sh", "coxswain:gpu", "-c",
                   f"grep -rlF {TOKEN} {places}; find $HOME/.paddlex -type f ! -perm -004", check=False)
    about = docker("history", "--no-trunc", "coxswain:gpu") + docker("inspect", "coxswain:gpu")
    check(found == "" and TOKEN not in about, "no layer and no record of the image has the token; all weights are readable", found)
    with Container("coxswain:gpu", *GPU, "--user", "1000", "--read-only", "--cap-drop", "all", "--security-opt",
                   "no-new-privileges", "--tmpfs", "/tmp:mode=1777", "-v", "coxswain-test:/workspace/output",
                   "-e", "COXSWAIN_OFFLINE=true") as container:
        container.wait_until_ready()
        check(True, "a user without rights runs it on a read-only root, offline")
        check(container.logged("does not keep what it compiles"), "and is told that compiled code is not kept there")
    docker("volume", "rm", "coxswain-test")


class Replaced(Container):
    """What the replaced container's command line starts, in a terminal."""

    def __init__(self, folder, command):
        self.port, self.folder = 8081, folder
        os.makedirs(os.path.join(folder, "output"), exist_ok=True)
        environment = {**os.environ, "PATH": os.path.dirname(DOCKER) + ":" + os.environ["PATH"]}
        self.log = open(os.path.join(folder, "log"), "w")
        # The new one, among whatever else there may be.
        before = set(docker("ps", "-aq").split())
        self.process = subprocess.Popen(["bash", "-c", command], cwd=folder, env=environment, stdout=self.log, stderr=self.log)
        self.name = eventually(lambda: next(iter(set(docker("ps", "-aq").split()) - before), None), 20)

    def lines(self):
        return [line for line in open(self.log.name).read().splitlines() if line.startswith("{")]

    def shell(self, command):
        """A client's command line, word for word."""
        return subprocess.run(["bash", "-c", command], cwd=self.folder, capture_output=True, text=True, timeout=300).stdout


def replaced(folder, document):
    story("The replaced container's command line, clients and probes")
    print(REPLACED.strip())
    place = os.path.join(folder, "replaced")
    os.mkdir(place)
    os.link(document.path, os.path.join(place, "test.pdf"))
    with Replaced(place, REPLACED) as container:
        seen = set()

        def health():
            answer = container.get("/health")
            seen.add(answer and answer.status)
            return answer and answer.status == 200
        check(eventually(health, 120), "it gets ready, by the probe that its owner recommends: GET /health", container.lines()[-10:])
        check(seen <= {None, 503, 200} and 503 in seen, "until then that says 503, and the port answers", seen)
        ready = next(r for r in container.records() if r.get("message", "").startswith("container is ready"))
        fact(f"stand-in GPU engine (its own start takes 4 s): {ready['message']}")

        status = json.loads(container.shell("curl http://localhost:8081/health | jq"))
        expected = {"status": "healthy", "models_present": True, "missing_models": [], "vllm_status": "available",
                    "models_path": "/home/paddleocr/.paddlex/official_models", "use_vlm_api": True,
                    "vllm_url": "http://127.0.0.1:8080/v1/markdown", "output_dir": "/workspace/output",
                    "s3_storage": "not_configured"}
        check({name: status.get(name) for name in expected} == expected, "curl /health | jq: every field that it had", status)
        answer = json.loads(container.shell('curl -X POST -F "file=@test.pdf" http://localhost:8081/ocr/pdf | jq'))
        fields = {"status", "input_file", "pages_processed", "local_files", "vl_markdown_used", "vllm_used", "timestamp"}
        check(fields <= set(answer) and answer["status"] == "success" and answer["input_file"] == "test.pdf"
              and answer["pages_processed"] == len(document.pages) and answer["vllm_used"] and answer["vl_markdown_used"],
              "curl -F file=@test.pdf /ocr/pdf | jq: every field that it had", answer)
        error = document.error(answer.get("markdown") or "")
        check(error < 0.05, f"the text is the document's: {error:.1%} of the words differ")
        names = {kind: pathlib.Path(path) for kind, path in answer["local_files"].items()}
        check(all(re.fullmatch(r"/workspace/output/\d{8}_\d{6}_test\.(md|json)", str(path)) for path in names.values())
              and all(pathlib.Path(place, "output", path.name).stat().st_size > 0 for path in names.values()),
              "the files are in $(pwd)/output, named as they were", names)
        pathlib.Path(place, "no.pdf").write_text("no PDF")
        refused = container.send(os.path.join(place, "no.pdf"))
        check(refused.status == 400 and refused.json().get("detail") == "File must be a PDF",
              "what is no PDF: 400, with the same words", refused)
        root = container.get("/").json()
        check({"service", "version", "description", "vllm_url", "use_vlm_api", "endpoints"} <= set(root)
              and {"docs", "health", "ocr_pdf"} <= set(root["endpoints"]), "GET /: every field that it had", root)
        check(container.get("/docs").status == 200 and "/ocr/pdf" in container.get("/openapi.json").json()["paths"],
              "/docs and /openapi.json are there")

        # Another one: the stand-in remembers what it has read.
        other = Document(os.path.join(folder, "other.pdf"), pages=12, seed=3)
        waiting = container.sending(other.path)
        time.sleep(1.5)
        core = next(pid for pid, name in container.names() if "EngineCor" in name)
        container.exec("sh", "-c", f"kill -9 {core}")
        check(waiting.poll() is None, "its engine's core is killed while a document is read; vLLM then ends with status 0")
        answer = Container.answer(waiting)
        check(answer.status == 200 and other.error(answer.json().get("markdown") or "") < 0.05,
              "the document comes back whole", answer)
        check(container.logged("engine failed after"), "and the log says what happened", container.lines()[-5:])
        inside = container.processes_of_the_host()
        code, seconds = container.stop()
        check(code == 0 and container.process.wait(10) == 0 and seconds < 25,
              f"docker stop: it ends with 0 after {seconds:.1f} s", (code, container.process.returncode))
        left = [pid for pid in inside if os.path.exists(f"/proc/{pid}")]
        check(len(inside) > 5 and not left, f"none of its {len(inside)} processes is left", left)
        check(not [line for line in open(container.log.name) if not line.startswith(("{", "docker:"))],
              "what vLLM printed stands in its log as JSON records too", open(container.log.name).read()[-1000:])

    with Replaced(place, REPLACED.replace("  coxswain:gpu\n", ALSO.lstrip("\n"))) as container:
        check(eventually(container.is_ready, 120), "with every variable that it knew it gets ready, too", container.lines()[-10:])
        status = container.get("/health").json()
        check(status["s3_storage"] == "configured" and status["status"] == "healthy", "/health: s3_storage is configured", status)
        log = "\n".join(container.lines())
        check("VLLM_URL: vLLM has no" in log and "PADDLEX_HOME: PaddleX reads" in log and "WARMUP_IMG" in log,
              "the log explains what means something else than it says")
        check("secret-of-the-store" not in log and "hf_x" not in log, "and no secret is in it")
        environment = container.exec("sh", "-c", "tr '\\0' '\\n' </proc/$(pgrep -of paddlex_genai || pidof -s python3)/environ")
        check("SECRET" not in environment and "HF_TOKEN" not in environment and "PADDLE_PDX_CACHE_HOME=/home/paddleocr/.paddlex" in environment,
              "the engine is told where its weights are, and no secret", environment)
