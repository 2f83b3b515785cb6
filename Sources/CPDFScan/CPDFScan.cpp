#include "CPDFScan.h"

#include <Catalog.h>
#include <GlobalParams.h>
#include <PDFDoc.h>
#include <Page.h>
#include <goo/gfile.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>
#include <string>

#include "PagePictures.h"
#include "PageRecorder.h"
#include "PictureRows.h"
#include "SplashPage.h"

using namespace scan;

static void sayNothing(ErrorCategory, Goffset, const char *) { }

struct cpdfscan {
    // First, since poppler's tables outlive everything that uses them.
    GlobalParamsIniter tables {sayNothing};
    std::unique_ptr<GooFile> file;
    std::unique_ptr<PDFDoc> document;
    int descriptor = -1;
    // Whether the page at hand has been drawn on.
    bool hasDrawn = false;
    // Whether a picture of the page at hand ended before its last row.
    bool lacksPart = false;
};

// Most pixels of the pictures of one page, 46,000 by 46,000: seconds of decoding. An A0 sheet at 600 dpi has a quarter of that.
static constexpr double mostPixels = 2147483648;

// PDF before 2.0 knew no UTF-8.
static std::optional<std::string> latin1(const char *text)
{
    std::string result;
    for (auto byte = reinterpret_cast<const unsigned char *>(text); *byte; byte++) {
        if (*byte < 0x80) {
            result.push_back(static_cast<char>(*byte));
        } else if ((*byte == 0xC2 || *byte == 0xC3) && (byte[1] & 0xC0) == 0x80) {
            result.push_back(static_cast<char>((*byte & 3) << 6 | (byte[1] & 0x3F)));
            byte++;
        } else {
            return std::nullopt;
        }
    }
    return result;
}

static bool open(cpdfscan &opened, const std::optional<std::string> &password)
{
    std::optional<GooString> key;
    if (password) key.emplace(password->data(), static_cast<int>(password->size()));
    // The document owns the stream, not the file.
    auto stream = new FileStream(opened.file.get(), 0, false, opened.file->size(), Object(objNull));
    opened.document = std::make_unique<PDFDoc>(stream, key, key);
    return opened.document->isOk();
}

void cpdfscan_keep_tables(void)
{
    // Never destroyed: the libraries that use it may be still at work when others are torn down.
    static auto *tables = new GlobalParamsIniter(sayNothing);
    (void)tables;
}

int cpdfscan_open(int descriptor, const char *password, cpdfscan **document)
{
    *document = nullptr;
    try {
        auto opened = std::make_unique<cpdfscan>();
        opened->descriptor = descriptor;
        opened->file = GooFile::open(descriptor);
        if (!opened->file) {
            close(descriptor);
            return CPDFSCAN_DAMAGED;
        }
        bool ok = password ? false : open(*opened, std::nullopt);
        if (password) {
            std::optional<std::string> old = latin1(password);
            ok = (old && open(*opened, old)) || open(*opened, password);
        }
        if (!ok) return CPDFSCAN_DAMAGED;
        *document = opened.release();
        return CPDFSCAN_OK;
    } catch (const std::bad_alloc &) {
        return CPDFSCAN_OUT_OF_MEMORY;
    } catch (...) {
        return CPDFSCAN_DAMAGED;
    }
}

void cpdfscan_close(cpdfscan *document)
{
    delete document;
}

// Where a picture's rows and columns fall on the raster.
struct Geometry {
    bool turned;
    // Pixels of the raster for the picture's whole width and height; negative where it is mirrored.
    double across, along;
    double acrossOrigin, alongOrigin;

    Geometry(const double *matrix, double scale)
    {
        double m[6];
        for (int i = 0; i < 6; i++) m[i] = matrix[i] * scale;
        // Less than a tenth of a pixel askew from one side to the other cannot be seen.
        bool upright = std::abs(m[1]) < 0.1 && std::abs(m[2]) < 0.1;
        turned = std::abs(m[0]) < 0.1 && std::abs(m[3]) < 0.1;
        if (upright == turned) throw Refusal(CPDFSCAN_NOT_PICTURES);
        // The first row lies at the top of the unit square, which is at 1.
        across = turned ? m[1] : m[0];
        along = turned ? -m[2] : -m[3];
        acrossOrigin = turned ? m[5] + m[3] : m[4] + m[2];
        alongOrigin = turned ? m[4] + m[2] : m[5] + m[3];
    }
};

static void draw(
    cpdfscan &opened, const Placement &placement, double scale, bool grey, size_t memory, bool onWhite,
    const cimage_raster &raster)
{
    Geometry geometry(placement.matrix, scale);
    Wish wish {
        std::max(std::abs(geometry.across) / placement.width, std::abs(geometry.along) / placement.height), grey, memory,
        opened.descriptor};
    // Beyond four times renderers show the pixels instead of going gently from one to the next.
    if (!(wish.scale < 4)) throw Refusal(CPDFSCAN_NOT_PICTURES);
    // Rows are a small part of what may be taken.
    if (static_cast<double>(placement.width) * 64 > static_cast<double>(memory)) throw Refusal(CPDFSCAN_TOO_LARGE);

    Object object = opened.document->getXRef()->fetch(placement.picture);
    if (!object.isStream()) throw Refusal(CPDFSCAN_NOT_PICTURES);
    Stream &stream = *object.getStream();
    GfxImageColorMap *colors = placement.colors.get();
    Source source = !colors ? openStencil(stream, placement.width, placement.height, placement.paint, placement.paintsOnes)
        : stream.getKind() == strDCT ? openJPEG(stream, placement.width, placement.height, *colors, wish)
                                     : openRows(stream, placement.width, placement.height, *colors);

    const double *clip = placement.clip;
    double acrossSize = geometry.turned ? raster.height : raster.width;
    double alongSize = geometry.turned ? raster.width : raster.height;
    Axis across(
        geometry.acrossOrigin, geometry.across / source.extentAcross, source.extentAcross, source.width,
        std::max(0.0, clip[geometry.turned ? 1 : 0] * scale), std::min(acrossSize, clip[geometry.turned ? 3 : 2] * scale));
    Axis along(
        geometry.alongOrigin, geometry.along / source.extentAlong, source.extentAlong, source.height,
        std::max(0.0, clip[geometry.turned ? 0 : 1] * scale), std::min(alongSize, clip[geometry.turned ? 2 : 3] * scale));
    opened.hasDrawn = true;
    bool covered = colors && across.coversAll(static_cast<int>(acrossSize)) && along.coversAll(static_cast<int>(alongSize));
    if (onWhite && !covered) {
        for (uint32_t y = 0; y < raster.height; y++) memset(raster.pixels + y * raster.stride, 255, raster.width * size_t {4});
    }
    switch (paint(*source.rows, source.channels, *source.colors, across, along, geometry.turned, raster)) {
    case Painted::all: break;
    case Painted::some: opened.lacksPart = true; break;
    case Painted::none: throw Refusal(CPDFSCAN_NOT_PICTURES);
    }
}

static int draw(cpdfscan &opened, Page &page, double scale, bool grey, size_t memory, const cimage_raster &raster)
{
    PageRecorder recorder;
    auto hasGivenUp = [](void *recorder) { return static_cast<PageRecorder *>(recorder)->hasGivenUp(); };
    page.display(&recorder, 72, 72, 0, false, true, false, hasGivenUp, &recorder);
    if (!recorder.onlyPictures()) return CPDFSCAN_NOT_PICTURES;
    double pixels = 0;
    for (const Placement &placement : recorder.placements) {
        if (placement.width <= 0 || placement.height <= 0) return CPDFSCAN_NOT_PICTURES;
        pixels += static_cast<double>(placement.width) * placement.height;
    }
    if (pixels > mostPixels) return CPDFSCAN_TOO_LARGE;
    for (const Placement &placement : recorder.placements) {
        draw(opened, placement, scale, grey, memory, &placement == &recorder.placements.front(), raster);
    }
    return CPDFSCAN_OK;
}

static int drawSafely(cpdfscan &opened, Page &page, double scale, bool grey, size_t memory, const cimage_raster &raster)
{
    int code;
    try {
        code = draw(opened, page, scale, grey, memory, raster);
    } catch (const Refusal &refusal) {
        code = refusal.code;
    }
    return code == CPDFSCAN_NOT_PICTURES && opened.hasDrawn ? CPDFSCAN_SPOILT : code;
}

static int drawPage(cpdfscan &opened, int index, double scale, bool grey, size_t memory, const cimage_raster &raster)
{
    opened.hasDrawn = false;
    opened.lacksPart = false;
    Page *page = opened.document->getPage(index + 1);
    if (!page || !page->isOk()) return CPDFSCAN_NOT_PICTURES;
    PagePictures pictures(*page);
    int code = CPDFSCAN_NOT_PICTURES;
    if (pictures.count > 0 && !pictures.hasJPX) code = drawSafely(opened, *page, scale, grey, memory, raster);
    if ((code != CPDFSCAN_NOT_PICTURES && code != CPDFSCAN_SPOILT) || !pictures.exceedsCairo) return code;
    if (pictures.mostPixels > mostPixels) return CPDFSCAN_TOO_LARGE;
    return drawBySplash(*opened.document, index + 1, scale, raster) ? CPDFSCAN_OK : CPDFSCAN_OUT_OF_MEMORY;
}

int cpdfscan_draw(
    cpdfscan *document, int page, double scale, bool grey, size_t memory, const cimage_raster *raster)
{
    try {
        return drawPage(*document, page, scale, grey, memory, *raster);
    } catch (const std::bad_alloc &) {
        return CPDFSCAN_OUT_OF_MEMORY;
    } catch (...) {
        return CPDFSCAN_SPOILT;
    }
}

bool cpdfscan_lacks_part(const cpdfscan *document)
{
    return document->lacksPart;
}
