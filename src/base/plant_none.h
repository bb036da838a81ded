/* SPDX-License-Identifier: MIT */
/*
 * base/plant_none.h - ordinary builds: no fault can be planted.
 *
 * The constant is seen by the compiler even without optimization, so the
 * code under `if (wr_plant(...))` is checked and then dropped.
 */
#ifndef WEIR_BASE_PLANT_NONE_H
#define WEIR_BASE_PLANT_NONE_H

#define wr_plant_is_on(id) ((void)(id), false)
#define wr_plant_pause() ((void)0)

#endif
