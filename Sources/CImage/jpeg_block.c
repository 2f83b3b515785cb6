#include "jpeg_block.h"

#include "jpeg_processor.h"

#include <math.h>
#include <string.h>

// A row or column of a block. Compilers make of it what the processor has: one, two or four registers.
typedef float line __attribute__((vector_size(32)));
typedef int32_t whole_line __attribute__((vector_size(32)));
typedef uint32_t pixel_line __attribute__((vector_size(32)));
typedef int16_t short_line __attribute__((vector_size(16)));

// For each place of the zigzag, where the transform leaves that frequency: column by column.
static const uint8_t zigzag[BLOCK_SIZE] = {
    0,  8,  1,  2,  9,  16, 24, 17, 10, 3,  4,  11, 18, 25, 32, 40, 33, 26, 19, 12, 5,  6,
    13, 20, 27, 34, 41, 48, 56, 49, 42, 35, 28, 21, 14, 7,  15, 22, 29, 36, 43, 50, 57, 58,
    51, 44, 37, 30, 23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54, 61, 62, 55, 63,
};

void jpeg_channel_init(
    jpeg_channel *channel, jpeg_channel_kind kind, const uint16_t steps[BLOCK_SIZE], cimage_order order) {
    // Of ITU-R BT.601, as JFIF has it.
    static const float weights[][3] = {
        [JPEG_LUMA] = {0.299F, 0.587F, 0.114F},
        [JPEG_CHROMA_BLUE] = {-0.168736F, -0.331264F, 0.5F},
        [JPEG_CHROMA_RED] = {0.5F, -0.418688F, -0.081312F},
    };
    *channel = (jpeg_channel){
        .red = weights[kind][0],
        .green = weights[kind][1],
        .blue = weights[kind][2],
        .middle = kind == JPEG_LUMA ? 128 : 0,
        .blue_shift = order == CIMAGE_BGRX ? 0 : 8,
    };
    // The transform leaves every frequency too large, by a factor of its row, one of its column and 8.
    double excess[BLOCK_SIDE];
    for (int i = 0; i < BLOCK_SIDE; i++) excess[i] = i == 0 ? 1 : cos(i * M_PI / 16) * M_SQRT2;
    for (int row = 0; row < BLOCK_SIDE; row++) {
        for (int column = 0; column < BLOCK_SIDE; column++) {
            double step = steps[row * BLOCK_SIDE + column];
            channel->scale[column * BLOCK_SIDE + row] = (float)(1 / (step * 8 * excess[row] * excess[column]));
        }
    }
}

FOR_EACH_PROCESSOR bool jpeg_block_is_white(const uint8_t *pixels, size_t stride, cimage_order order) {
    uint32_t color = order == CIMAGE_BGRX ? 0x00FFFFFF : 0xFFFFFF00;
    pixel_line missing = {0};
    for (int y = 0; y < BLOCK_SIDE; y++) {
        pixel_line row;
        memcpy(&row, pixels + y * stride, sizeof row);
        missing |= ~row;
    }
    uint32_t at[BLOCK_SIDE];
    memcpy(at, &missing, sizeof at);
    return ((at[0] | at[1] | at[2] | at[3] | at[4] | at[5] | at[6] | at[7]) & color) == 0;
}

// Eight transforms side by side, of eight values each: the method of Arai, Agui and Nakajima (1988), five multiplications.
static inline __attribute__((always_inline)) void transform_lines(line *at) {
    line sum0 = at[0] + at[7], sum1 = at[1] + at[6], sum2 = at[2] + at[5], sum3 = at[3] + at[4];
    line difference0 = at[0] - at[7], difference1 = at[1] - at[6], difference2 = at[2] - at[5];
    line difference3 = at[3] - at[4];

    line outer = sum0 + sum3, inner = sum1 + sum2;
    line outer_rest = sum0 - sum3;
    line turned = (sum1 - sum2 + outer_rest) * 0.707106781F;
    at[0] = outer + inner;
    at[4] = outer - inner;
    at[2] = outer_rest + turned;
    at[6] = outer_rest - turned;

    line low = difference3 + difference2, middle = (difference2 + difference1) * 0.707106781F;
    line high = difference1 + difference0;
    line shared = (low - high) * 0.382683433F;
    low = low * 0.541196100F + shared;
    high = high * 1.306562965F + shared;
    line above = difference0 + middle, below = difference0 - middle;
    at[1] = above + high;
    at[7] = above - high;
    at[5] = below + low;
    at[3] = below - low;
}

#define PAIRS(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)

static inline __attribute__((always_inline)) void transpose(line *at) {
    line t[BLOCK_SIDE];
    for (int i = 0; i < 4; i++) {
        t[2 * i] = PAIRS(at[2 * i], at[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        t[2 * i + 1] = PAIRS(at[2 * i], at[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    line u[BLOCK_SIDE];
    for (int i = 0; i < 2; i++) {
        line *from = t + 4 * i, *to = u + 4 * i;
        to[0] = PAIRS(from[0], from[2], 0, 1, 8, 9, 4, 5, 12, 13);
        to[1] = PAIRS(from[0], from[2], 2, 3, 10, 11, 6, 7, 14, 15);
        to[2] = PAIRS(from[1], from[3], 0, 1, 8, 9, 4, 5, 12, 13);
        to[3] = PAIRS(from[1], from[3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int i = 0; i < 4; i++) {
        at[i] = PAIRS(u[i], u[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        at[i + 4] = PAIRS(u[i], u[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

FOR_EACH_PROCESSOR uint64_t jpeg_block_transform(
    const jpeg_channel *channel, const uint8_t *pixels, size_t stride, int16_t frequencies[BLOCK_SIZE]) {
    line at[BLOCK_SIDE];
    unsigned shift = channel->blue_shift;
    for (int y = 0; y < BLOCK_SIDE; y++) {
        pixel_line row;
        memcpy(&row, pixels + y * stride, sizeof row);
        line blue = __builtin_convertvector((whole_line)(row >> shift & 0xFF), line);
        line green = __builtin_convertvector((whole_line)(row >> (shift + 8) & 0xFF), line);
        line red = __builtin_convertvector((whole_line)(row >> (shift + 16) & 0xFF), line);
        at[y] = red * channel->red + green * channel->green + blue * channel->blue - channel->middle;
    }
    transform_lines(at);
    transpose(at);
    transform_lines(at);

    int16_t values[BLOCK_SIZE];
    for (int i = 0; i < BLOCK_SIDE; i++) {
        line scale;
        memcpy(&scale, channel->scale + i * BLOCK_SIDE, sizeof scale);
        // Conversion cuts off towards 0, so what is rounded is made positive first.
        whole_line rounded = __builtin_convertvector(at[i] * scale + 16384.5F, whole_line) - 16384;
        short_line narrow = __builtin_convertvector(rounded, short_line);
        memcpy(values + i * BLOCK_SIDE, &narrow, sizeof narrow);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < BLOCK_SIZE; i++) frequencies[i] = values[zigzag[i]];
    uint64_t present = 0;
    for (int i = 0; i < BLOCK_SIZE; i++) present |= (uint64_t)(frequencies[i] != 0) << i;
    return present;
}
