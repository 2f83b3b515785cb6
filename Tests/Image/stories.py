"""All stories of the images, or those whose functions are named."""

import os
import shutil
import sys
import tempfile

import report
import story_cpu
import story_gpu
import story_pages
import story_places
from container import HERE
from document import Document


def main(wanted):
    folder = tempfile.mkdtemp(prefix="coxswain-image-")
    # podman's monitor writes a file `oom` wherever it happens to be.
    os.chdir(folder)
    document = Document(os.path.join(folder, "test.pdf"), pages=12)
    short = Document(os.path.join(folder, "short.pdf"), pages=5, seed=2)
    root = os.path.join(HERE, "..", "..")
    # Of the builds that went before.
    arguments = open(os.path.join(os.environ["IMAGE_CACHE"], "arguments")).read().splitlines()
    tree = next((argument for argument in arguments if argument.startswith("TREE=")), "TREE=localhost/coxswain-test/build")[5:]
    stories = [
        (story_cpu.what_it_is,),
        (story_cpu.starts,),
        (story_cpu.reads_and_stops, folder, document),
        (story_cpu.heals, folder, document),
        (story_places.unprivileged, short),
        (story_places.somebody_elses_folder, folder),
        (story_places.memory, folder),
        (story_places.room, short),
        (story_places.twice, short),
        (story_gpu.what_is_missing,),
        (story_gpu.bakes_weights_in, folder, arguments, root),
        (story_gpu.replaced, folder, document),
        # What the build stage made, without that stage, for which the folder of each page is another one.
        (story_pages.pages, folder, document, " ".join([*arguments, "--build-arg", f"TREE={tree}"])),
    ]
    try:
        for function, *arguments in stories:
            if not wanted or function.__name__ in wanted:
                report.tell(function, *arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return report.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
