/* SPDX-License-Identifier: MIT */
/*
 * runtime/error.h - who hears of errors that nobody can be given.
 */
#ifndef WR_RUNTIME_ERROR_H
#define WR_RUNTIME_ERROR_H

/* No hook, none reported.  Caller: runtime start. */
void wr_unraisable_reset(void);

#endif
