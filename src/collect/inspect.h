/* SPDX-License-Identifier: MIT */
/*
 * collect/inspect.h - looking at the heap: which objects there are, and who
 * refers to whom.
 *
 * Answers are vectors of new references, so that nothing here needs to know
 * what a list is; kinds/inspect.c makes lists of them.
 */
#ifndef WR_COLLECT_INSPECT_H
#define WR_COLLECT_INSPECT_H

#include "base/vector.h"
#include "collect/walk.h"

struct wr_thread;

/*
 * Append a new reference to each tracked object of a generation, or of all
 * (-1).  Caller: attached; *out is empty.  0, or WEIR_ENOMEM and it still is.
 */
int wr_inspect_objects(struct wr_thread *self, int generation,
                       struct wr_vector *out);

/* The same of the objects that refer to one of n; of what they refer to. */
int wr_inspect_referrers(struct wr_thread *self, size_t n,
                         weir_object *const objects[], struct wr_vector *out);
int wr_inspect_referents(struct wr_thread *self, size_t n,
                         weir_object *const objects[], struct wr_vector *out);

/*
 * The next living object of the collectable region that is not garbage of a
 * collection under way [inv:collect.no-trash-shown]; NULL at the end.  Caller:
 * world stopped.
 */
weir_object *wr_inspect_next(struct wr_walk *walk);

/* Drop the references and give the memory back.  Caller: attached. */
void wr_inspect_drop(struct wr_thread *self, struct wr_vector *list);

#endif
