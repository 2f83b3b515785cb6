#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CImage.h"

// Most of a page of text is white paper. A JPEG with restart markers is made of runs of blocks that do not depend on one
// another: libjpeg encodes those that hold something, and one white one, whose bytes stand for all the others.
//
// A tile is such a run: TILE_BLOCKS blocks, as they follow one another in the picture, from the end of one row of blocks
// to the start of the next where need be. Blocks are of 8 × 8 pixels, since no channel is subsampled.
enum { TILE_SIDE = 8 };

typedef struct {
    uint32_t blocks;        // in a tile
    uint32_t across;        // blocks in a row of the picture
    uint32_t count;         // tiles of the picture
    uint32_t coded;         // of these, those that are encoded
    uint32_t model;         // the white one that is
    bool *written;          // of each tile, whether it is encoded
    uint8_t *pixels;        // a tile whose pixels had to be brought together
    const cimage_raster *raster;
} jpeg_tiles;

// Returns false when memory is out.
bool jpeg_tiles_init(jpeg_tiles *tiles, const cimage_raster *raster);
void jpeg_tiles_free(jpeg_tiles *tiles);

// The rows of a tile; good until the next call.
void jpeg_tiles_rows(jpeg_tiles *tiles, uint32_t tile, uint8_t *rows[TILE_SIDE]);

// Makes the picture of one whose rows are the encoded tiles. *whole is to be freed with free().
int jpeg_tiles_join(const jpeg_tiles *tiles, const uint8_t *part, size_t length, uint8_t **whole, size_t *whole_length);

// Whether no pixel has a colour.
bool jpeg_is_grey(const cimage_raster *raster);
