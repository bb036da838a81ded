/* SPDX-License-Identifier: MIT */
/*
 * kinds/set.h - sets, seen from the other kinds: dicts whose values are NULL.
 */
#ifndef WR_KINDS_SET_H
#define WR_KINDS_SET_H

#include "kinds/dict.h"

#include <weir/set.h>

#endif
