/* SPDX-License-Identifier: MIT */
/*
 * tests/models/dict.pml - a dict that is read without its lock.
 *
 * Follows src/kinds/dict_read.c for the reader, dict_table.c and dict.c for
 * the writer, and object/slot.h for the value.  One writer stands for all: they
 * hold the lock.  Each store that the reader can see is a step of its own.
 * Memory is sequentially consistent; what orders a slot needs is in slot.pml.
 *
 * Two keys, which collide: every search begins at slot 0.  Tables have two
 * entries and three slots.  New tables are full of what was in the memory.
 *
 * Checked: what the reader returns, the value of a key, that there is none, or
 * the size, was so at some moment of the call; and the value is alive.
 *
 * Mutants (-DNAME), each of which must fail:
 *   NO_MOVES      it is not checked that the table has not been replaced
 *   NO_AGAIN      a key that is gone is not looked for at its slot again
 *   NO_RECHECK    the value is not looked at again
 *   EARLY_INDEX   the index leads to an entry before it is complete
 *   EARLY_ERASE   an entry that moves is erased before the index leads on
 *   REUSE_ENTRY   the place of a deleted entry is given to another key
 *   NO_GRACE      a table that was replaced is used again at once
 *   NO_LOCK       the size is read although an operation is under way
 */
#ifndef OPS
#define OPS 3      /* of the writer */
#endif
#ifndef READS
#define READS 1    /* in a row, of one reader */
#endif
#define TRIES 2    /* then it takes the lock: of no interest here */
#define TABLES 3
#define ENTRIES 2
#define SLOTS 3
#define BLOCKS 3

/* The dict: table + 1, or 0; the lock; shape. */
byte gate;
bool locked;
byte used;
byte version;

/* Tables, in arrays of all their entries and slots. */
byte slot[9];           /* entry + 1 */
byte key[6];            /* 1, 2; 0: deleted */
byte val[6];            /* block + 1 */
byte filled[TABLES];
bool moved[TABLES];     /* `moves` is odd */
bool in_use[TABLES];    /* by the dict, or waiting */
bool waiting[TABLES];
bool inside;            /* a reader is in its section */

#define SLOT(t, s) slot[(t) * SLOTS + (s)]
#define KEY(t, e) key[(t) * ENTRIES + (e)]
#define VAL(t, e) val[(t) * ENTRIES + (e)]

/* Values: blocks with a count; each object has a number of its own, 1 up. */
byte count[BLOCKS];
byte number[BLOCKS];
byte numbers;

/* What the dict is said to hold: by key, the number of its value or 0; and
 * what it has held during the read under way, one bit for each. */
byte truth[3];
byte size;
byte had;
byte had_sizes;
byte asked;             /* the key that is read */

#define note()                                                                 \
    had = had | (1 << truth[asked]);                                           \
    had_sizes = had_sizes | (1 << size)

inline drop(b)
{
    atomic {
        assert(count[b] > 0);
        count[b]--
    }
}

/* ---- the writer ---------------------------------------------------------- */

/* A new value: sets b. */
inline make()
{
    atomic {
        if
        :: count[0] == 0 -> b = 0
        :: count[1] == 0 -> b = 1
        :: count[2] == 0 -> b = 2
        fi;
        numbers++;
        number[b] = numbers;
        count[b] = 1
    }
}

/* The entry of key k in table t: sets e, ENTRIES if there is none. */
inline find()
{
    atomic {
        e = 0;
        do
        :: e < filled[t] && KEY(t, e) != k -> e++
        :: else -> break
        od;
        if
        :: e == filled[t] -> e = ENTRIES
        :: else
        fi
    }
}

/* A slot for a new entry: empty, or a tombstone's.  Sets s. */
inline vacant()
{
    atomic {
        s = 0;
        do
        :: SLOT(t, s) != 0 && KEY(t, SLOT(t, s) - 1) != 0 -> s++
        :: else -> break
        od
    }
}

/* Let a table wait. */
inline retire(o)
{
    atomic {
#ifdef NO_GRACE
        in_use[o] = false
#else
        waiting[o] = true
#endif
    }
}

/* Replace the table by a new one, without what was deleted: sets t, or stuck
 * while all tables wait. */
inline rebuild()
{
    atomic {
        do
        :: n < TABLES && in_use[n] -> n++
        :: else -> break
        od;
        stuck = n == TABLES;
        if
        :: stuck -> n = 0
        :: else
        fi
    }
    if
    :: !stuck ->
        atomic {
            in_use[n] = true;
            moved[n] = false;
            filled[n] = 0;
            SLOT(n, 0) = 0;
            SLOT(n, 1) = 0;
            SLOT(n, 2) = 0;
            i = 0;
            do
            :: gate != 0 && i < filled[gate - 1] ->
                if
                :: KEY(gate - 1, i) != 0 ->
                    KEY(n, filled[n]) = KEY(gate - 1, i);
                    VAL(n, filled[n]) = VAL(gate - 1, i);
                    SLOT(n, filled[n]) = filled[n] + 1;
                    filled[n]++
                :: else
                fi;
                i++
            :: else -> break
            od;
            i = 0
        }
        if
        :: gate != 0 -> moved[gate - 1] = true
        :: else
        fi;
        atomic {
            o = gate;
            gate = n + 1;
            t = n;
            n = 0
        }
        if
        :: o != 0 -> retire(o - 1)
        :: else
        fi;
        o = 0
    :: else
    fi
}

inline publish()
{
    atomic {
        SLOT(t, s) = e + 1;
        truth[k] = number[b];
        size++;
        note()
    }
}

/* Insert key k, which is not there, with value b; t has room. */
inline insert()
{
    vacant();
    e = filled[t];
#ifdef REUSE_ENTRY
    if
    :: filled[t] > 0 && KEY(t, 0) == 0 -> e = 0
    :: else
    fi;
#endif
#ifdef EARLY_INDEX
    publish();
#endif
    VAL(t, e) = b + 1;
    KEY(t, e) = k;
#ifndef EARLY_INDEX
    publish();
#endif
    atomic {
        if
        :: e == filled[t] -> filled[t]++
        :: else
        fi;
        used++;
        version++
    }
}

inline set()
{
    make();
    if
    :: gate != 0 -> t = gate - 1; find()
    :: else -> e = ENTRIES
    fi;
    if
    :: e < ENTRIES ->
        old = VAL(t, e);
        atomic { VAL(t, e) = b + 1; truth[k] = number[b]; note() }
        locked = false;
        drop(old - 1)
    :: else ->
        stuck = false;
        if
        :: gate == 0 || filled[gate - 1] == ENTRIES -> rebuild()
        :: else -> t = gate - 1
        fi;
        if
        :: !stuck -> insert(); locked = false
        :: else -> locked = false; drop(b)
        fi
    fi
}

inline delete()
{
    if
    :: gate != 0 -> t = gate - 1; find()
    :: else -> e = ENTRIES
    fi;
    if
    :: e < ENTRIES ->
        old = VAL(t, e);
        atomic { KEY(t, e) = 0; truth[k] = 0; size--; note() }
        VAL(t, e) = 0;
        atomic { used--; version++ }
        locked = false;
        drop(old - 1)
    :: else -> locked = false
    fi
}

/* Move the entry of k to the end. */
inline move()
{
    stuck = false;
    if
    :: gate != 0 && filled[gate - 1] == ENTRIES -> rebuild()
    :: else
    fi;
    if
    :: gate != 0 -> t = gate - 1; find()
    :: else -> e = ENTRIES
    fi;
    if
    :: e < ENTRIES && filled[t] < ENTRIES ->
        atomic {
            VAL(t, filled[t]) = VAL(t, e);
            KEY(t, filled[t]) = k;
            s = 0;
            do
            :: SLOT(t, s) != e + 1 -> s++
            :: else -> break
            od;
            filled[t]++
        }
#ifdef EARLY_ERASE
        KEY(t, e) = 0;
#endif
        SLOT(t, s) = filled[t];
#ifndef EARLY_ERASE
        KEY(t, e) = 0;
#endif
        VAL(t, e) = 0;
        version++
    :: else
    fi;
    locked = false
}

inline clear()
{
    if
    :: gate != 0 ->
        moved[gate - 1] = true;
        atomic {
            t = gate - 1;
            gate = 0;
            truth[1] = 0;
            truth[2] = 0;
            size = 0;
            note()
        }
        atomic { used = 0; version++ }
        locked = false;
        /* What is between these drops changes nothing for a reader. */
        atomic {
            e = 0;
            do
            :: e < filled[t] ->
                if
                :: VAL(t, e) != 0 -> drop(VAL(t, e) - 1)
                :: else
                fi;
                e++
            :: else -> break
            od
        }
        retire(t)
    :: else -> locked = false
    fi
}

proctype writer()
{
    byte i, j, n, o, k, t, e, s, b, old;
    bool stuck;

    do
    :: j < OPS ->
        atomic {
            locked = true;
            if
            :: k = 1
            :: k = 2
            fi
        }
        if
        :: skip -> set()
        :: skip -> delete()
        :: skip -> move()
        :: skip -> clear()
        fi;
        atomic {
            t = 0; e = 0; s = 0; b = 0; old = 0; k = 0; stuck = false;
            j++
        }
    :: else -> break
    od
}

/* Grace periods: a table is used again when no reader is inside.  What it
 * holds then is anything. */
proctype reclaimer()
{
    byte t;

end:
    do
    :: atomic {
            !inside && (waiting[0] || waiting[1] || waiting[2]) ->
            t = 0;
            do
            :: !waiting[t] -> t++
            :: else -> break
            od;
            waiting[t] = false;
            in_use[t] = false;
            KEY(t, 0) = 1; VAL(t, 0) = 1;
            KEY(t, 1) = 2; VAL(t, 1) = 2;
            t = 0
        }
    od
}

/* ---- the reader ---------------------------------------------------------- */

/* Look for the key `asked` once.  Sets seen: 0 no such key, 1 it is there,
 * 2 again; with a value wanted, b is its block and carries a reference. */
inline look()
{
    s = 0;
    seen = 3;
    p = SLOT(t, 0);
    do
    :: seen != 3 -> break
    :: seen == 3 && p == 0 -> seen = 0
    :: seen == 3 && p != 0 ->
        atomic {
            found = KEY(t, p - 1) == asked;
            gone = KEY(t, p - 1) == 0
        }
        if
        :: found -> seen = 1
        :: !found ->
            now = p;
#ifndef NO_AGAIN
            if
            :: gone -> now = SLOT(t, s)
            :: else
            fi;
#endif
            if
            :: now != p -> p = now
            :: else -> s++; p = SLOT(t, s)
            fi;
            now = 0
        fi
    od;
    if
    :: seen == 1 && wanted ->
        b = VAL(t, p - 1);
        if
        :: b == 0 -> seen = 2
        :: else ->
            atomic {
                if
                :: count[b - 1] > 0 -> count[b - 1]++
                :: else -> seen = 2
                fi
            }
            if
#ifndef NO_RECHECK
            :: seen == 1 && VAL(t, p - 1) != b -> drop(b - 1); seen = 2
#endif
            :: else
            fi
        fi
    :: else
    fi
}

inline get()
{
    tries = 0;
    seen = 2;
    do
    :: seen == 2 && tries < TRIES ->
        tries++;
        t = gate;
        if
        :: t == 0 -> seen = 0
        :: else ->
            t = t - 1;
            if
            :: moved[t] -> seen = 2
            :: else ->
                look();
#ifndef NO_MOVES
                if
                :: seen < 2 && moved[t] ->
                    if
                    :: seen == 1 && wanted -> drop(b - 1)
                    :: else
                    fi;
                    seen = 2
                :: else
                fi
#endif
            fi
        fi
    :: else -> break
    od;
    atomic {
        if
        :: seen == 0 -> assert((had & 1) != 0)
        :: seen == 1 && !wanted -> assert((had & ~1) != 0)
        :: seen == 1 && wanted ->
            assert(count[b - 1] > 0);
            assert((had & (1 << number[b - 1])) != 0)
        :: else
        fi
    }
    if
    :: seen == 1 && wanted -> drop(b - 1)
    :: else
    fi
}

inline get_size()
{
    atomic { b = used; p = version };
    if
#ifndef NO_LOCK
    :: locked -> skip
#endif
    :: else ->
        atomic {
            if
            :: b == used && p == version ->
                assert((had_sizes & (1 << b)) != 0)
            :: else
            fi
        }
    fi
}

proctype reader()
{
    byte i, t, s, p, b, now, seen, tries;
    bool found, gone, wanted;

    do
    :: i < READS ->
        atomic {
            inside = true;
            if
            :: asked = 1
            :: asked = 2
            fi;
            had = 0;
            had_sizes = 0;
            note()
        }
        if
        :: wanted = true; get()
        :: wanted = false; get()
        :: get_size()
        fi;
        atomic {
            inside = false;
            t = 0; s = 0; p = 0; b = 0; seen = 0; tries = 0;
            found = false; gone = false; wanted = false;
            i++
        }
    :: else -> break
    od
}

init
{
    byte t;

    atomic {
        do
        :: t < TABLES ->
            KEY(t, 0) = 1; VAL(t, 0) = 1;
            KEY(t, 1) = 2; VAL(t, 1) = 2;
            t++
        :: else -> break
        od;
        run writer();
        run reclaimer();
        run reader()
    }
}
