/* SPDX-License-Identifier: MIT */
/*
 * tests/models/slot.pml - a slot read without a lock, while others replace
 * its object and use the old one's block again.
 *
 * Follows wr_slot_try() and wr_slot_swap() in src/object/slot.h, the counts in
 * weir/refcount_atomic.h and the heap's rule that a free block keeps a dead
 * count and that the count of a new object is published last, with release.
 *
 * Memory is not sequentially consistent here.  The slot has a history; each
 * thread has a view, the oldest entry it may still read; a release leaves the
 * view with the word it writes, an acquire takes it along.  Counts are only
 * changed by read-modify-write steps, which see the newest value.
 *
 * Checked: what a reader returns is the object that was in the slot, alive;
 * no block is handed out or freed with a count that is not dead; nobody drops
 * a reference that is not there.
 *
 * Mutants (-DNAME), each of which must fail:
 *   NO_RECHECK    the slot is not looked at again
 *   BLIND_ADD     a reference is added without a test for zero
 *   DROP_FIRST    the old value is dropped before the slot is replaced
 *   COUNT_FIRST   the count of a new object may be seen before what was done
 *                 earlier: published first, or without release
 *   LOOSE_ADD     the reader's addition does not acquire
 */
#ifndef READERS
#define READERS 1
#endif
#define BLOCKS 2
#define WRITES 3   /* how often the slot is replaced */
#define READS 2    /* per reader */
#define MADE 2     /* objects that another thread makes for itself */

/* The slot: a pointer (a block), and which object was meant by it. */
byte slot[WRITES + 1];
byte meant[WRITES + 1];
byte last;

/* Blocks. */
byte count[BLOCKS];
byte left[BLOCKS];      /* the view left with the count */
byte object[BLOCKS];    /* which object lives there */
bool out[BLOCKS];       /* handed out */
byte freed[BLOCKS];     /* the view of whoever freed it */
byte objects;

#define merge(view, other) view = (other > view -> other : view)

/* Take a free block and make an object in it: sets b. */
inline make()
{
    atomic {
        if
        :: !out[0] -> b = 0
        :: !out[1] -> b = 1
        fi;
        assert(count[b] == 0);
        out[b] = true;
        merge(view, freed[b]);
        objects++;
        object[b] = objects
    }
    atomic {
        /* Somebody has added to a dead count. */
        assert(count[b] == 0);
        count[b] = 1;
#ifdef COUNT_FIRST
        left[b] = 0
#else
        left[b] = view
#endif
    }
}

inline drop(p)
{
    atomic {
        assert(out[p] && count[p] > 0);
        count[p]--;
        merge(view, left[p]);
        left[p] = view;
        dead = count[p] == 0
    }
    if
    :: dead ->
        atomic {
            assert(out[p] && count[p] == 0);
            freed[p] = view;
            out[p] = false
        }
    :: else
    fi;
    dead = false
}

proctype writer()
{
    byte b, old, view, i;
    bool dead;

    do
    :: i < WRITES ->
        make();
        old = slot[last];
#ifdef DROP_FIRST
        drop(old);
#endif
        atomic {
            last++;
            slot[last] = b;
            meant[last] = object[b];
            view = last
        }
#ifndef DROP_FIRST
        drop(old);
#endif
        i++;
        b = 0
    :: else -> break
    od
}

/* Another thread, which uses blocks and never the slot. */
proctype maker()
{
    byte b, view, i;
    bool dead;

    do
    :: i < MADE ->
        make();
        drop(b);
        i++;
        b = 0
    :: break
    od
}

/* Read any entry of the history that the view allows: sets at. */
inline load()
{
    atomic {
        at = view;
        do
        :: at < last -> at++
        :: break
        od;
        view = at
    }
}

proctype reader()
{
    byte view, at, p, i;
    bool dead, got;

    do
    :: i < READS ->
        load();
        p = slot[at];
        atomic {
#ifdef BLIND_ADD
            got = true;
#else
            got = count[p] > 0;
#endif
            if
            :: got ->
                count[p]++;
#ifndef LOOSE_ADD
                merge(view, left[p])
#endif
            :: else
            fi
        }
        if
        :: got ->
#ifndef NO_RECHECK
            load();
#endif
            if
            :: slot[at] == p ->
                /* Returned, and used. */
                atomic {
                    assert(out[p] && count[p] > 0);
                    assert(object[p] == meant[at])
                }
            :: else
            fi;
            drop(p)
        :: else
        fi;
        got = false;
        p = 0;
        at = 0;
        i++
    :: else -> break
    od
}

init
{
    byte i;

    atomic {
        objects = 1;
        out[0] = true;
        object[0] = 1;
        count[0] = 1;
        slot[0] = 0;
        meant[0] = 1;
        run writer();
        run maker();
        do
        :: i < READERS -> run reader(); i++
        :: else -> break
        od
    }
}
