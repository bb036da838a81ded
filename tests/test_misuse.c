/* SPDX-License-Identifier: MIT */
/*
 * tests/test_misuse.c - behaviour 1.8: a debug build catches who drops too
 * often, uses the dead or breaks the rules of foreign types, and says which
 * object it was and where it was allocated.
 *
 * Each misuse is committed by a process of its own, whose last words come
 * through a pipe.  Without checks there is nothing to catch.
 */
#include "tests/fixture.h"

#include "object/site.h"
#include "tests/bag.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 1024 };

/* Marks what must appear as a function of its own with its own call. */
#define APART __attribute__((noinline))

/* For processes that are to die of something else. */
static void
must(bool ok)
{
    if (!ok) {
        _exit(3);
    }
}

/* Where the process that misuses starts the runtime. */
static void
commit(void (*misuse)(void), bool checker)
{
    static const struct rlimit none = {0, 0};
    weir_config config;

    must(setrlimit(RLIMIT_CORE, &none) == 0);
    weir_config_init(&config);
    config.checker = config.checker || checker;
    must(weir_start(&config) == 0);
    misuse();
    (void)weir_stop();
    _exit(0);
}

/* Everything a process said up to its end, and that end. */
static int
last_words(void (*misuse)(void), bool checker, char *words)
{
    int ends[2];
    size_t size = 0;
    ssize_t got;
    int status;
    pid_t pid;

    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        must(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
        commit(misuse, checker);
    }
    (void)close(ends[1]);
    while (size < LINE - 1 &&
           (got = read(ends[0], words + size, LINE - 1 - size)) > 0) {
        size += (size_t)got;
    }
    words[size] = '\0';
    (void)close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* With and without the checker's heap it must die of it, in one line. */
static void
expect_report(void (*misuse)(void), const char *report)
{
    for (int checker = 0; checker < 2; checker++) {
        char words[LINE];
        int status = last_words(misuse, checker != 0, words);

        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
                      "status %d: %s", status, words);
        ck_assert_msg(strncmp(words, "weir: fatal: ", 13) == 0, "%s", words);
        ck_assert_msg(strstr(words, report) != NULL, "%s: %s", report, words);
        ck_assert_ptr_eq(strchr(words, '\n'), words + strlen(words) - 1);
    }
}

/* ---- what is caught ----------------------------------------------------- */

static weir_object *APART
dead_list(void)
{
    weir_object *list = weir_list_new();

    must(list != NULL);
    weir_decref(list);
    return list;
}

static void
drop_too_often(void)
{
    weir_decref(dead_list());
}

static void
take_dead(void)
{
    weir_incref(dead_list());
}

static void
take_dead_anew(void)
{
    (void)weir_newref(dead_list());
}

START_TEST(counting_the_dead_is_caught)
{
    expect_report(drop_too_often,
                  "reference to a dead object dropped: list at 0x");
    expect_report(take_dead, "reference to a dead object taken: list at 0x");
    expect_report(take_dead_anew,
                  "reference to a dead object taken: list at 0x");
}
END_TEST

static void
ask_dead_list(void)
{
    (void)weir_list_size(dead_list());
}

static void
change_dead_list(void)
{
    (void)weir_list_append(dead_list(), weir_int_new(0));
}

static void
append_dead(void)
{
    weir_object *list = weir_list_new();

    (void)weir_list_append(list, dead_list());
}

static void
look_up_dead(void)
{
    weir_object *dict = weir_dict_new();
    weir_object *key = wr_test_int(1);

    weir_decref(key);
    (void)weir_dict_get(dict, key);
}

static void
hash_dead(void)
{
    weir_object *key = weir_str_from("some string");
    uint64_t hash;

    weir_decref(key);
    (void)weir_hash(key, &hash);
}

static void
compare_dead(void)
{
    (void)weir_equal(weir_int_new(0), dead_list());
}

static void
get_dead_slot(void)
{
    weir_type *type = weir_instance_type("point", 2, 0, NULL, NULL);
    weir_object *o = weir_instance_new(type);

    weir_decref(o);
    (void)weir_instance_get(o, 0);
}

static void
pass_dead_on(void)
{
    weir_type *type = weir_instance_type("point", 2, 0, NULL, NULL);
    weir_object *values[] = {NULL, dead_list()};

    (void)weir_instance_make(type, 2, values);
}

static void
fill_with_dead(void)
{
    weir_object *tuple = weir_tuple_new(2);

    (void)weir_tuple_set_steal(tuple, 0, dead_list());
}

static void
set_dead_cell(void)
{
    weir_object *cell = weir_cell_new(NULL);

    weir_decref(cell);
    (void)weir_cell_set(cell, NULL);
}

static void
lock_dead(void)
{
    weir_object *o = weir_foreign_new(bag_type(NULL, false));

    weir_decref(o);
    weir_object_lock(o);
}

static void
count_dead(void)
{
    (void)weir_refcount(dead_list());
}

static void
use_collected(void)
{
    weir_object *dict = weir_dict_new();

    must(weir_dict_set(dict, weir_int_new(0), dict) == 0);
    weir_decref(dict);
    must(weir_gc_collect(2) == 1);
    (void)weir_dict_size(dict);
}

START_TEST(using_the_dead_is_caught)
{
    expect_report(ask_dead_list, "dead object used: list at 0x");
    expect_report(change_dead_list, "dead object used: list at 0x");
    expect_report(append_dead, "taken: list at 0x");
    expect_report(look_up_dead, "dead object used: int at 0x");
    expect_report(hash_dead, "dead object used: str at 0x");
    expect_report(compare_dead, "dead object used: list at 0x");
    expect_report(get_dead_slot, "dead object used: point at 0x");
    expect_report(pass_dead_on, "dead object used: list at 0x");
    expect_report(fill_with_dead, "dead object used: list at 0x");
    expect_report(set_dead_cell, "dead object used: cell at 0x");
    expect_report(lock_dead, "dead object used: bag at 0x");
    expect_report(count_dead, "dead object used: list at 0x");
    expect_report(use_collected, "dead object used: dict at 0x");
}
END_TEST

static void
drop_after_others_were_made(void)
{
    weir_object *list = dead_list();

    for (int i = 0; i < 1000; i++) {
        must(weir_list_new() != list);
    }
    weir_decref(list);
}

/* Quarantine keeps the block from being used again. */
START_TEST(the_checker_catches_what_happens_later)
{
    char words[LINE];
    int status = last_words(drop_after_others_were_made, true, words);

    ck_assert_msg(WIFSIGNALED(status), "status %d: %s", status, words);
    ck_assert_ptr_nonnull(strstr(words, "dead object dropped: list at"));
}
END_TEST

static void
count_immortals(void)
{
    weir_object *zero = weir_int_new(0);

    for (int i = 0; i < 100; i++) {
        weir_decref(zero);
        weir_decref(weir_tuple_new(0));
        weir_decref((weir_object *)(void *)weir_type_of(zero));
    }
    weir_incref(zero);
    must(weir_is_int(zero));
}

START_TEST(immortals_are_exempt)
{
    char words[LINE];

    ck_assert_int_eq(last_words(count_immortals, true, words), 0);
    ck_assert_str_eq(words, "");
}
END_TEST

/* ---- the rules of foreign types ----------------------------------------- */

static void
visit_twice(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    (void)data;
    visit(bag_of(o)->items[0], context);
    visit(bag_of(o)->items[0], context);
}

static void
call_back(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    (void)visit;
    (void)context;
    (void)data;
    (void)weir_refcount(o);
}

static void
make_something(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    (void)o;
    (void)visit;
    (void)context;
    (void)data;
    (void)weir_list_new();
}

static weir_object *
odd_bag(weir_traverse_fn traverse)
{
    weir_foreign_spec spec = {.size = sizeof(spec),
                              .name = "odd",
                              .bytes = sizeof(struct bag),
                              .traverse = traverse};
    weir_object *o = weir_foreign_new(weir_foreign_type(&spec));

    must(o != NULL);
    return o;
}

static void
die_of_visiting_twice(void)
{
    weir_object *o = odd_bag(visit_twice);

    bag_of(o)->items[0] = wr_test_int(1);
    weir_decref(o);
}

static void
call_in_a_stop(void)
{
    (void)odd_bag(call_back);
    (void)weir_gc_collect(2);
}

static void
call_in_teardown(void)
{
    weir_decref(odd_bag(make_something));
}

static void
call_under_a_lock(void)
{
    weir_object *list = weir_list_new();

    weir_object_lock(odd_bag(call_back));
    (void)weir_list_append(list, list);
}

static void
make_under_a_lock(void)
{
    weir_object_lock(odd_bag(call_back));
    (void)weir_list_new();
}

static void
die_under_a_lock(void)
{
    weir_object *list = weir_list_new();

    weir_object_lock(odd_bag(call_back));
    weir_decref(list);
}

static void
lock_twice(void)
{
    weir_object *o = odd_bag(call_back);

    weir_object_lock(o);
    weir_object_lock(o);
}

static void
unlock_unlocked(void)
{
    weir_object_unlock(odd_bag(call_back));
}

START_TEST(breaking_the_rules_of_foreign_types_is_caught)
{
    const char *locked = "called between weir_object_lock() and its unlock";
    const char *traverse = "called by a traverse function";

    expect_report(die_of_visiting_twice, "dead object dropped: int at 0x");
    expect_report(call_in_a_stop, traverse);
    expect_report(call_in_teardown, traverse);
    expect_report(call_under_a_lock, locked);
    expect_report(make_under_a_lock, locked);
    expect_report(die_under_a_lock, locked);
    expect_report(lock_twice, locked);
    expect_report(unlock_unlocked, "check failed");
}
END_TEST

/* ---- where it was allocated --------------------------------------------- */

/* The site lies in a function that begins there and is not too long. */
static void
expect_in(const void *site, const void *function)
{
    uintptr_t from = (uintptr_t)function;

    ck_assert_uint_gt((uintptr_t)site, from);
    ck_assert_uint_lt((uintptr_t)site, from + 4096);
}

static uintptr_t
load_address(const void *function)
{
    struct link_map *map = NULL;
    Dl_info info;

    ck_assert_int_ne(dladdr1(function, &info, (void **)&map, RTLD_DL_LINKMAP),
                     0);
    return map->l_addr;
}

START_TEST(the_report_names_the_allocation)
{
    const char *at = ", allocated at ";
    char words[LINE];
    const char *plus;
    uintptr_t site;

    (void)last_words(drop_too_often, false, words);
    ck_assert_ptr_nonnull(strstr(words, at));
    /* FILE+0x1234, or SYMBOL+0x12 (FILE+0x1234) */
    plus = strrchr(strstr(words, at), '+');
    ck_assert_ptr_nonnull(plus);
    site = (uintptr_t)strtoull(plus + 1, NULL, 16);
    site += load_address((const void *)(uintptr_t)dead_list);
    expect_in((const void *)site, (const void *)(uintptr_t)dead_list);
    ck_assert_ptr_nonnull(strstr(words, "check-"));
}
END_TEST

/* Make one of each, by every way inside the call. */
static size_t APART
make_each(weir_object *made[], weir_type *pair, weir_type *wide)
{
    static const char text[50000];
    weir_object *two[] = {NULL, NULL};
    weir_object *dict = weir_dict_new();
    weir_object *key = weir_str_from("key");
    size_t n = 0;

    made[n++] = dict;
    made[n++] = key;
    made[n++] = weir_list_new();
    made[n++] = weir_int_new(INT64_MAX);
    made[n++] = weir_str_new(text, sizeof(text));
    made[n++] = weir_tuple_new(3);
    made[n++] = weir_tuple_pack(1, &key);
    made[n++] = weir_instance_new(pair);
    made[n++] = weir_instance_new(pair);
    made[n++] = weir_instance_new(wide);
    made[n++] = weir_instance_make(pair, 2, two);
    made[n++] = weir_instance_make(pair, 1, two);
    made[n++] = weir_instance_make(wide, 2, two);
    made[n++] = weir_str_concat(key, key);
    made[n++] = weir_str_slice(key, 1, 2);
    made[n++] = weir_str_repeat(key, 2);
    made[n++] = weir_str_join(key, made[6]);
    made[n++] = weir_str_format("%d", 1);
    made[n++] = weir_int_to_str(made[3]);
    made[n++] = weir_cell_new(key);
    made[n++] = weir_foreign_new(bag_type(NULL, false));
    ck_assert_int_eq(weir_dict_add_int(dict, key, INT64_MAX, NULL), 0);
    made[n++] = weir_dict_get(dict, key);
    return n;
}

START_TEST(the_site_is_the_public_call)
{
    weir_type *pair = weir_instance_type("pair", 2, 0, NULL, NULL);
    weir_type *wide = weir_instance_type("wide", 9, 0, NULL, NULL);
    weir_object *made[32];
    size_t n = make_each(made, pair, wide);

    for (size_t i = 0; i < n; i++) {
        ck_assert_ptr_nonnull(made[i]);
        expect_in(wr_site_of(made[i]), (const void *)(uintptr_t)make_each);
        for (size_t j = 0; j < i; j++) {
            /* To join one string is to give it back. */
            ck_assert(made[i] == made[j] ||
                      wr_site_of(made[i]) != wr_site_of(made[j]));
        }
    }
    ck_assert_ptr_null(wr_site_of(weir_int_new(0)));
    ck_assert_ptr_null(wr_site_of((weir_object *)(void *)pair));
    ck_assert_ptr_eq(wr_site_now, NULL);
    for (size_t i = 0; i < n; i++) {
        const void *site = wr_site_of(made[i]);

        weir_decref(made[i]);
        ck_assert_ptr_eq(wr_site_of(made[i]), site);
    }
}
END_TEST

static void
make_another(weir_object *o, void *data)
{
    weir_object **made = data;

    (void)o;
    *made = weir_list_new();
}

/* The finalizer runs inside a call that makes objects itself. */
START_TEST(what_a_finalizer_allocates_is_its_own)
{
    weir_object *made = NULL;
    weir_type *type = weir_instance_type("maker", 1, 0, make_another, &made);
    weir_object *o = weir_instance_new(type);
    weir_object *list = weir_list_new();
    weir_object *values[] = {weir_tuple_new(1), NULL};

    if (!wr_cfg_counted) {
        return;
    }
    ck_assert_int_eq(weir_list_append(list, o), 0);
    weir_decref(o);
    ck_assert_int_eq(weir_tuple_set_steal(values[0], 0, list), 0);
    /* Refused, and so dropped, with what it holds. */
    ck_assert_ptr_null(weir_instance_make(type, 2, values));
    ck_assert_ptr_nonnull(made);
    expect_in(wr_site_of(made), (const void *)(uintptr_t)make_another);
    weir_decref(made);
}
END_TEST

START_TEST(a_symbol_is_named_where_there_is_one)
{
    char text[WR_SITE_TEXT];
    char *version = dlsym(RTLD_DEFAULT, "gnu_get_libc_version");

    wr_site_text(NULL, text);
    ck_assert_str_eq(text, "an unknown place");
    wr_site_text((const void *)(uintptr_t)4096, text);
    ck_assert_str_eq(text, "0xfff");
    ck_assert_ptr_nonnull(version);
    wr_site_text(version + 3, text);
    ck_assert_ptr_nonnull(strstr(text, "gnu_get_libc_version+0x2 (/"));
}
END_TEST

START_TEST(several_runs_start_from_nothing)
{
    weir_object *o = weir_list_new();

    ck_assert_ptr_nonnull(wr_site_of(o));
    for (int i = 0; i < 3; i++) {
        wr_test_stop();
        ck_assert_ptr_null(wr_site_of(o));
        wr_test_start();
        ck_assert_ptr_nonnull(wr_site_of(weir_list_new()));
    }
}
END_TEST

START_TEST(a_release_build_knows_no_sites)
{
    weir_object *o = weir_list_new();

    ck_assert_ptr_null(wr_site_of(o));
    weir_decref(o);
}
END_TEST

Suite *
wr_suite_misuse(void)
{
    Suite *suite = suite_create("misuse");
    TCase *tc = tcase_create("misuse");
    TCase *sites = tcase_create("sites");

    if (WEIR_DEBUG >= 1 && wr_cfg_counted) {
        tcase_add_test(tc, counting_the_dead_is_caught);
        tcase_add_test(tc, using_the_dead_is_caught);
        tcase_add_test(tc, the_checker_catches_what_happens_later);
        tcase_add_test(tc, breaking_the_rules_of_foreign_types_is_caught);
        tcase_add_test(tc, the_report_names_the_allocation);
    }
    tcase_add_test(tc, immortals_are_exempt);
    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(sites, wr_test_start, wr_test_stop);
    if (WEIR_DEBUG >= 1) {
        tcase_add_test(sites, the_site_is_the_public_call);
        tcase_add_test(sites, what_a_finalizer_allocates_is_its_own);
        tcase_add_test(sites, a_symbol_is_named_where_there_is_one);
        tcase_add_test(sites, several_runs_start_from_nothing);
    } else {
        tcase_add_test(sites, a_release_build_knows_no_sites);
    }
    suite_add_tcase(suite, sites);
    return suite;
}
