/* SPDX-License-Identifier: MIT */
/*
 * stress/races/report.c - the JSON records of race tests.
 */
#include "config.h"

#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <weir/weir.h>

#include "actor.h"

/* "1,0" */
static void
write_values(const int64_t *values, unsigned n, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < n && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64,
                                 i == 0 ? "" : ",", values[i]);
    }
}

static void
append_outcome(json_t *list, const char *values, uint64_t count,
               enum race_grade grade, const char *why)
{
    (void)json_array_append_new(
        list, json_pack("{s:s, s:I, s:s, s:s}", "values", values, "count",
                        (json_int_t)count, "grade", wr_race_grade_name(grade),
                        "why", why));
}

/*
 * Whether a row of the table was met by a sample: the first row that fits a
 * sample is the one.
 */
static bool
was_seen(const struct wr_race_tally *tally, const struct race_outcome *row)
{
    for (unsigned i = 0; i < tally->used; i++) {
        if (wr_race_tally_match(tally, tally->rows[i].values) == row) {
            return true;
        }
    }
    return false;
}

/* What was seen, then the rows of the table that never were. */
static json_t *
outcomes(const struct wr_race_tally *tally)
{
    json_t *list = json_array();
    unsigned rows = wr_race_outcomes(tally->test);

    for (unsigned i = 0; i < tally->used; i++) {
        const struct race_outcome *row =
            wr_race_tally_match(tally, tally->rows[i].values);
        char values[RACE_REGISTERS_MAX * 22];

        write_values(tally->rows[i].values, tally->registers, values,
                     sizeof(values));
        append_outcome(list, values, tally->rows[i].count,
                       row == NULL ? FORBIDDEN : row->grade,
                       row == NULL ? "not in the table" : row->why);
    }
    if (tally->other > 0) {
        append_outcome(list, "other", tally->other, FORBIDDEN,
                       "more outcomes than are told apart");
    }
    if (tally->leaks > 0) {
        append_outcome(list, "leak", tally->leaks, FORBIDDEN,
                       "blocks were left over after everything was dropped");
    }
    if (tally->damages > 0) {
        append_outcome(list, "damage", tally->damages, FORBIDDEN,
                       tally->damage);
    }
    for (unsigned i = 0; i < rows; i++) {
        const struct race_outcome *row = &tally->test->outcomes[i];

        if (!was_seen(tally, row)) {
            append_outcome(list, row->values, 0, row->grade, row->why);
        }
    }
    return list;
}

/* "a" or "a,b"; null: none. */
static json_t *
planted(const struct wr_options *options)
{
    char text[512] = "";

    for (size_t i = 0; i < options->nplants; i++) {
        size_t used = strlen(text);

        snprintf(text + used, sizeof(text) - used, "%s%s", i == 0 ? "" : ",",
                 options->plants[i]);
    }
    return options->nplants == 0 ? json_null() : json_string(text);
}

/* The processors of the actors, in their order; -1: anywhere. */
static json_t *
processors(const struct race_test *test)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < wr_race_actors(test); i++) {
        (void)json_array_append_new(list, json_integer(wr_race_processor(i)));
    }
    return list;
}

static json_t *
cell(unsigned threads)
{
    const char *policy = weir_lock_policy();
    bool locked = strcmp(policy, "none") != 0;
    int64_t thresholds[WEIR_GC_GENERATIONS] = {0, 0, 0};

    (void)weir_gc_get_threshold(thresholds);
    return json_pack(
        "{s:s, s:o, s:i, s:b, s:b, s:I, s:I, s:n}", "flavour", WR_FLAVOUR_NAME,
        "lock", locked ? json_string(policy) : json_null(), "threads",
        (int)threads, "gil", locked ? 1 : 0, "gc", weir_gc_is_enabled() ? 1 : 0,
        "t0", (json_int_t)thresholds[0], "bytes",
        (json_int_t)weir_gc_get_bytes(), "peer");
}

json_t *
wr_race_record(const struct wr_race_report *report,
               const struct wr_race_tally *tally, const char *status)
{
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:I, s:I, s:o, s:n, s:o, s:b, s:n, s:o, s:o,"
        " s:I, s:s}",
        "schema", 1, "record", "race", "test", report->test->name, "arm",
        report->arm->name, "executions", (json_int_t)tally->samples, "minimum",
        (json_int_t)wr_race_minimum(report->test), "outcomes", outcomes(tally),
        "upper_bound", "planted", planted(report->options), "found",
        tally->forbidden > 0 ? 1 : 0, "token", "cell",
        cell(wr_race_actors(report->test)), "processors",
        processors(report->test), "seed", (json_int_t)report->options->seed,
        "status", status);
}

json_t *
wr_race_list_test(const struct race_test *test)
{
    json_t *rows = json_array();
    json_t *mutants = json_array();

    for (unsigned i = 0; i < wr_race_outcomes(test); i++) {
        const struct race_outcome *row = &test->outcomes[i];

        (void)json_array_append_new(
            rows, json_pack("{s:s, s:s, s:s}", "values", row->values, "grade",
                            wr_race_grade_name(row->grade), "why", row->why));
    }
    for (unsigned i = 0; i < wr_race_mutants(test); i++) {
        const struct race_mutant *mutant = &test->mutants[i];
        json_t *flavours = json_array();

        if ((mutant->flavours & RACE_GIL) != 0) {
            (void)json_array_append_new(flavours, json_string("gil"));
        }
        if ((mutant->flavours & RACE_ATOMIC) != 0) {
            (void)json_array_append_new(flavours, json_string("atomic"));
        }
        (void)json_array_append_new(mutants, json_pack("{s:s, s:o}", "plant",
                                                       mutant->plant,
                                                       "flavours", flavours));
    }
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:i, s:I, s:b, s:b, s:o, s:o}", "schema", 1,
        "record", "race-test", "name", test->name, "summary", test->summary,
        "actors", (int)wr_race_actors(test), "minimum",
        (json_int_t)wr_race_minimum(test), "parallel",
        (test->flags & RACE_PARALLEL) != 0, "slow",
        (test->flags & RACE_SLOW) != 0, "outcomes", rows, "mutants", mutants);
}

json_t *
wr_race_list_plant(const struct wr_plant_info *plant)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "schema", 1, "record",
                     "plant", "name", plant->name, "class", plant->class,
                     "arms", plant->arms, "origin", plant->origin);
}
