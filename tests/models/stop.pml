/* SPDX-License-Identifier: MIT */
/*
 * tests/models/stop.pml - the states of threads and the stop of the world.
 *
 * Follows src/thread/state.h and safepoint.c step by step, global lock off.
 * STOPPERS of the N threads stop the world MOVES times; each of the others
 * makes as many moves, a checkpoint or a detach and attach.  Then a thread
 * detaches and ends.  So every lost count and every lost wake-up shows as a
 * state nobody can leave; that the stopper is alone is asserted.  Others may
 * run between any two accesses to shared words; memory is sequentially
 * consistent.
 *
 * Mutants (-DNAME), each of which must fail:
 *   NO_RECHECK    detach does not look at its pending word afterwards
 *   LOOK_FIRST    the stopper reads the state before it asks
 *   BLIND_ATTACH  attach stores ATTACHED without comparing
 *   SLEEP_ON_STATE  a sleeper waits for its state to change, not for the epoch
 *   ONE_BY_ONE    sleepers are let go one after the other
 *   NO_CHAIN      a woken thread does not wake the next
 *   COUNT_TWICE   a detaching thread counts down whether counted or not
 *   NO_OWED       who was overtaken by a stop is overtaken by the next, too
 */
#ifndef N
#define N 3
#endif
#ifndef STOPPERS
#define STOPPERS 2
#endif
#ifndef MOVES
#define MOVES 1
#endif

#define DETACHED 0
#define ATTACHED 1
#define SUSPENDED 2
#define NOBODY 15

byte state[N];
bool stop[N];        /* STOP in the pending word */
bool counted[N];
bool owed[N];        /* it is ATTACHED when the stop ends */
byte slept_in[N];    /* the epoch a sleeper fell asleep in */
bool token[N];       /* of the parker */
bool turn[N];
byte wake_next[N];

bool lock;           /* wr_world.lock */
bool stopping;
byte epoch;          /* stops that are over; N * MOVES of them at most */
byte countdown;
byte stopper = NOBODY;
byte list[N];        /* parked threads, first first */
byte listed;
byte turns[N];       /* threads that want to stop */
byte turning;

bool working;        /* a stopper works */

#define LOCK atomic { !lock -> lock = true }
#define UNLOCK lock = false
#define WAKE(t) if :: (t) != NOBODY -> token[t] = true :: else fi
#define PARK atomic { token[me] -> token[me] = false }

/* A move of an attached thread: nobody else may be at work. */
#define TOUCH assert(!working)

inline arrive()
{
    counted[me] = false;
    countdown--;
    assert(countdown < N);
    if
    :: countdown == 0 -> who = stopper
    :: else -> who = NOBODY
    fi
}

inline queue_parked()
{
    /* Under the lock, and nobody looks without it. */
    atomic {
        owed[me] = late;
        wake_next[me] = NOBODY;
        slept_in[me] = epoch;
        list[listed] = me;
        listed++
    }
}

inline sleep_parked()
{
#ifdef SLEEP_ON_STATE
    do
    :: state[me] == SUSPENDED -> PARK
    :: else -> break
    od;
#else
    do
    :: epoch == slept_in[me] -> PARK
    :: else -> break
    od;
#endif
#ifndef NO_CHAIN
    WAKE(wake_next[me]);
#endif
}

/* late: it has been overtaken by a stop. */
inline attach()
{
    do
    :: true ->
#ifdef BLIND_ATTACH
        state[me] = ATTACHED;
        break
#else
        if
        :: atomic { state[me] == DETACHED -> state[me] = ATTACHED }
            break
        :: else
        fi;
#endif
        LOCK;
        if
        :: state[me] == SUSPENDED ->
            queue_parked();
            UNLOCK;
            sleep_parked();
            if
            :: late ->
                /* [inv:stop.overtaken-once] */
                assert(state[me] == ATTACHED);
                break
            :: else -> late = true
            fi
        :: else -> UNLOCK
        fi
    od;
    late = false
}

inline detach()
{
    assert(state[me] == ATTACHED);
    state[me] = DETACHED;
#ifndef NO_RECHECK
    if
    :: stop[me] ->
        who = NOBODY;
        LOCK;
        if
#ifdef COUNT_TWICE
        :: stopping ->
#else
        :: counted[me] ->
#endif
            state[me] = SUSPENDED;
            arrive()
        :: else
        fi;
        UNLOCK;
        WAKE(who)
    :: else
    fi
#endif
}

inline checkpoint()
{
    if
    :: stop[me] ->
        LOCK;
        if
        :: counted[me] ->
            state[me] = SUSPENDED;
            arrive();
            queue_parked();
            UNLOCK;
            WAKE(who);
            sleep_parked();
            late = true;
            attach()
        :: else -> UNLOCK
        fi
    :: else
    fi
}

inline take_turn()
{
    LOCK;
    if
    :: stopper == NOBODY ->
        stopper = me;
        UNLOCK
    :: else ->
        turn[me] = false;
        turns[turning] = me;
        turning++;
        UNLOCK;
        detach();
        do
        :: !turn[me] -> PARK
        :: else -> break
        od;
        attach()
    fi
}

inline mark(t)
{
#ifdef LOOK_FIRST
    seen = state[t];
    stop[t] = true;
#else
    stop[t] = true;
    seen = state[t];
#endif
    do
    :: seen == ATTACHED ->
        counted[t] = true;
        n++;
        break
    :: else ->
        assert(seen == DETACHED);
        if
        :: atomic { state[t] == DETACHED -> state[t] = SUSPENDED }
            break
        :: else
        fi;
        seen = state[t]
    od
}

inline stop_world()
{
    take_turn();
    LOCK;
    stopping = true;
    n = 0;
    i = 0;
    do
    :: i < N ->
        if
        :: i != me -> mark(i)
        :: else
        fi;
        i++
    :: else -> break
    od;
    countdown = n;
    UNLOCK;
    do
    :: countdown != 0 -> PARK
    :: else -> break
    od;
    /* [inv:stop.alone] */
    atomic {
        i = 0;
        n = 0;
        do
        :: i < N ->
            assert(i == me || state[i] == SUSPENDED);
            i++
        :: else -> break
        od;
        i = 0;
        working = true
    }
    working = false
}

inline start_world()
{
    LOCK;
    i = 0;
    do
    :: i < N ->
        if
        :: i != me ->
            stop[i] = false;
#ifdef NO_OWED
            state[i] = DETACHED;
#else
            state[i] = (owed[i] -> ATTACHED : DETACHED);
#endif
            owed[i] = false
        :: else
        fi;
        i++
    :: else -> break
    od;
#ifdef ONE_BY_ONE
    i = 0;
    do
    :: i + 1 < listed -> wake_next[list[i]] = list[i + 1]; i++
    :: else -> break
    od;
    i = 0;
    do
    :: i < listed -> slept_in[list[i]] = NOBODY; i++
    :: else -> break
    od;
#endif
    /* Under the lock, and nobody looks without it before the epoch moves. */
    atomic {
        i = 0;
        who = NOBODY;
        if
        :: listed > 0 -> who = list[0]
        :: else
        fi;
        do
        :: i + 1 < listed ->
            wake_next[list[i]] = list[i + 1];
            list[i] = 0;
            i++
        :: else -> break
        od;
        list[i] = 0;
        i = 0;
        listed = 0;
        stopping = false
    }
    epoch++;
    /* The turn passes; under the lock but for turn[]. */
    atomic {
        n = NOBODY;
        stopper = NOBODY;
        if
        :: turning > 0 ->
            n = turns[0];
            stopper = n;
            i = 1;
            do
            :: i < turning -> turns[i - 1] = turns[i]; i++
            :: else -> break
            od;
            i = 0;
            turning--;
            turns[turning] = 0
        :: else
        fi
    }
    if
    :: n != NOBODY -> turn[n] = true
    :: else
    fi;
    UNLOCK;
    WAKE(who);
    WAKE(n);
    n = 0;
    seen = 0
}

proctype thread(byte me)
{
    byte who = NOBODY;
    byte seen, n, i, moves;
    bool late;

    attach();
    do
    :: moves < MOVES ->
        moves++;
        who = NOBODY;
        TOUCH;
        if
        :: me >= STOPPERS -> checkpoint()
        :: me >= STOPPERS -> detach(); attach()
        :: me < STOPPERS -> stop_world(); start_world()
        fi
    :: else -> break
    od;
    TOUCH;
    detach()
}

init
{
    byte t;

    atomic {
        do
        :: t < N -> wake_next[t] = NOBODY; run thread(t); t++
        :: else -> break
        od
    }
}
