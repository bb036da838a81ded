/* SPDX-License-Identifier: MIT */
/*
 * tests/test_retire.c - replaced arrays stay readable, and do not pile up.
 *
 * A bare "container": a lock, and a gate to a block.  The words of each block
 * tell its size, so that a reader of a block that was given back too early
 * finds something else there.
 */
#include "tests/crew.h"
#include "tests/fixture.h"

#include "base/mem.h"
#include "heap/raw.h"
#include "thread/objlock.h"
#include "thread/gate.h"

struct block {
    uint64_t bytes;
    uint64_t moves;
    uint64_t words[];
};

_Static_assert(offsetof(struct block, moves) == WR_MOVES_OFFSET, "");

static struct {
    uint8_t lock;
    uint64_t gate;
    uint32_t over;
    uint32_t ready;
} shared;

static struct block *
behind(uint64_t gate)
{
    return wr_gate_block(gate);
}

/* The gate to a new block, which replaces the one behind `old`. */
static uint64_t
block_new(size_t bytes, uint64_t old)
{
    struct wr_thread *self = wr_self();
    struct block *block = wr_raw_alloc(self->heap, bytes);

    if (block != NULL) {
        block->bytes = bytes;
        block->moves = 0;
        for (size_t i = 0; i < bytes / 8 - 2; i++) {
            block->words[i] = bytes + i;
        }
    }
    return wr_gate_new(self, block, old);
}

/* Replace the shared block.  Caller: attached, no lock held. */
static void
replace(size_t bytes)
{
    struct wr_thread *self = wr_self();
    uint64_t old;

    wr_objlock_lock(self, &shared.lock);
    old = shared.gate;
    wr_moves_begin(&behind(old)->moves);
    wr_gate_set(&shared.gate, block_new(bytes, old));
    wr_objlock_unlock(self, &shared.lock);
    wr_raw_retire(self, behind(old), behind(old)->bytes, old);
}

/* Two threads, the second of them made up, want to read. */
static void
open_shared(void)
{
    const struct wr_thread other = {.id = 17};
    struct wr_thread *self = wr_self();

    wr_objlock_lock(self, &shared.lock);
    wr_gate_open(self, &shared.gate);
    wr_gate_open(&other, &shared.gate);
    wr_objlock_unlock(self, &shared.lock);
}

static void
drop_shared(void)
{
    struct block *block = behind(shared.gate);

    wr_raw_free(wr_self()->heap, block, block->bytes);
    shared.gate = 0;
}

START_TEST(what_its_maker_alone_reads_is_free_at_once)
{
    struct wr_test_usage before = wr_test_usage();

    shared.gate = block_new(64, 0);
    for (size_t bytes = 64; bytes < 100000; bytes *= 2) {
        replace(bytes);
        ck_assert_uint_eq(wr_retire_bytes(), 0);
    }
    ck_assert_uint_eq(wr_retire_count(), 0);
    drop_shared();
    wr_test_no_leak(before);
}
END_TEST

START_TEST(what_all_may_read_waits_if_threads_run_in_parallel)
{
    struct wr_test_usage before = wr_test_usage();
    size_t waits = 0;
    weir_memory memory;

    shared.gate = block_new(64, 0);
    open_shared();
    ck_assert(!wr_cfg_locked_objects || wr_gate_admits(wr_self(), shared.gate));
    for (size_t bytes = 64; bytes < 40000; bytes *= 2) {
        if (wr_cfg_locked_objects && wr_reclaim_on()) {
            waits += wr_raw_bytes(behind(shared.gate));
        }
        replace(bytes);
    }
    /* The last ones reach what wakes the reclaimer; the first may be gone. */
    ck_assert_uint_le(wr_retire_bytes(), waits);
    ck_assert_uint_eq(wr_retire_count() != 0, waits != 0);
    ck_assert_int_eq(weir_memory_stats(&memory), 0);
    ck_assert_uint_le(memory.retired_bytes, waits);
    drop_shared();
    wr_test_no_leak(before);
    ck_assert_uint_eq(wr_retire_bytes(), 0);
}
END_TEST

/* With the lock switched on nobody reads beside a writer. */
START_TEST(nothing_waits_under_the_global_lock)
{
    uint64_t blocks = wr_mem_get_stats().blocks;

    crew_start_locked(NULL, 0);
    shared.gate = block_new(64, 0);
    open_shared();
    for (int i = 0; i < 100; i++) {
        replace(64 + (size_t)i * 1000);
    }
    ck_assert_uint_eq(wr_retire_bytes(), 0);
    drop_shared();
    ck_assert_int_eq(weir_stop(), 0);
    ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
}
END_TEST

START_TEST(stop_gives_back_what_waits)
{
    uint64_t blocks = wr_mem_get_stats().blocks;

    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(weir_start(NULL), 0);
        shared.gate = block_new(64, 0);
        open_shared();
        replace(100000);
        replace(48);
        drop_shared();
        ck_assert_int_eq(weir_stop(), 0);
        ck_assert_uint_eq(wr_retire_bytes(), 0);
        ck_assert_uint_eq(wr_mem_get_stats().blocks, blocks);
    }
}
END_TEST

struct look {
    uint64_t bad;
    uint64_t seen;
};

static void
look_into(struct look *look, const struct block *block)
{
    for (size_t i = 0; i < block->bytes / 8 - 2; i++) {
        look->bad += block->words[i] != block->bytes + i;
    }
    look->seen++;
}

/* Read as the kinds do: without the lock if the gate admits this thread. */
static void
read_once(struct look *look)
{
    struct wr_thread *self = wr_self();
    uint64_t gate = wr_gate_load(&shared.gate);

    if (wr_gate_admits(self, gate)) {
        look_into(look, behind(gate));
        return;
    }
    wr_objlock_lock(self, &shared.lock);
    wr_gate_open(self, &shared.gate);
    look_into(look, behind(shared.gate));
    wr_objlock_unlock(self, &shared.lock);
}

static void *
read_on(void *argument)
{
    struct look *look = argument;

    (void)weir_attach();
    while (wr_load_acquire(&shared.over) == 0) {
        for (int i = 0; i < 8; i++) {
            read_once(look);
        }
        (void)weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(a_reader_finds_its_block_whole)
{
    struct look looks[2] = {{0}};
    pthread_t threads[2];
    struct wr_test_usage before = wr_test_usage();

    shared.gate = block_new(64, 0);
    for (int i = 0; i < 2; i++) {
        crew_begin(&threads[i], read_on, &looks[i]);
    }
    for (uint64_t i = 0; i < wr_test_size(5000); i++) {
        replace(48 + (i * 1040) % 40000);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    wr_store_release(&shared.over, 1u);
    for (int i = 0; i < 2; i++) {
        crew_join(threads[i]);
        ck_assert_uint_eq(looks[i].bad, 0);
    }
    drop_shared();
    wr_test_no_leak(before);
}
END_TEST

/* Attached, and at no checkpoint until told. */
static void *
hold_up(void *argument)
{
    struct look *look = argument;
    uint64_t gate;

    (void)weir_attach();
    gate = wr_gate_load(&shared.gate);
    wr_store_release(&shared.ready, 1u);
    while (wr_load_acquire(&shared.over) == 0) {
        wr_cpu_relax();
    }
    look_into(look, behind(gate));
    (void)weir_detach();
    return NULL;
}

/* [inv:retire.bounded] A thread that comes to no checkpoint keeps the limit
 * and what was open then, and no more. */
START_TEST(a_thread_that_stays_away_holds_up_a_bounded_amount)
{
    enum { LIMIT = 1 << 20, LARGEST = 60000 };
    struct wr_test_usage before = wr_test_usage();
    size_t limit = wr_retire_limit;
    struct look look = {0};
    pthread_t thread;
    uint64_t count;

    if (!wr_cfg_locked_objects) {
        return;
    }
    wr_retire_limit = LIMIT;
    shared.gate = block_new(64, 0);
    open_shared();
    crew_begin(&thread, hold_up, &look);
    crew_until(&shared.ready, 1);
    for (size_t i = 0; i < 1000; i++) {
        replace(48 + (i * 1040) % LARGEST);
        open_shared();
        ck_assert_uint_le(wr_retire_bytes(), LIMIT + 2 * LARGEST);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    /* From then on gates are shut, and nothing waits. */
    ck_assert_uint_gt(wr_retire_bytes(), LIMIT);
    ck_assert_uint_eq(wr_gate_who(shared.gate), WR_GATE_NOBODY);
    count = wr_retire_count();
    replace(64);
    ck_assert_uint_eq(wr_retire_count(), count);
    wr_store_release(&shared.over, 1u);
    crew_join(thread);
    ck_assert_uint_eq(look.bad, 0);
    wr_test_settle();
    /* And open again when it has come. */
    open_shared();
    ck_assert_uint_eq(wr_gate_who(shared.gate), WR_GATE_ALL);
    drop_shared();
    wr_retire_limit = limit;
    wr_test_no_leak(before);
}
END_TEST

START_TEST(gate_opens_to_one_and_then_to_all)
{
    const struct wr_thread other = {.id = 17};
    struct wr_thread *self = wr_self();
    uint64_t words[4] = {0};
    uint64_t gate = wr_gate_new(self, words, 0);

    ck_assert_ptr_eq(wr_gate_block(gate), words);
    ck_assert_ptr_null(wr_gate_block(0));
    if (!wr_cfg_locked_objects) {
        return;
    }
    ck_assert(wr_gate_admits(self, gate));
    ck_assert(!wr_gate_admits(&other, gate));
    wr_gate_open(self, &gate);
    ck_assert_uint_eq(wr_gate_who(gate), self->id);
    wr_gate_open(&other, &gate);
    ck_assert_uint_eq(wr_gate_who(gate), WR_GATE_ALL);
    ck_assert(wr_gate_admits(self, gate));
    ck_assert(wr_gate_admits(&other, gate));
    ck_assert_ptr_eq(wr_gate_block(gate), words);
    gate = wr_gate_new(self, words, gate);
    ck_assert_uint_eq(wr_gate_who(gate), WR_GATE_ALL);
    gate = wr_gate_to(words, WR_GATE_NOBODY);
    ck_assert(!wr_gate_admits(self, gate));
    wr_gate_open(&other, &gate);
    ck_assert_uint_eq(wr_gate_who(gate), other.id);
    gate = 0;
    wr_gate_open(self, &gate);
    ck_assert_uint_eq(gate, 0);
}
END_TEST

/* [inv:gate.same-moves] */
START_TEST(moving_changes_the_word_for_good)
{
    uint64_t moves = 0;

    if (!wr_cfg_locked_objects) {
        return;
    }
    for (uint64_t i = 0; i < 100; i++) {
        uint64_t before = wr_moves_load(&moves);

        ck_assert(wr_moves_same(&moves, before));
        wr_moves_begin(&moves);
        ck_assert(!wr_moves_same(&moves, before));
        ck_assert_uint_eq(wr_moves_load(&moves) % 2, 1);
        wr_moves_end(&moves);
        ck_assert(!wr_moves_same(&moves, before));
        ck_assert_uint_eq(wr_moves_load(&moves) % 2, 0);
    }
}
END_TEST

Suite *
wr_suite_retire(void)
{
    Suite *suite = suite_create("retire");
    TCase *tc = tcase_create("retire");
    TCase *bare = tcase_create("bare");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, gate_opens_to_one_and_then_to_all);
    tcase_add_test(tc, moving_changes_the_word_for_good);
    tcase_add_test(tc, what_its_maker_alone_reads_is_free_at_once);
    tcase_add_test(tc, what_all_may_read_waits_if_threads_run_in_parallel);
    if (wr_test_safe) {
        tcase_add_test(tc, a_reader_finds_its_block_whole);
    }
    tcase_add_test(tc, a_thread_that_stays_away_holds_up_a_bounded_amount);
    suite_add_tcase(suite, tc);
    tcase_add_test(bare, nothing_waits_under_the_global_lock);
    tcase_add_test(bare, stop_gives_back_what_waits);
    suite_add_tcase(suite, bare);
    return suite;
}
