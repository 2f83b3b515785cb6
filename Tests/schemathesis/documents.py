"""Small documents, and some that are none."""

import struct
import zlib


def pdf(pages, trailer=""):
    """A PDF with one line of text on each page."""
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(pages))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {pages}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for page in range(pages):
        content = f"BT /F 24 Tf 20 50 Td (Page number {page + 1}) Tj ET"
        objects.append(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 90 40]/Resources<</Font<</F 3 0 R>>>>"
            f"/Contents {5 + 2 * page} 0 R>>"
        )
        objects.append(f"<</Length {len(content)}>>stream\n{content}\nendstream")
    text, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(text))
        text += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (
        f"{text}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R{trailer}>>\nstartxref\n{len(text)}\n%%EOF\n"
    ).encode()


def png(width, height):
    """A grey picture."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\xc8" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PDF = pdf(1)
ENCRYPTED = pdf(
    1, "/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<0011><0011>]" % ("5c" * 32, "5c" * 32)
)
GOOD = [PDF, pdf(3), png(40, 20), png(1, 1)]
BAD = [b"", b"hello", b"%PDF-1.7\n", PDF[: len(PDF) // 2], ENCRYPTED, b"\xff\xd8\xff\xe0" + b"\7" * 99, png(30, 30)[:40]]
