/* SPDX-License-Identifier: MIT */
/*
 * tests/test_churn.c - threads that come and go by the thousand.
 *
 * Each thread makes objects, hands some of them over to others, takes some
 * that others made, and exits in one of four ways.  Records and heaps of the
 * exited go to those who come next, so memory must not grow.
 */
#include "tests/fixture.h"

#include "tests/crew.h"

#include <stdio.h>
#include <unistd.h>

/* How many run at a time, and how many objects change hands at most. */
enum { WAVE = 4, INBOX = 256 };

/* [inner] objects on their way from one thread to another */
static weir_object *inbox;

struct visitor {
    pthread_t thread;
    unsigned way;
    int error;
};

/* A list of a string and an int: three blocks that nobody else made. */
static weir_object *
make_parcel(unsigned n)
{
    weir_object *parcel = weir_list_new();
    weir_object *text = weir_str_format("parcel %u", n);
    weir_object *number = weir_int_new(INT64_C(1000000) + n);

    if (parcel == NULL || text == NULL || number == NULL ||
        weir_list_append(parcel, text) != 0 ||
        weir_list_append(parcel, number) != 0) {
        weir_xdecref(parcel);
        parcel = NULL;
    }
    weir_xdecref(text);
    weir_xdecref(number);
    return parcel;
}

/* Hand one object over and drop one that another thread made. */
static int
exchange(unsigned n)
{
    weir_object *parcel = make_parcel(n);
    weir_object *other;
    int error;

    if (parcel == NULL) {
        return WEIR_ENOMEM;
    }
    error = weir_list_append(inbox, parcel);
    weir_decref(parcel);
    if (error == 0 && weir_list_size(inbox) > INBOX) {
        other = weir_list_pop(inbox);
        weir_xdecref(other);
    }
    return error;
}

static void *
visit(void *argument)
{
    struct visitor *me = argument;

    me->error = weir_attach();
    if (me->error != 0) {
        return NULL;
    }
    for (unsigned i = 0; i < 3 && me->error == 0; i++) {
        me->error = exchange(i);
        (void)weir_checkpoint();
    }
    switch (me->way % 4) {
    case 0:
        (void)weir_detach();
        break;
    case 1: /* exits attached */
        break;
    case 2: /* exits attached twice */
        (void)weir_attach();
        break;
    default: /* exits in a blocking section */
        (void)weir_blocking_begin();
        break;
    }
    return NULL;
}

/* Let n threads come and go, `wave` at a time.  The number of errors. */
static uint64_t
let_them_come(uint64_t n, unsigned wave)
{
    struct visitor who[WAVE];
    uint64_t errors = 0;

    for (uint64_t done = 0; done < n; done += wave) {
        for (unsigned i = 0; i < wave; i++) {
            who[i] = (struct visitor){.way = (unsigned)(done + i)};
            crew_begin(&who[i].thread, visit, &who[i]);
        }
        for (unsigned i = 0; i < wave; i++) {
            crew_join(who[i].thread);
            errors += who[i].error != 0;
        }
    }
    return errors;
}

/* Resident bytes of this process. */
static uint64_t
resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long long size = 0;
    unsigned long long pages = 0;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%llu %llu", &size, &pages), 2);
    (void)fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

START_TEST(memory_is_flat_while_threads_come_and_go)
{
    uint64_t n = wr_test_slow()  ? 2000
                 : !wr_test_safe ? wr_test_size(10000)
                                 : wr_test_size(100000);
    /* Without locks one container is for one thread at a time. */
    unsigned wave = wr_test_safe ? WAVE : 1;
    struct wr_test_usage before;
    weir_memory warm, end;
    uint64_t warm_bytes;

    wr_test_start();
    before = wr_test_usage();
    inbox = weir_list_new();
    ck_assert_ptr_nonnull(inbox);
    ck_assert_uint_eq(let_them_come(n / 10, wave), 0);
    ck_assert_int_eq(weir_memory_stats(&warm), 0);
    warm_bytes = resident();
    ck_assert_uint_eq(let_them_come(n, wave), 0);
    ck_assert_int_eq(weir_memory_stats(&end), 0);

    /* [inv:thread.unit] a record and a heap for each that ran at a time */
    ck_assert_uint_eq(wr_threads_count(), 1);
    ck_assert_uint_le(end.arenas, warm.arenas + 1);
    ck_assert_uint_le(end.pools, warm.pools + 16);
    ck_assert_uint_le(end.raw_bytes, warm.raw_bytes + 65536);
    if (!wr_test_slow()) {
        ck_assert_uint_le(resident(), warm_bytes + (8U << 20));
    }
    weir_decref(inbox);
    wr_test_no_leak(before);
    wr_test_stop();
}
END_TEST

Suite *
wr_suite_churn(void)
{
    Suite *suite = suite_create("churn");
    TCase *tc = tcase_create("churn");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, memory_is_flat_while_threads_come_and_go);
    suite_add_tcase(suite, tc);
    return suite;
}
