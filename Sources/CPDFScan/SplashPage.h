#pragma once
#include <CImage.h>
#include <PDFDoc.h>

namespace scan {

// Draws a page by poppler's own renderer, which takes pictures of any size, row by row. It is several times as slow as
// cairo, and its letters look a little different. Returns false when there is no memory.
bool drawBySplash(PDFDoc &document, int page, double scale, const cimage_raster &raster);

}  // namespace scan
