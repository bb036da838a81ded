/* SPDX-License-Identifier: MIT */
/*
 * tests/planted.h - calls of the runtime that do the wrong thing once.
 *
 * A program of the lab says that it checks its result.  To see that it does,
 * the tests link the programs as they are and put themselves between them and
 * the runtime (the linker's --wrap): the nth call of one function then loses
 * what it should store, or hands out something else.  A check that stays
 * silent checks nothing.
 */
#ifndef WR_TESTS_PLANTED_H
#define WR_TESTS_PLANTED_H

#include <stdbool.h>
#include <stdint.h>

/* What goes wrong. */
enum wr_planted {
    WR_PLANTED_NONE,
    /* returns 0 and does nothing */
    WR_PLANTED_APPEND_LOST,
    WR_PLANTED_LIST_SET_LOST,
    WR_PLANTED_DICT_SET_LOST,
    WR_PLANTED_DICT_ADD_LOST,
    WR_PLANTED_INSTANCE_SET_LOST,
    WR_PLANTED_ATTR_SET_LOST,
    /* does it a second time */
    WR_PLANTED_APPEND_TWICE,
    /* uses the next item, round the end */
    WR_PLANTED_LIST_SET_NEXT,
    WR_PLANTED_LIST_GET_NEXT,
    /* finds no key; finds the value of the first key */
    WR_PLANTED_DICT_GET_NOTHING,
    WR_PLANTED_DICT_GET_FIRST,
    /* skips an entry */
    WR_PLANTED_DICT_NEXT_SKIPS,
    /* leaves the slots empty */
    WR_PLANTED_INSTANCE_MAKE_EMPTY,
    /* flips a bit of the first byte */
    WR_PLANTED_STR_FLIPPED,
    /* reports one reference too few */
    WR_PLANTED_REFCOUNT_LOW,
    /* from the nth on, does nothing */
    WR_PLANTED_DICT_DELETE_LOST,
    WR_PLANTED_DEATHS_LOST,
    /* finds nothing */
    WR_PLANTED_COLLECT_NOTHING,
    /* reports a thousand times as many arenas */
    WR_PLANTED_MEMORY_HIGH
};

/* From now on the nth call (from 1 on) that `fault` concerns goes wrong. */
void wr_planted_arm(enum wr_planted fault, uint64_t nth);

/* Stop.  Returns whether it went wrong. */
bool wr_planted_disarm(void);

#endif
