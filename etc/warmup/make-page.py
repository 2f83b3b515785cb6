#!/usr/bin/python3
"""Makes the pages that coxswain warms its engine up with: Sources/coxswain-ocr/Resources/warmup.pdf.

Needs Debian's python3-cairo and fonts-dejavu-core. The texts must be the same as in WarmupPage.swift, which the
engine's answers are compared with; a test compares the two through pdftotext's eyes.
"""

import sys

import cairo

# A whole page (A4), half of one, and a strip such as a single line that was cut out: what an engine does for a picture
# depends on its size. One line is not English, and short enough for an engine without its letters to pass.
PAGES = [
    (595.28, 841.89, 14.5, 84, [
        "The crew of eight rows in time because one voice keeps it.",
        "A coxswain sits in the stern, steers the boat and calls",
        "each stroke, so that nobody has to look around.",
        "This page is read once before any other. When the words",
        "come back as they stand here, the engine is awake.",
        "Start 06:15, distance 2000 m, crew 8 + 1, boat no. 4739.",
        "The river was calm; the race took 5 minutes 42 seconds.",
        "Весла на воду!",
        "Whoever reads this far has read the whole page.",
    ]),
    (595.28, 419.53, 15, 90, [
        "Half a page is enough for a short report of the weather.",
        "Wind from the south-west, 3 m/s, later turning to west.",
        "The lock is open from 7:00 to 20:30, on Sundays from 9:00.",
    ]),
    (400, 40, 15, 26, ["One line alone, cut out of page 27."]),
]
MARGIN = 40


def main(path):
    surface = cairo.PDFSurface(path, *PAGES[0][:2])
    surface.set_metadata(cairo.PDFMetadata.TITLE, "coxswain warm-up pages")
    # A fixed date: the file is the same whenever it is made.
    surface.set_metadata(cairo.PDFMetadata.CREATE_DATE, "2025-01-01T00:00:00Z")
    context = cairo.Context(surface)
    context.select_font_face("DejaVu Serif", cairo.FONT_SLANT_NORMAL, cairo.FONT_WEIGHT_NORMAL)
    for width, height, size, leading, lines in PAGES:
        surface.set_size(width, height)
        context.set_font_size(size)
        # The lines in the middle of the page's height.
        y = (height - leading * (len(lines) - 1) + 0.7 * size) / 2
        for line in lines:
            if context.text_extents(line).x_advance > width - 2 * MARGIN:
                raise SystemExit(f"too long for the page: {line}")
            context.move_to(MARGIN, y)
            context.show_text(line)
            y += leading
        context.show_page()
    surface.finish()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "Sources/coxswain-ocr/Resources/warmup.pdf")
