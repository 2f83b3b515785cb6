#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <jpeglib.h>

// libjpeg's own error handler calls exit(). This one jumps back to the function that called libjpeg, and is silent.
typedef struct {
    struct jpeg_error_mgr manager;  // first, so that libjpeg's pointer to it is a pointer to the whole
    jmp_buf back;
    bool ended_early;
} jpeg_errors;

struct jpeg_error_mgr *jpeg_errors_init(jpeg_errors *errors);

// The code of CImage.h for the error that made libjpeg jump back.
int jpeg_errors_code(const jpeg_errors *errors);
