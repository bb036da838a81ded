/* SPDX-License-Identifier: MIT */
/*
 * base/build.h - what this build adds to the runtime: nothing.
 *
 * The one switch between ordinary builds and those that run race tests: the
 * latter put the folder src/race in front of their include path, and find
 * src/race/base/build.h instead of this file.
 */
#ifndef WEIR_BASE_BUILD_H
#define WEIR_BASE_BUILD_H

#include "base/plant_none.h"
#include "base/sync_hook_none.h"

#endif
