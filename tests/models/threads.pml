/* SPDX-License-Identifier: MIT */
/*
 * tests/models/threads.pml - threads come and go beside a stop and a fork.
 *
 * Follows src/thread/thread.c (records), runtime/fork.c and thread/fork.c step
 * by step, global lock off.  N threads live LIVES times each: they register,
 * attach, work on an object, and exit; the first also comes to a checkpoint or
 * collects.  A record goes to whoever registers next.  One more thread stops
 * the world, or forks.  The search follows both sides of a fork: in the child every other
 * thread is gone from one step to the next, whatever it held, and a new one
 * begins; then the world is stopped once more.
 *
 * How sleepers are woken is left to stop.pml: here a thread that may not go on
 * just waits.  So a state nobody can leave is a lock or a countdown that a
 * thread took with it.  Asserted: the stopper is alone, a record has one
 * thread, the child's threads find records to take over.
 *
 * Mutants (-DNAME), each of which must fail:
 *   NEW_DETACHED   a record made during a stop begins DETACHED
 *   PUT_DETACHED   an exiting thread leaves its record DETACHED
 *   EXIT_UNSEEN    a thread that exits attached does not look whether it was
 *                  counted
 *   PUT_FIRST      the record is given back before its thread has detached
 *   FORK_NO_MUTEX  fork without the mutex of the list of threads
 *   FORK_NO_CLAIM  fork beside another thread's collection
 *   FORK_RUNNING   fork without stopping the world
 *   KEEP_RECORDS   the child leaves the others' records to them
 */
#ifndef N
#define N 2
#endif
#ifndef LIVES
#define LIVES 2
#endif

/* One for each thread that can be there at a time. */
#define RECORDS (N + 1)

#define DETACHED 0
#define ATTACHED 1
#define SUSPENDED 2
#define NOBODY 15

/* Records. */
byte state[RECORDS];
bool stop[RECORDS];
bool counted[RECORDS];
bool used[RECORDS];
byte thread_of[RECORDS];    /* for asserts; NOBODY: none */
byte made;                  /* records there are: 0 to made - 1 */

bool lock;                  /* wr_world.lock */
bool stopping;
byte countdown;
bool collecting;            /* somebody is in the collector */
bool working;               /* the stopper works: it is alone */
bool open_update;           /* an operation on an object is half done */
byte world;                 /* 1 in the child */

#define LOCK atomic { !lock -> lock = true }
#define UNLOCK lock = false
#define TOUCH assert(!working)

/* Find or make a record; as record_get(). */
inline come_in()
{
    LOCK;
    atomic {
        r = 0;
        do
        :: r < made && used[r] -> r++
        :: else -> break
        od;
        if
        :: r < made -> used[r] = true
        :: else -> r = NOBODY
        fi
    }
    UNLOCK;
    if
    :: r == NOBODY ->
        LOCK;
        atomic {
            assert(made < RECORDS);
            r = made;
            used[r] = true;
#ifdef NEW_DETACHED
            state[r] = DETACHED;
#else
            state[r] = (stopping -> SUSPENDED : DETACHED);
#endif
            made++
        }
        UNLOCK
    :: else
    fi;
    atomic { assert(thread_of[r] == NOBODY); thread_of[r] = me }
}

inline attach()
{
    atomic { state[r] == DETACHED -> state[r] = ATTACHED }
}

inline arrive()
{
    LOCK;
    if
    :: counted[r] -> atomic {
            counted[r] = false;
            state[r] = SUSPENDED;
            countdown--
        }
    :: else
    fi;
    UNLOCK
}

inline detach()
{
    state[r] = DETACHED;
    if
    :: stop[r] -> arrive()
    :: else
    fi
}

inline checkpoint()
{
    if
    :: stop[r] ->
        arrive();
        if
        :: state[r] == SUSPENDED -> attach()
        :: else
        fi
    :: else
    fi
}

/* As record_put(). */
inline put()
{
    LOCK;
    atomic {
        assert(thread_of[r] == me);
        thread_of[r] = NOBODY;
        used[r] = false;
#ifdef PUT_DETACHED
        state[r] = DETACHED;
#endif
        skip
    }
    UNLOCK
}

/* An operation on an object, which nobody may see half done. */
inline operate()
{
    atomic { TOUCH; open_update = true };
    open_update = false
}

inline collect()
{
    if
    :: atomic { !collecting -> collecting = true };
        checkpoint();
        collecting = false
    :: collecting
    fi
}

inline live()
{
    come_in();
    attach();
    operate();
    if
    :: me == 0 -> checkpoint()
    :: me == 0 -> collect()
    :: me != 0
    fi;
#ifdef PUT_FIRST
    put();
#endif
    if
#ifdef EXIT_UNSEEN
    :: state[r] = DETACHED
#else
    :: detach()
#endif
    fi;
#ifndef PUT_FIRST
    put();
#endif
    r = 0
}

proctype thread(byte me; byte lives; byte born)
{
    byte r;

    /* In the child of a fork all this is gone, wherever it stood. */
    {
        do
        :: lives > 0 -> lives--; live()
        :: else -> break
        od
    } unless { world != born }
}

inline stop_world()
{
    LOCK;
    atomic {
        stopping = true;
        countdown = 0;
        i = 0
    }
    do
    :: i < made ->
        if
        :: i != r ->
            stop[i] = true;
            if
            :: atomic { state[i] == ATTACHED ->
                    counted[i] = true;
                    countdown++
                }
            :: atomic { state[i] == DETACHED -> state[i] = SUSPENDED }
            fi
        :: else
        fi;
        i++
    :: else -> break
    od;
    UNLOCK;
    countdown == 0;
    /* [inv:stop.alone] */
    atomic {
        i = 0;
        do
        :: i < made -> assert(i == r || state[i] == SUSPENDED); i++
        :: else -> break
        od;
        i = 0;
        assert(!open_update);
        working = true
    }
    atomic { working = false; i = 0 }
}

inline start_world()
{
    LOCK;
    atomic {
        i = 0;
        do
        :: i < made ->
            if
            :: i != r && state[i] == SUSPENDED ->
                stop[i] = false;
                state[i] = DETACHED
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0;
        stopping = false
    }
    UNLOCK
}

/* In the child: the others' records become spare. */
inline forget_others()
{
    atomic {
        assert(!open_update);
        i = 0;
        do
        :: i < made ->
            if
            :: i != r ->
                thread_of[i] = NOBODY;
#ifndef KEEP_RECORDS
                used[i] = false
#endif
            :: else
            fi;
            i++
        :: else -> break
        od;
        i = 0
    }
}

inline fork()
{
#ifndef FORK_NO_CLAIM
    /* Detached, while another thread collects. */
    detach();
    atomic { !collecting -> collecting = true };
    attach();
#endif
#ifndef FORK_RUNNING
    stop_world();
#endif
#ifndef FORK_NO_MUTEX
    LOCK;
#endif
    if
    :: true /* parent */
    :: world = 1; /* child: from here on nobody else */
        forget_others()
    fi;
#ifndef FORK_NO_MUTEX
    UNLOCK;
#endif
#ifndef FORK_RUNNING
    start_world();
#endif
#ifndef FORK_NO_CLAIM
    collecting = false
#endif
}

proctype forker(byte me)
{
    byte r, i;

    come_in();
    attach();
    if
    :: stop_world(); start_world()
    :: fork()
    fi;
    if
    :: world == 1 ->
        /* The child collects, starts threads, stops the world. */
        atomic { !collecting -> collecting = true };
        collecting = false;
        run thread(0, 1, 1);
        stop_world();
        start_world()
    :: else
    fi;
    detach();
    put()
}

init
{
    byte t;

    atomic {
        do
        :: t < RECORDS -> thread_of[t] = NOBODY; t++
        :: else -> break
        od;
        t = 0;
        do
        :: t < N -> run thread(t, LIVES, 0); t++
        :: else -> break
        od;
        run forker(N)
    }
}
