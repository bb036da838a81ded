/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/sessions.h - the bounded cache of sessions of webcache.
 *
 * A dict from user names to sessions, the least recently used one first: a hit
 * moves the session to the end, a miss makes one there, and when there are too
 * many the first is evicted.  That is several operations on the dict, so one
 * mutex of the program's makes them one, as in any server.
 *
 * A session and its user refer to each other, so what is evicted is garbage
 * for the collector.  Before that, its visits are added to a dict that is
 * never forgotten.  Each session carries a seal over its other fields, so that
 * one that was half changed, or that two threads changed at once, is found
 * out.
 */
#ifndef WR_STRESS_SESSIONS_H
#define WR_STRESS_SESSIONS_H

#include <pthread.h>

#include <weir/weir.h>
#include <weir/program.h>

/* Attributes of a session. */
enum { WR_SESSION_VISITS, WR_SESSION_USED, WR_SESSION_SEAL, WR_SESSION_ATTRS };

struct wr_sessions { /* SHARED */
    /* [inner] the operations on the cache, one at a time */
    pthread_mutex_t mutex;

    /* [lock: mutex] user name to session, least recently used first */
    weir_object *cache;

    /* [lock: mutex] user name to visits of sessions that are gone */
    weir_object *visits;

    /* [lock: mutex] visits so far: the clock of "recently" */
    uint64_t clock;

    /* [lock: mutex] sessions that were evicted; when the last of them had
     * been used */
    uint64_t evictions;
    int64_t evicted_used;

    /* [lock: mutex] what went wrong first; it may have left a session torn */
    int error;

    /* [const] the names of the users; `users` of them are made */
    weir_object **names;
    uint32_t users;

    /* [const] the most sessions in the cache */
    int64_t bound;

    /* [const] */
    weir_type *session_type;
    weir_type *user_type;
    weir_object *attrs[WR_SESSION_ATTRS];
};

/*
 * Make an empty cache for so many users; *s is zeroed.  Returns 0 or an error;
 * wr_sessions_drop() is due in any case.  Caller: the main thread.
 */
int wr_sessions_make(struct wr_sessions *s, uint32_t users, int64_t bound);

/* Give everything back.  Caller: the main thread, alone. */
void wr_sessions_drop(struct wr_sessions *s);

/*
 * Note a visit of a user, and find or make the session: a new reference in
 * *session, which may be NULL after a failure.  *hit says whether it was there.
 *
 * Returns 0, an error, or WEIR_PROGRAM_FAILED when a session is lost or torn;
 * the same from then on, whoever asks.
 * Caller: attached; may wait outside the runtime.
 */
int wr_sessions_visit(struct wr_sessions *s, uint32_t user,
                      weir_object **session, bool *hit);

/* True when session and user refer to each other and the user is the right
 * one, whether the session is still in the cache or not. */
bool wr_sessions_linked(const struct wr_sessions *s, weir_object *session,
                        uint32_t user);

/*
 * expected[user]: how often each user has come.  True when every session in
 * the cache is whole, they are in the order of their last use, and their
 * visits and those that were written back are what is expected, which is
 * taken apart meanwhile.  Caller: the main thread, alone.
 */
bool wr_sessions_intact(const struct wr_sessions *s, int64_t *expected);

#endif
