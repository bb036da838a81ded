/* SPDX-License-Identifier: MIT */
/*
 * tests/models/lock_boost.pml - the global lock, policy boost.
 *
 * Follows src/thread/policy_boost.c and boost.h.  What stands under the lock's
 * mutex is one atomic step; the fast paths, accepting an offer, falling asleep
 * and waking are steps of their own.  The first BOOSTED threads block and come
 * back; the others compute for ever and come to checkpoints.
 *
 * Time is left out: an armed timer may run out at any moment, and does in the
 * end.  Each hold takes a unit: a boosted one costs the class one of LIMIT, a
 * plain one pays one back and uses up one of its QUANTUM; whether a thread's own account is overdrawn when it comes back is
 * anybody's guess.  Who accepts leaves no token behind; one would only make it
 * look once more.
 *
 * Checked: one holder; no state that nobody can leave; at most LIMIT boosted
 * holds in a row while a plain thread waits; no plain thread waits for ever
 * (`served`), no boosted one (`returns`), under weak fairness.
 *
 * Mutants (-DNAME), each of which must fail:
 *   ACCEPT_STORE  an offer is accepted by a look and a store
 *   REFILL_AT_OFFER  what the boosted took is paid back by an offer
 *   FAST_RELEASE  release does not look at CONT
 *   NO_SHUT       the boosted may take any amount
 *   NO_REARM      a new first of the plain ones gets no timer
 *   NO_TOKEN      an offer is made without waking
 *   NO_LIMIT      an offer may be taken back any number of times
 *   SHUT_FRONT    a boosted holder stopped by the limit stands first again
 */
#define N 3
#ifndef BOOSTED
#define BOOSTED 1
#endif
#define LIMIT 2
#define QUANTUM 2
#define MAX_REVOKED 1
#define NOBODY 15

#ifdef NO_LIMIT
#define MAY_REVOKE(t) true
#else
#define MAY_REVOKE(t) (revoked[t] < MAX_REVOKED)
#endif

#ifdef SHUT_FRONT
#define BOOSTED_FRONT shut
#else
#define BOOSTED_FRONT false
#endif

#define NONE 0
#define WAIT 1
#define OFFERED 2

byte holder = NOBODY;  /* the word... */
bool cont;             /* ...and its bit CONT */

byte fast_line[N];     /* the boosted that wait, and how many */
byte fasts;
byte plain_line[N];
byte plains;

byte turn[N];
bool boosted[N];
byte revoked[N];
byte rest[N];
bool timed[N];
bool token[N];
bool asleep[N];
bool drop[N];
bool known;            /* the present hold did not begin on the fast path */

byte spent;
bool shut;

byte inside;           /* threads that have the lock, by their own account */
byte row;              /* boosted holds since a plain thread ran, or wanted to */

inline forgive()
{
    spent = 0;
    shut = false;
    row = 0
}

inline push(t, front)
{
    if
    :: boosted[t] && front ->
        fast_line[2] = fast_line[1]; fast_line[1] = fast_line[0];
        fast_line[0] = t; fasts++
    :: boosted[t] && !(front) -> fast_line[fasts] = t; fasts++
    :: !boosted[t] && front ->
        plain_line[2] = plain_line[1]; plain_line[1] = plain_line[0];
        plain_line[0] = t; plains++
    :: !boosted[t] && !(front) -> plain_line[plains] = t; plains++
    fi;
    turn[t] = WAIT;
    timed[t] = true
}

/* Take the next out of its line: sets next. */
inline pick()
{
    if
    :: fasts > 0 && !shut ->
        next = fast_line[0];
        fast_line[0] = fast_line[1]; fast_line[1] = fast_line[2];
        fasts--; fast_line[fasts] = 0
    :: !(fasts > 0 && !shut) && plains > 0 ->
        next = plain_line[0];
        plain_line[0] = plain_line[1]; plain_line[1] = plain_line[2];
        plains--; plain_line[plains] = 0
    :: else -> next = NOBODY
    fi
}

/* Charge me, which has held the lock. */
inline charge(stays)
{
    if
    :: boosted[me] ->
#ifndef NO_SHUT
        if
        :: spent < LIMIT -> spent++
        :: else
        fi;
        shut = shut || spent == LIMIT
#endif
    :: else ->
        if
        :: spent > 0 -> spent--
        :: else
        fi;
        shut = shut && spent > LIMIT / 2;
        if
        :: rest[me] > 0 -> rest[me]--
        :: else
        fi;
        row = 0
    fi;
    if
    :: plains == 0 && (boosted[me] || !(stays)) -> forgive()
    :: else
    fi
}

/* Offer the lock to next. */
inline offer()
{
    holder = next;
    known = true;
    cont = fasts + plains > 0;
#ifndef NO_REARM
    if
    :: plains > 0 && !timed[plain_line[0]] -> token[plain_line[0]] = true
    :: else
    fi;
#endif
#ifdef REFILL_AT_OFFER
    if
    :: !boosted[next] -> spent = 0; shut = false
    :: else
    fi;
#endif
    turn[next] = OFFERED;
#ifndef NO_TOKEN
    token[next] = true;
#endif
    next = NOBODY
}

/* me has the lock. */
inline begin()
{
    inside++;
    assert(inside == 1);
    if
    :: boosted[me] && plains > 0 -> row++; assert(row <= LIMIT)
    :: else
    fi
}

/* Set the timer; a boosted thread asks a plain one at once. */
inline police()
{
    timed[me] = boosted[me] || (plains > 0 && plain_line[0] == me);
    if
    :: holder != NOBODY && boosted[me] && !shut && !boosted[holder] ->
        drop[holder] = true
    :: else
    fi
}

inline run_on()
{
    turn[me] = NONE;
    revoked[me] = 0;
    timed[me] = false;
    token[me] = false;
    begin()
}

inline accept()
{
#ifdef ACCEPT_STORE
    turn[me] == OFFERED;
    atomic { run_on() }
#else
    atomic { turn[me] == OFFERED -> run_on() }
#endif
}

inline wait_for_offer()
{
    do
    :: !asleep[me] ->
        if
        :: accept(); break
        :: atomic { turn[me] == WAIT -> police(); asleep[me] = true }
        fi
    :: atomic { asleep[me] && token[me] -> token[me] = false;
            asleep[me] = false }
    /* Time to look: as far as it goes, it is due. */
    :: atomic { asleep[me] && !token[me] && timed[me] && turn[me] == WAIT &&
            holder != NOBODY && !drop[holder] ->
            timed[me] = boosted[me] || (plains > 0 && plain_line[0] == me);
            drop[holder] = timed[me] }
    od
}

/* Who has the lock from the fast path came from blocking, it is supposed. */
inline meet()
{
    if
    :: fasts + plains == 0 && !(known && !boosted[holder]) ->
        known = true;
        if
        :: boosted[holder] = true; forgive()
        :: boosted[holder] = false
        fi
    :: else
    fi
}

/* Take the offer back from holder, which has not accepted it. */
inline revoke()
{
    if
    :: revoked[holder] < MAX_REVOKED -> revoked[holder]++
    :: else
    fi;
    drop[holder] = false;
    push(holder, true);
    holder = me;
    known = true;
    cont = true;
    begin()
}

inline acquire()
{
    if
    :: atomic { holder == NOBODY && !cont -> holder = me; known = false;
            begin(); got = true }
    :: else -> got = false
    fi;
    if
    :: !got ->
        atomic {
            if
            :: me < BOOSTED -> boosted[me] = true
            :: boosted[me] = false
            fi;
            if
            :: holder == NOBODY -> holder = me; known = true; begin(); got = true
            :: else ->
                cont = true;
                meet();
                if
                :: boosted[me] && !shut && turn[holder] == OFFERED &&
                        MAY_REVOKE(holder) -> revoke(); got = true
                :: else ->
                    rest[me] = QUANTUM;
                    push(me, false);
                    police()
                fi
            fi
        }
        if
        :: !got -> wait_for_offer()
        :: else
        fi
    :: else
    fi
}

inline release()
{
    if
#ifdef FAST_RELEASE
    :: atomic { true -> inside--; holder = NOBODY }
#else
    :: atomic { !cont -> assert(holder == me); inside--; holder = NOBODY;
            boosted[me] = false; rest[me] = 0 }
    :: atomic { cont ->
            assert(holder == me);
            inside--;
            drop[me] = false;
            charge(false);
            pick();
            if
            :: next != NOBODY -> offer()
            :: else ->
                assert(fasts + plains == 0);
                holder = NOBODY;
                cont = false
            fi;
            boosted[me] = false;
            rest[me] = 0
        }
#endif
    fi
}

inline yield()
{
    atomic {
        drop[me] ->
        assert(holder == me);
        drop[me] = false;
        charge(true);
        pick();
        got = true;
        if
        :: next != NOBODY ->
            got = false;
            inside--;
            /* A boosted one that was asked has overdrawn its own account, or
             * the class has.  A plain one was robbed, or its time is up. */
            if
            :: boosted[me] ->
                boosted[me] = shut;
                rest[me] = QUANTUM;
                push(me, BOOSTED_FRONT)
            :: !boosted[me] && boosted[next] && rest[me] > 0 -> push(me, true)
            :: !boosted[me] && !(boosted[next] && rest[me] > 0) ->
                rest[me] = QUANTUM;
                push(me, false)
            fi;
            offer();
            police()
        :: else
        fi
    }
    if
    :: !got -> wait_for_offer()
    :: else
    fi
}

proctype thread(byte me)
{
    byte next = NOBODY;
    bool got;

    do
    :: acquire();
        do
        :: yield()
        :: me < BOOSTED -> break
        od;
end:    release()
    od
}

init
{
    atomic { run thread(0); run thread(1); run thread(2) }
}

/* The last thread computes, the first blocks and comes back. */
ltl served { [] (turn[2] != NONE -> <> (turn[2] == NONE)) }
ltl returns { [] (turn[0] != NONE -> <> (turn[0] == NONE)) }
