/* SPDX-License-Identifier: MIT */
/*
 * weak-cache.c - a cache that keeps nothing alive.
 *
 * The dict owns weak references only.  While somebody uses a page the cache
 * finds it; with its last user the page dies, and a callback takes the entry
 * out of the dict.
 */
#include <weir/weir.h>

#include <inttypes.h>
#include <stdio.h>

static weir_object *cache;
static weir_type *page_type;

/* The page of `name` is dead; forget its entry. */
static void
forget(weir_object *weak, weir_object *name, void *data)
{
    (void)weak;
    (void)data;
    printf("  %s has died\n", weir_str_data(name, NULL));
    weir_dict_delete(cache, name);
}

/* The page of that name: the one in use, or a fresh one.  New reference. */
static weir_object *
page(const char *text)
{
    weir_object *name = weir_str_from(text);
    weir_object *weak = weir_dict_get(cache, name);
    weir_object *found = weak != NULL ? weir_weak_get(weak) : NULL;

    printf("  %s: %s\n", text, found != NULL ? "found" : "made");
    if (found == NULL) {
        weir_xdecref(weak);
        found = weir_instance_new(page_type);
        weak = weir_weak_new(found, forget, name, NULL);
        weir_dict_set(cache, name, weak);
    }
    weir_decref(weak);
    weir_decref(name);
    return found;
}

static void
say_size(const char *when)
{
    printf("%s: %" PRId64 " in the cache\n", when, weir_dict_size(cache));
}

int
main(void)
{
    weir_object *first, *again, *other;

    if (weir_start(NULL) != WEIR_OK) {
        return 1;
    }
    cache = weir_dict_new();
    page_type = weir_instance_type("page", 2, 0, NULL, NULL);

    first = page("index");
    again = page("index");
    other = page("about");
    printf("the same object: %s\n", first == again ? "yes" : "no");
    say_size("in use");

    weir_decref(first);
    say_size("one user of index less");
    weir_decref(again);
    say_size("no user of index");
    weir_decref(other);
    say_size("nobody left");
    weir_decref(cache);
    return weir_stop() == WEIR_OK ? 0 : 1;
}
