#include <stdlib.h>
#include <string.h>

#include "CImage.h"
#include "jpeg_error.h"

enum { CHUNK = 64 * 1024 };

struct cimage_jpeg_reader {
    struct jpeg_decompress_struct codec;
    jpeg_errors errors;
    struct jpeg_source_mgr source;
    cimage_jpeg_source read;
    void *context;
    uint8_t bytes[CHUNK];
};

static void start_source(j_decompress_ptr codec) {
    (void)codec;
}

static boolean fill(j_decompress_ptr codec) {
    cimage_jpeg_reader *reader = codec->client_data;
    size_t count = reader->read(reader->context, reader->bytes, CHUNK);
    reader->source.next_input_byte = reader->bytes;
    reader->source.bytes_in_buffer = count;
    // At the end libjpeg's own sources make up the rest. Without bytes it stops instead, and gives no more rows.
    return count > 0;
}

static void skip(j_decompress_ptr codec, long count) {
    cimage_jpeg_reader *reader = codec->client_data;
    while (count > (long)reader->source.bytes_in_buffer) {
        count -= (long)reader->source.bytes_in_buffer;
        if (!fill(codec)) return;
    }
    if (count > 0) {
        reader->source.next_input_byte += count;
        reader->source.bytes_in_buffer -= (size_t)count;
    }
}

static void end_source(j_decompress_ptr codec) {
    (void)codec;
}

// Some files have other bytes before the picture.
static void find_start(cimage_jpeg_reader *reader) {
    fill(&reader->codec);
    for (size_t i = 0; i + 1 < reader->source.bytes_in_buffer; i++) {
        if (reader->bytes[i] == 0xFF && reader->bytes[i + 1] == 0xD8) {
            reader->source.next_input_byte += i;
            reader->source.bytes_in_buffer -= i;
            return;
        }
    }
}

int cimage_jpeg_reader_open(
    cimage_jpeg_source read, void *context, cimage_jpeg_reader **opened, cimage_jpeg_header *header) {
    *opened = NULL;
    cimage_jpeg_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return CIMAGE_OUT_OF_MEMORY;
    reader->read = read;
    reader->context = context;
    reader->codec.err = jpeg_errors_init(&reader->errors);
    reader->codec.client_data = reader;
    if (setjmp(reader->errors.back)) {
        int code = jpeg_errors_code(&reader->errors);
        cimage_jpeg_reader_close(reader);
        return code;
    }
    jpeg_create_decompress(&reader->codec);
    reader->source = (struct jpeg_source_mgr){
        .init_source = start_source,
        .fill_input_buffer = fill,
        .skip_input_data = skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = end_source,
    };
    reader->codec.src = &reader->source;
    find_start(reader);
    if (jpeg_read_header(&reader->codec, TRUE) != JPEG_HEADER_OK) {
        cimage_jpeg_reader_close(reader);
        return CIMAGE_DAMAGED;
    }
    header->width = reader->codec.image_width;
    header->height = reader->codec.image_height;
    header->channels = (uint32_t)reader->codec.num_components;
    header->progressive = jpeg_has_multiple_scans(&reader->codec);
    header->dpi = 0;
    *opened = reader;
    return CIMAGE_OK;
}

int cimage_jpeg_reader_start(
    cimage_jpeg_reader *reader, int eighths, int transform, bool luma, uint32_t *width, uint32_t *height) {
    struct jpeg_decompress_struct *codec = &reader->codec;
    if (setjmp(reader->errors.back)) return jpeg_errors_code(&reader->errors);
    // A PDF may say what the JPEG does not; Adobe's marker in the JPEG says it best.
    if (transform >= 0 && !codec->saw_Adobe_marker && codec->num_components == 3) {
        codec->jpeg_color_space = transform ? JCS_YCbCr : JCS_RGB;
    }
    if (transform >= 0 && !codec->saw_Adobe_marker && codec->num_components == 4) {
        codec->jpeg_color_space = transform ? JCS_YCCK : JCS_CMYK;
    }
    switch (codec->num_components) {
    case 1: codec->out_color_space = JCS_GRAYSCALE; break;
    case 3:
        codec->out_color_space = luma ? JCS_GRAYSCALE : JCS_RGB;
        break;
    case 4: codec->out_color_space = JCS_CMYK; break;
    default: return CIMAGE_DAMAGED;
    }
    codec->scale_num = (unsigned)eighths;
    codec->scale_denom = 8;
    // Of a progressive one all is read here.
    if (!jpeg_start_decompress(codec)) return CIMAGE_DAMAGED;
    *width = codec->output_width;
    *height = codec->output_height;
    return CIMAGE_OK;
}

int cimage_jpeg_reader_row(cimage_jpeg_reader *reader, uint8_t *row) {
    if (reader->codec.output_scanline >= reader->codec.output_height) return CIMAGE_DAMAGED;
    if (setjmp(reader->errors.back)) return jpeg_errors_code(&reader->errors);
    JSAMPROW rows = row;
    return jpeg_read_scanlines(&reader->codec, &rows, 1) == 1 ? CIMAGE_OK : CIMAGE_DAMAGED;
}

bool cimage_jpeg_reader_ended_early(const cimage_jpeg_reader *reader) {
    return reader->errors.ended_early;
}

void cimage_jpeg_reader_close(cimage_jpeg_reader *reader) {
    if (!reader) return;
    jpeg_destroy_decompress(&reader->codec);
    free(reader);
}
