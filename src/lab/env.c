/* SPDX-License-Identifier: MIT */
/*
 * lab/env.c - the machine and the build, as the `env` record.
 */
#include "lab/env.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "base/clock.h"
#include "lab/say.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#if __has_include("lab/commit.h")
#include "lab/commit.h"
#endif

/* What the build may say about itself; empty: unknown. */
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif
#ifndef WEIR_COMMIT
#define WEIR_COMMIT ""
#endif
#ifndef WEIR_BUILD_FLAGS
#define WEIR_BUILD_FLAGS ""
#endif

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const char *
wr_env_version(void)
{
    return PACKAGE_VERSION;
}

unsigned
wr_env_cores(void)
{
    cpu_set_t set;
    int n;

    if (sched_getaffinity(0, sizeof(set), &set) != 0) {
        return 1;
    }
    n = CPU_COUNT(&set);
    return n < 1 ? 1 : (unsigned)n;
}

char *
wr_env_read_line(const char *path)
{
    FILE *file = fopen(path, "re");
    char text[512];
    char *line = NULL;

    if (file == NULL) {
        return NULL;
    }
    if (fgets(text, sizeof(text), file) != NULL) {
        text[strcspn(text, "\n")] = '\0';
        line = wr_lab_copy(text);
    }
    fclose(file);
    return line;
}

/* A text or null; frees the text. */
static json_t *
text_or_null(char *text)
{
    json_t *value =
        text == NULL || text[0] == '\0' ? json_null() : json_string(text);

    free(text);
    return value;
}

/* The value of "model name : ..." in /proc/cpuinfo. */
static char *
cpu_name(void)
{
    FILE *file = fopen("/proc/cpuinfo", "re");
    char text[512];
    char *name = NULL;

    if (file == NULL) {
        return NULL;
    }
    while (name == NULL && fgets(text, sizeof(text), file) != NULL) {
        char *value = strchr(text, ':');

        if (strncmp(text, "model name", 10) == 0 && value != NULL) {
            value += 1 + strspn(value + 1, " \t");
            value[strcspn(value, "\n")] = '\0';
            name = wr_lab_copy(value);
        }
    }
    fclose(file);
    return name;
}

/* The name that a hypervisor gives itself; NULL on bare metal. */
static char *
hypervisor(void)
{
#if defined(__x86_64__) || defined(__i386__)
    unsigned a;
    unsigned words[4] = {0};

    /* Leaf 1, ECX bit 31: a guest; leaf 0x40000000: the name. */
    if (__get_cpuid(1, &a, &words[0], &words[1], &words[2]) != 0 &&
        (words[1] & 0x80000000u) != 0) {
        words[3] = 0;
        __cpuid(0x40000000, a, words[0], words[1], words[2]);
        return words[0] == 0 ? wr_lab_copy("unnamed")
                             : wr_lab_print("%.12s", (const char *)words);
    }
#endif
    return wr_env_read_line("/sys/hypervisor/type");
}

json_t *
wr_env_record(void)
{
    static const char clock_file[] = "/sys/devices/system/clocksource/"
                                     "clocksource0/current_clocksource";
    static const char governor_file[] =
        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor";
    struct utsname name;
    char *kernel = uname(&name) == 0
                       ? wr_lab_print("%s %s", name.sysname, name.release)
                       : NULL;

    return json_pack(
        "{s:i, s:s, s:o, s:i, s:o, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:I}",
        "schema", 1, "record", "env", "cpu", text_or_null(cpu_name()), "cores",
        (int)wr_env_cores(), "kernel", text_or_null(kernel), "hypervisor",
        text_or_null(hypervisor()), "governor",
        text_or_null(wr_env_read_line(governor_file)), "compiler", COMPILER,
        "flags", text_or_null(wr_lab_copy(WEIR_BUILD_FLAGS)), "version",
        PACKAGE_VERSION, "commit", text_or_null(wr_lab_copy(WEIR_COMMIT)),
        "clock_source", text_or_null(wr_env_read_line(clock_file)),
        "clock_cost_ns", (json_int_t)wr_clock_cost_ns());
}
