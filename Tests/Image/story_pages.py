"""What the pages tell a reader to type, typed."""

import os
import re
import shlex
import shutil
import subprocess

from container import DOCKER, HERE, docker
from report import check, story

ROOT = os.path.realpath(os.path.join(HERE, "..", ".."))
# `docker run` in a terminal of its own: the next lines are typed into another one, once it is ready.
FOREGROUND = re.compile(r"docker run (?!.*(^|\s)(-d|--detach|--entrypoint)\b)")
PRELUDE = """
set -euo pipefail
ready() {
    for _ in $(seq 900); do
        if curl -fs -o /dev/null http://localhost:8081/readyz; then return; fi
        sleep 0.1
    done
    echo "nothing gets ready on port 8081" >&2
    return 1
}
"""


def script(lines):
    """One shell for a page. The same words, but for what makes one terminal of several."""
    commands = re.sub(r"\\\n\s*", " ", lines).splitlines()
    typed = [PRELUDE]
    for command in commands:
        if not command.strip() or command.startswith("#"):
            continue
        typed.append(f"printf '       $ %s\\n' {shlex.quote(command)}")
        typed.append(f"{command} >foreground.log 2>&1 &\nready" if FOREGROUND.match(command) else command + " >said 2>&1 || { cat said; exit 1; }")
    return "\n".join(typed)


def pages(folder, document, build_options):
    names = [os.path.relpath(os.path.join(place, name), ROOT)
             for place, _, files in os.walk(os.path.join(ROOT, "docs")) for name in sorted(files) if name.endswith(".md")]
    for page in ["README.md", *sorted(names)]:
        lines = subprocess.run([os.path.join(ROOT, "etc/test/documented-commands"), "image", page],
                               cwd=ROOT, capture_output=True, text=True, check=True).stdout
        if lines.strip():
            tell(page, lines, folder, document, build_options)


def tell(page, lines, folder, document, build_options):
    story(f"{page}, as it stands there")
    place = os.path.join(folder, "page")
    shutil.rmtree(place, ignore_errors=True)
    # As a reader's: a checkout of the repository, with a document in it.
    shutil.copytree(ROOT, place, symlinks=True, ignore=lambda at, names: {".git", ".build", "output"} & set(names) if at == ROOT else set())
    os.makedirs(os.path.join(place, "output"))
    shutil.copy(document.path, os.path.join(place, "document.pdf"))
    environment = {**os.environ, "PATH": os.path.dirname(DOCKER) + ":" + os.environ["PATH"], "IMAGE_BUILD_OPTIONS": build_options}
    before = set(docker("ps", "-aq").split())
    try:
        result = subprocess.run(["timeout", "600", "bash", "-c", script(lines)], cwd=place, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    finally:
        for name in set(docker("ps", "-aq").split()) - before:
            docker("rm", "-f", "-v", "-t", "0", name, check=False)
    shown = [line for line in result.stdout.splitlines() if line.startswith("       $ ")]
    print("\n".join(line[:150] for line in shown))
    check(result.returncode == 0, f"{page}: every command line does what the page says", result.stdout[-1500:])
