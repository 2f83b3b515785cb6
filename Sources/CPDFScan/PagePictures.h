#pragma once
#include <Page.h>

namespace scan {

// The pictures that a page has at hand; whether it shows them is not asked.
struct PagePictures {
    // On the page itself, not in its forms.
    int count = 0;
    // One of them is of a kind that poppler decodes whole each time it is asked for its size.
    bool hasJPX = false;
    // In forms and patterns too: cairo, whose surfaces end at 32,767 pixels a side, would leave one of them out and say
    // nothing.
    bool exceedsCairo = false;
    // Of the largest of those that do.
    double mostPixels = 0;

    explicit PagePictures(Page &page);

private:
    // Forms may hold themselves.
    int left = 1000;

    void visit(Dict &resources, int depth);
    void visit(Object &object, int depth);
    void measure(Dict &picture);
};

}  // namespace scan
