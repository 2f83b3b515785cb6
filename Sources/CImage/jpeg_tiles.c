#include "jpeg_tiles.h"

#include <stdlib.h>
#include <string.h>

enum {
    // Longer ones are more often not white, shorter ones cost more bytes and calls.
    SHORTEST = 16,
    LONGEST = 64,
};

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

// Tiles are all of the same length, so it must divide the number of blocks; that of a row always does.
static uint32_t tile_length(uint32_t across, uint32_t down) {
    for (uint32_t blocks = SHORTEST; blocks <= LONGEST; blocks++) {
        if ((uint64_t)across * down % blocks == 0) return blocks;
    }
    return across;
}

// Counted in blocks from the picture's first. Returns how many of the next `most` lie in the same row.
static uint32_t locate(const jpeg_tiles *tiles, uint32_t block, uint32_t most, uint32_t *x, uint32_t *y) {
    *x = block % tiles->across;
    *y = block / tiles->across;
    return smaller(most, tiles->across - *x);
}

static bool run_is_white(const uint8_t *pixels, size_t stride, uint32_t width, uint32_t height, uint32_t bits) {
    for (uint32_t y = 0; y < height; y++, pixels += stride) {
        uint32_t missing = 0;
        for (uint32_t x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, pixels + 4 * (size_t)x, 4);
            missing |= ~pixel;
        }
        if (missing & bits) return false;
    }
    return true;
}

static bool tile_is_white(const jpeg_tiles *tiles, uint32_t tile) {
    const cimage_raster *raster = tiles->raster;
    // Where the colours of a pixel are when it is read as a number, on a little-endian machine.
    uint32_t bits = raster->order == CIMAGE_BGRX ? 0x00FFFFFFu : 0xFFFFFF00u;
    uint32_t x, y, run;
    for (uint32_t done = 0; done < tiles->blocks; done += run) {
        run = locate(tiles, tile * tiles->blocks + done, tiles->blocks - done, &x, &y);
        uint32_t left = x * TILE_SIDE, top = y * TILE_SIDE;
        const uint8_t *pixels = raster->pixels + top * raster->stride + left * (size_t)4;
        uint32_t width = smaller(run * TILE_SIDE, raster->width - left);
        if (!run_is_white(pixels, raster->stride, width, smaller(TILE_SIDE, raster->height - top), bits)) return false;
    }
    return true;
}

bool jpeg_is_grey(const cimage_raster *raster) {
    uint32_t shift = raster->order == CIMAGE_BGRX ? 0 : 8;
    for (uint32_t y = 0; y < raster->height; y++) {
        const uint8_t *row = raster->pixels + y * raster->stride;
        uint32_t different = 0;
        for (uint32_t x = 0; x < raster->width; x++) {
            uint32_t pixel;
            memcpy(&pixel, row + 4 * (size_t)x, 4);
            pixel >>= shift;
            different |= pixel ^ (pixel >> 8);
        }
        if (different & 0xFFFF) return false;
    }
    return true;
}

bool jpeg_tiles_init(jpeg_tiles *tiles, const cimage_raster *raster) {
    uint32_t across = (raster->width + TILE_SIDE - 1) / TILE_SIDE;
    uint32_t down = (raster->height + TILE_SIDE - 1) / TILE_SIDE;
    *tiles = (jpeg_tiles){.blocks = tile_length(across, down), .across = across, .model = UINT32_MAX, .raster = raster};
    tiles->count = (uint32_t)((uint64_t)across * down / tiles->blocks);
    tiles->written = malloc(tiles->count * sizeof *tiles->written);
    tiles->pixels = malloc((size_t)tiles->blocks * TILE_SIDE * TILE_SIDE * 4);
    if (!tiles->written || !tiles->pixels) {
        jpeg_tiles_free(tiles);
        return false;
    }
    for (uint32_t tile = 0; tile < tiles->count; tile++) {
        bool white = tile_is_white(tiles, tile);
        tiles->written[tile] = !white || tiles->model == UINT32_MAX;
        if (white && tiles->model == UINT32_MAX) tiles->model = tile;
        if (tiles->written[tile]) tiles->coded++;
    }
    return true;
}

void jpeg_tiles_free(jpeg_tiles *tiles) {
    free(tiles->written);
    free(tiles->pixels);
}

void jpeg_tiles_rows(jpeg_tiles *tiles, uint32_t tile, uint8_t *rows[TILE_SIDE]) {
    const cimage_raster *raster = tiles->raster;
    size_t width = (size_t)tiles->blocks * TILE_SIDE;
    uint32_t x, y;
    uint32_t run = locate(tiles, tile * tiles->blocks, tiles->blocks, &x, &y);
    // Pixels beyond the picture repeat its last row and column, as libjpeg would do.
    if (run == tiles->blocks && (x + run) * TILE_SIDE <= raster->width) {
        for (uint32_t i = 0; i < TILE_SIDE; i++) {
            rows[i] = raster->pixels + smaller(y * TILE_SIDE + i, raster->height - 1) * raster->stride
                + x * (size_t)TILE_SIDE * 4;
        }
        return;
    }
    for (uint32_t i = 0; i < TILE_SIDE; i++) rows[i] = tiles->pixels + i * width * 4;
    for (uint32_t done = 0; done < tiles->blocks; done += run) {
        run = locate(tiles, tile * tiles->blocks + done, tiles->blocks - done, &x, &y);
        for (uint32_t i = 0; i < TILE_SIDE; i++) {
            const uint8_t *row = raster->pixels + smaller(y * TILE_SIDE + i, raster->height - 1) * raster->stride;
            uint8_t *out = rows[i] + (size_t)done * TILE_SIDE * 4;
            uint32_t width_here = smaller(run * TILE_SIDE, raster->width - x * TILE_SIDE);
            memcpy(out, row + x * (size_t)TILE_SIDE * 4, width_here * (size_t)4);
            for (uint32_t k = width_here; k < run * TILE_SIDE; k++) {
                memcpy(out + k * (size_t)4, row + (raster->width - 1) * (size_t)4, 4);
            }
        }
    }
}
