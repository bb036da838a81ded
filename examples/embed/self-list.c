/* SPDX-License-Identifier: MIT */
/*
 * self-list.c - a list that contains itself.
 *
 * Its count never falls to zero, for the list holds a reference to itself.
 * Only the collector sees that nobody else does.
 */
#include <weir/weir.h>

#include <inttypes.h>
#include <stdio.h>

static uint64_t
objects(void)
{
    weir_memory memory;

    weir_memory_stats(&memory);
    return memory.objects;
}

int
main(void)
{
    weir_object *list;
    uint64_t before;

    if (weir_start(NULL) != WEIR_OK) {
        return 1;
    }
    before = objects();
    list = weir_list_new();
    weir_list_append(list, list);
    printf("references to the list: %" PRId64 "\n", weir_refcount(list));

    weir_decref(list); /* the last one that is ours */
    printf("objects left after we let go: %" PRIu64 "\n", objects() - before);
    printf("the collector frees: %" PRId64 "\n", weir_gc_collect(2));
    printf("objects left: %" PRIu64 "\n", objects() - before);
    return weir_stop() == WEIR_OK ? 0 : 1;
}
