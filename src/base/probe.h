/* SPDX-License-Identifier: MIT */
/*
 * base/probe.h - static probes for perf, bpftrace and SystemTap.
 *
 * A probe is one no-op instruction and a note in the binary that says where
 * it is and where its arguments are.  Only slow paths have any.  Without
 * <sys/sdt.h> (Debian: systemtap-sdt-dev) at build time there are none.
 *
 * docs/observe.md lists them.
 */
#ifndef WEIR_BASE_PROBE_H
#define WEIR_BASE_PROBE_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef HAVE_SYS_SDT_H
#include <sys/sdt.h>
#define WR_PROBE1(name, a) DTRACE_PROBE1(weir, name, a)
#define WR_PROBE2(name, a, b) DTRACE_PROBE2(weir, name, a, b)
#else
#define WR_PROBE1(name, a) ((void)(a))
#define WR_PROBE2(name, a, b) ((void)(a), (void)(b))
#endif

#endif
