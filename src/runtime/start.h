/* SPDX-License-Identifier: MIT */
/*
 * runtime/start.h - the one thing others need of starting and stopping.
 */
#ifndef WR_RUNTIME_START_H
#define WR_RUNTIME_START_H

/* Around a fork, on both sides: keep others from starting and stopping. */
void wr_start_fork_lock(void);
void wr_start_fork_unlock(void);

#endif
