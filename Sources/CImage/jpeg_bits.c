#include "jpeg_bits.h"

#include "jpeg_processor.h"

#include <string.h>

enum { END_OF_BLOCK = 0x00, SIXTEEN_ZEROS = 0xF0 };

void jpeg_codes_derive(jpeg_code *codes, size_t count, const uint8_t lengths[17], const uint8_t *values) {
    memset(codes, 0, count * sizeof *codes);
    unsigned code = 0;
    for (unsigned length = 1; length <= 16; length++, code <<= 1) {
        for (unsigned i = 0; i < lengths[length]; i++, code++, values++) {
            if (*values < count) codes[*values] = (jpeg_code){(uint16_t)code, (uint8_t)length};
        }
    }
}

// A byte of 255 is followed by a zero, so that it is no marker. Rare, and kept out of the way of what is not.
static __attribute__((noinline)) uint8_t *write_bytes(uint8_t *out, uint64_t word, unsigned count) {
    while (count > 0) {
        uint8_t byte = (uint8_t)(word >> (8 * --count));
        *out++ = byte;
        if (byte == 0xFF) *out++ = 0;
    }
    return out;
}

static inline void put(jpeg_bits *bits, uint32_t value, unsigned length) {
    unsigned room = 64 - bits->count;
    if (length < room) {
        bits->pending = bits->pending << length | value;
        bits->count += length;
        return;
    }
    unsigned rest = length - room;
    uint64_t word = bits->pending << room | value >> rest;
    // 1 more makes a byte of 255 one without its highest bit. Carries from one to the next can only raise false alarms.
    if (word & 0x8080808080808080U & ~(word + 0x0101010101010101U)) {
        bits->out = write_bytes(bits->out, word, 8);
    } else {
        uint64_t first_byte_first = __builtin_bswap64(word);
        memcpy(bits->out, &first_byte_first, sizeof first_byte_first);
        bits->out += sizeof first_byte_first;
    }
    // Bits of the value that are written already lie above those that count, and are shifted out.
    bits->pending = value;
    bits->count = rest;
}

// Table F.1: how many bits a number has.
static inline unsigned size_of(int value) {
    unsigned magnitude = (unsigned)(value < 0 ? -value : value);
    return magnitude == 0 ? 0 : 32U - (unsigned)__builtin_clz(magnitude);
}

static inline void put_value(jpeg_bits *bits, jpeg_code code, int value, unsigned size) {
    uint32_t low = (uint32_t)(value < 0 ? value - 1 : value) & ((1U << size) - 1);
    put(bits, (uint32_t)code.bits << size | low, code.length + size);
}

FOR_EACH_PROCESSOR void jpeg_bits_block(
    jpeg_bits *into, const jpeg_codes *codes, int change, const int16_t *frequencies, uint64_t present) {
    jpeg_bits bits = *into;
    unsigned size = size_of(change);
    put_value(&bits, codes->first[size], change, size);
    int before = 0;
    for (present &= ~UINT64_C(1); present; present &= present - 1) {
        int place = __builtin_ctzll(present);
        int zeros = place - before - 1;
        before = place;
        jpeg_code sixteen = codes->other[SIXTEEN_ZEROS];
        for (; zeros > 15; zeros -= 16) put(&bits, sixteen.bits, sixteen.length);
        int value = frequencies[place];
        size = 32 - (unsigned)__builtin_clz((unsigned)(value < 0 ? -value : value));
        put_value(&bits, codes->other[(unsigned)zeros << 4 | size], frequencies[place], size);
    }
    if (before != 63) put(&bits, codes->other[END_OF_BLOCK].bits, codes->other[END_OF_BLOCK].length);
    *into = bits;
}

void jpeg_bits_finish(jpeg_bits *bits) {
    // With ones, as is the rule.
    unsigned missing = -bits->count & 7;
    put(bits, (1U << missing) - 1, missing);
    bits->out = write_bytes(bits->out, bits->pending, bits->count / 8);
    bits->count = 0;
}
