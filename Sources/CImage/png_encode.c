#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "CImage.h"

typedef struct {
    uint8_t *bytes;
    size_t used;
    size_t room;
} growing;

static void append(png_structp png, png_bytep data, size_t length) {
    growing *out = png_get_io_ptr(png);
    if (out->room - out->used < length) {
        size_t room = out->room * 2 > out->used + length ? out->room * 2 : out->used + length;
        uint8_t *bytes = realloc(out->bytes, room);
        if (!bytes) png_error(png, "out of memory");
        out->bytes = bytes;
        out->room = room;
    }
    memcpy(out->bytes + out->used, data, length);
    out->used += length;
}

static void flush(png_structp png) {
    (void)png;
}

static void leave(png_structp png, png_const_charp message) {
    (void)message;
    png_longjmp(png, 1);
}

static void say_nothing(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

// Luma weights of ITU-R BT.601 in 1/65536, the ones that JPEG uses.
static void grey_row(const uint8_t *blue, uint8_t *row, uint32_t width) {
    for (uint32_t x = 0; x < width; x++, blue += 4) {
        row[x] = (uint8_t)((19595u * blue[2] + 38470u * blue[1] + 7471u * blue[0] + 32768u) >> 16);
    }
}

static void rgb_row(const uint8_t *blue, uint8_t *row, uint32_t width) {
    for (uint32_t x = 0; x < width; x++, blue += 4, row += 3) {
        row[0] = blue[2];
        row[1] = blue[1];
        row[2] = blue[0];
    }
}

// Returns false when libpng jumped back. A function of its own, so that nothing its caller holds changes between setjmp
// and longjmp.
static bool write_image(
    png_structp png, png_infop info, const cimage_raster *raster, cimage_encoding how, uint8_t *row) {
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_IHDR(
        png, info, raster->width, raster->height, 8, how.grey ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
        PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    // Level 1 without filters: text pages get little smaller with more, and take ten times as long.
    png_set_compression_level(png, 1);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    if (how.dpi >= 1) {
        png_uint_32 per_metre = (png_uint_32)(how.dpi / 0.0254 + 0.5);
        png_set_pHYs(png, info, per_metre, per_metre, PNG_RESOLUTION_METER);
    }
    png_write_info(png, info);
    for (uint32_t y = 0; y < raster->height; y++) {
        const uint8_t *pixels = raster->pixels + y * raster->stride;
        const uint8_t *blue = raster->order == CIMAGE_BGRX ? pixels : pixels + 1;
        if (how.grey) {
            grey_row(blue, row, raster->width);
        } else {
            rgb_row(blue, row, raster->width);
        }
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
    return true;
}

int cimage_encode_png(const cimage_raster *raster, cimage_encoding how, uint8_t **bytes, size_t *length) {
    *bytes = NULL;
    *length = 0;
    growing out = {.room = 256 * 1024};
    out.bytes = malloc(out.room);
    uint8_t *row = malloc((size_t)raster->width * 3);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, leave, say_nothing);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool written = false;
    if (out.bytes && row && info) {
        png_set_write_fn(png, &out, append, flush);
        written = write_image(png, info, raster, how, row);
    }
    png_destroy_write_struct(&png, &info);
    free(row);
    if (!written) {
        free(out.bytes);
        return CIMAGE_OUT_OF_MEMORY;  // nothing else can go wrong while writing valid rows
    }
    *bytes = out.bytes;
    *length = out.used;
    return CIMAGE_OK;
}
