/* SPDX-License-Identifier: MIT */
/*
 * kinds/pile.h - references that wait to be dropped until locks are given up.
 *
 * An operation that removes any number of references under a lock gets room
 * for all of them before it changes anything, and drops them when it has
 * unlocked: dropping may run a finalizer.
 */
#ifndef WR_KINDS_PILE_H
#define WR_KINDS_PILE_H

#include "heap/raw.h"
#include "kinds/kinds.h"

struct wr_pile {
    weir_object **items;
    size_t n;
    size_t room;
};

/* Get room; 0 or WEIR_ENOMEM.  No room needs no memory. */
static inline int
wr_pile_init(struct wr_thread *self, struct wr_pile *pile, size_t room)
{
    *pile = (struct wr_pile){NULL, 0, room};
    if (room != 0) {
        pile->items = wr_raw_alloc(self->heap, room * sizeof(weir_object *));
        if (wr_unlikely(pile->items == NULL)) {
            return WEIR_ENOMEM;
        }
    }
    return WEIR_OK;
}

/* Lay a reference on the pile; there is room. */
static inline void
wr_pile_add(struct wr_pile *pile, weir_object *o)
{
    WEIR_ASSERT(pile->n < pile->room);
    pile->items[pile->n++] = o;
}

/* Drop the references, first to last, and the pile.  Caller: no lock held. */
static inline void
wr_pile_drop(struct wr_thread *self, struct wr_pile *pile)
{
    for (size_t i = 0; i < pile->n; i++) {
        weir_decref(pile->items[i]);
    }
    wr_raw_free(self->heap, pile->items, pile->room * sizeof(weir_object *));
}

#endif
