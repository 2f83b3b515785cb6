// Pages are mostly white paper or a scan's noise, and both take libjpeg longer than they need: it has every block's
// pixels brought together, transformed and coded. Here a white block is seen to be one, and costs a few bits.
// libjpeg gives the tables and the header.
#include <stdlib.h>
#include <string.h>

#include "CImage.h"
#include "jpeg_bits.h"
#include "jpeg_block.h"
#include "jpeg_error.h"

enum { MOST_CHANNELS = 3, LONGEST_SIDE = 65500 };

typedef struct {
    jpeg_channel form;
    const jpeg_codes *codes;
    int last;   // the first frequency of the last block
    int white;  // that of a white one
} channel;

typedef struct {
    const cimage_raster *raster;
    channel channels[MOST_CHANNELS];
    int count;
    jpeg_codes codes[2];
    jpeg_bits bits;
} encoder;

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

// All up to the coded data, for a picture of one white block, and where in it the size is. The encoder gets its tables.
// Returns 0 or a code of CImage.h; *bytes is to be freed.
static int make_header(encoder *encoder, cimage_encoding how, uint8_t **bytes, unsigned long *length) {
    struct jpeg_compress_struct codec;
    jpeg_errors errors;
    codec.err = jpeg_errors_init(&errors);
    if (setjmp(errors.back)) {
        int code = jpeg_errors_code(&errors);
        jpeg_destroy_compress(&codec);
        return code;
    }
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, bytes, length);
    codec.image_width = codec.image_height = BLOCK_SIDE;
    codec.input_components = 3;
    codec.in_color_space = JCS_RGB;
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
    uint8_t white[3 * BLOCK_SIDE];
    memset(white, 0xFF, sizeof white);
    JSAMPROW row = white;
    while (codec.next_scanline < codec.image_height) jpeg_write_scanlines(&codec, &row, 1);
    encoder->count = codec.num_components;
    for (int i = 0; i < encoder->count; i++) {
        const jpeg_component_info *info = &codec.comp_info[i];
        channel *channel = &encoder->channels[i];
        const JQUANT_TBL *steps = codec.quant_tbl_ptrs[info->quant_tbl_no];
        jpeg_channel_init(&channel->form, (jpeg_channel_kind)i, steps->quantval, encoder->raster->order);
        channel->codes = &encoder->codes[info->dc_tbl_no];
    }
    for (int i = 0; i < 2; i++) {
        const JHUFF_TBL *first = codec.dc_huff_tbl_ptrs[i], *other = codec.ac_huff_tbl_ptrs[i];
        jpeg_codes_derive(encoder->codes[i].first, 16, first->bits, first->huffval);
        jpeg_codes_derive(encoder->codes[i].other, 256, other->bits, other->huffval);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    return CIMAGE_OK;
}

// Sets the picture's size. Returns where the coded data starts, behind the marker segments; 0 if that is not found.
static size_t finish_header(uint8_t *bytes, size_t length, uint32_t width, uint32_t height) {
    size_t at = 2;
    bool sized = false;
    while (at + 9 <= length && bytes[at] == 0xFF) {
        uint8_t marker = bytes[at + 1];
        // A frame that is coded in sequence: length, precision, height, width.
        if (marker == 0xC0 || marker == 0xC1) {
            uint8_t size[] = {(uint8_t)(height >> 8), (uint8_t)height, (uint8_t)(width >> 8), (uint8_t)width};
            memcpy(bytes + at + 5, size, sizeof size);
            sized = true;
        }
        at += 2 + ((size_t)bytes[at + 2] << 8 | bytes[at + 3]);
        if (marker == 0xDA) return at <= length && sized ? at : 0;
    }
    return 0;
}

static void encode_block(encoder *encoder, const uint8_t *pixels, size_t stride) {
    for (int i = 0; i < encoder->count; i++) {
        channel *channel = &encoder->channels[i];
        int16_t frequencies[BLOCK_SIZE];
        uint64_t present = jpeg_block_transform(&channel->form, pixels, stride, frequencies);
        jpeg_bits_block(&encoder->bits, channel->codes, frequencies[0] - channel->last, frequencies, present);
        channel->last = frequencies[0];
    }
}

static void encode_white(encoder *encoder) {
    for (int i = 0; i < encoder->count; i++) {
        channel *channel = &encoder->channels[i];
        jpeg_bits_block(&encoder->bits, channel->codes, channel->white - channel->last, NULL, 0);
        channel->last = channel->white;
    }
}

// A block that the picture ends in: its last column and row are repeated.
static void encode_ragged(encoder *encoder, uint32_t left, uint32_t top) {
    const cimage_raster *raster = encoder->raster;
    uint8_t pixels[BLOCK_SIDE][BLOCK_SIDE][4];
    for (uint32_t y = 0; y < BLOCK_SIDE; y++) {
        const uint8_t *row = raster->pixels + smaller(top + y, raster->height - 1) * raster->stride;
        for (uint32_t x = 0; x < BLOCK_SIDE; x++) {
            memcpy(pixels[y][x], row + smaller(left + x, raster->width - 1) * (size_t)4, 4);
        }
    }
    encode_block(encoder, pixels[0][0], sizeof pixels[0]);
}

static void wipe(const cimage_raster *raster, uint32_t left, uint32_t top) {
    size_t width = 4 * (size_t)smaller(BLOCK_SIDE, raster->width - left);
    uint32_t bottom = smaller(top + BLOCK_SIDE, raster->height);
    for (uint32_t y = top; y < bottom; y++) memset(raster->pixels + y * raster->stride + 4 * (size_t)left, 0xFF, width);
}

static void encode_row(encoder *encoder, uint32_t top, bool wipes) {
    const cimage_raster *raster = encoder->raster;
    bool high = top + BLOCK_SIDE <= raster->height;
    const uint8_t *row = raster->pixels + top * raster->stride;
    for (uint32_t left = 0; left < raster->width; left += BLOCK_SIDE) {
        const uint8_t *pixels = row + 4 * (size_t)left;
        if (!high || left + BLOCK_SIDE > raster->width) {
            encode_ragged(encoder, left, top);
        } else if (jpeg_block_is_white(pixels, raster->stride, raster->order)) {
            encode_white(encoder);
            continue;
        } else {
            encode_block(encoder, pixels, raster->stride);
        }
        if (wipes) wipe(raster, left, top);
    }
}

// Whether no pixel has a colour.
static bool is_grey(const cimage_raster *raster) {
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

// What a white block's first frequency is in each channel.
static void learn_white(encoder *encoder) {
    uint8_t pixels[BLOCK_SIDE * BLOCK_SIDE * 4];
    memset(pixels, 0xFF, sizeof pixels);
    for (int i = 0; i < encoder->count; i++) {
        int16_t frequencies[BLOCK_SIZE];
        jpeg_block_transform(&encoder->channels[i].form, pixels, BLOCK_SIDE * 4, frequencies);
        encoder->channels[i].white = frequencies[0];
    }
}

static int encode(encoder *encoder, cimage_encoding how, uint8_t **bytes, size_t *length) {
    const cimage_raster *raster = encoder->raster;
    unsigned long header = 0;
    unsigned char *made = NULL;
    int code = make_header(encoder, how, &made, &header);
    size_t used = code == CIMAGE_OK ? finish_header(made, header, raster->width, raster->height) : 0;
    if (used == 0) {
        free(made);
        return code == CIMAGE_OK ? CIMAGE_DAMAGED : code;
    }
    learn_white(encoder);
    size_t row = ((size_t)raster->width + BLOCK_SIDE - 1) / BLOCK_SIDE * (size_t)encoder->count * JPEG_BLOCK_BYTES;
    size_t room = 0;
    uint8_t *data = made;
    for (uint32_t top = 0; top < raster->height; top += BLOCK_SIDE) {
        if (room < used + row) {
            room = 2 * (used + row);
            uint8_t *more = realloc(data, room);
            if (!more) {
                free(data);
                return CIMAGE_OUT_OF_MEMORY;
            }
            data = more;
        }
        encoder->bits.out = data + used;
        encode_row(encoder, top, how.wipes);
        used = (size_t)(encoder->bits.out - data);
    }
    jpeg_bits_finish(&encoder->bits);
    // There is room: what a row may take, it never does.
    *encoder->bits.out++ = 0xFF;
    *encoder->bits.out++ = 0xD9;
    *bytes = data;
    *length = (size_t)(encoder->bits.out - data);
    return CIMAGE_OK;
}

int cimage_encode_jpeg(const cimage_raster *raster, cimage_encoding how, uint8_t **bytes, size_t *length) {
    *bytes = NULL;
    *length = 0;
    if (raster->width == 0 || raster->height == 0 || raster->width > LONGEST_SIDE || raster->height > LONGEST_SIDE) {
        return CIMAGE_DAMAGED;
    }
    // Three equal channels say no more than one.
    how.grey = how.grey || is_grey(raster);
    encoder encoder = {.raster = raster};
    return encode(&encoder, how, bytes, length);
}
