/* SPDX-License-Identifier: MIT */
/*
 * references.c - who owns a reference, told by the count of one object.
 *
 * A container owns what is put into it: putting adds a reference, and taking
 * out, or the death of the container, gives it back.  The call's argument
 * stays the caller's.
 */
#include <weir/weir.h>

#include <stdio.h>
#include <stdlib.h>

/* An example ends where something goes wrong; a program might not. */
static void
check(int error)
{
    if (error < 0) {
        fprintf(stderr, "references: %s\n", weir_strerror(error));
        exit(1);
    }
}

static weir_object *
made(weir_object *o)
{
    if (o == NULL) {
        check(weir_error());
    }
    return o;
}

static void
show(const char *when, const weir_object *o)
{
    printf("%-34s %lld\n", when, (long long)weir_refcount(o));
}

int
main(void)
{
    weir_object *x;
    weir_object *list;
    weir_object *tuple;
    weir_object *dict;
    weir_object *cell;
    weir_object *got;

    check(weir_start(NULL));
    list = made(weir_list_new());
    dict = made(weir_dict_new());

    x = made(weir_str_from("a string"));
    show("made", x);
    check(weir_list_append(list, x));
    show("in a list", x);
    tuple = made(weir_tuple_pack(2, (weir_object *[]){x, x}));
    show("twice in a tuple", x);
    check(weir_dict_set(dict, x, x));
    show("key and value in a dict", x);
    cell = made(weir_cell_new(x));
    show("in a cell", x);

    got = made(weir_list_get(list, 0));
    show("read from the list: one's own", x);
    weir_decref(got);
    show("that given back", x);
    check(weir_dict_delete(dict, x));
    show("deleted from the dict", x);

    weir_decref(cell);
    weir_decref(dict);
    show("cell and dict have died", x);
    weir_decref(tuple);
    show("the tuple too", x);
    weir_decref(list);
    show("the list too", x);
    weir_decref(x);

    /* Small ints are immortal: the count does not move. */
    x = weir_int_new(7);
    weir_decref(x);
    weir_decref(x);
    printf("%-34s %s\n", "7 is immortal", weir_is_immortal(x) ? "yes" : "no");
    check(weir_stop());
    return 0;
}
