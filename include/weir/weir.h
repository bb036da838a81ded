/* SPDX-License-Identifier: MIT */
/*
 * weir/weir.h - everything an embedder needs.
 *
 * Weir is a runtime of reference-counted objects shared by threads, with a
 * collector for cycles.  Start with weir/runtime.h, then weir/object.h.
 */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/error.h>
#include <weir/object.h>
#include <weir/runtime.h>
#include <weir/thread.h>
#include <weir/fork.h>
#include <weir/gc.h>
#include <weir/int.h>
#include <weir/str.h>
#include <weir/tuple.h>
#include <weir/list.h>
#include <weir/dict.h>
#include <weir/set.h>
#include <weir/instance.h>
#include <weir/cell.h>
#include <weir/hash.h>
#include <weir/handle.h>
#include <weir/weak.h>
#include <weir/foreign.h>
#include <weir/size.h>
#include <weir/account.h>

#endif
