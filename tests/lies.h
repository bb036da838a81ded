/* SPDX-License-Identifier: MIT */
/*
 * tests/lies.h - calls of the runtime that lie: they do the wrong thing once.
 *
 * A program of the lab says that it checks its result.  To see that it does,
 * the tests link the programs as they are and put themselves between them and
 * the runtime (the linker's --wrap): the nth call of one function then loses
 * what it should store, or hands out something else.  A check that stays
 * silent checks nothing.
 */
#ifndef WR_TESTS_LIES_H
#define WR_TESTS_LIES_H

#include <stdbool.h>
#include <stdint.h>

enum wr_lie {
    WR_LIE_NONE,
    /* returns 0 and does nothing */
    WR_LIE_APPEND_LOST,
    WR_LIE_LIST_SET_LOST,
    WR_LIE_DICT_SET_LOST,
    WR_LIE_DICT_ADD_LOST,
    WR_LIE_INSTANCE_SET_LOST,
    WR_LIE_ATTR_SET_LOST,
    /* does it a second time */
    WR_LIE_APPEND_TWICE,
    /* uses the next item, round the end */
    WR_LIE_LIST_SET_NEXT,
    WR_LIE_LIST_GET_NEXT,
    /* finds no key; finds the value of the first key */
    WR_LIE_DICT_GET_NOTHING,
    WR_LIE_DICT_GET_FIRST,
    /* takes the second entry; the first goes to the end */
    WR_LIE_DICT_POP_SECOND,
    /* skips an entry */
    WR_LIE_DICT_NEXT_SKIPS,
    /* leaves the slots empty */
    WR_LIE_INSTANCE_MAKE_EMPTY,
    /* flips a bit of the first byte */
    WR_LIE_STR_FLIPPED,
    /* reports one reference too few */
    WR_LIE_REFCOUNT_LOW,
    /* from the nth on, does nothing */
    WR_LIE_DICT_MOVE_LOST,
    WR_LIE_DEATHS_LOST,
    /* finds nothing */
    WR_LIE_COLLECT_NOTHING,
    /* reports one object too many */
    WR_LIE_COLLECT_MORE,
    /* reports a thousand times as many arenas and objects */
    WR_LIE_MEMORY_HIGH,
    /* of the system: sends it a second time; flips a bit of the first byte;
     * receives nothing, as if the other side had gone */
    WR_LIE_SEND_TWICE,
    WR_LIE_RECV_FLIPPED,
    WR_LIE_RECV_NOTHING
};

/* From now on the nth call, from 1 on, of the function concerned lies.
 * Caller: no other thread of the test runs; also below. */
void wr_lie_arm(enum wr_lie lie, uint64_t nth);

/* Stop.  Returns whether it has lied. */
bool wr_lie_disarm(void);

#endif
