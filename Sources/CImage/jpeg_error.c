#include "jpeg_error.h"

#include <jerror.h>

#include "CImage.h"

static void leave(j_common_ptr codec) {
    longjmp(((jpeg_errors *)codec->err)->back, 1);
}

static void note(j_common_ptr codec, int level) {
    // Level -1 is a warning. Most warnings are harmless in practice; an early end means that pixels were made up.
    if (level < 0 && codec->err->msg_code == JWRN_JPEG_EOF) ((jpeg_errors *)codec->err)->ended_early = true;
    if (level < 0) codec->err->num_warnings++;
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
