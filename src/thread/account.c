/* SPDX-License-Identifier: MIT */
/*
 * thread/account.c - what a thread did with its time, written by itself.
 */
#include "thread/account.h"

#include "base/mem.h"
#include "thread/lock.h"
#include "thread/safepoint.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* [const] while the runtime runs */
static int level;
static uint32_t room;

/* One place more than are kept: for the stop that is under way. */
enum { STOP_PLACES = WR_ACCOUNT_STOPS + 1 };

/* [const] while the runtime runs; inside: [lock: wr_world.lock] */
static weir_stop_record *stops;

/* [lock: wr_world.lock] how many there were */
static uint64_t nstops;

int
wr_account_start(int wanted, uint32_t events)
{
    if (wanted < WEIR_ACCOUNT_OFF || wanted > WEIR_ACCOUNT_EVENTS) {
        return WEIR_EINVAL;
    }
    if (wanted != WEIR_ACCOUNT_OFF) {
        stops = wr_mem_calloc(STOP_PLACES, sizeof(*stops));
        if (stops == NULL) {
            return WEIR_ENOMEM;
        }
    }
    level = wanted;
    room = events != 0 ? events : WR_ACCOUNT_EVENTS;
    nstops = 0;
    return 0;
}

void
wr_account_stop(void)
{
    wr_mem_free(stops);
    stops = NULL;
    level = WEIR_ACCOUNT_OFF;
}

bool
wr_account_on(void)
{
    return level != WEIR_ACCOUNT_OFF;
}

bool
wr_account_has_events(void)
{
    return level == WEIR_ACCOUNT_EVENTS;
}

uint32_t
wr_account_room(void)
{
    return level == WEIR_ACCOUNT_EVENTS ? room : 0;
}

struct wr_account *
wr_account_new(uint32_t events)
{
    struct wr_account *account = wr_mem_calloc(1, sizeof(*account));

    if (account == NULL || events == 0) {
        return account;
    }
    account->events = wr_mem_calloc(events, sizeof(weir_event));
    account->room = events;
    if (account->events == NULL) {
        wr_mem_free(account);
        return NULL;
    }
    return account;
}

void
wr_account_free(struct wr_account *account)
{
    if (account != NULL) {
        wr_mem_free(account->events);
        wr_mem_free(account);
    }
}

/* ---- the kernel's side ------------------------------------------------- */

static uint64_t
cpu_of(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) != 0) {
        return 0;
    }
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) +
           (uint64_t)time.tv_nsec;
}

/* How long a thread of this process was ready and had no processor. */
static uint64_t
ready_of(pid_t tid)
{
    char text[96];
    unsigned long long ran;
    unsigned long long ready = 0;
    ssize_t n;
    int fd;

    (void)snprintf(text, sizeof(text), "/proc/self/task/%d/schedstat", tid);
    fd = open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    n = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    return sscanf(text, "%llu %llu", &ran, &ready) == 2 ? ready : 0;
}

static uint64_t
since(uint64_t begin, uint64_t now)
{
    return now > begin ? now - begin : 0;
}

uint64_t
wr_account_cpu_ns_locked(const struct wr_thread *t)
{
    const struct wr_account *a = t->account;
    uint64_t end = wr_load_relaxed(&a->cpu_end_ns);

    if (t->used && end == 0) {
        end = cpu_of(wr_load_relaxed(&a->cpu_clock));
    }
    return since(wr_load_relaxed(&a->cpu_begin_ns), end);
}

uint64_t
wr_account_ready_ns_locked(const struct wr_thread *t)
{
    const struct wr_account *a = t->account;
    uint64_t end = wr_load_relaxed(&a->ready_end_ns);

    if (t->used && wr_load_relaxed(&a->cpu_end_ns) == 0) {
        end = ready_of(wr_load_relaxed(&a->tid));
    }
    return since(wr_load_relaxed(&a->ready_begin_ns), end);
}

/* ---- a thread's life --------------------------------------------------- */

/* Empty it, field by field: somebody may be reading. */
static void
clear(struct wr_account *a, uint64_t now)
{
    wr_store_relaxed(&a->state, (uint32_t)WEIR_STATE_BLOCKED);
    wr_store_relaxed(&a->since_ns, now);
    for (int i = 0; i < WEIR_STATES; i++) {
        wr_store_relaxed(&a->state_ns[i], (uint64_t)0);
    }
    wr_store_relaxed(&a->uncontended, (uint64_t)0);
    wr_store_relaxed(&a->slow, (uint64_t)0);
    wr_store_relaxed(&a->yields, (uint64_t)0);
    wr_store_relaxed(&a->releases, (uint64_t)0);
    wr_store_relaxed(&a->drop_requests, (uint64_t)0);
    a->granted_by = 0;
    a->held_since_ns = 0;
    wr_histogram_reset(&a->wait);
    wr_histogram_reset(&a->hold);
    wr_histogram_reset(&a->queue);
    wr_histogram_reset(&a->arrival);
}

static void
clear_handoffs_locked(struct wr_account *a)
{
    a->handoffs = 0;
    a->reacquired = 0;
    memset(a->from, 0, sizeof(a->from));
}

/* The caller is the thread of the account. */
static void
take_clocks(struct wr_account *a)
{
    clockid_t clock;
    pid_t tid = gettid();

    if (pthread_getcpuclockid(pthread_self(), &clock) != 0) {
        clock = CLOCK_THREAD_CPUTIME_ID;
    }
    wr_store_relaxed(&a->cpu_clock, clock);
    wr_store_relaxed(&a->tid, tid);
    wr_store_relaxed(&a->cpu_begin_ns, cpu_of(clock));
    wr_store_relaxed(&a->ready_begin_ns, ready_of(tid));
    wr_store_relaxed(&a->cpu_end_ns, (uint64_t)0);
    wr_store_relaxed(&a->ready_end_ns, (uint64_t)0);
}

void
wr_account_begin(struct wr_thread *self)
{
    struct wr_account *a = self->account;

    clear(a, wr_clock_ns());
    take_clocks(a);
    wr_mutex_lock(&wr_lock.mutex);
    clear_handoffs_locked(a);
    wr_mutex_unlock(&wr_lock.mutex);
    wr_account_event(self, WEIR_EVENT_STATE, WEIR_STATE_BLOCKED, a->since_ns);
}

void
wr_account_end(struct wr_thread *self)
{
    struct wr_account *a = self->account;

    wr_account_change(self, WEIR_STATE_BLOCKED, wr_clock_ns());
    wr_store_relaxed(&a->ready_end_ns, ready_of(a->tid));
    /* This one says that both are there. */
    wr_store_relaxed(&a->cpu_end_ns, cpu_of(a->cpu_clock) | 1);
}

void
wr_account_fork_child(struct wr_thread *self)
{
    uint64_t now = wr_clock_ns();

    for (struct wr_thread *t = wr_world.threads; t != NULL; t = t->next) {
        if (t->account != NULL) {
            clear(t->account, now);
            clear_handoffs_locked(t->account);
            wr_store_release(&t->account->used, 0u);
            wr_store_relaxed(&t->account->lost, (uint64_t)0);
            wr_store_relaxed(&t->account->cpu_end_ns, UINT64_C(1));
        }
    }
    nstops = 0;
    if (self->account != NULL) {
        take_clocks(self->account);
        wr_store_relaxed(&self->account->state, (uint32_t)WEIR_STATE_RUNNING);
        self->account->held_since_ns = now;
    }
}

/* [inv:account.events] */
void
wr_account_event(struct wr_thread *self, uint32_t kind, uint64_t value,
                 uint64_t now)
{
    struct wr_account *a = self->account;
    uint32_t used = wr_load_relaxed(&a->used);

    if (a->events == NULL) {
        return;
    }
    if (used == a->room) {
        wr_store_relaxed(&a->lost, a->lost + 1);
        return;
    }
    a->events[used] = (weir_event){
        .ns = now, .thread = self->id, .kind = kind, .value = value};
    /* [pair:account/rel] */
    wr_store_release(&a->used, used + 1);
}

void
wr_account_change(struct wr_thread *self, uint32_t state, uint64_t now)
{
    struct wr_account *a = self->account;
    uint64_t *sum = &a->state_ns[a->state];

    if (a->state == state) {
        return;
    }
    /* [inv:account.whole] */
    wr_store_relaxed(sum, *sum + (now - a->since_ns));
    wr_store_relaxed(&a->since_ns, now);
    wr_store_relaxed(&a->state, state);
    wr_account_event(self, WEIR_EVENT_STATE, state, now);
}

/* ---- the lock ---------------------------------------------------------- */

static void
add_one(uint64_t *counter)
{
    wr_store_relaxed(counter, *counter + 1);
}

void
wr_account_attached(struct wr_thread *self)
{
    struct wr_account *a = self->account;
    uint64_t now;

    if (a->state == WEIR_STATE_RUNNING) {
        return; /* it waited, and wr_account_wait_end() saw to it */
    }
    now = wr_clock_ns();
    if (wr_lock_on()) {
        add_one(&a->uncontended);
        a->held_since_ns = now;
    }
    wr_account_change(self, WEIR_STATE_RUNNING, now);
}

void
wr_account_detaching(struct wr_thread *self)
{
    struct wr_account *a = self->account;
    uint64_t now = wr_clock_ns();

    if (wr_lock_on()) {
        add_one(&a->releases);
        wr_histogram_record(&a->hold, now - a->held_since_ns);
    }
    wr_account_change(self, WEIR_STATE_BLOCKED, now);
}

void
wr_account_wait_begin(struct wr_thread *self, bool yields, uint64_t now)
{
    struct wr_account *a = self->account;

    if (yields) {
        add_one(&a->yields);
        wr_histogram_record(&a->hold, now - a->held_since_ns);
    }
    a->granted_by = 0;
    wr_account_change(self, WEIR_STATE_WAITING, now);
}

void
wr_account_wait_end(struct wr_thread *self, uint64_t begin, uint64_t now)
{
    struct wr_account *a = self->account;

    add_one(&a->slow);
    wr_histogram_record(&a->wait, now - begin);
    a->held_since_ns = now;
    wr_account_change(self, WEIR_STATE_RUNNING, now);
    if (a->granted_by != 0) {
        wr_account_event(self, WEIR_EVENT_HANDOFF, a->granted_by, now);
    }
}

void
wr_account_granted_locked(struct wr_thread *to, const struct wr_thread *from)
{
    struct wr_account *a = to->account;

    if (from == to) {
        a->reacquired++;
    } else if (from != NULL) {
        a->handoffs++;
        a->granted_by = from->id;
        if (from->id <= WR_ACCOUNT_PEERS) {
            a->from[from->id - 1]++;
        }
    }
}

void
wr_account_revoked_locked(struct wr_thread *to, const struct wr_thread *from)
{
    struct wr_account *a = to->account;

    if (from == to) {
        a->reacquired--;
    } else if (from != NULL) {
        a->handoffs--;
        a->granted_by = 0;
        if (from->id <= WR_ACCOUNT_PEERS) {
            a->from[from->id - 1]--;
        }
    }
}

void
wr_account_queued_locked(struct wr_thread *self, unsigned waiting)
{
    wr_histogram_record(&self->account->queue, waiting);
    wr_account_note(self, WEIR_EVENT_QUEUE, waiting);
}

/* ---- the stop ---------------------------------------------------------- */

static weir_stop_record *
present_stop(void)
{
    return &stops[nstops % STOP_PLACES];
}

void
wr_account_stop_begin_locked(const struct wr_thread *stopper, uint32_t asked,
                             uint64_t now)
{
    if (stops != NULL) {
        *present_stop() = (weir_stop_record){
            .stopper = stopper->id, .asked = asked, .begin_ns = now};
    }
}

void
wr_account_arrival_locked(struct wr_thread *self, uint64_t ns)
{
    weir_stop_record *stop;

    if (stops == NULL) {
        return;
    }
    wr_histogram_record(&self->account->arrival, ns);
    stop = present_stop();
    memmove(&stop->last[1], &stop->last[0],
            (WEIR_ARRIVALS - 1) * sizeof(weir_arrival));
    stop->last[0] =
        (weir_arrival){.thread = self->id, .ns = ns, .place = self->stop.place};
    if (stop->late < WEIR_ARRIVALS) {
        stop->late++;
    }
}

uint64_t
wr_account_stop_end_locked(uint64_t stopped, uint64_t now)
{
    weir_stop_record *stop;

    if (stops == NULL) {
        return 0;
    }
    stop = present_stop();
    stop->arrival_ns = since(stop->begin_ns, stopped);
    stop->work_ns = now - stopped;
    return nstops++;
}

void
wr_account_resumed_locked(uint64_t stop, uint64_t ns)
{
    /* Others may have stopped the world since. */
    if (stops != NULL && nstops - stop <= WR_ACCOUNT_STOPS) {
        stops[stop % STOP_PLACES].resume_ns = ns;
    }
}

uint64_t
wr_account_stops_locked(weir_stop_record *out, size_t n)
{
    uint64_t kept = nstops < WR_ACCOUNT_STOPS ? nstops : WR_ACCOUNT_STOPS;

    for (uint64_t i = 0; i < kept && i < n; i++) {
        out[i] = stops[(nstops - kept + i) % STOP_PLACES];
    }
    return nstops;
}
