/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/webcache.c - a web server with sessions in an LRU cache.
 *
 * Worker threads answer requests of users, few of whom come often: each finds
 * or makes the user's session in a cache that all share (sessions.h), makes a
 * page, and throws it away as if it had been sent.  Between bursts of requests
 * a thread waits for its clients, outside the runtime.
 *
 * Which session is evicted depends on how the threads interleave; how often
 * each user came does not.  That is what is checked, and the checksum.
 */
#include "programs.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "sessions.h"
#include "work.h"

enum { REQUESTS, USERS, SESSIONS, PAGE, BURST, PAUSE_US };

static const struct weir_program_param params[] = {
    [REQUESTS] = {.name = "requests",
                  .initial = "40000",
                  .unit = "requests per thread",
                  .help = "requests answered",
                  .min = 1,
                  .max = INT64_C(100000000000)},
    [USERS] = {.name = "users",
               .initial = "20000",
               .unit = "users",
               .help = "users there are; few of them come often (Zipf)",
               .min = 1,
               .max = 10000000},
    [SESSIONS] = {.name = "sessions",
                  .initial = "2000",
                  .unit = "sessions",
                  .help = "sessions the cache holds",
                  .min = 1,
                  .max = 10000000},
    [PAGE] = {.name = "page",
              .initial = "16",
              .unit = "strings",
              .help = "strings of which a page is made",
              .min = 0,
              .max = 100000},
    [BURST] = {.name = "burst",
               .initial = "32",
               .unit = "requests",
               .help = "requests answered between two pauses",
               .min = 1,
               .max = 1000000000},
    [PAUSE_US] = {.name = "pause_us",
                  .initial = "20",
                  .unit = "microseconds",
                  .help = "how long a thread waits for its clients; 0: never",
                  .min = 0,
                  .max = 1000000},
    {.name = NULL},
};

/* One thread's part. */
struct client {
    /* the user of each request */
    uint32_t *draws;

    uint64_t hits;
    uint64_t misses;
};

static int
setup(struct weir_run *run)
{
    struct wr_sessions *s = calloc(1, sizeof(struct wr_sessions));

    run->data = s;
    if (s == NULL) {
        return WEIR_ENOMEM;
    }
    return wr_sessions_make(s, (uint32_t)run->params[USERS].number,
                            run->params[SESSIONS].number);
}

static int
prepare(struct weir_run *run, struct weir_worker *worker)
{
    struct client *client = calloc(1, sizeof(struct client));

    worker->data = client;
    if (client == NULL) {
        return WEIR_ENOMEM;
    }
    /* Otherwise a pause of some microseconds takes fifty more. */
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    client->draws = wr_work_draws(run, worker, WR_DRAW_ZIPF,
                                  (uint32_t)run->params[USERS].number, 0);
    return client->draws == NULL ? WEIR_ENOMEM : 0;
}

/* Make a page of so many strings and throw it away. */
static int
render(uint32_t user, int64_t strings)
{
    weir_object *page = weir_list_new();
    int error = page == NULL ? weir_error() : 0;

    for (int64_t i = 0; i < strings && error == 0; i++) {
        uint64_t words[2] = {user, (uint64_t)i};
        weir_object *part = weir_str_new((const char *)words, sizeof(words));

        error = part == NULL ? weir_error() : weir_list_append(page, part);
        weir_xdecref(part);
    }
    weir_xdecref(page);
    return error;
}

static int
answer(struct wr_sessions *s, struct weir_worker *worker, uint32_t user,
       int64_t page)
{
    struct client *client = worker->data;
    weir_object *session = NULL;
    bool hit = false;
    int error = wr_sessions_visit(s, user, &session, &hit);

    *(hit ? &client->hits : &client->misses) += 1;
    if (error == 0 && !wr_sessions_linked(s, session, user)) {
        error = WEIR_PROGRAM_FAILED;
    }
    if (error == 0) {
        error = render(user, page);
    }
    weir_xdecref(session);
    if (error == WEIR_PROGRAM_FAILED) {
        error = weir_worker_fail(worker, "a session was lost or torn");
    }
    return error;
}

static void
wait_for_clients(int64_t us)
{
    struct timespec time = {.tv_sec = us / 1000000,
                            .tv_nsec = us % 1000000 * 1000};

    if (us > 0) {
        (void)weir_blocking_begin();
        (void)nanosleep(&time, NULL);
        (void)weir_blocking_end();
    }
}

static int
work(struct weir_run *run, struct weir_worker *worker)
{
    const struct client *client = worker->data;
    int64_t requests = run->params[REQUESTS].number;
    int64_t burst = run->params[BURST].number;
    int64_t page = run->params[PAGE].number;
    int64_t until_pause = burst;

    for (int64_t i = 0; i < requests; i++) {
        uint32_t user = client->draws[i % WR_DRAWS];
        int error = answer(run->data, worker, user, page);

        if (error != 0) {
            return error;
        }
        (void)weir_checkpoint();
        if (--until_pause == 0) {
            until_pause = burst;
            wait_for_clients(run->params[PAUSE_US].number);
        }
    }
    worker->ops = (uint64_t)requests;
    return 0;
}

/* How often each user must have come; NULL without memory. */
static int64_t *
expected_visits(const struct weir_run *run)
{
    uint64_t requests = (uint64_t)run->params[REQUESTS].number;
    int64_t *expected =
        calloc((size_t)run->params[USERS].number, sizeof(int64_t));

    for (uint32_t t = 0; t < run->threads && expected != NULL; t++) {
        const struct client *client = run->workers[t].data;

        for (uint64_t i = 0; i < WR_DRAWS; i++) {
            bool again = i < requests % WR_DRAWS;

            expected[client->draws[i]] +=
                (int64_t)(requests / WR_DRAWS + (again ? 1 : 0));
        }
    }
    return expected;
}

/* A request is a hit or a miss; a miss is a session that is there or was
 * evicted; there are not too many. */
static bool
numbers_right(const struct weir_run *run, const struct wr_sessions *s)
{
    uint64_t all = (uint64_t)run->params[REQUESTS].number * run->threads;
    int64_t size = weir_dict_size(s->cache);
    uint64_t hits = 0;
    uint64_t misses = 0;

    for (uint32_t t = 0; t < run->threads; t++) {
        const struct client *client = run->workers[t].data;

        hits += client->hits;
        misses += client->misses;
    }
    return hits + misses == all && s->clock == all &&
           misses == s->evictions + (uint64_t)size && size <= s->bound;
}

static int
check(struct weir_run *run)
{
    const struct wr_sessions *s = run->data;
    int64_t *expected = expected_visits(run);
    bool intact;

    if (expected == NULL) {
        return WEIR_ENOMEM;
    }
    run->checksum = 0;
    for (uint32_t user = 0; user < s->users; user++) {
        run->checksum +=
            weir_program_mix(user ^ weir_program_mix((uint64_t)expected[user]));
    }
    intact = wr_sessions_intact(s, expected);
    free(expected);
    if (!numbers_right(run, s)) {
        return weir_program_fail(run, "sessions were lost or are too many");
    }
    return intact ? 0
                  : weir_program_fail(run, "visits were lost, or the order");
}

static void
teardown(struct weir_run *run)
{
    for (uint32_t t = 0; t < run->threads; t++) {
        struct client *client = run->workers[t].data;

        if (client != NULL) {
            free(client->draws);
            free(client);
        }
    }
    if (run->data != NULL) {
        wr_sessions_drop(run->data);
        free(run->data);
    }
}

WEIR_PROGRAM_NAMED(
    wr_program_webcache, .name = "webcache",
    .summary = "sessions in a shared LRU cache: a server with worker threads",
    .help =
        "Models a web server: worker threads, a bounded cache of sessions that "
        "all share,\nusers of whom few come often, pauses for input and "
        "output.  An operation is a\nrequest: find or make the session, note "
        "the visit, make a page.  Evicted sessions\nare cyclic garbage.  With "
        "pause_us=0 the threads only compute.\nChecked: each session at every "
        "use, the number and the order of use of those in\nthe cache, and "
        "that the visits of every user add up.",
    .params = params, .flags = WEIR_PROGRAM_DETERMINISTIC | WEIR_PROGRAM_SHARED,
    .setup = setup, .prepare = prepare, .work = work, .check = check,
    .teardown = teardown);
