// Pictures of every codec but JPEG: poppler decodes them.
#include "PictureRows.h"

#include <algorithm>
#include <cstring>

#include "CPDFScan.h"

namespace scan {

namespace {

class PlainColors final : public Colors {
public:
    PlainColors(int channels, GfxImageColorMap *map) : channels(channels), map(map) { }
    bool areOpaque() const override { return true; }

    void convert(uint8_t *samples, uint8_t *pixels, int count) override
    {
        if (map) {
            converted.resize(static_cast<size_t>(count) * 3);
            map->getRGBLine(samples, converted.data(), count);
            samples = converted.data();
        }
        if (map || channels == 3) {
            for (int i = 0; i < count; i++, samples += 3, pixels += 4) {
                pixels[0] = samples[2];
                pixels[1] = samples[1];
                pixels[2] = samples[0];
                pixels[3] = 255;
            }
        } else {
            for (int i = 0; i < count; i++, pixels += 4) {
                uint32_t pixel = samples[i] * 0x010101u | 0xFF000000u;
                memcpy(pixels, &pixel, 4);
            }
        }
    }

private:
    int channels;
    GfxImageColorMap *map;
    std::vector<uint8_t> converted;
};

// Samples say how much of a pixel is painted.
class StencilColors final : public Colors {
public:
    explicit StencilColors(const GfxRGB &paint)
        : color {colToByte(paint.b), colToByte(paint.g), colToByte(paint.r)}
    {
    }
    bool areOpaque() const override { return false; }

    void convert(uint8_t *samples, uint8_t *pixels, int count) override
    {
        for (int i = 0; i < count; i++, pixels += 4) {
            memcpy(pixels, color.data(), 3);
            pixels[3] = samples[i];
        }
    }

private:
    std::array<uint8_t, 3> color;
};

// The last row and the one before it: what `Rows` promises.
class Pair {
public:
    explicit Pair(size_t bytes) : rows {std::vector<uint8_t>(bytes), std::vector<uint8_t>(bytes)} { }

    uint8_t *next()
    {
        turn = !turn;
        return rows[turn].data();
    }

private:
    std::array<std::vector<uint8_t>, 2> rows;
    bool turn = false;
};

// One bit a pixel, eight at a time.
class BitRows final : public Rows {
public:
    BitRows(Stream &stream, int width, int height, uint8_t zero, uint8_t one)
        : stream(stream), left(height), packed((static_cast<size_t>(width) + 7) / 8), rows(packed.size() * 8)
    {
        for (size_t byte = 0; byte < 256; byte++) {
            for (size_t bit = 0; bit < 8; bit++) table[byte][bit] = byte & (0x80u >> bit) ? one : zero;
        }
        stream.reset();
    }

    ~BitRows() override { stream.close(); }

    const uint8_t *next() override
    {
        if (left-- <= 0) return nullptr;
        int count = stream.doGetChars(static_cast<int>(packed.size()), packed.data());
        if (count <= 0) return nullptr;
        ended = ended || static_cast<size_t>(count) < packed.size();
        std::fill(packed.begin() + count, packed.end(), uint8_t {0});
        uint8_t *row = rows.next();
        for (size_t i = 0; i < packed.size(); i++) memcpy(row + i * 8, table[packed[i]].data(), 8);
        return row;
    }

    bool endedEarly() const override { return ended; }

private:
    Stream &stream;
    int left;
    bool ended = false;
    std::vector<uint8_t> packed;
    Pair rows;
    std::array<std::array<uint8_t, 8>, 256> table;
};

// Samples of up to 8 bits. Where there are no more, poppler gives rows of ones.
class SampleRows : public Rows {
public:
    ~SampleRows() override { image.close(); }
    bool endedEarly() const override { return ended; }

    SampleRows(const SampleRows &) = delete;
    SampleRows &operator=(const SampleRows &) = delete;

protected:
    SampleRows(Stream &stream, int width, int height, int channels, int bits)
        : image(&stream, width, channels, bits), stream(stream), left(height)
    {
        image.reset();
    }

    uint8_t *line()
    {
        if (left-- <= 0) return nullptr;
        ended = ended || stream.lookChar() == EOF;
        return image.getLine();
    }

private:
    ImageStream image;
    Stream &stream;
    int left;
    bool ended = false;
};

// One channel, through a table of the colours of all its values: grey or three channels.
class TableRows final : public SampleRows {
public:
    TableRows(Stream &stream, int width, int height, int bits, const std::vector<GfxRGB> &palette, bool grey)
        : SampleRows(stream, width, height, 1, bits), width(width), grey(grey),
          rows(static_cast<size_t>(width) * (grey ? 1 : 3))
    {
        for (const GfxRGB &color : palette) {
            table.push_back({colToByte(color.r), colToByte(color.g), colToByte(color.b)});
        }
    }

    const uint8_t *next() override
    {
        const uint8_t *values = line();
        if (!values) return nullptr;
        uint8_t *row = rows.next();
        for (int i = 0; i < width; i++) {
            const std::array<uint8_t, 3> &color = table[std::min<size_t>(values[i], table.size() - 1)];
            if (grey) {
                row[i] = color[0];
            } else {
                memcpy(row + static_cast<size_t>(i) * 3, color.data(), 3);
            }
        }
        return row;
    }

private:
    int width;
    bool grey;
    Pair rows;
    std::vector<std::array<uint8_t, 3>> table;
};

// Several channels; `map`, where there is one, makes three of them before they are scaled.
class ColorRows final : public SampleRows {
public:
    ColorRows(Stream &stream, int width, int height, int channels, int bits, GfxImageColorMap *map)
        : SampleRows(stream, width, height, channels, bits), width(width), map(map),
          stride(static_cast<size_t>(width) * static_cast<size_t>(map ? 3 : channels)), rows(stride)
    {
    }

    const uint8_t *next() override
    {
        uint8_t *values = line();
        if (!values) return nullptr;
        uint8_t *row = rows.next();
        if (map) {
            map->getRGBLine(values, row, width);
        } else {
            memcpy(row, values, stride);
        }
        return row;
    }

private:
    int width;
    GfxImageColorMap *map;
    size_t stride;
    Pair rows;
};

// The colours that samples of red, green and blue say, without any conversion.
bool isPlainRGB(GfxImageColorMap &colors)
{
    if (colors.getColorSpace()->getMode() != csDeviceRGB) return false;
    for (int i = 0; i < 3; i++) {
        if (colors.getDecodeLow(i) != 0 || colors.getDecodeHigh(i) != 1) return false;
    }
    return true;
}

bool isGrey(const GfxRGB &color)
{
    return colToByte(color.r) == colToByte(color.g) && colToByte(color.g) == colToByte(color.b);
}

}  // namespace

bool blends(GfxColorSpaceMode mode)
{
    switch (mode) {
    case csDeviceGray:
    case csCalGray:
    case csDeviceRGB:
    case csCalRGB:
    case csDeviceCMYK:
    case csICCBased:
    case csSeparation: return true;
    default: return false;
    }
}

std::unique_ptr<Colors> plainColors(int channels, GfxImageColorMap *map)
{
    return std::make_unique<PlainColors>(channels, map);
}

Source openRows(Stream &stream, int width, int height, GfxImageColorMap &colors)
{
    int channels = colors.getNumPixelComps();
    int bits = colors.getBits();
    Source source {nullptr, nullptr, 1, width, height, static_cast<double>(width), static_cast<double>(height)};
    if (channels == 1 && bits <= 8) {
        std::vector<GfxRGB> palette(size_t {1} << bits);
        for (size_t value = 0; value < palette.size(); value++) {
            auto sample = static_cast<uint8_t>(value);
            colors.getRGB(&sample, &palette[value]);
        }
        bool grey = std::all_of(palette.begin(), palette.end(), isGrey);
        if (bits == 1 && grey) {
            source.rows = std::make_unique<BitRows>(
                stream, width, height, colToByte(palette[0].r), colToByte(palette[1].r));
        } else {
            source.channels = grey ? 1 : 3;
            source.rows = std::make_unique<TableRows>(stream, width, height, bits, palette, grey);
        }
        source.colors = plainColors(source.channels, nullptr);
        return source;
    }
    bool scaledFirst = bits == 8 && channels <= 4 && blends(colors.getColorSpace()->getMode());
    bool converted = scaledFirst && channels == 3 && isPlainRGB(colors);
    source.channels = scaledFirst ? channels : 3;
    source.rows = std::make_unique<ColorRows>(stream, width, height, channels, bits, scaledFirst ? nullptr : &colors);
    source.colors = plainColors(source.channels, scaledFirst && !converted ? &colors : nullptr);
    return source;
}

Source openStencil(Stream &stream, int width, int height, const GfxRGB &paint, bool paintsOnes)
{
    Source source {nullptr, nullptr, 1, width, height, static_cast<double>(width), static_cast<double>(height)};
    source.rows = std::make_unique<BitRows>(stream, width, height, paintsOnes ? 0 : 255, paintsOnes ? 255 : 0);
    source.colors = std::make_unique<StencilColors>(paint);
    return source;
}

}  // namespace scan
