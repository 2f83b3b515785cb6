#pragma once
#include <GfxState.h>
#include <Object.h>
#include <OutputDev.h>

#include <memory>
#include <vector>

namespace scan {

// A picture as a page shows it.
struct Placement {
    Ref picture;
    int width;
    int height;
    // From the unit square, whose upper side is the picture's first row, to points from the page's left upper corner.
    double matrix[6];
    // Left, top, right, bottom, in the same points: nothing shows outside.
    double clip[4];
    // Of samples; null for a stencil, which paints one colour where its bits say so.
    std::unique_ptr<GfxImageColorMap> colors;
    GfxRGB paint;
    bool paintsOnes;
};

// Notes which pictures a page shows, and gives up at the first mark that is not a picture on its own: text that is to be
// seen, lines, areas, patterns, masks, transparency. Decodes nothing.
class PageRecorder final : public OutputDev {
public:
    bool onlyPictures() const { return !gaveUp && !placements.empty(); }
    bool hasGivenUp() const { return gaveUp; }
    std::vector<Placement> placements;

    bool upsideDown() override { return true; }
    bool useDrawChar() override { return true; }
    bool interpretType3Chars() override { return false; }
    bool needNonText() override { return !gaveUp; }

    // Said to be done here, so that poppler does not take them apart into thousands of areas.
    bool useTilingPatternFill() override { return true; }
    bool useShadedFills(int) override { return true; }
    bool tilingPatternFill(
        GfxState *, Gfx *, Catalog *, GfxTilingPattern *, const double *, int, int, int, int, double,
        double) override { return giveUp(); }
    bool functionShadedFill(GfxState *, GfxFunctionShading *) override { return giveUp(); }
    bool axialShadedFill(GfxState *, GfxAxialShading *, double, double) override { return giveUp(); }
    bool radialShadedFill(GfxState *, GfxRadialShading *, double, double) override { return giveUp(); }
    bool gouraudTriangleShadedFill(GfxState *, GfxGouraudTriangleShading *) override { return giveUp(); }
    bool patchMeshShadedFill(GfxState *, GfxPatchMeshShading *) override { return giveUp(); }

    void stroke(GfxState *) override { giveUp(); }
    void fill(GfxState *state) override { area(state); }
    void eoFill(GfxState *state) override { area(state); }
    void clip(GfxState *state) override { clipTo(state); }
    void eoClip(GfxState *state) override { clipTo(state); }
    void clipToStrokePath(GfxState *) override { giveUp(); }
    void drawChar(
        GfxState *state, double, double, double, double, double, double, CharCode, int, const Unicode *,
        int) override;

    void drawImage(
        GfxState *state, Object *reference, Stream *, int width, int height, GfxImageColorMap *colors, bool,
        const int *maskColors, bool isInline) override;
    void drawImageMask(
        GfxState *state, Object *reference, Stream *, int width, int height, bool invert, bool,
        bool isInline) override;
    void drawMaskedImage(
        GfxState *, Object *, Stream *, int, int, GfxImageColorMap *, bool, Stream *, int, int, bool,
        bool) override { giveUp(); }
    void drawSoftMaskedImage(
        GfxState *, Object *, Stream *, int, int, GfxImageColorMap *, bool, Stream *, int, int, GfxImageColorMap *,
        bool) override { giveUp(); }
    void setSoftMaskFromImageMask(GfxState *, Object *, Stream *, int, int, bool, bool, double *) override
    {
        giveUp();
    }

    void psXObject(Stream *, Stream *) override { giveUp(); }
    void beginTransparencyGroup(GfxState *, const double *, GfxColorSpace *, bool, bool, bool) override { giveUp(); }
    void setSoftMask(GfxState *, const double *, bool, Function *, GfxColor *) override { giveUp(); }

private:
    bool gaveUp = false;

    bool giveUp();
    void area(GfxState *state);
    void clipTo(GfxState *state);
    Placement *place(GfxState *state, Object *reference, int width, int height, bool isInline);
};

}  // namespace scan
