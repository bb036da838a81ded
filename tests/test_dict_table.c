/* SPDX-License-Identifier: MIT */
/*
 * tests/test_dict_table.c - the checker of tables finds what it looks for, and
 * a table has an end.
 *
 * wr_dict_table_sound() stands behind most tests of dicts and sets, so each of
 * its conditions is broken here once.
 */
#include "tests/dicts.h"

#include "base/mem.h"

#include "kinds/dict_index.h"
#include "kinds/hash.h"

enum { ITEMS = 12, GONE = 3 };

static weir_object *dict;
static struct wr_dict_table *table;

/* A dict of ints, of which the first ones and one in the middle are deleted. */
static void
setup(void)
{
    wr_test_start();
    dict = weir_dict_new();
    for (int64_t i = 0; i < ITEMS; i++) {
        ck_assert_int_eq(weir_dict_set(dict, weir_int_new(i), weir_int_new(1)),
                         0);
    }
    for (int64_t i = 0; i < GONE; i++) {
        ck_assert_int_eq(weir_dict_delete(dict, weir_int_new(i)), 0);
    }
    ck_assert_int_eq(weir_dict_delete(dict, weir_int_new(ITEMS / 2)), 0);
    table = wr_test_table(dict);
    ck_assert(wr_test_is_sound(dict));
    ck_assert_uint_eq(table->first, GONE);
}

static void
teardown(void)
{
    ck_assert(wr_test_is_sound(dict));
    weir_decref(dict);
    wr_test_stop();
}

static bool
is_sound(void)
{
    return wr_test_is_sound(dict);
}

START_TEST(a_wrong_number_of_entries_is_found)
{
    uint64_t used = wr_dict_used(wr_dict_of(dict));

    ck_assert(!wr_dict_table_sound(table, used + 1));
    ck_assert(!wr_dict_table_sound(table, used - 1));
    ck_assert(wr_dict_table_sound(NULL, 0));
    ck_assert(!wr_dict_table_sound(NULL, 1));
}
END_TEST

/* [inv:dict.first] */
START_TEST(a_wrong_first_entry_is_found)
{
    table->first = GONE + 1;
    ck_assert(!is_sound());
    table->first = GONE - 1;
    ck_assert(!is_sound());
    table->first = GONE;
}
END_TEST

/* [inv:dict.tombstone] */
START_TEST(a_deleted_entry_with_a_value_is_found)
{
    table->entries[ITEMS / 2].value = dict;
    ck_assert(!is_sound());
    table->entries[ITEMS / 2].value = NULL;
}
END_TEST

START_TEST(a_missing_value_is_found)
{
    weir_object *value = table->entries[GONE].value;

    table->entries[GONE].value = NULL;
    ck_assert(!is_sound());
    table->entries[GONE].value = value;
}
END_TEST

/* [inv:dict.ints] */
START_TEST(a_key_that_is_no_int_is_found)
{
    weir_object *key = weir_str_from("key");
    weir_object *other = weir_dict_new();

    ck_assert_int_eq(weir_dict_set(other, key, key), 0);
    ck_assert(wr_test_is_sound(other));
    wr_test_table(other)->mixed = 0;
    ck_assert(!wr_test_is_sound(other));
    wr_test_table(other)->mixed = 1;
    weir_decref(other);
    weir_decref(key);
}
END_TEST

/* [inv:dict.entry-once] */
START_TEST(an_entry_that_no_slot_leads_to_is_found)
{
    enum wr_index_width width = wr_index_width(table->log2_index);
    void *index = wr_index_of(table);
    size_t slot = 0;

    while (wr_index_get(index, slot, width) != ITEMS) {
        slot++;
    }
    /* To the first one, which is deleted. */
    wr_index_set(index, slot, width, 1);
    ck_assert(!is_sound());
    wr_index_set(index, slot, width, ITEMS);
}
END_TEST

/* [inv:dict.load] */
START_TEST(a_slot_too_many_is_found)
{
    enum wr_index_width width = wr_index_width(table->log2_index);
    void *index = wr_index_of(table);
    size_t taken = wr_dict_taken(table);
    size_t extra[ITEMS];
    size_t n = 0;

    /* They lead to an entry that is deleted: no search goes astray. */
    for (size_t i = 0; taken + n <= table->filled; i++) {
        ck_assert_uint_le(i, wr_index_mask(table));
        if (wr_index_get(index, i, width) == 0) {
            wr_index_set(index, i, width, 1);
            extra[n++] = i;
        }
    }
    ck_assert_uint_eq(wr_dict_taken(table), table->filled + 1);
    ck_assert(!is_sound());
    while (n > 0) {
        wr_index_set(index, extra[--n], width, 0);
    }
}
END_TEST

/* [inv:dict.load] */
START_TEST(a_table_has_an_end)
{
    const uint64_t most = wr_index_capacity(WR_DICT_LOG2_MAX);
    struct wr_dict_table *none = NULL;
    struct wr_thread *self = wr_self();

    ck_assert_int_eq(wr_dict_rebuild(self, NULL, most, 1, &none), WEIR_ELIMIT);
    ck_assert_int_eq(wr_dict_rebuild(self, NULL, most + 1, 0, &none),
                     WEIR_ELIMIT);
    /* No room for half as many more, but for those: memory is asked for. */
    wr_fault_arm(1);
    ck_assert_int_eq(wr_dict_rebuild(self, NULL, most - 1, 1, &none),
                     WEIR_ENOMEM);
    ck_assert_uint_eq(wr_fault_seen(), 1);
    wr_fault_disarm();
    ck_assert_ptr_null(none);
}
END_TEST

Suite *
wr_suite_dict_table(void)
{
    Suite *suite = suite_create("dict_table");
    TCase *tc = tcase_create("checker");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_wrong_number_of_entries_is_found);
    tcase_add_test(tc, a_wrong_first_entry_is_found);
    tcase_add_test(tc, a_deleted_entry_with_a_value_is_found);
    tcase_add_test(tc, a_missing_value_is_found);
    tcase_add_test(tc, a_key_that_is_no_int_is_found);
    tcase_add_test(tc, an_entry_that_no_slot_leads_to_is_found);
    tcase_add_test(tc, a_slot_too_many_is_found);
    tcase_add_test(tc, a_table_has_an_end);
    suite_add_tcase(suite, tc);
    return suite;
}
