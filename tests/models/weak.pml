/* SPDX-License-Identifier: MIT */
/*
 * tests/models/weak.pml - a target and its weak references.
 *
 * Follows src/object/weak.c and the death of an object in dealloc.c step by
 * step.  There are one target T and two weak references to it: W0 without a
 * callback, W1 with one.  The owner drops its reference to T; one asker per
 * weak reference asks it for T, uses what it gets, and drops the weak
 * reference; the renewer has a reference to T and asks for the weak reference
 * without a callback that there is.  Whoever drops the last reference to T
 * runs the finalizer, which may keep T for a while, and then clears, calls and
 * frees; whoever drops the last one to a weak reference takes it out of the
 * table and frees it.  Others may run between any two accesses; memory is
 * sequentially consistent.
 *
 * Checked: nobody uses what is freed, or gets T when it is dead; the callback
 * is called at most once and on something that lives; in the end everything is
 * freed, which a lost count would prevent.
 *
 * Mutants (-DNAME), each of which must fail:
 *   CORPSE           get adds to T's count without looking for zero
 *   NO_RECHECK       get does not look again under the mutex
 *   LATE_DETACH      T is freed before its weak references are cleared
 *   PLAIN_DROP       the drop after the finalizer is a load and a store
 *   UNLOCKED_LEAVE   a dying weak reference leaves without the mutex
 *   BLIND_LEAVE      it does not look again under the mutex
 *   CLEAR_FIRST      clearing stores NULL first, and unlinks then
 *   QUEUE_DYING      a dying weak reference is queued for its callback
 *   QUEUE_WITHOUT_REFERENCE  the queue takes no reference
 *   REUSE_DYING      the renewer gets a dying weak reference
 */
byte count = 2;        /* of T: the owner's and the renewer's */
bool freed;            /* T's block */
bool finalized;
bool dead;             /* for good */

byte weak_count[2];
bool names[2];         /* the target field is not NULL */
bool linked[2];
bool weak_freed[2];
byte calls;

bool lock;
byte over;             /* processes that have ended */

#define LOCK atomic { !lock -> lock = true }
#ifdef UNLOCKED_LEAVE
#define LEAVE_LOCK skip
#define LEAVE_UNLOCK skip
#else
#define LEAVE_LOCK LOCK
#define LEAVE_UNLOCK lock = false
#endif
#define UNLOCK lock = false

/* Taken off the chain, then cleared: the last touch where the count is zero. */
inline clear(w)
{
#ifdef CLEAR_FIRST
    names[w] = false;
#endif
    assert(!weak_freed[w]);
    assert(linked[w]);
    linked[w] = false;
#ifndef CLEAR_FIRST
    names[w] = false
#endif
}

inline drop_weak(w)
{
    atomic {
        assert(weak_count[w] > 0);
        weak_count[w]--;
        last = weak_count[w] == 0
    }
    if
    :: last ->
        if
        :: names[w] ->
            LEAVE_LOCK;
            if
#ifdef BLIND_LEAVE
            :: true -> clear(w)
#else
            :: names[w] -> clear(w)
            :: else
#endif
            fi;
            LEAVE_UNLOCK
        :: else
        fi;
        assert(!linked[w]);
        weak_freed[w] = true
    :: else
    fi
}

/* The finalizer of a dead T: its count is one meanwhile, and it may keep T. */
inline finalize()
{
    count = 1;
    finalized = true;
    if
    :: count++; kept = true
    :: true
    fi;
#ifdef PLAIN_DROP
    seen = count;
    count = seen - 1;
    last = count == 0;
    seen = 0
#else
    atomic { count--; last = count == 0 }
#endif
}

inline detach()
{
    LOCK;
    if
    :: linked[0] -> clear(0)
    :: else
    fi;
    if
    :: linked[1] ->
        /* The chain led here; somebody else may be dropping it. */
        assert(!weak_freed[1]);
#ifdef QUEUE_WITHOUT_REFERENCE
        queued = weak_count[1] > 0;
#else
#ifdef QUEUE_DYING
        atomic { weak_count[1]++; queued = true };
#else
        atomic {
            if
            :: weak_count[1] > 0 -> weak_count[1]++; queued = true
            :: else
            fi
        }
#endif
#endif
        clear(1)
    :: else
    fi;
    UNLOCK
}

/* The last reference to T is gone. */
inline die()
{
    dead = true;
#ifdef LATE_DETACH
    freed = true;
#endif
    detach();
    if
    :: queued ->
        assert(!weak_freed[1] && !names[1]);
        calls++;
        assert(calls == 1);
#ifndef QUEUE_WITHOUT_REFERENCE
        drop_weak(1);
#endif
        queued = false
    :: else
    fi;
    assert(!names[0] && !names[1]);
    freed = true
}

inline drop_target()
{
    atomic {
        assert(count > 0 && !freed);
        count--;
        last = count == 0
    }
    if
    :: last && !finalized -> finalize()
    :: else
    fi;
    if
    :: last -> die()
    :: else
    fi
}

/* Ask weak reference w for T: sets got. */
inline get(w)
{
    got = false;
    if
    :: names[w] ->
        LOCK;
        if
#ifdef NO_RECHECK
        :: true ->
#else
        :: names[w] ->
#endif
            assert(!freed);
#ifdef CORPSE
            count++;
            got = true
#else
            atomic {
                if
                :: count > 0 -> count++; got = true
                :: else
                fi
            }
#endif
        :: else
        fi;
        UNLOCK
    :: else
    fi
}

inline use_and_drop()
{
    if
    :: got ->
        assert(!freed && !dead && count > 0);
        drop_target();
        got = false
    :: else
    fi;
    /* What the finalizer has kept, if it ran here. */
    if
    :: kept -> kept = false; drop_target()
    :: else
    fi
}

proctype owner()
{
    bool last, kept, queued, got;
    byte seen;

    got = true;
    use_and_drop();
    over++
}

proctype asker(byte w)
{
    bool last, kept, queued, got;
    byte seen;

    get(w);
    use_and_drop();
    drop_weak(w);
    over++
}

proctype renewer()
{
    bool last, kept, queued, got, found;
    byte seen;

    LOCK;
    if
    :: linked[0] ->
        assert(!weak_freed[0] && names[0]);
#ifdef REUSE_DYING
        atomic { weak_count[0]++; found = true }
#else
        atomic {
            if
            :: weak_count[0] > 0 -> weak_count[0]++; found = true
            :: else
            fi
        }
#endif
    :: else
    fi;
    UNLOCK;
    if
    :: found ->
        assert(!weak_freed[0]);
        get(0);
        /* T cannot be dead: there is a reference to it here. */
        assert(got);
        use_and_drop();
        drop_weak(0)
    :: else
    fi;
    got = true;
    use_and_drop();
    over++
}

init
{
    atomic {
        weak_count[0] = 1;
        weak_count[1] = 1;
        names[0] = true;
        names[1] = true;
        linked[0] = true;
        linked[1] = true;
        run owner();
        run asker(0);
        run asker(1);
        run renewer()
    }
    over == 4;
    assert(freed && weak_freed[0] && weak_freed[1]);
    assert(count == 0 && weak_count[0] == 0 && weak_count[1] == 0)
}
