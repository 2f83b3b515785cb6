// Pictures that are JPEG: decoded by libjpeg at an eighth, a quarter, half or the whole of their size, the least
// that has the pixels that are used.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "CPDFScan.h"
#include "PictureRows.h"

namespace scan {

namespace {

// The bytes of a JPEG inside a PDF, decrypted and so on by poppler.
class JPEGBytes {
public:
    JPEGBytes(Stream &stream, int descriptor) : stream(stream), descriptor(descriptor)
    {
        // Nearly always they lie in the file as they are. poppler would read them 256 at a time.
        if (stream.getKind() == strFile) {
            auto &bytes = static_cast<BaseStream &>(stream);
            position = bytes.getStart();
            left = bytes.getLength();
        } else {
            stream.reset();
        }
    }

    ~JPEGBytes()
    {
        if (stream.getKind() != strFile) stream.close();
    }

    JPEGBytes(const JPEGBytes &) = delete;
    JPEGBytes &operator=(const JPEGBytes &) = delete;

    static size_t read(void *context, uint8_t *bytes, size_t room)
    {
        return static_cast<JPEGBytes *>(context)->read(bytes, room);
    }

private:
    Stream &stream;
    int descriptor;
    Goffset position = 0;
    Goffset left = 0;

    size_t read(uint8_t *bytes, size_t room)
    {
        if (stream.getKind() != strFile) {
            int count = stream.doGetChars(static_cast<int>(room), bytes);
            return count > 0 ? static_cast<size_t>(count) : 0;
        }
        auto wanted = static_cast<size_t>(std::clamp<Goffset>(left, 0, static_cast<Goffset>(room)));
        ssize_t count;
        do count = pread(descriptor, bytes, wanted, position);
        while (count < 0 && errno == EINTR);
        if (count <= 0) return 0;
        position += count;
        left -= count;
        return static_cast<size_t>(count);
    }
};

class JPEGRows final : public Rows {
public:
    JPEGRows(Stream &stream, int width, int height, int channels, const Wish &wish)
        : bytes(stream, wish.descriptor)
    {
        check(cimage_jpeg_reader_open(JPEGBytes::read, &bytes, &reader, &header));
        // poppler believes the PDF, and pictures that differ from what it says come out skewed.
        bool asDeclared = header.width == static_cast<uint32_t>(width)
            && header.height == static_cast<uint32_t>(height) && header.channels == static_cast<uint32_t>(channels);
        if (!asDeclared) fail(CPDFSCAN_NOT_PICTURES);
        // Two bytes a coefficient, of all channels at once.
        auto pixels = static_cast<double>(width) * height;
        if (header.progressive && pixels * 2 * channels > static_cast<double>(wish.memory)) {
            fail(CPDFSCAN_TOO_LARGE);
        }
    }

    ~JPEGRows() override { cimage_jpeg_reader_close(reader); }

    JPEGRows(const JPEGRows &) = delete;
    JPEGRows &operator=(const JPEGRows &) = delete;

    void start(int eighths, int transform, bool luma, Source &source)
    {
        uint32_t width = 0;
        uint32_t height = 0;
        check(cimage_jpeg_reader_start(reader, eighths, transform, luma, &width, &height));
        source.width = static_cast<int>(width);
        source.height = static_cast<int>(height);
        source.extentAcross = header.width * eighths / 8.0;
        source.extentAlong = header.height * eighths / 8.0;
        source.channels = luma ? 1 : static_cast<int>(header.channels);
        for (std::vector<uint8_t> &row : rows) row.resize(static_cast<size_t>(width) * header.channels);
    }

    const uint8_t *next() override
    {
        turn = !turn;
        if (cimage_jpeg_reader_row(reader, rows[turn].data()) != CIMAGE_OK) return nullptr;
        return rows[turn].data();
    }

    bool endedEarly() const override { return cimage_jpeg_reader_ended_early(reader); }

private:
    JPEGBytes bytes;
    cimage_jpeg_header header {};
    cimage_jpeg_reader *reader = nullptr;
    std::array<std::vector<uint8_t>, 2> rows;
    bool turn = false;

    // A constructor that throws has no destructor.
    [[noreturn]] void fail(int code)
    {
        cimage_jpeg_reader_close(reader);
        reader = nullptr;
        throw Refusal(code);
    }

    void check(int code)
    {
        if (code == CIMAGE_OUT_OF_MEMORY) fail(CPDFSCAN_OUT_OF_MEMORY);
        if (code != CIMAGE_OK) fail(CPDFSCAN_NOT_PICTURES);
    }
};

// What the PDF says of the JPEG's colours; -1 for nothing.
int colorTransform(Dict &dictionary)
{
    Object parameters = dictionary.lookup("DecodeParms");
    // One for each filter; JPEG is the last.
    if (parameters.isArray() && parameters.arrayGetLength() > 0) {
        parameters = parameters.arrayGet(parameters.arrayGetLength() - 1);
    }
    if (!parameters.isDict()) return -1;
    Object transform = parameters.dictLookup("ColorTransform");
    return transform.isInt() ? std::clamp(transform.getInt(), -1, 1) : -1;
}

}  // namespace

Source openJPEG(Stream &stream, int width, int height, GfxImageColorMap &colors, const Wish &wish)
{
    int channels = colors.getNumPixelComps();
    GfxColorSpaceMode mode = colors.getColorSpace()->getMode();
    Stream *encoded = stream.getNextStream();
    if (!encoded || colors.getBits() != 8 || channels > 4 || !blends(mode)) throw Refusal(CPDFSCAN_NOT_PICTURES);
    bool plain = mode == csDeviceRGB || mode == csDeviceGray;
    for (int i = 0; i < channels; i++) {
        plain = plain && colors.getDecodeLow(i) == 0 && colors.getDecodeHigh(i) == 1;
    }
    Source source {};
    auto rows = std::make_unique<JPEGRows>(*encoded, width, height, channels, wish);
    // libjpeg-turbo has vector code for halves and whole sizes; the eighths between take longer and look worse.
    int eighths = 1;
    while (eighths < 8 && eighths < wish.scale * 8 - 1e-6) eighths *= 2;
    bool luma = plain && wish.grey && channels == 3;
    rows->start(eighths, colorTransform(*stream.getDict()), luma, source);
    source.colors = plainColors(source.channels, plain ? nullptr : &colors);
    source.rows = std::move(rows);
    return source;
}

}  // namespace scan
