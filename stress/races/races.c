/* SPDX-License-Identifier: MIT */
/*
 * stress/races/races.c - the table of race tests, and what it must look like.
 */
#include "races.h"

#include <string.h>

#define RACE(name) extern const struct race_test race_##name;
#include "races.def"
#undef RACE

static const struct race_test *const tests[] = {
#define RACE(name) &race_##name,
#include "races.def"
#undef RACE
};

const struct race_test *
wr_race_nth(size_t n)
{
    return n < sizeof(tests) / sizeof(tests[0]) ? tests[n] : NULL;
}

const struct race_test *
wr_race_find(const char *name)
{
    const struct race_test *test;

    for (size_t n = 0; (test = wr_race_nth(n)) != NULL; n++) {
        if (strcmp(test->name, name) == 0) {
            return test;
        }
    }
    return NULL;
}

unsigned
wr_race_actors(const struct race_test *test)
{
    unsigned n = 0;

    while (n < RACE_ACTORS_MAX && test->actor[n] != NULL) {
        n++;
    }
    return n;
}

unsigned
wr_race_registers(const struct race_test *test)
{
    unsigned n = 1;

    for (const char *p = test->outcomes[0].values; p != NULL && *p != '\0';
         p++) {
        n += *p == ',';
    }
    return n;
}

unsigned
wr_race_outcomes(const struct race_test *test)
{
    unsigned n = 0;

    while (n < RACE_OUTCOMES_MAX && test->outcomes[n].values != NULL) {
        n++;
    }
    return n;
}

unsigned
wr_race_mutants(const struct race_test *test)
{
    unsigned n = 0;

    while (n < RACE_MUTANTS_MAX && test->mutants[n].plant != NULL) {
        n++;
    }
    return n;
}

uint64_t
wr_race_minimum(const struct race_test *test)
{
    return (test->flags & RACE_SLOW) != 0 ? RACE_MINIMUM_SLOW : RACE_MINIMUM;
}

const char *
wr_race_grade_name(enum race_grade grade)
{
    switch (grade) {
    case ACCEPTABLE:
        return "acceptable";
    case INTERESTING:
        return "interesting";
    case FORBIDDEN:
        break;
    }
    return "forbidden";
}

/* "1,*,-3": as many values as there are registers, numbers or '*'. */
static bool
is_row(const char *text, unsigned registers)
{
    for (unsigned i = 0; i < registers; i++) {
        size_t n = strspn(text, "0123456789-*");

        if (n == 0 || text[n] != (i + 1 < registers ? ',' : '\0')) {
            return false;
        }
        text += n + 1;
    }
    return true;
}

static bool
is_plant(const char *name)
{
    const struct wr_plant_info *plant;

    for (size_t n = 0; (plant = wr_plant_nth(n)) != NULL; n++) {
        if (strcmp(plant->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *
fault_of_rows(const struct race_test *test)
{
    unsigned n = wr_race_outcomes(test);

    if (n == 0) {
        return "it lists no outcome";
    }
    for (unsigned i = 0; i < n; i++) {
        const struct race_outcome *row = &test->outcomes[i];

        if (!is_row(row->values, wr_race_registers(test))) {
            return "an outcome has not as many values as the first one";
        }
        if (row->grade < ACCEPTABLE || row->grade > FORBIDDEN ||
            row->why == NULL || row->why[0] == '\0') {
            return "an outcome lacks its grade or its sentence";
        }
    }
    return NULL;
}

const char *
wr_race_fault(const struct race_test *test)
{
    if (test->name == NULL || test->summary == NULL) {
        return "it lacks a name or a summary";
    }
    if (wr_race_actors(test) < 2) {
        return "it has fewer than two actors";
    }
    if (wr_race_registers(test) > RACE_REGISTERS_MAX) {
        return "it has too many registers";
    }
    if (wr_race_mutants(test) == 0) {
        return "it has no mutant";
    }
    for (unsigned i = 0; i < wr_race_mutants(test); i++) {
        if (!is_plant(test->mutants[i].plant) ||
            test->mutants[i].flavours == 0) {
            return "a mutant is not in base/plants.def, or has no flavour";
        }
    }
    return fault_of_rows(test);
}
