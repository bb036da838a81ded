/* SPDX-License-Identifier: MIT */
/*
 * three-steps.c - how the collector finds garbage, shown on six objects.
 *
 * The program holds A and nothing else.  A refers to B, B to E; C and D refer
 * to each other, and C to B; F refers to itself.  The runtime tells of each
 * candidate how many references it has, how many of them come from other
 * candidates, and what became of it.
 */
#include <weir/weir.h>

#include <stdio.h>

enum { SIX = 6 };

static const weir_object *objects[SIX];
static weir_gc_trace steps[SIX];

static char
name_of(const weir_object *o)
{
    for (int i = 0; i < SIX; i++) {
        if (objects[i] == o) {
            return (char)('A' + i);
        }
    }
    return '?';
}

/* The order of addresses is not that of the alphabet: keep what is told. */
static void
keep(const weir_gc_trace *step, void *data)
{
    (void)data;
    for (int i = 0; i < SIX; i++) {
        if (objects[i] == step->object) {
            steps[i] = *step;
        }
    }
}

static void
print_steps(void)
{
    puts("1. the counts, and the references between the six");
    for (int i = 0; i < SIX; i++) {
        printf("   %c  count %d, internal %d, left %d\n", 'A' + i,
               (int)steps[i].count, (int)steps[i].internal, (int)steps[i].left);
    }
    puts("2. what has references left, and all that it reaches");
    for (int i = 0; i < SIX; i++) {
        if (steps[i].verdict == WEIR_GC_ROOT) {
            printf("   %c  is referred to from outside\n", 'A' + i);
        } else if (steps[i].verdict == WEIR_GC_REACHED) {
            printf("   %c  is reached from %c\n", 'A' + i,
                   name_of(steps[i].by));
        }
    }
    puts("3. the rest dies");
    for (int i = 0; i < SIX; i++) {
        if (steps[i].verdict == WEIR_GC_UNREACHABLE) {
            printf("   %c\n", 'A' + i);
        }
    }
}

int
main(void)
{
    weir_type *type;
    weir_object *o[SIX];
    int64_t freed;

    if (weir_start(NULL) != WEIR_OK) {
        return 1;
    }
    type = weir_instance_type("node", 2, 0, NULL, NULL);
    for (int i = 0; i < SIX; i++) {
        o[i] = weir_instance_new(type);
        objects[i] = o[i];
    }
    weir_instance_set(o[0], 0, o[1]); /* A to B */
    weir_instance_set(o[1], 0, o[4]); /* B to E */
    weir_instance_set(o[2], 0, o[1]); /* C to B */
    weir_instance_set(o[2], 1, o[3]); /* C to D */
    weir_instance_set(o[3], 0, o[2]); /* D to C */
    weir_instance_set(o[5], 0, o[5]); /* F to F */
    for (int i = 1; i < SIX; i++) {
        weir_decref(o[i]);
    }

    freed = weir_gc_collect_traced(WEIR_GC_GENERATIONS - 1, keep, NULL);
    print_steps();
    printf("freed: %d, and B has %d reference\n", (int)freed,
           (int)weir_refcount(o[1]));
    weir_decref(o[0]);
    return weir_stop() == WEIR_OK ? 0 : 1;
}
