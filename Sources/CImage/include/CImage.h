#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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
    bool wipes;    // leave the raster white behind, JPEG only: its pixels are at hand
} cimage_encoding;

// *bytes is to be freed with free(). It is NULL after a failure.
int cimage_encode_jpeg(const cimage_raster *raster, cimage_encoding how, uint8_t **bytes, size_t *length);
int cimage_encode_png(const cimage_raster *raster, cimage_encoding how, uint8_t **bytes, size_t *length);

typedef struct {
    uint32_t width;
    uint32_t height;
    uint32_t channels; // 1 grey, 3 colours, 4 inks
    double dpi;        // 0: not stated
    bool progressive;  // decoding then needs all coefficients in memory at once
} cimage_jpeg_header;

int cimage_jpeg_read_header(const uint8_t *bytes, size_t length, cimage_jpeg_header *header);

// The size of a JPEG that is decoded at `eighths` eighths (1…8) of its own.
int cimage_jpeg_scaled_size(const uint8_t *bytes, size_t length, int eighths, uint32_t *width, uint32_t *height);

// Decodes at `eighths` eighths into a raster of exactly that size, in any order. Images that end early are damaged.
int cimage_jpeg_decode(const uint8_t *bytes, size_t length, int eighths, const cimage_raster *raster);

// A JPEG that arrives in pieces, decoded row by row. Needs the memory of a few rows, unless it is progressive.
typedef struct cimage_jpeg_reader cimage_jpeg_reader;

// Returns how many bytes it wrote, up to `room`; 0 at the end.
typedef size_t (*cimage_jpeg_source)(void *context, uint8_t *bytes, size_t room);

// `context` is used until the reader is closed. *reader is NULL after a failure.
int cimage_jpeg_reader_open(
    cimage_jpeg_source read, void *context, cimage_jpeg_reader **reader, cimage_jpeg_header *header);

// transform: what a PDF says of the colours of three or four channels: 1 transformed (YCbCr, YCCK), 0 not, -1 nothing.
// luma: of three channels give one, the brightness.
// width, height: of the rows that follow, of 1, 3 (red, green, blue) or 4 (inks, as they are in the file) channels.
int cimage_jpeg_reader_start(
    cimage_jpeg_reader *reader, int eighths, int transform, bool luma, uint32_t *width, uint32_t *height);

// CIMAGE_DAMAGED where there are no more, too.
int cimage_jpeg_reader_row(cimage_jpeg_reader *reader, uint8_t *row);

// Whether the data ended before the rows did that have been read: from there on they are made up.
bool cimage_jpeg_reader_ended_early(const cimage_jpeg_reader *reader);
void cimage_jpeg_reader_close(cimage_jpeg_reader *reader);

#ifdef __cplusplus
}
#endif
