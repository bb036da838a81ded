/* SPDX-License-Identifier: MIT */
/*
 * tests/test_heap_checker.c - checker mode sees what it promises to see.
 *
 * Faults are planted with the poison lifted, so that these tests run under
 * AddressSanitizer and Valgrind too and the checker has to find them itself.
 */
#include "tests/heap_fixture.h"

#include "heap/heap_internal.h"
#include "heap/poison.h"

static unsigned reports;
static enum wr_checker_fault last_fault;
static const void *last_block;

static void
note(enum wr_checker_fault fault, const void *block)
{
    reports++;
    last_fault = fault;
    last_block = block;
}

static struct wr_heap *
checker_begin(void)
{
    wr_checker_report = note;
    return heap_begin_with(false, true);
}

/* Write where one should not. */
static void
plant(void *at, unsigned char byte)
{
    wr_unpoison(at, 1);
    *(unsigned char *)at = byte;
}

static void
expect_one(enum wr_checker_fault fault, const void *block)
{
    ck_assert_uint_eq(reports, 1);
    ck_assert_int_eq(last_fault, fault);
    ck_assert_ptr_eq(last_block, block);
    reports = 0;
}

START_TEST(correct_use_is_not_reported)
{
    struct wr_heap *heap = checker_begin();

    for (unsigned space = 0; space < 2; space++) {
        for (size_t size = 1; size < 200000; size += 1 + size / 7) {
            for (unsigned i = 0; i < 3; i++) {
                char *block = wr_heap_alloc(heap, space, size);

                ck_assert_ptr_nonnull(block);
                memset(block, 0xff, size);
                if (size >= 16) {
                    memset(block + 8, 0, 8);
                } else {
                    memset(block, 0, size);
                }
                if (i != 1) {
                    wr_heap_free(heap, block);
                }
            }
            char *raw = wr_raw_alloc(heap, size);
            ck_assert(!wr_in_region(raw));
            raw = wr_raw_realloc(heap, raw, size, size * 2);
            memset(raw, 1, size * 2);
            wr_raw_free(heap, raw, size * 2);
        }
    }
    wr_checker_flush(heap);
    ck_assert_uint_eq(reports, 0);
    heap_end();
}
END_TEST

START_TEST(writing_after_free_is_found)
{
    static const size_t sizes[] = {32, 48, 100, 5000, 100000};
    struct wr_heap *heap = checker_begin();

    for (unsigned i = 0; i < 5; i++) {
        size_t size = sizes[i];
        size_t at[] = {16, size / 2 + 8, size - 1};

        for (unsigned k = 0; k < 3; k++) {
            char *block = (char *)thing_new(heap, size);

            thing_free(heap, (struct thing *)(void *)block);
            ck_assert_uint_eq(reports, 0);
            plant(block + at[k], 0x55);
            wr_checker_flush(heap);
            expect_one(WR_CHECKER_USE_FREED, block);
        }
    }
    heap_end();
}
END_TEST

/* The flags and the count may still be looked at, and be changed. */
START_TEST(the_header_of_a_freed_block_is_readable)
{
    struct wr_heap *heap = checker_begin();
    struct thing *thing = thing_new(heap, 64);

    thing->meta = 4711;
    thing_free(heap, thing);
    ck_assert_uint_eq(thing->meta, 4711);
    ck_assert_int_eq(thing->count, 0);
    wr_checker_flush(heap);
    ck_assert_uint_eq(thing->meta, 4711);
    ck_assert_int_eq(thing->count, 0);
    ck_assert_uint_eq(reports, 0);
    heap_end();
}
END_TEST

START_TEST(writing_past_the_end_is_found)
{
    static const size_t sizes[] = {32, 33, 40, 48, 1000, 32768, 100000};
    struct wr_heap *heap = checker_begin();

    for (unsigned i = 0; i < 7; i++) {
        for (unsigned past = 0; past < 8; past++) {
            char *block = (char *)thing_new(heap, sizes[i]);

            plant(block + sizes[i] + past, 0);
            thing_free(heap, (struct thing *)(void *)block);
            expect_one(WR_CHECKER_OVERFLOW, block);
        }
    }
    /* through the redzone into the bookkeeping: the block is written off */
    char *block = (char *)thing_new(heap, 48);
    for (unsigned past = 0; past < 32; past++) {
        plant(block + 48 + past, 0xee);
    }
    thing_free(heap, (struct thing *)(void *)block);
    expect_one(WR_CHECKER_OVERFLOW, block);
    wr_checker_flush(heap);
    heap_end();
}
END_TEST

START_TEST(freeing_twice_is_found)
{
    struct wr_heap *heap = checker_begin();

    for (size_t size = 32; size < 100000; size *= 9) {
        struct thing *thing = thing_new(heap, size);

        thing_free(heap, thing);
        wr_heap_free(heap, thing);
        expect_one(WR_CHECKER_DOUBLE_FREE, thing);
    }
    struct thing *thing = thing_new(heap, 48);
    thing_free(heap, thing);
    wr_checker_flush(heap);
    wr_heap_free(heap, thing);
    expect_one(WR_CHECKER_DOUBLE_FREE, thing);
    heap_end();
}
END_TEST

START_TEST(freeing_what_is_no_block_is_found)
{
    struct wr_heap *heap = checker_begin();
    char *block = (char *)thing_new(heap, 48);
    char *large = (char *)thing_new(heap, 200000);

    wr_heap_free(heap, block + 16);
    expect_one(WR_CHECKER_BAD_FREE, block + 16);
    wr_heap_free(heap, block + 8);
    expect_one(WR_CHECKER_BAD_FREE, block + 8);
    wr_heap_free(heap, large + 65536);
    expect_one(WR_CHECKER_BAD_FREE, large + 65536);
    wr_heap_free(heap, wr_pool_start(5000));
    expect_one(WR_CHECKER_BAD_FREE, wr_pool_start(5000));
    /* cut but never handed out */
    void *next = wr_pool_of(block)->free;
    wr_heap_free(heap, next);
    expect_one(WR_CHECKER_DOUBLE_FREE, next);
    heap_end();
}
END_TEST

START_TEST(quarantine_delays_reuse)
{
    struct wr_heap *heap = checker_begin();
    struct thing *thing = thing_new(heap, 64);

    thing_free(heap, thing);
    unsigned made = 1;
    for (; made < 100000; made++) {
        struct thing *next = thing_new(heap, 64);

        if (next == thing) {
            break;
        }
        thing_free(heap, next);
    }
    ck_assert_uint_ge(made, WR_QUARANTINE_BYTES / 96 - 1);
    ck_assert_uint_lt(made, 100000);
    ck_assert_uint_eq(reports, 0);
    heap_end();
}
END_TEST

/* What is kept back is still cut out of its pool, but is not in use. */
START_TEST(quarantine_is_counted)
{
    struct wr_heap *heap = checker_begin();
    struct thing *small = thing_new(heap, 64);
    struct thing *span = thing_new(heap, 100000);
    struct wr_heap_stats stats;

    wr_heap_get_stats(&stats);
    ck_assert_uint_eq(stats.blocks_kept[WR_SPACE_GC], 0);
    thing_free(heap, small);
    thing_free(heap, span);
    wr_heap_get_stats(&stats);
    ck_assert_uint_eq(stats.blocks_kept[WR_SPACE_GC], 2);
    ck_assert_uint_eq(stats.blocks_used[WR_SPACE_GC], 2);
    ck_assert_uint_eq(stats.bytes_kept[WR_SPACE_GC],
                      stats.bytes_used[WR_SPACE_GC]);
    wr_checker_flush(heap);
    wr_heap_get_stats(&stats);
    ck_assert_uint_eq(stats.blocks_kept[WR_SPACE_GC], 0);
    ck_assert_uint_eq(stats.bytes_kept[WR_SPACE_GC], 0);
    ck_assert_uint_eq(stats.blocks_used[WR_SPACE_GC], 0);
    heap_end();
}
END_TEST

START_TEST(batches_are_checked_block_by_block)
{
    struct wr_heap *heap = checker_begin();
    uint64_t bits[WR_SIDE_POOL_WORDS] = {0};
    char *bad = NULL;
    size_t pool = 0;

    for (unsigned i = 0; i < 10; i++) {
        struct thing *thing = thing_new(heap, 64);
        size_t granule = wr_granule(thing) % (WR_SIDE_POOL_WORDS * 64);

        pool = wr_pool_index(thing);
        thing->count = 0;
        bits[granule / 64] |= UINT64_C(1) << (granule % 64);
        if (i == 4) {
            bad = (char *)thing;
            plant(bad + 64, 1);
        }
    }
    batch_free(heap, pool, bits);
    expect_one(WR_CHECKER_OVERFLOW, bad);
    wr_checker_flush(heap);
    ck_assert_uint_eq(heap_blocks(), 0);
    heap_end();
}
END_TEST

/* Without a hook a fault ends the program. */
START_TEST(faults_are_fatal_by_default)
{
    struct wr_heap *heap = heap_begin_with(false, true);
    struct thing *thing = thing_new(heap, 32);

    thing_free(heap, thing);
    wr_heap_free(heap, thing);
}
END_TEST

#ifdef WR_HAVE_ASAN
/* The tool itself sees what nobody may touch, and no more. */
START_TEST(the_sanitizer_knows)
{
    struct wr_heap *heap = checker_begin();
    char *block = (char *)thing_new(heap, 50);

    ck_assert_ptr_null(__asan_region_is_poisoned(block, 50));
    ck_assert(__asan_address_is_poisoned(block + 56));
    ck_assert(__asan_address_is_poisoned(block + 95));
    thing_free(heap, (struct thing *)(void *)block);
    ck_assert_ptr_null(__asan_region_is_poisoned(block, 16));
    ck_assert(__asan_address_is_poisoned(block + 16));
    ck_assert(__asan_address_is_poisoned(wr_pool_start(0) + 60000));
    heap_end();
}
END_TEST
#endif

Suite *
wr_suite_heap_checker(void)
{
    Suite *suite = suite_create("heap_checker");
    TCase *tc = tcase_create("heap_checker");

    tcase_set_timeout(tc, 30);
    tcase_add_test(tc, correct_use_is_not_reported);
    tcase_add_test(tc, writing_after_free_is_found);
    tcase_add_test(tc, the_header_of_a_freed_block_is_readable);
    tcase_add_test(tc, writing_past_the_end_is_found);
    tcase_add_test(tc, freeing_twice_is_found);
    tcase_add_test(tc, freeing_what_is_no_block_is_found);
    tcase_add_test(tc, quarantine_delays_reuse);
    tcase_add_test(tc, quarantine_is_counted);
    tcase_add_test(tc, batches_are_checked_block_by_block);
    tcase_add_test_raise_signal(tc, faults_are_fatal_by_default, 6);
#ifdef WR_HAVE_ASAN
    tcase_add_test(tc, the_sanitizer_knows);
#endif
    suite_add_tcase(suite, tc);
    return suite;
}
