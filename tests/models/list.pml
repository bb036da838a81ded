/* SPDX-License-Identifier: MIT */
/*
 * tests/models/list.pml - an item of a list read without its lock, beside
 * whatever a writer does under it.
 *
 * Follows look() in src/kinds/list.c and the writers in list.c, list_array.c
 * and list_slice.c.  One process is all writers, for they hold the lock; it
 * does any OPS operations.  Blocks of dropped objects are used again at once,
 * arrays that were replaced when no read is under way any more: that is the
 * grace period.  Memory is sequentially consistent here; what the orders are
 * for is in slot.pml.
 *
 * Checked: what a read returns, an object or "beyond the end", was true of
 * the list at some moment between the beginning and the end of the read; each
 * operation takes effect at the step marked "now".  A word that was never an
 * item is never followed.
 *
 * Mutants (-DNAME), each of which must fail:
 *   NO_FIRST_SIZE   the reader does not look at the size at first
 *   NO_LAST_SIZE    nor at last
 *   NO_LAST_MOVES   nor whether something has moved
 *   NO_LAST_SLOT    nor whether the slot has changed
 *   MOVES_EARLY     it loads `moves` before the size
 *   GATE_FIRST      writers store the gate to a new array before the size
 *   SIZE_FIRST      append counts the item before it stores it
 *   KEEP_SLOT       pop leaves the item in its slot
 *   FREE_AT_ONCE    arrays that were replaced are used again at once
 */
#ifndef OPS
#define OPS 3
#endif
#define CAP 2      /* items in an array */
#define ARRAYS 2   /* 1 .. ARRAYS */
#define BLOCKS (OPS + 2) /* 1 .. BLOCKS */
#define JUNK 15    /* in a slot that was not written yet */
#define SERIALS 12

/* The list. */
byte gate;
byte size;
/* Arrays, by number. */
byte slots[(ARRAYS + 1) * CAP];
byte moves[ARRAYS + 1];
bool used[ARRAYS + 1];
bool waits[ARRAYS + 1];
/* Blocks: which object lives there, if the count is not 0. */
byte count[BLOCKS + 1];
byte serial[BLOCKS + 1];
byte serials;

/* What the list is, whatever its words say at the moment. */
byte is[CAP];
byte is_size;

/* The read under way: of item `want`; what would be true answers. */
bool reading;
byte want;
bool true_of[SERIALS];
bool true_none;

#define SLOT(a, i) slots[(a) * CAP + (i)]

/* Now: the list has changed, and so have the true answers. */
inline now()
{
    if
    :: reading ->
        if
        :: want < is_size -> true_of[is[want]] = true
        :: else -> true_none = true
        fi
    :: else
    fi
}

/* A new object: sets b. */
inline make()
{
    atomic {
        b = 1;
        do
        :: count[b] != 0 -> b++
        :: else -> break
        od;
        assert(b <= BLOCKS && serials < SERIALS);
        serial[b] = serials;
        serials++;
        count[b] = 1
    }
}

inline drop(p)
{
    atomic {
        assert(count[p] > 0);
        count[p]--
    }
}

/* A new array: sets a. */
inline new_array()
{
    atomic {
#ifdef FREE_AT_ONCE
        !used[1] || !used[2];
#else
        (!used[1] && (!waits[1] || !reading)) ||
            (!used[2] && (!waits[2] || !reading));
#endif
        if
#ifdef FREE_AT_ONCE
        :: !used[1] -> a = 1
#else
        :: !used[1] && (!waits[1] || !reading) -> a = 1
#endif
        :: else -> a = 2
        fi;
        used[a] = true;
        waits[a] = false;
        moves[a] = 0;
        SLOT(a, 0) = JUNK;
        SLOT(a, 1) = JUNK
    }
}

inline retire(o)
{
    atomic {
        used[o] = false;
        waits[o] = reading
    }
}

proctype writer()
{
    byte n, a, b, c, old;

    do
    :: n == OPS -> break
    :: n < OPS -> /* an object that is never in the list */
        n++;
        make()
    :: n < OPS && size < CAP -> /* append */
        n++;
        make();
        if
        :: gate == 0 -> new_array(); gate = a
        :: else
        fi;
#ifdef SIZE_FIRST
        size++;
        atomic {
            SLOT(gate, size - 1) = b;
            is[is_size] = serial[b]; is_size++; now()
        }
#else
        SLOT(gate, size) = b;
        atomic { size++; is[is_size] = serial[b]; is_size++; now() }
#endif
    :: n < OPS && size > 0 -> /* pop */
        n++;
        b = SLOT(gate, size - 1);
        atomic { size--; is_size--; now() }
#ifndef KEEP_SLOT
        SLOT(gate, size) = 0;
#endif
        drop(b)
    :: n < OPS && size > 0 -> /* set the last */
        n++;
        make();
        atomic {
            old = SLOT(gate, size - 1);
            SLOT(gate, size - 1) = b;
            is[is_size - 1] = serial[b]; now()
        }
        drop(old)
    :: n < OPS && size == 2 -> /* reverse */
        n++;
        moves[gate]++;
        b = SLOT(gate, 0);
        c = SLOT(gate, 1);
        SLOT(gate, 0) = c;
        atomic {
            SLOT(gate, 1) = b;
            is[0] = serial[c]; is[1] = serial[b]; now()
        }
        moves[gate]++
    :: n < OPS && size == 2 -> /* remove the first */
        n++;
        moves[gate]++;
        b = SLOT(gate, 0);
        SLOT(gate, 0) = SLOT(gate, 1);
        atomic { size--; is[0] = is[1]; is_size--; now() }
        moves[gate]++;
        drop(b)
    :: n < OPS && gate != 0 -> /* another array, same items */
        n++;
        old = gate;
        new_array();
        b = 0;
        do
        :: b < size -> SLOT(a, b) = SLOT(old, b); b++
        :: else -> break
        od;
        moves[old]++;
        gate = a;
        retire(old)
    :: n < OPS && size == 2 -> /* another array, of the first item only */
        n++;
        old = gate;
        new_array();
        SLOT(a, 0) = SLOT(old, 0);
        b = SLOT(old, 1);
        moves[old]++;
#ifdef GATE_FIRST
        gate = a;
        atomic { size--; is_size--; now() }
#else
        atomic { size--; is_size--; now() }
        gate = a;
#endif
        retire(old);
        drop(b)
    :: n < OPS && gate != 0 -> /* clear */
        n++;
        old = gate;
        c = size;
        moves[old]++;
        atomic { size = 0; is_size = 0; now() }
        gate = 0;
        b = 0;
        do
        :: b < c -> drop(SLOT(old, b)); b++
        :: else -> break
        od;
        retire(old)
    od
}

/* One read: beyond the end, an object, or nothing to go by. */
proctype reader()
{
    byte a, m, p, i;

    if
    :: want = 0
    :: want = 1
    fi;
    i = want;
    atomic { reading = true; now() }
    a = gate;
    if
    :: a == 0 -> assert(true_none); goto done
    :: else
    fi;
#ifdef MOVES_EARLY
    m = moves[a];
#endif
#ifndef NO_FIRST_SIZE
    if
    :: i >= size -> assert(true_none); goto done
    :: else
    fi;
#endif
#ifndef MOVES_EARLY
    m = moves[a];
#endif
    if
    :: m % 2 == 1 -> goto done
    :: else
    fi;
    p = SLOT(a, i);
    assert(p != JUNK);
    atomic {
        if
        :: p == 0 || count[p] == 0 -> goto done
        :: else -> count[p]++
        fi
    }
#ifndef NO_LAST_SLOT
    if
    :: SLOT(a, i) != p -> goto drops
    :: else
    fi;
#endif
#ifndef NO_LAST_SIZE
    if
    :: i >= size -> goto drops
    :: else
    fi;
#endif
#ifndef NO_LAST_MOVES
    if
    :: moves[a] != m -> goto drops
    :: else
    fi;
#endif
    assert(true_of[serial[p]]);
drops:
    drop(p);
done:
    reading = false
}

init
{
    atomic {
        /* One item, in a block of its own. */
        gate = 1;
        size = 1;
        used[1] = true;
        SLOT(1, 0) = 1;
        SLOT(1, 1) = JUNK;
        count[1] = 1;
        serials = 1;
        is_size = 1;
        run writer();
        run reader()
    }
}
