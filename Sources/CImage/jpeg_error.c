#include "jpeg_error.h"

#include <jerror.h>

#include "CImage.h"

static void leave(j_common_ptr codec) {
    longjmp(((jpeg_errors *)codec->err)->back, 1);
}

// Whether the data of a picture that is coded in one go stop at a marker from which it does not go on: then all that
// follows is made up. Not so where only the last row of blocks is short, as some cameras leave it.
static bool stops_at_marker(j_common_ptr codec) {
    if (!codec->is_decompressor) return false;
    const struct jpeg_decompress_struct *picture = (j_decompress_ptr)codec;
    bool is_restart = picture->unread_marker >= 0xD0 && picture->unread_marker <= 0xD7;
    if (is_restart && picture->restart_interval > 0) return false;
    bool is_end = picture->unread_marker == 0xD9;
    if (!is_end && jpeg_has_multiple_scans((j_decompress_ptr)codec)) return false;
    return picture->input_iMCU_row + 1 < picture->total_iMCU_rows;
}

static void note(j_common_ptr codec, int level) {
    // Level -1 is a warning. Most warnings are harmless in practice; an early end means that pixels were made up.
    if (level >= 0) return;
    int code = codec->err->msg_code;
    if (code == JWRN_JPEG_EOF || (code == JWRN_HIT_MARKER && stops_at_marker(codec))) {
        ((jpeg_errors *)codec->err)->ended_early = true;
    }
    codec->err->num_warnings++;
}

static void say_nothing(j_common_ptr codec) {
    (void)codec;
}

struct jpeg_error_mgr *jpeg_errors_init(jpeg_errors *errors) {
    struct jpeg_error_mgr *manager = jpeg_std_error(&errors->manager);
    manager->error_exit = leave;
    manager->emit_message = note;
    manager->output_message = say_nothing;
    errors->ended_early = false;
    return manager;
}

int jpeg_errors_code(const jpeg_errors *errors) {
    return errors->manager.msg_code == JERR_OUT_OF_MEMORY ? CIMAGE_OUT_OF_MEMORY : CIMAGE_DAMAGED;
}
