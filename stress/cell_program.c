/* SPDX-License-Identifier: MIT */
/*
 * stress/cell_program.c - which programs this cell can run, and how wide.
 *
 * A loaded program has the reference counts of one flavour compiled into it.
 * Its stamp says which; nothing else of it is read or called before that has
 * been compared.
 */
#include "config.h"

#include "cell_program.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/programs.h"

/* Lab-only flavours are linked statically: there is no library to share. */
static bool
can_load(void)
{
    return wr_cfg_counted && (wr_cfg_locked_objects || !wr_cfg_parallel);
}

bool
wr_cell_always_locked(void)
{
    return !wr_cfg_parallel;
}

uint32_t
wr_cell_threads_max(const struct weir_program *program, bool locked)
{
    bool racy = wr_cfg_parallel && !wr_cfg_locked_objects && !locked;

    if (racy && (program->flags & WEIR_PROGRAM_SHARED) != 0) {
        return 1;
    }
    return program->threads_max;
}

static const char *
flavour_name(uint32_t id)
{
    static const char *const names[] = {
        [WEIR_FLAVOUR_ID_GIL] = "gil",
        [WEIR_FLAVOUR_ID_ATOMIC] = "atomic",
        [WEIR_FLAVOUR_ID_BIASED] = "biased",
        [WEIR_FLAVOUR_ID_UNSAFE] = "unsafe",
        [WEIR_FLAVOUR_ID_NOCOUNT] = "nocount",
    };

    if (id >= sizeof(names) / sizeof(names[0]) || names[id] == NULL) {
        return "an unknown flavour";
    }
    return names[id];
}

static void
check_stamp(const char *path, const struct weir_program_stamp *stamp)
{
    static const struct weir_program_stamp mine = WEIR_PROGRAM_STAMP;

    if (stamp->version != mine.version || stamp->abi != mine.abi) {
        wr_usage_error("--load %s: built for interface %u.%u, this is %u.%u",
                       path, stamp->version, stamp->abi, mine.version,
                       mine.abi);
    }
    if (stamp->flavour != mine.flavour) {
        wr_usage_error("--load %s: built for %s, this cell is %s", path,
                       flavour_name(stamp->flavour),
                       flavour_name(mine.flavour));
    }
    if (stamp->debug != mine.debug) {
        wr_usage_error("--load %s: built with WEIR_DEBUG=%u, this cell with "
                       "%u",
                       path, stamp->debug, mine.debug);
    }
}

static void
check_table(const char *path, const struct weir_program *program)
{
    if (program->name == NULL || program->name[0] == '\0' ||
        program->summary == NULL || program->help == NULL ||
        program->work == NULL) {
        wr_usage_error("--load %s: the program lacks a name, a summary, a "
                       "help text or work()",
                       path);
    }
    for (size_t i = 0; wr_programs[i] != NULL; i++) {
        if (strcmp(wr_programs[i]->name, program->name) == 0) {
            wr_usage_error("--load %s: the name %s is taken", path,
                           program->name);
        }
    }
}

/*
 * Open the object and find its program.  Lazy binding lets the stamp be read
 * in an object that needs functions this runtime does not have.  The object
 * stays open for the life of the process.
 */
static const struct weir_program *
load(const char *path)
{
    static const struct weir_program *loaded;
    char *here = NULL;
    void *object;

    if (loaded != NULL) {
        return loaded;
    }
    if (!can_load()) {
        wr_usage_error("--load %s: the %s cell is linked statically and "
                       "cannot load programs",
                       path, WR_FLAVOUR_NAME);
    }
    /* Without a '/', dlopen() would look in the system's folders. */
    if (strchr(path, '/') == NULL && asprintf(&here, "./%s", path) < 0) {
        wr_usage_error("--load %s: no memory", path);
    }
    object = dlopen(here != NULL ? here : path, RTLD_LAZY | RTLD_LOCAL);
    free(here);
    if (object == NULL) {
        wr_usage_error("--load %s: %s", path, dlerror());
    }
    loaded = dlsym(object, WEIR_PROGRAM_SYMBOL);
    if (loaded == NULL) {
        wr_usage_error("--load %s: it exports no %s", path,
                       WEIR_PROGRAM_SYMBOL);
    }
    check_stamp(path, &loaded->stamp);
    check_table(path, loaded);
    return loaded;
}

const struct weir_program *
wr_cell_nth(const struct wr_options *options, size_t n)
{
    size_t built_in = 0;

    while (wr_programs[built_in] != NULL) {
        built_in++;
    }
    if (n < built_in) {
        return wr_programs[n];
    }
    if (n == built_in && options->load != NULL) {
        return load(options->load);
    }
    return NULL;
}

const struct weir_program *
wr_cell_find(const struct wr_options *options)
{
    const struct weir_program *program;

    if (options->program == NULL) {
        return load(options->load);
    }
    for (size_t n = 0; (program = wr_cell_nth(options, n)) != NULL; n++) {
        if (strcmp(program->name, options->program) == 0) {
            return program;
        }
    }
    wr_usage_error("--program %s: no such program", options->program);
}
