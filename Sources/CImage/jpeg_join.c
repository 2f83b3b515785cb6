// The coded data of encoded tiles and of a white one that stands for others, put together to one picture.
#include <stdlib.h>
#include <string.h>

#include "jpeg_tiles.h"

typedef struct {
    const uint8_t *bytes;
    size_t length;
} segment;

// Where the coded data starts, behind the marker segments; 0 if that is not found. *frame is where the picture's height
// and width are.
static size_t header_end(const uint8_t *bytes, size_t length, size_t *frame) {
    size_t at = 2;
    while (at + 4 <= length && bytes[at] == 0xFF) {
        uint8_t marker = bytes[at + 1];
        // A frame that is coded in sequence: length, precision, height, width.
        if (marker == 0xC0 || marker == 0xC1) *frame = at + 5;
        at += 2 + ((size_t)bytes[at + 2] << 8 | bytes[at + 3]);
        if (marker == 0xDA) return at <= length && *frame ? at : 0;
    }
    return 0;
}

// The coded data up to the next marker, and moves on behind that.
static segment next_segment(const uint8_t *bytes, size_t length, size_t *at) {
    size_t begin = *at, here = begin;
    while (here + 1 < length) {
        const uint8_t *found = memchr(bytes + here, 0xFF, length - here - 1);
        if (!found) break;
        here = (size_t)(found - bytes);
        // In the data a byte of 255 is followed by a zero.
        if (bytes[here + 1] != 0) {
            *at = here + 2;
            return (segment){bytes + begin, here - begin};
        }
        here += 2;
    }
    *at = length;
    return (segment){bytes + begin, 0};
}

static uint8_t *append(uint8_t *out, const uint8_t *bytes, size_t length) {
    memcpy(out, bytes, length);
    return out + length;
}

static void put16(uint8_t *bytes, uint32_t value) {
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

int jpeg_tiles_join(const jpeg_tiles *tiles, const uint8_t *part, size_t length, uint8_t **whole, size_t *whole_length) {
    *whole = NULL;
    *whole_length = 0;
    size_t frame = 0;
    size_t start = header_end(part, length, &frame);
    if (start == 0) return CIMAGE_DAMAGED;
    segment model = {part, 0};
    size_t at = start;
    for (uint32_t tile = 0; tile < tiles->count && tile <= tiles->model; tile++) {
        if (tiles->written[tile]) model = next_segment(part, length, &at);
    }
    uint8_t *bytes = malloc(length + (size_t)(tiles->count - tiles->coded) * (model.length + 2));
    if (!bytes) return CIMAGE_OUT_OF_MEMORY;
    uint8_t *out = append(bytes, part, start);
    put16(bytes + frame, tiles->raster->height);
    put16(bytes + frame + 2, tiles->raster->width);
    at = start;
    for (uint32_t tile = 0; tile < tiles->count; tile++) {
        segment coded = tiles->written[tile] ? next_segment(part, length, &at) : model;
        out = append(out, coded.bytes, coded.length);
        // Restart markers count to eight, and one that ends the picture takes the place of the last.
        *out++ = 0xFF;
        *out++ = tile + 1 < tiles->count ? (uint8_t)(0xD0 + tile % 8) : 0xD9;
    }
    *whole = bytes;
    *whole_length = (size_t)(out - bytes);
    return CIMAGE_OK;
}
