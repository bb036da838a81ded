/* SPDX-License-Identifier: MIT */
/*
 * tests/test_retire.c - replaced arrays stay readable, and do not pile up.
 *
 * A bare "container": a lock, and a block whose second word says who may look
 * into it.  The last word of each block repeats its size, so that a reader of
 * a block that was given back too early finds something else there.
 */
#include "tests/crew.h"
#include "tests/fixture.h"

#include "base/mem.h"
#include "heap/raw.h"
#include "thread/objlock.h"
#include "thread/retire.h"

struct block {
    uint64_t bytes;
    uint64_t readers;
    uint64_t words[];
};

_Static_assert(offsetof(struct block, readers) == WR_READERS_OFFSET, "");

static struct {
    uint8_t lock;
    struct block *block;
    uint32_t over;
    uint32_t ready;
} shared;

static struct block *
block_new(size_t bytes, uint64_t readers)
{
    struct block *block = wr_raw_alloc(wr_self()->heap, bytes);

    if (block != NULL) {
        block->bytes = bytes;
        block->readers = readers;
        for (size_t i = 0; i < bytes / 8 - 2; i++) {
            block->words[i] = bytes + i;
        }
    }
    return block;
}

/* Replace the shared block.  Caller: attached, no lock held. */
static void
replace(size_t bytes)
{
    struct wr_thread *self = wr_self();
    struct block *old;
    uint64_t was;

    wr_objlock_lock(self, &shared.lock);
    old = shared.block;
    was = wr_readers_close(&old->readers);
    wr_store_release(&shared.block,
                     block_new(bytes, wr_readers_new(self, was)));
    wr_objlock_unlock(self, &shared.lock);
    wr_raw_retire(self, old, old->bytes, was);
}

/* Two threads, the second of them made up, want to read. */
static void
open_shared(void)
{
    const struct wr_thread other = {.id = 17};
    struct wr_thread *self = wr_self();

    wr_objlock_lock(self, &shared.lock);
    wr_readers_open(self, &shared.block->readers);
    wr_readers_open(&other, &shared.block->readers);
    wr_objlock_unlock(self, &shared.lock);
}

static void
drop_shared(void)
{
    wr_raw_free(wr_self()->heap, shared.block, shared.block->bytes);
    shared.block = NULL;
}

START_TEST(what_its_maker_alone_reads_is_free_at_once)
{
    struct wr_test_usage before = wr_test_usage();

    shared.block = block_new(64, wr_readers_new(wr_self(), 0));
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

    shared.block = block_new(64, wr_readers_new(wr_self(), 0));
    open_shared();
    ck_assert(!wr_cfg_locked_objects ||
              wr_readers_admit(wr_self(), shared.block->readers));
    for (size_t bytes = 64; bytes < 40000; bytes *= 2) {
        if (wr_cfg_locked_objects && wr_reclaim_on()) {
            waits += wr_raw_bytes(shared.block);
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
    shared.block = block_new(64, wr_readers_new(wr_self(), 0));
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
        shared.block = block_new(64, wr_readers_new(wr_self(), 0));
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

/* Read as the kinds do: without the lock if the word admits this thread. */
static void
read_once(struct look *look)
{
    struct wr_thread *self = wr_self();
    const struct block *block = wr_load_acquire(&shared.block);

    if (wr_readers_admit(self, wr_readers_load(&block->readers))) {
        look_into(look, block);
        return;
    }
    wr_objlock_lock(self, &shared.lock);
    wr_readers_open(self, &shared.block->readers);
    look_into(look, shared.block);
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

    shared.block = block_new(64, wr_readers_new(wr_self(), 0));
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
    const struct block *block;

    (void)weir_attach();
    block = wr_load_acquire(&shared.block);
    wr_store_release(&shared.ready, 1u);
    while (wr_load_acquire(&shared.over) == 0) {
        wr_cpu_relax();
    }
    look_into(look, block);
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
    shared.block = block_new(64, wr_readers_new(wr_self(), 0));
    open_shared();
    crew_begin(&thread, hold_up, &look);
    crew_until(&shared.ready, 1);
    for (size_t i = 0; i < 1000; i++) {
        replace(48 + (i * 1040) % LARGEST);
        open_shared();
        ck_assert_uint_le(wr_retire_bytes(), LIMIT + 2 * LARGEST);
        ck_assert_int_eq(weir_checkpoint(), 0);
    }
    /* From then on blocks are closed to all, and nothing waits. */
    ck_assert_uint_gt(wr_retire_bytes(), LIMIT);
    ck_assert_uint_eq(wr_readers_who(shared.block->readers), WR_READERS_NOBODY);
    count = wr_retire_count();
    replace(64);
    ck_assert_uint_eq(wr_retire_count(), count);
    wr_store_release(&shared.over, 1u);
    crew_join(thread);
    ck_assert_uint_eq(look.bad, 0);
    wr_test_settle();
    /* And open again when it has come. */
    open_shared();
    ck_assert_uint_eq(wr_readers_who(shared.block->readers), WR_READERS_ALL);
    drop_shared();
    wr_retire_limit = limit;
    wr_test_no_leak(before);
}
END_TEST

/* [inv:readers.same-word] */
START_TEST(closing_changes_the_word_for_good)
{
    struct wr_thread *self = wr_self();
    uint64_t word = wr_readers_new(self, 0);
    uint64_t first = word;
    struct wr_thread other = {.id = 17};

    if (!wr_cfg_locked_objects) {
        return;
    }
    ck_assert(wr_readers_admit(self, word));
    for (int i = 0; i < 100; i++) {
        uint64_t was = wr_readers_close(&word);

        ck_assert_uint_eq(wr_readers_who(word), WR_READERS_NOBODY);
        ck_assert(!wr_readers_admit(self, word));
        wr_readers_reopen(&word, was);
        ck_assert(wr_readers_admit(self, word));
        ck_assert_uint_ne(word, was);
        ck_assert_uint_ne(word, first);
        ck_assert_int_eq(wr_readers_admit(&other, word), i > 50);
        if (i == 50) {
            wr_readers_open(&other, &word);
        }
    }
    ck_assert_uint_eq(wr_readers_who(word), WR_READERS_ALL);
}
END_TEST

Suite *
wr_suite_retire(void)
{
    Suite *suite = suite_create("retire");
    TCase *tc = tcase_create("retire");
    TCase *bare = tcase_create("bare");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, closing_changes_the_word_for_good);
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
