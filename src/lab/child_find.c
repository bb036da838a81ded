/* SPDX-License-Identifier: MIT */
/*
 * lab/child_find.c - where the executables of the cells and peers are.
 *
 * In a build tree libtool leaves a wrapper script beside the command and the
 * program itself in .libs; the program is started directly, so that no shell
 * runs before each measurement.
 */
#include "lab/child.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/say.h"

#ifndef WEIR_LIBEXECDIR
#define WEIR_LIBEXECDIR "/usr/local/libexec/weir"
#endif

/* The directory of this command; "." when /proc cannot say. */
static char *
own_directory(void)
{
    char text[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", text, sizeof(text) - 1);
    char *slash;

    if (n <= 0) {
        return wr_lab_copy(".");
    }
    text[n] = '\0';
    slash = strrchr(text, '/');
    if (slash == NULL) {
        return wr_lab_copy(".");
    }
    *slash = '\0';
    return wr_lab_copy(text);
}

/* Whether <directory>/<name> can be run; *path is filled in if so. */
static bool
look_in(const char *directory, const char *name, bool with_libraries,
        struct wr_child_path *path)
{
    char *file = wr_lab_print("%s/%s", directory, name);

    if (access(file, X_OK) != 0) {
        free(file);
        return false;
    }
    path->executable = file;
    path->libraries = with_libraries ? wr_lab_copy(directory) : NULL;
    return true;
}

bool
wr_child_find(const char *name, struct wr_child_path *path)
{
    const char *given = getenv("WEIR_CELL_DIR");
    char *own = own_directory();
    char *libs = wr_lab_print("%s/.libs", own);
    bool found = false;

    if (given != NULL && given[0] != '\0') {
        found = look_in(given, name, false, path);
    }
    found = found || look_in(libs, name, true, path) ||
            look_in(own, name, false, path) ||
            look_in(WEIR_LIBEXECDIR, name, false, path);
    free(libs);
    free(own);
    return found;
}

void
wr_child_path_free(struct wr_child_path *path)
{
    free(path->executable);
    free(path->libraries);
    *path = (struct wr_child_path){0};
}
