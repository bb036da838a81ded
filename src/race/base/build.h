/* SPDX-License-Identifier: MIT */
/*
 * race/base/build.h - what a build for race tests adds: faults that can be
 * planted, and a schedule that is disturbed at shared words.
 *
 * Stands in front of src/base/build.h on the include path.
 */
#ifndef WEIR_BASE_BUILD_H
#define WEIR_BASE_BUILD_H

#include "plant_race.h"
#include "sync_hook_race.h"

#endif
