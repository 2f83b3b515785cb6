#include "SplashPage.h"

#include <SplashOutputDev.h>
#include <splash/SplashBitmap.h>

#include <algorithm>
#include <cstring>

namespace scan {

bool drawBySplash(PDFDoc &document, int page, double scale, const cimage_raster &raster)
{
    SplashColor paper = {255, 255, 255};
    SplashOutputDev output(splashModeRGB8, 4, false, paper);
    output.setFontAntialias(true);
    output.setVectorAntialias(true);
    output.startDoc(&document);
    document.displayPageSlice(
        &output, page, 72 * scale, 72 * scale, 0, false, true, false, 0, 0, static_cast<int>(raster.width),
        static_cast<int>(raster.height));
    SplashBitmap *bitmap = output.getBitmap();
    if (!bitmap || !bitmap->getDataPtr()) return false;
    auto width = std::min(raster.width, static_cast<uint32_t>(bitmap->getWidth()));
    auto height = std::min(raster.height, static_cast<uint32_t>(bitmap->getHeight()));
    bool blueFirst = raster.order == CIMAGE_BGRX;
    for (uint32_t y = 0; y < raster.height; y++) {
        uint8_t *pixels = raster.pixels + y * raster.stride;
        memset(pixels, 255, raster.width * size_t {4});
        if (y >= height) continue;
        const uint8_t *from = bitmap->getDataPtr() + static_cast<ptrdiff_t>(y) * bitmap->getRowSize();
        for (uint32_t x = 0; x < width; x++, from += 3, pixels += 4) {
            uint8_t *blue = blueFirst ? pixels : pixels + 1;
            blue[0] = from[2];
            blue[1] = from[1];
            blue[2] = from[0];
        }
    }
    return true;
}

}  // namespace scan
