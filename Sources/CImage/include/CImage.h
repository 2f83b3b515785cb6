#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// JPEG and PNG in memory. libjpeg and libpng report errors by longjmp, which must not cross a Swift frame, so every
// function here is a whole: it returns 0, or a code below, and never exits the process.
enum {
    CIMAGE_OK = 0,
    CIMAGE_DAMAGED = 1,
    CIMAGE_OUT_OF_MEMORY = 2,
};

// Where red, green and blue lie in the four bytes of a pixel in memory.
typedef enum {
    CIMAGE_BGRX,  // cairo's RGB24 on a little-endian machine
    CIMAGE_XBGR,  // leptonica's 32 bits a pixel on a little-endian machine
} cimage_order;

// Pixels of four bytes, top row first.
typedef struct {
    uint8_t *pixels;
    size_t stride;  // bytes from a row to the next
    uint32_t width;
    uint32_t height;
    cimage_order order;
} cimage_raster;

typedef struct {
    bool grey;     // one channel instead of three
    int quality;   // 1…100, JPEG only
    double dpi;    // written to the header; 0 leaves it out
} cimage_encoding;

// *bytes is to be freed with free(). It is NULL after a failure.
int cimage_encode_jpeg(const cimage_raster *raster, cimage_encoding how, uint8_t **bytes, size_t *length);
int cimage_encode_png(const cimage_raster *raster, cimage_encoding how, uint8_t **bytes, size_t *length);

typedef struct {
    uint32_t width;
    uint32_t height;
    double dpi;        // 0: not stated
    bool progressive;  // decoding then needs all coefficients in memory at once
} cimage_jpeg_header;

int cimage_jpeg_read_header(const uint8_t *bytes, size_t length, cimage_jpeg_header *header);

// The size of a JPEG that is decoded at `eighths` eighths (1…8) of its own.
int cimage_jpeg_scaled_size(const uint8_t *bytes, size_t length, int eighths, uint32_t *width, uint32_t *height);

// Decodes at `eighths` eighths into a raster of exactly that size, in any order. Images that end early are damaged.
int cimage_jpeg_decode(const uint8_t *bytes, size_t length, int eighths, const cimage_raster *raster);
