#include <stdlib.h>
#include <string.h>

#include "CImage.h"
#include "jpeg_error.h"

int cimage_jpeg_read_header(const uint8_t *bytes, size_t length, cimage_jpeg_header *header) {
    struct jpeg_decompress_struct codec;
    jpeg_errors errors;
    codec.err = jpeg_errors_init(&errors);
    if (setjmp(errors.back)) {
        int code = jpeg_errors_code(&errors);
        jpeg_destroy_decompress(&codec);
        return code;
    }
    jpeg_create_decompress(&codec);
    jpeg_mem_src(&codec, bytes, length);
    jpeg_read_header(&codec, TRUE);
    header->width = codec.image_width;
    header->height = codec.image_height;
    header->channels = (uint32_t)codec.num_components;
    header->progressive = jpeg_has_multiple_scans(&codec);
    header->dpi = 0;
    if (codec.density_unit == 1) header->dpi = codec.X_density;
    if (codec.density_unit == 2) header->dpi = codec.X_density * 2.54;
    jpeg_destroy_decompress(&codec);
    return CIMAGE_OK;
}

int cimage_jpeg_scaled_size(const uint8_t *bytes, size_t length, int eighths, uint32_t *width, uint32_t *height) {
    struct jpeg_decompress_struct codec;
    jpeg_errors errors;
    codec.err = jpeg_errors_init(&errors);
    if (setjmp(errors.back)) {
        int code = jpeg_errors_code(&errors);
        jpeg_destroy_decompress(&codec);
        return code;
    }
    jpeg_create_decompress(&codec);
    jpeg_mem_src(&codec, bytes, length);
    jpeg_read_header(&codec, TRUE);
    codec.scale_num = (unsigned)eighths;
    codec.scale_denom = 8;
    jpeg_calc_output_dimensions(&codec);
    *width = codec.output_width;
    *height = codec.output_height;
    jpeg_destroy_decompress(&codec);
    return CIMAGE_OK;
}

// Ink to light: libjpeg hands CMYK on as it is in the file. Adobe's programs, which wrote nearly every such file, store
// it inverted and leave a marker that says so.
static void cmyk_row(const uint8_t *cmyk, uint8_t *pixels, uint32_t width, bool inverted, cimage_order order) {
    for (uint32_t x = 0; x < width; x++, cmyk += 4, pixels += 4) {
        unsigned light[4];
        for (int i = 0; i < 4; i++) light[i] = inverted ? cmyk[i] : 255u - cmyk[i];
        uint8_t red = (uint8_t)(light[0] * light[3] / 255);
        uint8_t green = (uint8_t)(light[1] * light[3] / 255);
        uint8_t blue = (uint8_t)(light[2] * light[3] / 255);
        uint8_t *first = order == CIMAGE_BGRX ? pixels : pixels + 1;
        first[0] = blue;
        first[1] = green;
        first[2] = red;
    }
}

int cimage_jpeg_decode(const uint8_t *bytes, size_t length, int eighths, const cimage_raster *raster) {
    struct jpeg_decompress_struct codec;
    jpeg_errors errors;
    uint8_t *volatile ink = NULL;  // volatile: it changes between setjmp and longjmp
    codec.err = jpeg_errors_init(&errors);
    if (setjmp(errors.back)) {
        int code = jpeg_errors_code(&errors);
        jpeg_destroy_decompress(&codec);
        free(ink);
        return code;
    }
    jpeg_create_decompress(&codec);
    jpeg_mem_src(&codec, bytes, length);
    jpeg_read_header(&codec, TRUE);
    codec.scale_num = (unsigned)eighths;
    codec.scale_denom = 8;
    bool cmyk = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
    codec.out_color_space = cmyk ? JCS_CMYK : raster->order == CIMAGE_BGRX ? JCS_EXT_BGRX : JCS_EXT_XBGR;
    jpeg_start_decompress(&codec);
    if (codec.output_width != raster->width || codec.output_height != raster->height) {
        jpeg_destroy_decompress(&codec);
        return CIMAGE_DAMAGED;
    }
    if (cmyk && !(ink = malloc((size_t)raster->width * 4))) {
        jpeg_destroy_decompress(&codec);
        return CIMAGE_OUT_OF_MEMORY;
    }
    while (codec.output_scanline < codec.output_height) {
        uint8_t *pixels = raster->pixels + codec.output_scanline * raster->stride;
        JSAMPROW row = cmyk ? ink : pixels;
        if (jpeg_read_scanlines(&codec, &row, 1) == 1 && cmyk) {
            cmyk_row(ink, pixels, raster->width, codec.saw_Adobe_marker, raster->order);
        }
    }
    // jpeg_finish_decompress would read on to the end marker; the pixels are all here.
    bool whole = !errors.ended_early;
    jpeg_destroy_decompress(&codec);
    free(ink);
    return whole ? CIMAGE_OK : CIMAGE_DAMAGED;
}
