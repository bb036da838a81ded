/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/units.c - pieces of work on objects, all alike and counted.
 */
#include "units.h"

#include "base/clock.h"

/* Items of a list, and how many of them a unit changes. */
#define LENGTH 64u
#define STEPS 4u

/* Units after which every item has been changed once more. */
#define ROUND (LENGTH / STEPS)

/* Samples of a measurement. */
#define SAMPLES 16u

/* What an item is before any unit: no small int, so that each is an object of
 * its own. */
static int64_t
first_value(size_t i)
{
    return (INT64_C(1) << 32) + (int64_t)i * 1000;
}

int
wr_units_make(struct wr_units *units)
{
    int error = 0;

    units->done = 0;
    units->list = weir_list_new();
    if (units->list == NULL) {
        return weir_error();
    }
    for (size_t i = 0; i < LENGTH && error == 0; i++) {
        weir_object *value = weir_int_new(first_value(i));

        if (value == NULL) {
            return weir_error();
        }
        error = weir_list_append(units->list, value);
        weir_decref(value);
    }
    return error;
}

/* Item i, a number; 0 or an error. */
static int
read_item(const struct wr_units *units, size_t i, int64_t *value)
{
    weir_object *item = weir_list_get(units->list, i);
    int error;

    if (item == NULL) {
        return weir_error();
    }
    error = weir_int_value(item, value);
    weir_decref(item);
    return error;
}

/* Put a number that is greater by one in the place of item i. */
static int
raise_item(const struct wr_units *units, size_t i)
{
    weir_object *next;
    int64_t value = 0;
    int error = read_item(units, i, &value);

    if (error != 0) {
        return error;
    }
    next = weir_int_new(value + 1);
    if (next == NULL) {
        return weir_error();
    }
    error = weir_list_set(units->list, i, next);
    weir_decref(next);
    return error;
}

int
wr_units_do(struct wr_units *units)
{
    size_t first = (size_t)(units->done % ROUND) * STEPS;
    int error = 0;

    for (size_t i = first; i < first + STEPS && error == 0; i++) {
        error = raise_item(units, i);
    }
    if (error == 0) {
        units->done++;
        (void)weir_checkpoint();
    }
    return error;
}

int
wr_units_until(struct wr_units *units, uint64_t deadline)
{
    int error = 0;

    do {
        for (unsigned i = 0; i < WR_UNITS_CHUNK && error == 0; i++) {
            error = wr_units_do(units);
        }
    } while (error == 0 && wr_clock_ns() < deadline);
    return error;
}

bool
wr_units_right(const struct wr_units *units)
{
    uint64_t rounds = units->done / ROUND;

    if (weir_list_size(units->list) != LENGTH) {
        return false;
    }
    for (size_t i = 0; i < LENGTH; i++) {
        bool again = i < units->done % ROUND * STEPS;
        int64_t value = 0;

        if (read_item(units, i, &value) != 0 ||
            value != first_value(i) + (int64_t)(rounds + (again ? 1 : 0))) {
            return false;
        }
    }
    return true;
}

uint64_t
wr_units_checksum(const struct wr_units *units)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LENGTH; i++) {
        int64_t value = 0;

        (void)read_item(units, i, &value);
        sum += (uint64_t)value;
    }
    return weir_program_mix(sum - units->done * STEPS);
}

void
wr_units_drop(struct wr_units *units)
{
    weir_xdecref(units->list);
    units->list = NULL;
}

int
wr_units_measure(uint64_t *ns)
{
    struct wr_units units = {0};
    int error = wr_units_make(&units);

    *ns = UINT64_MAX;
    for (unsigned s = 0; s < SAMPLES && error == 0; s++) {
        uint64_t start = wr_clock_ns();
        uint64_t took;

        for (unsigned i = 0; i < WR_UNITS_SAMPLE && error == 0; i++) {
            error = wr_units_do(&units);
        }
        took = wr_clock_ns() - start;
        *ns = took < *ns ? took : *ns;
    }
    if (error == 0 && !wr_units_right(&units)) {
        error = WEIR_PROGRAM_FAILED;
    }
    wr_units_drop(&units);
    return error;
}
