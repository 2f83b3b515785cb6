"""The documents of Benchmarks/pipeline: pages of a real book in three languages, and scans of them."""

import glob
import os
import re
import subprocess
import sys

BOOKS = "/usr/share/doc/debmake-doc/debmake-doc.{}.pdf"
LANGUAGES = ["en", "de", "ru"]
# Without covers and tables of contents.
FIRST, PAGES_EACH = 8, 130
# What a flat-bed scanner makes of a page.
SCAN_DPI, SCANS = 200, 20


def check():
    """Says what is missing, and how to get it."""
    if not all(os.path.exists(BOOKS.format(language)) for language in LANGUAGES):
        sys.exit("the books are missing: apt-get install -y --no-install-recommends debmake-doc")
    for program, package in (("qpdf", "qpdf"), ("pdftoppm", "poppler-utils")):
        if subprocess.run(["which", program], stdout=subprocess.DEVNULL).returncode != 0:
            sys.exit(f"{program} is missing: apt-get install -y --no-install-recommends {package}")


def text(path, pages):
    """Writes a document of so many text pages; those of the three books in turn, and again from the beginning."""
    parts = []
    last = FIRST + PAGES_EACH - 1
    for number in range(-(-pages // PAGES_EACH)):
        count = min(PAGES_EACH, pages - number * PAGES_EACH)
        parts += [BOOKS.format(LANGUAGES[number % len(LANGUAGES)]), f"{FIRST}-{min(last, FIRST + count - 1)}"]
    # 3: warnings about the books.
    code = subprocess.run(
        ["qpdf", "--warning-exit-0", "--empty", "--pages", *parts, "--", path], stderr=subprocess.DEVNULL).returncode
    if code != 0:
        sys.exit(f"qpdf could not make {path}")
    return path


def scans(path, pages, folder):
    """Writes a document of so many pages, each of which is one big JPEG; every twentieth is the same picture."""
    subprocess.run(
        ["pdftoppm", "-r", str(SCAN_DPI), "-f", str(FIRST), "-l", str(FIRST + SCANS - 1), "-jpeg", "-jpegopt",
         "quality=85", BOOKS.format("en"), f"{folder}/scan"], check=True)
    pictures = []
    for name in sorted(glob.glob(f"{folder}/scan-*.jpg")):
        with open(name, "rb") as file:
            pictures.append(file.read())
        os.unlink(name)
    with open(path, "wb") as file:
        write_scans(file, pictures, pages)
    return path


def write_scans(file, pictures, pages):
    """A PDF by hand: 1 the catalogue, 2 the tree, then the pictures, then a page and its content for each."""
    first = 3 + len(pictures)
    offsets = []

    def write_object(body, stream=None):
        offsets.append(file.tell())
        file.write(b"%d 0 obj\n%s\n" % (len(offsets), body.encode()))
        if stream is not None:
            file.write(b"stream\n" + stream + b"\nendstream\n")
        file.write(b"endobj\n")

    file.write(b"%PDF-1.4\n")
    write_object("<</Type/Catalog/Pages 2 0 R>>")
    kids = " ".join(f"{first + 2 * page} 0 R" for page in range(pages))
    write_object(f"<</Type/Pages/Count {pages}/Kids[{kids}]>>")
    for picture in pictures:
        width, height = jpeg_size(picture)
        write_object(
            f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB/BitsPerComponent 8"
            f"/Filter/DCTDecode/Length {len(picture)}>>", picture)
    for page in range(pages):
        width, height = (side * 72 / SCAN_DPI for side in jpeg_size(pictures[page % len(pictures)]))
        content = f"q {width:.2f} 0 0 {height:.2f} 0 0 cm /I Do Q".encode()
        write_object(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width:.2f} {height:.2f}]/Contents {first + 2 * page + 1} 0 R"
            f"/Resources<</XObject<</I {3 + page % len(pictures)} 0 R>>>>>>")
        write_object(f"<</Length {len(content)}>>", content)
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
    file.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    file.write(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start))


def jpeg_size(picture):
    frame = re.search(rb"\xff[\xc0-\xc2]..\x08(..)(..)", picture, re.DOTALL)
    return int.from_bytes(frame[2], "big"), int.from_bytes(frame[1], "big")
