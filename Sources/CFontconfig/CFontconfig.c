#include "CFontconfig.h"

#include <fontconfig/fontconfig.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef void (*finder)(const char *path, void *context);

static void tell(FcStrList *list, finder found, void *context) {
    if (!list) return;
    for (FcChar8 *path; (path = FcStrListNext(list));) found((const char *)path, context);
    FcStrListDone(list);
}

static void tell_linked_fonts(FcFontSet *fonts, finder found, void *context) {
    for (int i = 0; fonts && i < fonts->nfont; i++) {
        FcChar8 *path;
        struct stat status;
        char target[PATH_MAX];
        if (FcPatternGetString(fonts->fonts[i], FC_FILE, 0, &path) == FcResultMatch
            && lstat((const char *)path, &status) == 0 && S_ISLNK(status.st_mode)
            && realpath((const char *)path, target)) {
            found(target, context);
        }
    }
}

int cfont_paths(finder found, void *context) {
    FcConfig *configuration = FcInit() ? FcConfigGetCurrent() : NULL;
    if (!configuration) return 0;
    tell(FcConfigGetConfigFiles(configuration), found, context);
    tell(FcConfigGetCacheDirs(configuration), found, context);
    tell(FcConfigGetFontDirs(configuration), found, context);
    tell_linked_fonts(FcConfigGetFonts(configuration, FcSetSystem), found, context);
    return 1;
}
