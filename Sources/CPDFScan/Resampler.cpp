#include "Resampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace scan {

Axis::Axis(double origin, double step, double extent, int count, double low, double high)
{
    double end = origin + step * extent;
    low = std::max(low, std::min(origin, end));
    high = std::min(high, std::max(origin, end));
    // A sliver of a pixel that is there only by rounding would be a pale line at the page's edge.
    int from = static_cast<int>(std::floor(low + 1e-3));
    int to = static_cast<int>(std::ceil(high - 1e-3));
    for (int i = 0; i < to - from; i++) {
        int position = step > 0 ? from + i : to - 1 - i;
        double left = std::max<double>(position, low);
        double right = std::min<double>(position + 1, high);
        Pixel pixel {position, static_cast<float>(right - left), 0, 0, static_cast<int>(weights.size())};
        if (pixel.cover > 0.999f) pixel.cover = 1;
        double begin = ((step > 0 ? left : right) - origin) / step;
        double finish = ((step > 0 ? right : left) - origin) / step;
        if (std::abs(step) < 1) {
            pixel.first = std::clamp(static_cast<int>(std::floor(begin + 1e-6)), 0, count - 1);
            int last = std::clamp(static_cast<int>(std::ceil(finish - 1e-6)) - 1, pixel.first, count - 1);
            double sum = 0;
            for (int k = pixel.first; k <= last; k++) {
                double part = std::max(1e-9, std::min<double>(k + 1, finish) - std::max<double>(k, begin));
                weights.push_back(static_cast<float>(part));
                sum += part;
            }
            for (size_t k = pixel.weights; k < weights.size(); k++) weights[k] /= static_cast<float>(sum);
        } else {
            double center = std::clamp((begin + finish) / 2 - 0.5, 0.0, count - 1.0);
            pixel.first = std::min(static_cast<int>(center), std::max(0, count - 2));
            auto second = static_cast<float>(center - pixel.first);
            weights.push_back(1 - second);
            if (count > 1) weights.push_back(second);
        }
        pixel.count = static_cast<int>(weights.size()) - pixel.weights;
        taps = std::max(taps, pixel.count);
        pixels.push_back(pixel);
    }
    even(count);
}

// A loop of known length is several times as fast: weights of 0 fill up those of few.
void Axis::even(int count)
{
    if (taps > 4 || taps > count) {
        taps = 0;
        return;
    }
    std::vector<float> evened;
    for (Pixel &pixel : pixels) {
        int first = std::min(pixel.first, count - taps);
        auto begin = evened.size();
        evened.resize(begin + static_cast<size_t>(taps), 0);
        std::copy_n(
            weights.begin() + pixel.weights, pixel.count, evened.begin() + static_cast<long>(begin) + pixel.first - first);
        pixel = {pixel.position, pixel.cover, first, taps, static_cast<int>(begin)};
    }
    weights = std::move(evened);
}

bool Axis::coversAll(int size) const
{
    return static_cast<int>(pixels.size()) == size
        && std::all_of(pixels.begin(), pixels.end(), [](const Pixel &pixel) { return pixel.cover == 1; });
}

// The last two rows are at hand: a row that two pixels of the page share, and both neighbours of a place between two.
class Window {
public:
    explicit Window(Rows &source) : source(source) { }

    // index: never more than one below the highest so far. Null where the rows ended early.
    const uint8_t *row(int index)
    {
        while (newest < index) {
            rows[0] = rows[1];
            rows[1] = newest >= 0 && !rows[1] ? nullptr : source.next();
            newest++;
        }
        return index == newest ? rows[1] : rows[0];
    }

private:
    Rows &source;
    const uint8_t *rows[2] = {nullptr, nullptr};
    int newest = -1;
};

static void add(float *__restrict sum, const uint8_t *__restrict row, float weight, size_t count)
{
    for (size_t i = 0; i < count; i++) sum[i] += weight * static_cast<float>(row[i]);
}

static void set(float *__restrict sum, const uint8_t *__restrict row, float weight, size_t count)
{
    for (size_t i = 0; i < count; i++) sum[i] = weight * static_cast<float>(row[i]);
}

// taps: what every pixel of the page has, where that is the same for all; 0 where it is not.
template<int channels, int taps>
static void gather(const float *sums, const Axis &axis, uint8_t *samples)
{
    for (const Axis::Pixel &pixel : axis.pixels) {
        const float *weight = &axis.weights[static_cast<size_t>(pixel.weights)];
        const float *sum = sums + static_cast<size_t>(pixel.first) * channels;
        float mean[channels] = {};
        for (int k = 0; k < (taps ? taps : pixel.count); k++, sum += channels) {
            for (int channel = 0; channel < channels; channel++) mean[channel] += weight[k] * sum[channel];
        }
        for (int channel = 0; channel < channels; channel++) {
            // The weights add up to one but for rounding, so that 255 stays below 256.
            *samples++ = static_cast<uint8_t>(mean[channel] + 0.5f);
        }
    }
}

template<int channels>
static void gather(const float *sums, const Axis &axis, uint8_t *samples)
{
    switch (axis.taps) {
    case 1: gather<channels, 1>(sums, axis, samples); break;
    case 2: gather<channels, 2>(sums, axis, samples); break;
    case 3: gather<channels, 3>(sums, axis, samples); break;
    case 4: gather<channels, 4>(sums, axis, samples); break;
    default: gather<channels, 0>(sums, axis, samples); break;
    }
}

static void gather(const float *sums, const Axis &axis, int channels, uint8_t *samples)
{
    switch (channels) {
    case 1: gather<1>(sums, axis, samples); break;
    case 2: gather<2>(sums, axis, samples); break;
    case 3: gather<3>(sums, axis, samples); break;
    default: gather<4>(sums, axis, samples); break;
    }
}

static inline void lay(const uint8_t *source, float cover, uint8_t *target)
{
    if (cover == 1 && source[3] == 255) {
        memcpy(target, source, 4);
        return;
    }
    float opacity = cover * static_cast<float>(source[3]) / 255;
    for (int i = 0; i < 3; i++) {
        target[i] = static_cast<uint8_t>(
            static_cast<float>(target[i]) * (1 - opacity) + static_cast<float>(source[i]) * opacity + 0.5f);
    }
}

namespace {

class Painter {
public:
    Painter(
        Rows &rows, int channels, Colors &colors, const Axis &across, const Axis &along, bool turned,
        const cimage_raster &raster)
        : batch(turned ? 16 : 1), rows(rows), window(rows), channels(channels), colors(colors), across(across), along(along), turned(turned), raster(raster)
    {
        int used = 0;
        for (const Axis::Pixel &pixel : across.pixels) used = std::max(used, pixel.first + pixel.count);
        sums.resize(static_cast<size_t>(used) * static_cast<size_t>(channels));
        samples.resize(across.pixels.size() * static_cast<size_t>(channels));
        lines.resize(batch * across.pixels.size() * 4);
        // The page's pixels in the picture's order, without a gap and without anything of what is below.
        direct = !turned && colors.areOpaque() && across.pixels.front().position <= across.pixels.back().position
            && std::all_of(across.pixels.begin(), across.pixels.end(), [](const auto &pixel) { return pixel.cover == 1; });
    }

    Painted run()
    {
        bool all = true;
        for (size_t j = 0; j < along.pixels.size(); j += batch) {
            size_t filled = std::min(batch, along.pixels.size() - j);
            for (size_t k = 0; k < filled; k++) {
                const Axis::Pixel &line = along.pixels[j + k];
                bool there = scale(line);
                if (!there && j + k == 0) return Painted::none;
                all = all && there;
                bool inPlace = direct && line.cover == 1;
                uint8_t *out = inPlace ? at(across.pixels.front().position, line.position)
                                       : &lines[k * across.pixels.size() * 4];
                if (there) {
                    colors.convert(samples.data(), out, count());
                } else {
                    // What a picture that was cut off lacks is paper.
                    memset(out, colors.areOpaque() ? 255 : 0, across.pixels.size() * 4);
                }
                if (!inPlace && !turned) layLine(line);
            }
            if (turned) layColumns(&along.pixels[j], filled);
        }
        return all && !rows.endedEarly() ? Painted::all : Painted::some;
    }

private:
    // As many rows of the picture as columns of the page lie in one line of the processor's cache.
    size_t batch;
    Rows &rows;
    Window window;
    int channels;
    Colors &colors;
    const Axis &across;
    const Axis &along;
    bool turned;
    bool direct;
    const cimage_raster &raster;
    std::vector<float> sums;
    std::vector<uint8_t> samples;
    std::vector<uint8_t> lines;

    int count() const { return static_cast<int>(across.pixels.size()); }

    uint8_t *at(int x, int y) const
    {
        return raster.pixels + static_cast<size_t>(y) * raster.stride + static_cast<size_t>(x) * 4;
    }

    // Down first, all columns at once, then across.
    bool scale(const Axis::Pixel &line)
    {
        bool begun = false;
        for (int i = 0; i < line.count; i++) {
            float weight = along.weights[static_cast<size_t>(line.weights + i)];
            if (weight == 0) continue;
            const uint8_t *row = window.row(line.first + i);
            if (!row) return false;
            (begun ? add : set)(sums.data(), row, weight, sums.size());
            begun = true;
        }
        gather(sums.data(), across, channels, samples.data());
        return true;
    }

    void layLine(const Axis::Pixel &line)
    {
        const uint8_t *source = lines.data();
        for (const Axis::Pixel &pixel : across.pixels) {
            lay(source, pixel.cover * line.cover, at(pixel.position, line.position));
            source += 4;
        }
    }

    void layColumns(const Axis::Pixel *columns, size_t filled)
    {
        for (size_t i = 0; i < across.pixels.size(); i++) {
            const Axis::Pixel &pixel = across.pixels[i];
            for (size_t k = 0; k < filled; k++) {
                lay(&lines[(k * across.pixels.size() + i) * 4], pixel.cover * columns[k].cover,
                    at(columns[k].position, pixel.position));
            }
        }
    }
};

}  // namespace

Painted paint(
    Rows &rows, int channels, Colors &colors, const Axis &across, const Axis &along, bool turned,
    const cimage_raster &raster)
{
    if (across.pixels.empty() || along.pixels.empty()) return Painted::all;
    return Painter(rows, channels, colors, across, along, turned, raster).run();
}

}  // namespace scan
