#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CImage.h"

// One channel of one block of a JPEG: of 8 × 8 pixels, 64 quantised frequencies (ITU-T T.81, A.3).
enum { BLOCK_SIDE = 8, BLOCK_SIZE = 64 };

typedef struct {
    _Alignas(32) float scale[BLOCK_SIZE];  // of each frequency as the transform leaves it, before it is rounded
    float red, green, blue;                // what each adds to the channel
    float middle;                          // what is taken from it, so that it goes from -128 to 127
    unsigned blue_shift;                   // where blue lies in a pixel read as a number; green and red are above it
} jpeg_channel;

typedef enum { JPEG_LUMA, JPEG_CHROMA_BLUE, JPEG_CHROMA_RED } jpeg_channel_kind;

// steps: of quantisation, row by row as libjpeg keeps them.
void jpeg_channel_init(
    jpeg_channel *channel, jpeg_channel_kind kind, const uint16_t steps[BLOCK_SIZE], cimage_order order);

bool jpeg_block_is_white(const uint8_t *pixels, size_t stride, cimage_order order);

// frequencies: in the order of a JPEG, the zigzag of figure 5. Returns which of them are not 0, a bit each.
uint64_t jpeg_block_transform(
    const jpeg_channel *channel, const uint8_t *pixels, size_t stride, int16_t frequencies[BLOCK_SIZE]);
