/* SPDX-License-Identifier: MIT */
/*
 * runtime/handle.c - numbers that keep objects alive.
 *
 *    63        48 47          28 27           0
 *   +------------+--------------+--------------+
 *   |    run     |  generation  |     slot     |
 *   +------------+--------------+--------------+
 *
 * A slot's generation goes up when its handle is freed, so an old number does
 * not match any more; a slot that has used all its generations is not used
 * again.  The run tells the handles of one start of the runtime from those of
 * another.  So a number names one object or none [inv:handle.one-life].
 *
 * Slots stand in segments, each twice as large as all before it, that do not
 * move.  Everything is under one mutex: making and freeing handles is rare
 * beside what is done with the objects, and under it nothing happens but a
 * count that goes up.
 */
#include "runtime/handle.h"

#include "base/mem.h"
#include "base/mutex.h"
#include "base/plant.h"
#include "kinds/kinds.h"

enum {
    SLOT_BITS = 28,
    GENERATION_BITS = 20,
    GENERATION_MAX = (1 << GENERATION_BITS) - 1,
    RUNS = 65535, /* 0 is no run */
    FIRST_BITS = 6,
    SEGMENTS = SLOT_BITS - FIRST_BITS + 1
};

_Static_assert(SLOT_BITS + GENERATION_BITS + 16 == 64, "64 bits");
_Static_assert(WEIR_HANDLES_MAX == (size_t)1 << SLOT_BITS, "all slots");

struct slot { /* SHARED */
    /* [lock: table.lock] [stw] a reference; NULL: free */
    weir_object *object;
    /* [lock: table.lock] of the present handle, or of the next one; 0: never
     * used again */
    uint32_t generation;
    /* [lock: table.lock] free slots: index + 1, 0 ends the list */
    uint32_t next_free;
};

static struct { /* SHARED */
    /* [inner] WR_RANK_HANDLES */
    struct wr_mutex lock;

    /* [lock: lock] 1 to RUNS while the runtime runs, else 0 */
    uint32_t run;

    /* [lock: lock] of the next start */
    uint32_t next_run;

    /* [lock: lock] [stw] slots that were ever used: 0 .. used - 1 */
    uint32_t used;

    /* [lock: lock] */
    uint32_t first_free;

    /* [lock: lock] [stw] */
    size_t living;

    /* [lock: lock] segment k has 2^(FIRST_BITS + k) slots; NULL: none yet */
    struct slot *segments[SEGMENTS];
} table = {
    .lock = WR_MUTEX_INIT(WR_RANK_HANDLES),
};

/* Which segment a slot is in: the place of the highest bit tells, counted
 * from what the first segment holds. */
static unsigned
segment_of(uint32_t index)
{
    return 31U - (unsigned)__builtin_clz(index + (1U << FIRST_BITS)) -
           FIRST_BITS;
}

static size_t
segment_slots(unsigned segment)
{
    return (size_t)1 << (FIRST_BITS + segment);
}

static struct slot *
slot_at_locked(uint32_t index)
{
    unsigned segment = segment_of(index);
    size_t first = segment_slots(segment) - segment_slots(0);

    return &table.segments[segment][index - first];
}

static weir_handle
handle_of_locked(uint32_t index, uint32_t generation)
{
    return (weir_handle)table.run << (SLOT_BITS + GENERATION_BITS) |
           (weir_handle)generation << SLOT_BITS | index;
}

/* The slot of a living handle, or NULL.  Any number will do. */
static struct slot *
find_locked(weir_handle handle)
{
    uint32_t index = (uint32_t)(handle & (WEIR_HANDLES_MAX - 1));
    uint32_t generation = (uint32_t)(handle >> SLOT_BITS) & GENERATION_MAX;
    struct slot *slot;

    if (table.run == 0 ||
        handle >> (SLOT_BITS + GENERATION_BITS) != table.run ||
        index >= table.used) {
        return NULL;
    }
    slot = slot_at_locked(index);
    return slot->object != NULL && slot->generation == generation ? slot : NULL;
}

/* A slot that no handle names.  0, WEIR_ENOMEM or WEIR_ELIMIT. */
static int
take_slot_locked(uint32_t *out)
{
    uint32_t index = table.used;
    unsigned segment;

    if (table.first_free != 0) {
        *out = table.first_free - 1;
        table.first_free = slot_at_locked(*out)->next_free;
        return WEIR_OK;
    }
    if (index == WEIR_HANDLES_MAX) {
        return WEIR_ELIMIT;
    }
    segment = segment_of(index);
    if (table.segments[segment] == NULL) {
        table.segments[segment] =
            wr_mem_alloc(segment_slots(segment) * sizeof(struct slot));
        if (table.segments[segment] == NULL) {
            return WEIR_ENOMEM;
        }
    }
    table.used = index + 1;
    slot_at_locked(index)->object = NULL;
    slot_at_locked(index)->generation = 1;
    *out = index;
    return WEIR_OK;
}

/* The handle in a slot is gone: no number names the slot any more. */
static void
release_slot_locked(struct slot *slot, uint32_t index)
{
    slot->object = NULL;
    if (slot->generation == GENERATION_MAX) {
        slot->generation = 0;
        return;
    }
    slot->generation++;
    slot->next_free = table.first_free;
    table.first_free = index + 1;
}

int
weir_handle_new(weir_object *o, weir_handle *out)
{
    uint32_t index;
    int error;

    if (o == NULL || out == NULL) {
        return WEIR_EINVAL;
    }
    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    wr_mutex_lock(&table.lock);
    error = take_slot_locked(&index);
    if (error == WEIR_OK) {
        struct slot *slot = slot_at_locked(index);

        /* [inv:handle.one-life] */
        WEIR_ASSERT(slot->object == NULL && slot->generation != 0);
        slot->object = weir_newref(o);
        table.living++;
        *out = handle_of_locked(index, slot->generation);
    }
    wr_mutex_unlock(&table.lock);
    return error;
}

/* A planted fault: the reference is taken after the unlocking. */
static weir_object *__attribute__((noinline, unused))
get_planted_unlock(const struct slot *slot)
{
    weir_object *o = slot->object;

    wr_mutex_unlock(&table.lock);
    wr_plant_pause();
    return weir_newref(o);
}

weir_object *
weir_handle_get(weir_handle handle)
{
    weir_object *o = NULL;
    struct slot *slot;

    if (!weir_attached()) {
        return NULL;
    }
    wr_mutex_lock(&table.lock);
    slot = find_locked(handle);
    if (slot != NULL && wr_plant(handle_get_unlocked)) {
        return get_planted_unlock(slot);
    }
    if (slot != NULL) {
        o = weir_newref(slot->object);
    }
    wr_mutex_unlock(&table.lock);
    return o != NULL ? o : wr_fail(WEIR_ENOKEY);
}

int
weir_handle_free(weir_handle handle)
{
    weir_object *o = NULL;
    struct slot *slot;

    if (!weir_attached()) {
        return WEIR_ESTATE;
    }
    wr_mutex_lock(&table.lock);
    slot = find_locked(handle);
    if (slot != NULL) {
        o = slot->object;
        release_slot_locked(slot, (uint32_t)(handle & (WEIR_HANDLES_MAX - 1)));
        table.living--;
    }
    wr_mutex_unlock(&table.lock);
    if (o == NULL) {
        return WEIR_ENOKEY;
    }
    weir_decref(o);
    return WEIR_OK;
}

size_t
weir_handle_count(void)
{
    size_t living;

    wr_mutex_lock(&table.lock);
    living = table.living;
    wr_mutex_unlock(&table.lock);
    return living;
}

/* Nobody holds the lock: who takes it is attached, and at no checkpoint. */
void
wr_handle_each_stw(void (*visit)(weir_object *o, void *context), void *context)
{
    for (uint32_t i = 0; table.living > 0 && i < table.used; i++) {
        weir_object *o = slot_at_locked(i)->object;

        if (o != NULL) {
            visit(o, context);
        }
    }
}

/* ---- start, stop, fork -------------------------------------------------- */

void
wr_handle_start(void)
{
    wr_mutex_lock(&table.lock);
    table.run = table.next_run + 1;
    table.next_run = (table.next_run + 1) % RUNS;
    wr_mutex_unlock(&table.lock);
}

void
wr_handle_stop(void)
{
    wr_mutex_lock(&table.lock);
    for (unsigned i = 0; i < SEGMENTS; i++) {
        wr_mem_free(table.segments[i]);
        table.segments[i] = NULL;
    }
    table.run = 0;
    table.used = 0;
    table.first_free = 0;
    table.living = 0;
    wr_mutex_unlock(&table.lock);
}

void
wr_handle_fork_lock(void)
{
    wr_mutex_fork_lock(&table.lock);
}

void
wr_handle_fork_unlock(void)
{
    wr_mutex_fork_unlock(&table.lock);
}
