#pragma once

// What fontconfig reads, now and later: its configuration, its caches, folders of fonts, and fonts that are links to places
// outside of those. Calls `found` with each, many of them beneath others; returns 0 if it has no configuration.
//
// Initialises fontconfig as the first text that is drawn would, so call it where a missing cache can still be made.
int cfont_paths(void (*found)(const char *path, void *context), void *context);
