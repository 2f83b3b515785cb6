#include "PagePictures.h"

#include <algorithm>

namespace scan {

static constexpr double longestSide = 32767;
static constexpr int deepest = 8;

PagePictures::PagePictures(Page &page)
{
    if (Dict *resources = page.getResourceDict()) visit(*resources, 0);
}

void PagePictures::visit(Dict &resources, int depth)
{
    for (const char *kind : {"XObject", "Pattern"}) {
        Object objects = resources.lookup(kind);
        if (!objects.isDict()) continue;
        for (int i = 0; i < objects.dictGetLength() && left > 0; i++, left--) {
            Object object = objects.dictGetVal(i);
            visit(object, depth);
        }
    }
}

void PagePictures::visit(Object &object, int depth)
{
    if (!object.isStream()) return;
    Dict &dict = *object.streamGetDict();
    if (dict.lookup("Subtype").isName("Image")) {
        if (depth == 0) {
            count++;
            hasJPX = hasJPX || object.getStream()->getKind() == strJPX;
        }
        measure(dict);
        for (const char *mask : {"SMask", "Mask"}) {
            Object stencil = dict.lookup(mask);
            if (stencil.isStream()) measure(*stencil.streamGetDict());
        }
    } else if (depth < deepest) {
        Object resources = dict.lookup("Resources");
        if (resources.isDict()) visit(*resources.getDict(), depth + 1);
    }
}

static double side(Dict &picture, const char *name, const char *shortName)
{
    Object value = picture.lookup(name);
    if (value.isNull()) value = picture.lookup(shortName);
    return value.isNum() ? value.getNum() : 0;
}

void PagePictures::measure(Dict &picture)
{
    double width = side(picture, "Width", "W");
    double height = side(picture, "Height", "H");
    if (!(std::max(width, height) > longestSide)) return;
    exceedsCairo = true;
    mostPixels = std::max(mostPixels, width * height);
}

}  // namespace scan
