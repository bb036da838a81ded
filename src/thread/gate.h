/* SPDX-License-Identifier: MIT */
/*
 * thread/gate.h - from a container to the array or table it can replace.
 *
 * The one idea: the word that leads to such a block also says who may follow
 * it without the container's lock: the thread that made the block, everybody,
 * or nobody.  As long as it is only its maker, nothing is paid for readers
 * that do not exist: what its maker replaces is free at once.  The first other
 * thread that wants to read takes the lock and opens the gate to all; from
 * then on what is replaced waits for a grace period.
 *
 *          made               another thread, container's lock held
 *  (new) ------------> OWN ------------------------------------------> OPEN
 *    |                 ^ |                                               |
 *    | made while      | | replaced by its maker: given back             |
 *    | too much waits  | | by another thread: as OPEN           replaced |
 *    v                 | v                                               v
 *  SHUT ---------------+                                             WAITING
 *    |   first reader, lock held                    grace period over,   |
 *    | replaced: given back                         reclaimer:           v
 *    v                                              given back
 *
 * Who follows a gate looks at `moves`, the second word of the block, before
 * and after: if it is the same even number, nothing in the block was moved and
 * the block was in use all the time [inv:gate.same-moves].  Changes of one
 * slot are not counted: see object/slot.h.
 *
 * Where objects have no locks a gate is a pointer and no more.
 *
 * Read first: docs/protocols.md, "Blocks that are read without a lock".
 */
#ifndef WR_THREAD_GATE_H
#define WR_THREAD_GATE_H

#include "thread/retire.h"

/* In the top 16 bits: who may look without the lock. */
enum {
    WR_GATE_NOBODY = 0,
    WR_GATE_ALL = 0xffff /* else the id of the only thread */
};

_Static_assert((int)WR_THREAD_ID_MAX < (int)WR_GATE_ALL,
               "no thread is everybody");

/* The block; NULL if there is none.  Blocks are aligned to 16 bytes, so 48
 * bits are enough for addresses of 52. */
static inline void *
wr_gate_block(uint64_t gate)
{
    return (void *)(uintptr_t)(wr_cfg_locked_objects ? gate << 16 >> 12 : gate);
}

static inline unsigned
wr_gate_who(uint64_t gate)
{
    return wr_cfg_locked_objects ? (unsigned)(gate >> 48) : WR_GATE_NOBODY;
}

/* True if a thread that loaded this gate may follow it without the lock. */
static inline bool
wr_gate_admits(const struct wr_thread *self, uint64_t gate)
{
    unsigned who = wr_gate_who(gate);

    return who == WR_GATE_ALL || who == self->id;
}

static inline uint64_t
wr_gate_to(const void *block, unsigned who)
{
    uint64_t address = (uint64_t)(uintptr_t)block;

    if (!wr_cfg_locked_objects) {
        return address;
    }
    WEIR_ASSERT((address & 15) == 0 && address >> 52 == 0);
    return address >> 4 | (uint64_t)who << 48;
}

/*
 * So much waits that a new block had better be free at once when it is
 * replaced, whoever does that [inv:retire.bounded].
 */
static inline bool
wr_gate_too_dear(void)
{
    return wr_unlikely(wr_retire_bytes() > wr_retire_limit);
}

/*
 * The gate of a new block, which takes the place of the one behind `old` (0:
 * of none).  Its maker alone may look, unless all could before.
 */
static inline uint64_t
wr_gate_new(const struct wr_thread *self, const void *block, uint64_t old)
{
    unsigned who = WR_GATE_NOBODY;

    if (wr_cfg_locked_objects && !wr_gate_too_dear()) {
        who = wr_gate_who(old) == WR_GATE_ALL ? WR_GATE_ALL : self->id;
    }
    return wr_gate_to(block, who);
}

/* Follow it from now on: publishes the block.  [pair:gate/rel]
 * Caller: holds the container's lock, or nobody else knows the container. */
static inline void
wr_gate_set(uint64_t *gate, uint64_t value)
{
    if (wr_cfg_locked_objects) {
        wr_store_release(gate, value);
    } else {
        *gate = value;
    }
}

/* Read a gate without the lock.  [pair:gate/acq] */
static inline uint64_t
wr_gate_load(const uint64_t *gate)
{
    return wr_cfg_locked_objects ? wr_load_acquire(gate) : *gate;
}

/*
 * Let the caller follow the gate without the lock in future: it alone if
 * nobody could so far, else all.  Nothing happens while too much waits.
 * Caller: holds the container's lock.
 */
static inline void
wr_gate_open(const struct wr_thread *self, uint64_t *gate)
{
    uint64_t old = *gate;
    unsigned who = wr_gate_who(old);

    if (!wr_cfg_locked_objects || who == self->id || who == WR_GATE_ALL ||
        wr_gate_block(old) == NULL || wr_gate_too_dear()) {
        return;
    }
    who = who == WR_GATE_NOBODY ? self->id : WR_GATE_ALL;
    wr_gate_set(gate, wr_gate_to(wr_gate_block(old), who));
}

/*
 * True if no other thread can be looking at the block behind the gate: it may
 * be changed in any way, and given back.
 * Caller: attached, holds the container's lock, or has just replaced the gate.
 */
static inline bool
wr_gate_is_private(const struct wr_thread *self, uint64_t gate)
{
    unsigned who = wr_gate_who(gate);

    return !wr_cfg_locked_objects || who == WR_GATE_NOBODY || who == self->id ||
           !wr_reclaim_on();
}

/*
 * Something in the block is going to move, or the block to be replaced.  What
 * is stored with release afterwards is seen only by readers that see this too:
 * so slots are moved with wr_slot_store(), and replacing is wr_gate_set().
 * moves: the second word of the block, 0 in a new one.
 * Caller: holds the container's lock.
 */
static inline void
wr_moves_begin(uint64_t *moves)
{
    if (wr_cfg_locked_objects) {
        WEIR_ASSERT((*moves & 1) == 0);
        wr_store_relaxed(moves, *moves + 1);
    }
}

/* All stands where it will stay.  [pair:moves/rel]
 * Caller: holds the container's lock since wr_moves_begin(). */
static inline void
wr_moves_end(uint64_t *moves)
{
    if (wr_cfg_locked_objects) {
        WEIR_ASSERT((*moves & 1) == 1);
        wr_store_release(moves, *moves + 1);
    }
}

/*
 * Read the word before looking: odd means that there is no point in looking.
 * Caller: may follow the gate.  [pair:moves/acq]
 */
static inline uint64_t
wr_moves_load(const uint64_t *moves)
{
    return wr_load_acquire(moves);
}

/*
 * After looking, with acquire: was what I saw there all the time?
 * before: an even number.
 */
static inline bool
wr_moves_same(const uint64_t *moves, uint64_t before)
{
    return wr_likely(wr_load_relaxed(moves) == before);
}

#endif
