#include <stdlib.h>

#include "CImage.h"
#include "jpeg_error.h"

int cimage_encode_jpeg(const cimage_raster *raster, cimage_encoding how, uint8_t **bytes, size_t *length) {
    struct jpeg_compress_struct codec;
    jpeg_errors errors;
    unsigned char *buffer = NULL;
    unsigned long used = 0;
    *bytes = NULL;
    *length = 0;

    codec.err = jpeg_errors_init(&errors);
    if (setjmp(errors.back)) {
        int code = jpeg_errors_code(&errors);
        jpeg_destroy_compress(&codec);
        return code;
    }
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &buffer, &used);
    codec.image_width = raster->width;
    codec.image_height = raster->height;
    codec.input_components = 4;
    codec.in_color_space = raster->order == CIMAGE_BGRX ? JCS_EXT_BGRX : JCS_EXT_XBGR;
    jpeg_set_defaults(&codec);
    jpeg_set_quality(&codec, how.quality, TRUE);
    if (how.grey) {
        jpeg_set_colorspace(&codec, JCS_GRAYSCALE);
    } else {
        // Chroma at half size, the default, blurs thin coloured strokes.
        codec.comp_info[0].h_samp_factor = 1;
        codec.comp_info[0].v_samp_factor = 1;
    }
    if (how.dpi >= 1 && how.dpi < 65535) {
        codec.density_unit = 1;
        codec.X_density = codec.Y_density = (UINT16)(how.dpi + 0.5);
    }
    jpeg_start_compress(&codec, TRUE);
    while (codec.next_scanline < codec.image_height) {
        JSAMPROW row = raster->pixels + codec.next_scanline * raster->stride;
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    *bytes = buffer;
    *length = used;
    return CIMAGE_OK;
}
