#pragma once
#include <cairo.h>
#include <malloc.h>  // malloc_trim: what a document needed goes back to the system
#include <poppler.h>
