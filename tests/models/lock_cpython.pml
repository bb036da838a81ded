/* SPDX-License-Identifier: MIT */
/*
 * tests/models/lock_cpython.pml - the global lock, policy cpython.
 *
 * Follows src/thread/lock.h and policy_cpython.c.  What stands under the
 * lock's mutex is one atomic step; the fast paths are steps of their own.
 * Thread 1 computes for ever; the others also detach and come back.  Time is
 * left out: a waiter's interval may be over at any moment.
 *
 * Checked: one holder; no state that nobody can leave; under weak fairness, a
 * holder that waits for the switch goes on (`returns`), and a waiter gets the
 * lock when only one other thread competes (`served`, N=2).  With more threads
 * the policy is not fair, and neither is CPython's.
 *
 * Mutants (-DNAME), each of which must fail:
 *   NO_FORCE      a holder that was asked does not wait for the switch
 *   NO_FORCED_WAKE  who takes the lock does not wake the one that waits for it
 *   FAST_RELEASE  release does not look at CONT, so nobody switches
 *   STEAL         a waiter takes the lock without looking whether it is free
 */
#ifndef N
#define N 2
#endif
#define NOBODY 15

byte holder = NOBODY;  /* the word... */
bool cont;             /* ...and its bit CONT */
byte waiters;
bool queued[N];
byte order[N];
byte length;
bool token[N];
bool drop[N];
byte last = NOBODY;
bool switched;         /* since the waiter fell asleep; exact for N=2 */
byte forced = NOBODY;
bool held_back[N];     /* waits for the switch */

byte inside;
bool waiting[N];

inline take_out(t)
{
    i = 0;
    do
    :: i < length && order[i] != t -> i++
    :: else -> break
    od;
    do
    :: i + 1 < length -> order[i] = order[i + 1]; i++
    :: else -> break
    od;
    length--;
    order[length] = 0;
    queued[t] = false;
    i = 0
}

/* Got the lock, under the mutex. */
inline got_it()
{
    waiters--;
    holder = me;
    cont = waiters > 0;
    if
    :: last != me -> last = me; switched = true
    :: else
    fi;
    if
    :: forced != NOBODY ->
#ifndef NO_FORCED_WAKE
        held_back[forced] = false;
        token[forced] = true;
#endif
        forced = NOBODY
    :: else
    fi;
    waiting[me] = false;
    done = true
}

inline claim_or_queue()
{
    if
#ifdef STEAL
    :: true -> got_it()
#else
    :: holder == NOBODY -> got_it()
#endif
    :: holder != NOBODY ->
        cont = true;
        if
        :: waiters == 1 -> last = holder
        :: else
        fi;
        order[length] = me;
        length++;
        queued[me] = true;
        switched = false
    fi
}

inline acquire()
{
    done = false;
    if
    :: atomic { holder == NOBODY && !cont -> holder = me; done = true }
    :: else
    fi;
    if
    :: !done ->
        atomic { waiters++; waiting[me] = true; claim_or_queue() }
        do
        :: done -> break
        :: atomic { !done && token[me] ->
                token[me] = false;
                if
                :: queued[me] -> take_out(me)
                :: else
                fi;
                claim_or_queue()
            }
        /* The interval is over. */
        :: atomic { !done && !token[me] ->
                if
                :: queued[me] -> take_out(me)
                :: else
                fi;
                if
                :: !switched && holder != NOBODY -> drop[holder] = true
                :: else
                fi;
                claim_or_queue()
            }
        od
    :: else
    fi
}

inline release()
{
    if
#ifdef FAST_RELEASE
    :: atomic { true -> holder = NOBODY }
#else
    :: atomic { !cont -> assert(holder == me); holder = NOBODY }
    :: atomic { cont ->
            assert(holder == me);
#ifdef NO_FORCE
            drop[me] = false;
#endif
            last = me;
            if
            :: drop[me] && waiters > 0 ->
                assert(forced == NOBODY);
                forced = me;
                held_back[me] = true
            :: else
            fi;
            drop[me] = false;
            holder = NOBODY;
            cont = waiters > 0;
            if
            :: length > 0 ->
                i = order[0];
                token[i] = true;
                next = i;
                take_out(next)
            :: else
            fi;
            next = 0
        }
#endif
    fi;
    do
    :: !held_back[me] -> break
    :: held_back[me] -> atomic { token[me] -> token[me] = false }
    od
}

proctype thread(byte me)
{
    byte i, next;
    bool done;

    do
    :: acquire();
        do
        :: inside++;
            assert(inside == 1);
            inside--;
            if
            :: drop[me] -> release(); acquire()
            :: else
            fi
        :: me != 1 -> break
        od;
end:    release()
    od
}

init
{
    byte t;

    atomic {
        do
        :: t < N -> run thread(t); t++
        :: else -> break
        od
    }
}

ltl served { [] (waiting[0] -> <> !waiting[0]) }
ltl returns { [] (held_back[1] -> <> !held_back[1]) }
