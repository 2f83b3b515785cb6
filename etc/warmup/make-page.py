#!/usr/bin/python3
"""Makes the page that coxswain warms its engine up with: Sources/coxswain-ocr/Resources/warmup.pdf.

Needs Debian's python3-cairo and fonts-dejavu-core. The text must be the same as in WarmupPage.swift, which the
engine's answer is compared with; a test compares the two through pdftotext's eyes.
"""

import sys

import cairo

LINES = [
    "The crew of eight rows in time because one voice keeps it.",
    "A coxswain sits in the stern, steers the boat and calls",
    "each stroke, so that nobody has to look around.",
    "This page is read once before any other. When the words",
    "come back as they stand here, the engine is awake.",
    "Start 06:15, distance 2000 m, crew 8 + 1, boat no. 4739.",
    "The river was calm; the race took 5 minutes 42 seconds.",
    "Рулевой держит курс, и восемь гребцов слышат его голос.",
]

# A5 portrait in points: small, so that it is read quickly at any resolution.
WIDTH, HEIGHT = 419.53, 595.28
MARGIN, SIZE, LEADING = 30, 11.2, 21


def main(path):
    surface = cairo.PDFSurface(path, WIDTH, HEIGHT)
    surface.set_metadata(cairo.PDFMetadata.TITLE, "coxswain warm-up page")
    # A fixed date: the file is the same whenever it is made.
    surface.set_metadata(cairo.PDFMetadata.CREATE_DATE, "2025-01-01T00:00:00Z")
    context = cairo.Context(surface)
    context.select_font_face("DejaVu Serif", cairo.FONT_SLANT_NORMAL, cairo.FONT_WEIGHT_NORMAL)
    context.set_font_size(SIZE)
    y = MARGIN + SIZE
    for line in LINES:
        if context.text_extents(line).x_advance > WIDTH - 2 * MARGIN:
            raise SystemExit(f"too long for the page: {line}")
        context.move_to(MARGIN, y)
        context.show_text(line)
        y += LEADING
    surface.finish()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "Sources/coxswain-ocr/Resources/warmup.pdf")
