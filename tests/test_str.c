/* SPDX-License-Identifier: MIT */
/*
 * tests/test_str.c - strings, and the table of interned ones.
 */
#include "tests/fixture.h"

#include "kinds/str.h"

#include <pthread.h>
#include <stdio.h>

enum { INTERNED = 3000, THREADS = 4 };

static void
check_bytes(const weir_object *o, const char *bytes, size_t length)
{
    size_t got = SIZE_MAX;
    const char *data = weir_str_data(o, &got);

    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(got, length);
    ck_assert_int_eq(memcmp(data, bytes, length), 0);
    ck_assert_int_eq(data[length], 0);
}

START_TEST(bytes_are_copied)
{
    struct wr_test_usage before = wr_test_usage();
    char text[] = "weir";
    weir_object *o = weir_str_new(text, 4);

    ck_assert_ptr_nonnull(o);
    text[0] = 'x';
    check_bytes(o, "weir", 4);
    ck_assert_ptr_nonnull(weir_str_data(o, NULL));
    ck_assert(weir_is_str(o));
    ck_assert_str_eq(weir_type_name(weir_type_of(o)), "str");
    wr_test_count(o, 1);
    weir_decref(o);
    wr_test_no_leak(before);
}
END_TEST

START_TEST(any_byte_and_the_empty_string_are_allowed)
{
    weir_object *o = weir_str_new("a\0b\xff", 4);

    check_bytes(o, "a\0b\xff", 4);
    weir_decref(o);
    o = weir_str_new(NULL, 0);
    check_bytes(o, "", 0);
    weir_decref(o);
    o = weir_str_from("");
    check_bytes(o, "", 0);
    weir_decref(o);
    o = weir_str_from("up to the NUL\0not this");
    check_bytes(o, "up to the NUL", 13);
    weir_decref(o);
}
END_TEST

START_TEST(every_length_works)
{
    struct wr_test_usage before = wr_test_usage();
    static char bytes[300000];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 31 + i / 251);
    }
    for (size_t n = 0; n <= sizeof(bytes); n = n < 600 ? n + 1 : n * 5 / 4) {
        weir_object *o = weir_str_new(bytes, n);

        ck_assert_ptr_nonnull(o);
        check_bytes(o, bytes, n);
        weir_decref(o);
    }
    wr_test_no_leak(before);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    weir_object *list = weir_list_new();
    size_t length = 77;

    ck_assert_ptr_null(weir_str_new(NULL, 1));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_str_from(NULL));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_str_new("x", SIZE_MAX / 2 + 1));
    ck_assert_int_eq(weir_error(), WEIR_ELIMIT);
    ck_assert_ptr_null(weir_str_new("x", SIZE_MAX));
    ck_assert_int_eq(weir_error(), WEIR_ELIMIT);
    ck_assert_ptr_null(weir_str_new("x", SIZE_MAX / 2));
    ck_assert_int_eq(weir_error(), WEIR_ENOMEM);
    ck_assert_ptr_null(weir_str_intern(NULL, 1));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_str_intern("x", SIZE_MAX));
    ck_assert_int_eq(weir_error(), WEIR_ELIMIT);
    ck_assert_ptr_null(weir_str_data(NULL, &length));
    ck_assert_int_eq(weir_error(), WEIR_EINVAL);
    ck_assert_ptr_null(weir_str_data(list, &length));
    ck_assert_int_eq(weir_error(), WEIR_ETYPE);
    ck_assert_uint_eq(length, 77);
    ck_assert(!weir_is_str(NULL));
    ck_assert(!weir_is_str(list));
    weir_decref(list);
}
END_TEST

static weir_object *
intern_number(int n)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "name-%d", n);

    return weir_str_intern(text, (size_t)length);
}

/* [inv:str.interned-once] */
START_TEST(interned_once)
{
    static weir_object *first[INTERNED];
    size_t before = wr_str_interned();

    for (int i = 0; i < INTERNED; i++) {
        first[i] = intern_number(i);
        ck_assert_ptr_nonnull(first[i]);
        ck_assert(weir_is_immortal(first[i]));
        for (int j = i - 1; j >= 0 && j > i - 5; j--) {
            ck_assert_ptr_ne(first[i], first[j]);
        }
    }
    ck_assert_uint_eq(wr_str_interned(), before + INTERNED);
    for (int i = 0; i < INTERNED; i++) {
        ck_assert_ptr_eq(intern_number(i), first[i]);
    }
    ck_assert_uint_eq(wr_str_interned(), before + INTERNED);
    check_bytes(intern_number(7), "name-7", 6);
    ck_assert_ptr_eq(weir_str_intern(NULL, 0), weir_str_intern("", 0));
    ck_assert_ptr_ne(weir_str_intern("a", 1), weir_str_intern("a\0", 2));
}
END_TEST

/* An interned string is complete when made: hashing it writes nothing. */
START_TEST(interned_string_has_the_hash_of_its_bytes)
{
    weir_object *interned = weir_str_intern("alpha", 5);
    weir_object *plain = weir_str_from("alpha");
    uint64_t stored = wr_str_of(interned)->hash;
    uint64_t hash = 0;

    ck_assert_ptr_ne(interned, plain);
    ck_assert_uint_ne(stored, 0);
    ck_assert_int_eq(weir_hash(plain, &hash), 0);
    ck_assert_uint_eq(hash, stored);
    ck_assert_int_eq(weir_hash(interned, &hash), 0);
    ck_assert_uint_eq(hash, stored);
    weir_decref(plain);
}
END_TEST

struct interner {
    pthread_t thread;
    int error;
    weir_object *got[INTERNED];
};

static void *
intern_all(void *argument)
{
    struct interner *me = argument;

    me->error = weir_attach();
    for (int i = 0; i < INTERNED && me->error == 0; i++) {
        me->got[i] = intern_number(i);
        me->error = me->got[i] == NULL ? weir_error() : weir_checkpoint();
    }
    (void)weir_detach();
    return NULL;
}

START_TEST(threads_intern_the_same_object)
{
    static struct interner who[THREADS];

    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(
            pthread_create(&who[i].thread, NULL, intern_all, &who[i]), 0);
    }
    ck_assert_int_eq(weir_blocking_begin(), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(who[i].thread, NULL), 0);
    }
    ck_assert_int_eq(weir_blocking_end(), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(who[i].error, 0);
        ck_assert_int_eq(memcmp(who[i].got, who[0].got, sizeof(who[0].got)), 0);
    }
}
END_TEST

Suite *
wr_suite_str(void)
{
    Suite *suite = suite_create("str");
    TCase *tc = tcase_create("str");

    tcase_add_checked_fixture(tc, wr_test_start, wr_test_stop);
    tcase_add_test(tc, bytes_are_copied);
    tcase_add_test(tc, any_byte_and_the_empty_string_are_allowed);
    tcase_add_test(tc, every_length_works);
    tcase_add_test(tc, bad_arguments_are_refused);
    tcase_add_test(tc, interned_once);
    tcase_add_test(tc, interned_string_has_the_hash_of_its_bytes);
    tcase_add_test(tc, threads_intern_the_same_object);
    suite_add_tcase(suite, tc);
    return suite;
}
