"""Documents for Benchmarks/renderers: pages of a Debian book as they are, and the same pages as scanners would give them."""

import glob
import io
import os
import subprocess

from PIL import Image, ImageChops, TiffImagePlugin

BOOK = "/usr/share/doc/debmake-doc/debmake-doc.en.pdf"
FIRST = 10  # before it are title and contents
SCAN_DPI = 300

# A strip each would be a picture each.
TiffImagePlugin.STRIP_SIZE = 1 << 30


def text(folder, pages):
    path = os.path.join(folder, "text.pdf")
    subprocess.run(["qpdf", BOOK, "--pages", ".", f"{FIRST}-{FIRST + pages - 1}", "--", path], check=True)
    return path


def scans(folder, source, pages):
    """The same pages as JPEG in colour, JPEG in grey, and black on white as fax machines code it: name → path."""
    stem = os.path.join(folder, "scan")
    subprocess.run(["pdftoppm", "-r", str(SCAN_DPI), "-l", str(pages), source, stem], check=True)
    sheets = sorted(glob.glob(stem + "*.ppm"))
    found = {}
    for name, encode in [("JPEG, colour", color), ("JPEG, grey", grey), ("CCITT G4", fax)]:
        path = os.path.join(folder, name.replace(", ", "-").replace(" ", "-") + ".pdf")
        write_pdf(path, [encode(Image.open(sheet)) for sheet in sheets])
        found[name] = path
    for sheet in sheets:
        os.unlink(sheet)
    return found


def paper(sheet):
    """With a scanner's noise, in the ink and on the paper, which is not quite white."""
    noise = Image.effect_noise(sheet.size, 6).convert(sheet.mode)
    return ImageChops.add(sheet.point(lambda value: value * 9 // 10), noise, offset=-116)


def jpeg(picture, space):
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=85)
    return picture.size, f"/ColorSpace/{space}/BitsPerComponent 8/Filter/DCTDecode", encoded.getvalue()


def color(sheet):
    return jpeg(paper(sheet), "DeviceRGB")


def grey(sheet):
    return jpeg(paper(sheet.convert("L")), "DeviceGray")


def fax(sheet):
    encoded = io.BytesIO()
    sheet.convert("1", dither=0).save(encoded, "TIFF", compression="group4")
    tags = Image.open(io.BytesIO(encoded.getvalue())).tag_v2
    (start,), (count,) = tags[273], tags[279]
    width, height = sheet.size
    # Photometric interpretation 0: zero is white, as PDF has it unless it is told otherwise.
    black_is_one = "false" if tags[262] == 0 else "true"
    parameters = f"<</K -1/Columns {width}/Rows {height}/BlackIs1 {black_is_one}>>"
    keys = f"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode/DecodeParms{parameters}"
    return sheet.size, keys, encoded.getvalue()[start:start + count]


def write_pdf(path, pictures):
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    kids = []
    for (width, height), keys, data in pictures:
        number = len(objects) + 1
        across, down = width * 72 / SCAN_DPI, height * 72 / SCAN_DPI
        content = f"q {across} 0 0 {down} 0 0 cm /Scan Do Q".encode()
        header = f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}{keys}/Length {len(data)}>>stream\n"
        objects.append(header.encode() + data + b"\nendstream")
        objects.append(f"<</Length {len(content)}>>stream\n".encode() + content + b"\nendstream")
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {across} {down}]/Contents {number + 1} 0 R"
            f"/Resources<</XObject<</Scan {number} 0 R>>>>>>".encode())
        kids.append(f"{number + 2} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>".encode()
    out = bytearray(b"%PDF-1.5\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj".encode() + body + b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer<</Root 1 0 R/Size {len(objects) + 1}>>\nstartxref\n{table}\n%%EOF\n".encode()
    with open(path, "wb") as file:
        file.write(out)
