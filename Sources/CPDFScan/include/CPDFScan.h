#pragma once
#include <CImage.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Pages of a PDF that are nothing but pictures, as scans are: drawn from the embedded pictures, which are scaled while
// they are decoded. poppler's core library reads the file; its C++ interface ends here, and no exception crosses.
typedef struct cpdfscan cpdfscan;

enum {
    CPDFSCAN_OK = 0,
    // The page has other marks, or pictures that this code leaves to cairo.
    CPDFSCAN_NOT_PICTURES = 1,
    CPDFSCAN_DAMAGED = 2,
    CPDFSCAN_OUT_OF_MEMORY = 3,
    // A picture declares more pixels than may be decoded.
    CPDFSCAN_TOO_LARGE = 4,
    // As CPDFSCAN_NOT_PICTURES, but that was found out late: the raster's contents are undefined.
    CPDFSCAN_SPOILT = 5,
};

// Keeps what poppler's core reads from its own files, as tables of characters' names, for as long as the process lives;
// else it is read again for each document. Nothing of a document is in it.
void cpdfscan_keep_tables(void);

// Opens the PDF behind a descriptor, which this call owns, whether it succeeds or not.
//
// password: UTF-8, or NULL.
int cpdfscan_open(int descriptor, const char *password, cpdfscan **document);
void cpdfscan_close(cpdfscan *document);

// Draws a page, counted from 0, on white: one that is nothing but pictures, or that has a picture which cairo leaves out.
//
// scale: pixels a point. As for a renderer, crop box and rotation apply, and the raster may cut a fraction of a pixel off.
// grey: colours may be left out, since they are not looked at.
// memory: bytes that decoding one picture may take.
// The raster is as it was after CPDFSCAN_NOT_PICTURES, and undefined after any other failure.
int cpdfscan_draw(
    cpdfscan *document, int page, double scale, bool grey, size_t memory, const cimage_raster *raster);

// Of the page that was drawn last: whether data of a picture ended before the picture did. What is missing is white, or in
// a JPEG, grey.
bool cpdfscan_lacks_part(const cpdfscan *document);

#ifdef __cplusplus
}
#endif
