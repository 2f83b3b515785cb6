"""Documents of known text, and how much of it came back."""

import difflib
import random

WORDS = (
    "about above across after again against almost along always animal answer apple arrow autumn basket before behind below "
    "beside better between bottle bread bridge bright butter button candle careful carpet castle center chair cheese church "
    "circle clever clock cloud coffee collar colour common copper corner cotton country cousin danger daughter dinner doctor "
    "double dream early earth eight empty engine evening famous farmer father feather finger flower forest friend garden gentle "
    "glass grass green ground group guitar hammer happy harbour heavy honest honey horse house hundred island jacket kitchen "
    "ladder letter little lucky market meadow middle minute mirror monday morning mother mountain narrow nature needle nobody "
    "number office orange oyster paper pencil people pepper picture pillow planet pocket potato quarter quiet rabbit rather "
    "river rocket round salad school season second secret seven shadow silver simple sister slowly small soldier spring square "
    "station stone street strong sugar summer supper table teacher thirty thousand tiger timber tomato tower travel twelve "
    "uncle under until valley village violet window winter wonder yellow yesterday"
).split()


class Document:
    """A PDF of A4 pages (595 x 842 points; twice as much each way with `scale` 2) in Helvetica, which it does not bring along:
    whoever draws it must find a font. No two pages are the same."""

    def __init__(self, path, pages, lines=24, seed=1, scale=1):
        self.path, self.scale = str(path), scale
        choose = random.Random(seed)
        self.pages = []
        for number in range(1, pages + 1):
            body = [" ".join(choose.choices(WORDS, k=8)) for _ in range(lines - 1)]
            self.pages.append([f"Page number {number} of {pages} begins here"] + body)
        with open(path, "wb") as file:
            file.write(self._bytes())

    def _bytes(self):
        objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
        kids = []
        size = f"{595 * self.scale} {842 * self.scale}"
        for lines in self.pages:
            shows = "\n".join(f"({line}) Tj T*" for line in lines)
            # Also a large page has letters of this size, and so more room around them.
            content = f"BT /F1 13 Tf 28 TL 60 {842 * self.scale - 80} Td\n{shows}\nET".encode()
            objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
            objects.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] /Contents {len(objects)} 0 R "
                "/Resources << /Font << /F1 3 0 R >> >> >>".encode())
            kids.append(f"{len(objects)} 0 R")
        objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
        out, places = bytearray(b"%PDF-1.4\n"), []
        for number, body in enumerate(objects, 1):
            places.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        start = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
        for place in places:
            out += b"%010d 00000 n \n" % place
        out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
        return bytes(out)

    def error(self, markdown):
        """The share of words that are missing or wrong, of the whole document in its order."""
        expected = [word for page in self.pages for line in page for word in line.split()]
        matches = difflib.SequenceMatcher(None, expected, markdown.split(), autojunk=False).get_matching_blocks()
        return 1 - sum(match.size for match in matches) / len(expected)

    def sentences(self):
        """Pieces of text that no log may hold."""
        return [" ".join(line.split()[:4]) for page in self.pages for line in page[1:4]]
