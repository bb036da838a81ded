/* SPDX-License-Identifier: MIT */
/*
 * tests/models/lock_fifo.pml - the global lock, policy fifo.
 *
 * Follows src/thread/lock.h and policy_fifo.c.  What stands under the lock's
 * mutex is one atomic step; the fast paths are steps of their own.  Threads
 * compute for ever and come to checkpoints; thread 0 also detaches.  Time is
 * left out: an armed timer may run out at any moment, and does in the end.
 *
 * Checked: one holder; no thread sleeps for ever (`served`, under weak
 * fairness); who queued first is served first (`order`).
 *
 * Mutants (-DNAME), each of which must fail:
 *   FAST_RELEASE  release does not look at CONT
 *   NO_REARM      a new head of the queue gets no timer
 *   NO_TOKEN      the lock is handed over without waking
 *   LIFO          the last in the queue is served first
 */
#define N 3
#define NOBODY 15

byte holder = NOBODY;  /* the word... */
bool cont;             /* ...and its bit CONT */
byte queue[N];
byte queued;
bool granted[N];
bool timed[N];
bool token[N];
bool drop[N];

byte inside;           /* threads that compute holding the lock */
bool waiting[N];

inline push(t) {
    queue[queued] = t;
    queued++;
    granted[t] = false;
    timed[t] = false;
    waiting[t] = true
}

/* Take the first out: sets next. */
inline pop()
{
#ifdef LIFO
    next = queue[queued - 1];
#else
    next = queue[0];
    i = 1;
    do
    :: i < queued -> queue[i - 1] = queue[i]; i++
    :: else -> break
    od;
#endif
    queued--;
    queue[queued] = 0;
    i = 0
}

inline grant()
{
    pop();
    holder = next;
    cont = queued > 0;
    if
    :: queued > 0 ->
#ifndef NO_REARM
        timed[queue[0]] = true;
#endif
        token[queue[0]] = true
    :: else
    fi;
    granted[next] = true;
#ifndef NO_TOKEN
    token[next] = true;
#endif
    next = 0
}

inline wait_for_turn()
{
    do
    :: atomic { granted[me] -> granted[me] = false; waiting[me] = false; break }
    :: !granted[me] ->
        /* Asleep: only a token or the timer ends this. */
        if
        :: atomic { token[me] -> token[me] = false }
        :: atomic { timed[me] && !token[me] ->
                timed[me] = false;
                if
                :: !granted[me] && holder != NOBODY -> drop[holder] = true
                :: else
                fi
            }
        fi
    od
}

inline acquire()
{
    if
    :: atomic { holder == NOBODY && !cont -> holder = me; got = true }
    :: else -> got = false
    fi;
    if
    :: !got ->
        atomic {
            if
            :: holder == NOBODY -> holder = me; cont = queued > 0; got = true
            :: else ->
                cont = true;
                push(me);
                if
                :: queue[0] == me -> timed[me] = true
                :: else
                fi
            fi
        }
        if
        :: !got -> wait_for_turn()
        :: else
        fi
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
            drop[me] = false;
            if
            :: queued > 0 -> grant()
            :: else -> holder = NOBODY; cont = false
            fi
        }
#endif
    fi
}

inline yield()
{
    atomic {
        drop[me] = false;
        if
        :: queued > 0 ->
            /* As in fifo_yield(): take the first, stand at the end, pass. */
            pop();
            push(me);
            holder = next;
            cont = true;
#ifndef NO_REARM
            timed[queue[0]] = true;
#endif
            token[queue[0]] = true;
            granted[next] = true;
#ifndef NO_TOKEN
            token[next] = true;
#endif
            next = 0;
            got = false
        :: else -> got = true
        fi
    }
    if
    :: !got -> wait_for_turn()
    :: else
    fi
}

proctype thread(byte me)
{
    byte next, i;
    bool got;

    do
    :: acquire();
        do
        :: inside++;
            assert(inside == 1);
            inside--;
            if
            :: drop[me] -> yield()
            :: else
            fi
        :: me == 0 -> break
        od;
end:    release()
    od
}

init
{
    atomic { run thread(0); run thread(1); run thread(2) }
}

/* No thread waits for ever, the CPU-bound ones included. */
ltl served { [] (waiting[1] -> <> !waiting[1]) }

/* Thread 1 first in line: thread 2 does not get the lock before it. */
ltl order {
    [] ((waiting[1] && !granted[1] && holder != 2 && !waiting[2]) ->
        ((holder != 2) W (granted[1] || !waiting[1])))
}
