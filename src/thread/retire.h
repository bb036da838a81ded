/* SPDX-License-Identifier: MIT */
/*
 * thread/retire.h - arrays and tables that are read without a lock.
 *
 * The one idea: the second word of such a block says who may look into it
 * without its owner's lock: the thread that made it, everybody, or nobody.
 * As long as it is only its maker, nothing is paid for readers that do not
 * exist: what its maker replaces is free at once.  The first other thread that
 * wants to read takes the lock and opens the block to all; from then on what
 * is replaced waits for a grace period.
 *
 *          maker              another thread, owner's lock held
 *   (new) -------> OWN ----------------------------------------> OPEN
 *                  |  ^                                          |  ^
 *      lock holder |  | lock holder                  lock holder |  |
 *      close       v  | reopen                             close v  | reopen
 *                 CLOSED                                        CLOSED
 *                  |                                             |
 *      replaced,   | by the maker: given back      replaced,     |
 *      retire      | by another: as OPEN           retire        v
 *                  v                               WAITING ----------> given
 *                given back                            reclaimer, grace   back
 *
 * While too much waits, a new block is CLOSED to begin with: its readers lock,
 * and it is given back at once when it is replaced.  The first of them makes
 * it its OWN when less waits.
 *
 * A reader loads the word, looks, and loads the word again: if it is the same
 * and names the reader, nothing in the block moved and the block was in use
 * all the time [inv:readers.same-word].  Changes of one slot need no closing:
 * see object/slot.h.
 *
 * Read first: docs/protocols.md, "Blocks that are read without a lock".
 */
#ifndef WR_THREAD_RETIRE_H
#define WR_THREAD_RETIRE_H

#include "thread/reclaim.h"

/*
 * The word: in the low 16 bits who may look, above them a number that each
 * closing raises.  It stands at this offset, so that a block which waits can
 * be linked through it.
 */
enum { WR_READERS_OFFSET = 8 };

enum {
    WR_READERS_NOBODY = 0,  /* something in the block moves, or it is retired */
    WR_READERS_ALL = 0xffff /* else the id of the only thread */
};

_Static_assert((int)WR_THREAD_ID_MAX < (int)WR_READERS_ALL,
               "no thread is everybody");

/* How many bytes may wait before new blocks are opened to nobody else. */
extern size_t wr_retire_limit;

/* Bytes that wait for a grace period.  Any thread. */
size_t wr_retire_bytes(void);

/* Blocks that ever had to wait, since the start.  Any thread. */
uint64_t wr_retire_count(void);

static inline unsigned
wr_readers_who(uint64_t word)
{
    return (unsigned)(word & 0xffffU);
}

/* True if a thread that loaded this word may look without the lock. */
static inline bool
wr_readers_admit(const struct wr_thread *self, uint64_t word)
{
    unsigned who = wr_readers_who(word);

    return who == WR_READERS_ALL || who == self->id;
}

/*
 * So much waits that a new block had better be free at once when it is
 * replaced, whoever does that [inv:retire.bounded].
 */
static inline bool
wr_readers_too_dear(void)
{
    return wr_unlikely(wr_retire_bytes() > wr_retire_limit);
}

/*
 * The word of a new block.  was: the word of the one it replaces; 0 if it
 * replaces nothing.  Its maker alone may look, unless all could before.
 */
static inline uint64_t
wr_readers_new(const struct wr_thread *self, uint64_t was)
{
    if (!wr_cfg_locked_objects || wr_readers_too_dear()) {
        return WR_READERS_NOBODY;
    }
    return wr_readers_who(was) == WR_READERS_ALL ? WR_READERS_ALL : self->id;
}

/*
 * Let the caller look in future without the lock: it alone if nobody could so
 * far, else all.  Caller: holds the owner's lock; the block is complete.
 */
static inline void
wr_readers_open(const struct wr_thread *self, uint64_t *word)
{
    uint64_t old = *word;
    unsigned who = wr_readers_who(old);

    if (wr_cfg_locked_objects && who != self->id && !wr_readers_too_dear()) {
        who = who == WR_READERS_NOBODY ? self->id : WR_READERS_ALL;
        /* [pair:readers/rel] */
        wr_store_release(word, (old & ~(uint64_t)0xffff) | who);
    }
}

/*
 * Nobody may look any more; who looks now will notice.  What is stored with
 * release afterwards is seen only by readers that see this too, so slots are
 * moved with wr_slot_store(), and a new block is published with release.
 * Returns the word as it was, for wr_readers_reopen() or wr_raw_retire().
 * Caller: holds the owner's lock.
 */
static inline uint64_t
wr_readers_close(uint64_t *word)
{
    uint64_t was = *word;

    if (wr_cfg_locked_objects) {
        wr_store_relaxed(word, ((was >> 16) + 1) << 16);
    }
    return was;
}

/*
 * The opposite, with the block changed in place.  [pair:readers/rel]
 * Caller: holds the owner's lock since wr_readers_close().
 */
static inline void
wr_readers_reopen(uint64_t *word, uint64_t was)
{
    if (wr_cfg_locked_objects) {
        wr_store_release(word, *word | wr_readers_who(was));
    }
}

/* The word, before looking into the block.  [pair:readers/acq] */
static inline uint64_t
wr_readers_load(const uint64_t *word)
{
    return wr_load_acquire(word);
}

/*
 * Give back a RAW block of `bytes` bytes that has been replaced: at once where
 * nobody can be looking, else after a grace period.  Needs no memory, and
 * until then changes no more of the block than its second word.
 *
 * was: what wr_readers_close() returned, before the block was replaced.
 * Caller: attached; may hold the owner's lock.
 */
void wr_raw_retire(struct wr_thread *self, void *block, size_t bytes,
                   uint64_t was);

/* For the reclaimer: take all that wait; give them back, after the grace. */
void *wr_retired_take(void);
void wr_retired_release(void *first);

#endif
