#include "PageRecorder.h"

#include <cmath>

namespace scan {

// A page of strips has a few dozen; where there are more, the page is no scan.
static constexpr size_t mostPictures = 64;

bool PageRecorder::giveUp()
{
    gaveUp = true;
    placements.clear();
    return true;
}

// Opaque, and not mixed with what is below.
static bool isPlain(GfxState *state)
{
    return state->getBlendMode() == gfxBlendNormal && state->getFillOpacity() == 1;
}

void PageRecorder::area(GfxState *state)
{
    GfxRGB color;
    state->getFillRGB(&color);
    // Many scanners' programs paint the paper white first.
    bool white = color.r == gfxColorComp1 && color.g == gfxColorComp1 && color.b == gfxColorComp1;
    if (!placements.empty() || !white || !isPlain(state)) giveUp();
}

// Only rectangles: poppler keeps their sides, and of other paths no more than the bounds.
void PageRecorder::clipTo(GfxState *state)
{
    const GfxPath *path = state->getPath();
    if (path->getNumSubpaths() != 1) {
        giveUp();
        return;
    }
    const GfxSubpath *outline = path->getSubpath(0);
    int count = outline->getNumPoints();
    if (count == 5 && outline->getX(4) == outline->getX(0) && outline->getY(4) == outline->getY(0)) count = 4;
    double x[4];
    double y[4];
    if (count != 4) {
        giveUp();
        return;
    }
    for (int i = 0; i < 4; i++) {
        if (outline->getCurve(i)) giveUp();
        state->transform(outline->getX(i), outline->getY(i), &x[i], &y[i]);
    }
    auto same = [](double a, double b) { return std::abs(a - b) < 0.01; };
    bool across = same(y[0], y[1]) && same(x[1], x[2]) && same(y[2], y[3]) && same(x[3], x[0]);
    bool down = same(x[0], x[1]) && same(y[1], y[2]) && same(x[2], x[3]) && same(y[3], y[0]);
    if (!across && !down) giveUp();
}

void PageRecorder::drawChar(
    GfxState *state, double, double, double, double, double, double, CharCode, int, const Unicode *, int)
{
    // 3 is invisible: what a recogniser of text lays over a scan.
    if (state->getRender() != 3) giveUp();
}

Placement *PageRecorder::place(GfxState *state, Object *reference, int width, int height, bool isInline)
{
    // An inline picture is gone when the page has been gone through; scans are none.
    if (gaveUp || isInline || !reference || !reference->isRef() || !isPlain(state)
        || placements.size() == mostPictures) {
        giveUp();
        return nullptr;
    }
    Placement &placement = placements.emplace_back();
    placement.picture = reference->getRef();
    placement.width = width;
    placement.height = height;
    for (int i = 0; i < 6; i++) {
        placement.matrix[i] = state->getCTM()[i];
        if (!std::isfinite(placement.matrix[i])) {
            giveUp();
            return nullptr;
        }
    }
    state->getClipBBox(&placement.clip[0], &placement.clip[1], &placement.clip[2], &placement.clip[3]);
    return &placement;
}

void PageRecorder::drawImage(
    GfxState *state, Object *reference, Stream *, int width, int height, GfxImageColorMap *colors, bool,
    const int *maskColors, bool isInline)
{
    // poppler cannot copy the colours of 16 bits a sample: it reads far beyond its own table.
    if (maskColors || colors->getBits() > 8) giveUp();
    Placement *placement = place(state, reference, width, height, isInline);
    if (placement) placement->colors.reset(colors->copy());
}

void PageRecorder::drawImageMask(
    GfxState *state, Object *reference, Stream *, int width, int height, bool invert, bool, bool isInline)
{
    Placement *placement = place(state, reference, width, height, isInline);
    if (!placement) return;
    placement->paintsOnes = invert;
    state->getFillRGB(&placement->paint);
}

}  // namespace scan
