#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The coded data of a JPEG: Huffman codes in a row of bits (ITU-T T.81, F.1.2).
enum {
    // No block takes more: 64 codes of at most 16 bits, each with at most 11 bits behind it, all bytes doubled by the zeros
    // that follow those of 255; and the bits that are pending.
    JPEG_BLOCK_BYTES = 64 * 27 / 8 * 2 + 16,
};

typedef struct {
    uint16_t bits;
    uint8_t length;  // 0: the table has no such code
} jpeg_code;

typedef struct {
    jpeg_code first[16];   // by the size of the first frequency's change from block to block
    jpeg_code other[256];  // of the others: zeros before it × 16 + its size
} jpeg_codes;

// lengths: how many codes have each length, 1…16; values: what they stand for. As libjpeg keeps them.
void jpeg_codes_derive(jpeg_code *codes, size_t count, const uint8_t lengths[17], const uint8_t *values);

typedef struct {
    uint8_t *out;      // where the next byte goes; whoever writes a block makes room for it
    uint64_t pending;  // the lowest of these are still to be written
    unsigned count;    // how many: less than 64
} jpeg_bits;

// change: of the first frequency, from that of the channel's last block.
// present: which of the frequencies are not 0, a bit each; the first one's does not matter.
void jpeg_bits_block(
    jpeg_bits *bits, const jpeg_codes *codes, int change, const int16_t *frequencies, uint64_t present);

// Fills up the last byte.
void jpeg_bits_finish(jpeg_bits *bits);
