#pragma once
#include <GfxState.h>
#include <Stream.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include "Resampler.h"

namespace scan {

// Why a picture cannot be drawn here; the code is one of CPDFScan.h.
struct Refusal : std::exception {
    explicit Refusal(int code) : code(code) { }
    const int code;
};

// A picture's rows while they are decoded, and how they are to be understood.
struct Source {
    std::unique_ptr<Rows> rows;
    std::unique_ptr<Colors> colors;
    int channels;
    // Pixels that the rows hold, and how far the picture reaches in them: a JPEG that is scaled while it is decoded ends
    // inside its last pixel.
    int width, height;
    double extentAcross, extentAlong;
};

struct Wish {
    // Pixels of the page for one of the picture; the larger of both sides.
    double scale;
    bool grey;
    // Bytes that may be taken.
    size_t memory;
    // The file that the document lies in.
    int descriptor;
};

// stream: the picture's, which must live as long as the result.
Source openJPEG(Stream &stream, int width, int height, GfxImageColorMap &colors, const Wish &wish);
Source openRows(Stream &stream, int width, int height, GfxImageColorMap &colors);
Source openStencil(Stream &stream, int width, int height, const GfxRGB &paint, bool paintsOnes);

// Whether the mean of samples says nearly the mean of their colours, so that they may be scaled first and converted when
// they are fewer. The numbers of a palette do not, and Lab's, some of which are negative, neither.
bool blends(GfxColorSpaceMode mode);

// Of scaled samples; where `map` is null they are grey, or red, green and blue, already.
std::unique_ptr<Colors> plainColors(int channels, GfxImageColorMap *map);

}  // namespace scan
