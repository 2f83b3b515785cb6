#pragma once
#include <CImage.h>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace scan {

// How the pixels of one side of a picture fall on the pixels of a page. Each of the page's is the mean of the picture's
// that it covers, or where the picture is enlarged, lies on the line between two.
struct Axis {
    // origin, step: where on the page, in its pixels, the picture's pixel t begins: origin + step × t. step may be negative.
    // extent: where the picture ends, in its pixels; at most count, the number of pixels there are.
    // low, high: the part of the page that may be painted.
    Axis(double origin, double step, double extent, int count, double low, double high);

    // Pixels of the page, in the order in which the picture's are needed.
    struct Pixel {
        int position;
        float cover;  // 0…1, the part of it that the picture reaches
        int first;    // of the picture's
        int count;
        int weights;  // where they begin
    };
    std::vector<Pixel> pixels;
    std::vector<float> weights;
    // Weights of every pixel where all have the same number; else 0.
    int taps = 0;

    bool coversAll(int size) const;

private:
    void even(int count);
};

// Rows of a picture, first to last. The pointer is good until the next call but one; null when there are no more.
class Rows {
public:
    virtual ~Rows() = default;
    virtual const uint8_t *next() = 0;
    // Whether rows that were given had to be made up, since the data ended before them.
    virtual bool endedEarly() const { return false; }
};

// Turns a row of scaled samples into four bytes a pixel, blue first, the fourth its opacity.
class Colors {
public:
    virtual ~Colors() = default;
    virtual bool areOpaque() const = 0;
    virtual void convert(uint8_t *samples, uint8_t *pixels, int count) = 0;
};

// Paints a picture.
//
// channels: samples a pixel of `rows`, 1…4.
// turned: rows of the picture are columns of the page; `across` then goes down the page, and `along` from left to right.
// Returns how many of the rows there are.
enum class Painted { all, some, none };
Painted paint(
    Rows &rows, int channels, Colors &colors, const Axis &across, const Axis &along, bool turned,
    const cimage_raster &raster);

}  // namespace scan
