/* SPDX-License-Identifier: MIT */
/*
 * base/sync_hook_none.h - the hook of ordinary builds: nothing happens between
 * two accesses but what the machine does.  A no-op is a file, not an #ifdef.
 */
#ifndef WEIR_BASE_SYNC_HOOK_NONE_H
#define WEIR_BASE_SYNC_HOOK_NONE_H

/* Before every access to a shared word. */
#define wr_sync_point() ((void)0)

#endif
