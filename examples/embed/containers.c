/* SPDX-License-Identifier: MIT */
/*
 * containers.c - a container owns what is put into it.
 *
 * Putting an object into a list, a dict or a tuple adds a reference;
 * destroying the container gives it back.  At zero the object dies at once.
 */
#include <weir/weir.h>

#include <inttypes.h>
#include <stdio.h>

static void
gone(weir_object *o, void *data)
{
    (void)o;
    (void)data;
    puts("the object died");
}

static void
say(const char *when, const weir_object *o)
{
    printf("%-22s %" PRId64 " reference(s)\n", when, weir_refcount(o));
}

int
main(void)
{
    weir_type *type;
    weir_object *thing, *list, *dict, *tuple, *key;
    weir_object *pair[2];

    if (weir_start(NULL) != WEIR_OK) {
        return 1;
    }
    type = weir_instance_type("thing", 0, 0, gone, NULL);
    thing = weir_instance_new(type);
    say("made", thing);

    list = weir_list_new();
    weir_list_append(list, thing);
    say("in a list", thing);

    dict = weir_dict_new();
    key = weir_str_intern("thing", 5); /* immortal: need not be dropped */
    weir_dict_set(dict, key, thing);
    say("and in a dict", thing);

    pair[0] = pair[1] = thing;
    tuple = weir_tuple_pack(2, pair);
    say("and twice in a tuple", thing);

    weir_decref(tuple);
    say("tuple dropped", thing);
    weir_decref(dict);
    say("dict dropped", thing);

    weir_decref(thing); /* ours; the list still has its own */
    puts("we let go of it");
    weir_decref(list);
    puts("list dropped");
    return weir_stop() == WEIR_OK ? 0 : 1;
}
