#include <stdlib.h>
#include <string.h>

#include "CImage.h"
#include "jpeg_error.h"
#include "jpeg_tiles.h"

static void write_rows(struct jpeg_compress_struct *codec, uint8_t **rows, uint32_t count) {
    for (uint32_t done = 0; done < count;) done += jpeg_write_scanlines(codec, rows + done, count - done);
}

static void write_raster(struct jpeg_compress_struct *codec, const cimage_raster *raster) {
    for (uint32_t y = 0; y < raster->height; y++) {
        uint8_t *row = raster->pixels + y * raster->stride;
        write_rows(codec, &row, 1);
    }
}

// One below the other, as if they were a picture.
static void write_tiles(struct jpeg_compress_struct *codec, jpeg_tiles *tiles) {
    for (uint32_t tile = 0; tile < tiles->count; tile++) {
        if (!tiles->written[tile]) continue;
        uint8_t *rows[TILE_SIDE];
        jpeg_tiles_rows(tiles, tile, rows);
        write_rows(codec, rows, TILE_SIDE);
    }
}

// tiles: NULL for the raster as a whole.
static int compress(
    const cimage_raster *raster, jpeg_tiles *tiles, cimage_encoding how, uint8_t **bytes, size_t *length) {
    struct jpeg_compress_struct codec;
    jpeg_errors errors;
    unsigned char *buffer = NULL;
    unsigned long used = 0;

    codec.err = jpeg_errors_init(&errors);
    if (setjmp(errors.back)) {
        int code = jpeg_errors_code(&errors);
        jpeg_destroy_compress(&codec);
        return code;
    }
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &buffer, &used);
    codec.image_width = tiles ? tiles->blocks * TILE_SIDE : raster->width;
    codec.image_height = tiles ? tiles->coded * TILE_SIDE : raster->height;
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
    if (tiles) codec.restart_interval = tiles->blocks;
    jpeg_start_compress(&codec, TRUE);
    if (tiles) {
        write_tiles(&codec, tiles);
    } else {
        write_raster(&codec, raster);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    *bytes = buffer;
    *length = used;
    return CIMAGE_OK;
}

int cimage_encode_jpeg(const cimage_raster *raster, cimage_encoding how, uint8_t **bytes, size_t *length) {
    *bytes = NULL;
    *length = 0;
    // Three equal channels say no more than one.
    how.grey = how.grey || jpeg_is_grey(raster);
    jpeg_tiles tiles;
    if (!jpeg_tiles_init(&tiles, raster)) return CIMAGE_OUT_OF_MEMORY;
    uint8_t *part = NULL;
    size_t used = 0;
    int code;
    // libjpeg takes no picture higher than 65,500; and where little is white, nothing is won.
    if (tiles.coded * TILE_SIDE > 65000 || tiles.coded > tiles.count / 8 * 7) {
        code = compress(raster, NULL, how, bytes, length);
    } else {
        code = compress(raster, &tiles, how, &part, &used);
        if (code == CIMAGE_OK) code = jpeg_tiles_join(&tiles, part, used, bytes, length);
    }
    free(part);
    jpeg_tiles_free(&tiles);
    return code;
}
