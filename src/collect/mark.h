/* SPDX-License-Identifier: MIT */
/*
 * collect/mark.h - what is reached from something that lives.
 *
 * Two passes mark.  The one from known roots sets mark bits, before anything
 * is counted, and may stop early: what it does not reach is counted.  The one
 * from the roots that counting finds clears cand bits, and must reach all.
 */
#ifndef WR_COLLECT_MARK_H
#define WR_COLLECT_MARK_H

#include "collect/round.h"

/*
 * Full collections: mark and promote what the known roots reach, and take the
 * pools that are wholly alive out of the round.  The mark bits of the others
 * are left, for counting to skip what has one; it clears them.
 * Caller: world stopped, round prepared, nothing counted.
 */
void wr_mark_known(struct wr_round *round);

/*
 * Take from the candidates what the roots reach: the objects whose side bytes
 * are not zero, and which are no candidates any more.  The bytes are zero
 * afterwards.  Caller: world stopped, the stack is empty.
 */
void wr_mark_roots(struct wr_round *round);

/*
 * Take from the candidates what the objects on the stack reach.  Afterwards
 * the stack is empty.  Caller: world stopped.
 */
void wr_mark_stack(struct wr_round *round);

/*
 * o is alive and no candidate any more, and what it refers to is to be looked
 * at: put it on the stack, or note it as lost.  Caller: world stopped.
 */
void wr_mark_push(struct wr_round *round, weir_object *o);

/*
 * Look again at what was alive and did not fit the stack.  Caller: as above,
 * all that is alive and is no candidate has been on the stack, or was noted as
 * lost.
 */
void wr_mark_rescan(struct wr_round *round);

#endif
