/* SPDX-License-Identifier: MIT */
/*
 * foreign.c - a type with C data of its own.
 *
 * A polygon owns two references, its name and its neighbour, and an array of
 * numbers.  The type tells the runtime which fields are references (traverse)
 * and how to free the rest (release); it needs no more to die by counting, and
 * to be found where polygons are each other's neighbours.
 */
#include <weir/weir.h>

#include <stdio.h>
#include <stdlib.h>

struct polygon {
    weir_object *name;
    weir_object *neighbour; /* or NULL */
    size_t corners;
    double *points; /* two per corner, from malloc */
};

/* What release adds up. */
struct totals {
    int polygons;
    size_t corners;
};

static void
traverse(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    struct polygon *p = weir_foreign_fields(o);

    (void)data;
    visit(p->name, context);
    visit(p->neighbour, context);
}

static void
release(weir_object *o, void *data)
{
    struct polygon *p = weir_foreign_fields(o);
    struct totals *totals = data;

    totals->polygons++;
    totals->corners += p->corners;
    free(p->points);
}

static weir_object *
must(weir_object *o)
{
    if (o == NULL) {
        fprintf(stderr, "foreign: %s\n", weir_strerror(weir_error()));
        exit(1);
    }
    return o;
}

/* A new object is nobody else's: its fields are filled without its lock. */
static weir_object *
polygon_new(weir_type *type, const char *name, size_t corners)
{
    weir_object *o = must(weir_foreign_new(type));
    struct polygon *p = weir_foreign_fields(o);

    p->name = must(weir_str_from(name));
    p->points = calloc(2 * corners, sizeof(*p->points));
    p->corners = p->points != NULL ? corners : 0;
    return o;
}

/* References are taken under the lock, and old ones dropped after it. */
static void
polygon_join(weir_object *o, weir_object *neighbour)
{
    struct polygon *p = weir_foreign_fields(o);
    weir_object *old;

    weir_incref(neighbour);
    weir_object_lock(o);
    old = p->neighbour;
    p->neighbour = neighbour;
    weir_object_unlock(o);
    weir_xdecref(old);
}

int
main(void)
{
    struct totals totals = {0, 0};
    weir_foreign_spec spec = {
        .size = sizeof(spec),
        .name = "polygon",
        .bytes = sizeof(struct polygon),
        .traverse = traverse,
        .release = release,
        .data = &totals,
    };
    weir_type *type;
    weir_object *triangle;
    weir_object *square;

    if (weir_start(NULL) != 0) {
        return 1;
    }
    type = weir_foreign_type(&spec);
    if (type == NULL) {
        return 1;
    }
    printf("an object of type %s\n", weir_type_name(type));

    triangle = polygon_new(type, "triangle", 3);
    weir_decref(triangle);
    printf("dropped: %d released, %zu corners\n", totals.polygons,
           totals.corners);

    triangle = polygon_new(type, "triangle", 3);
    square = polygon_new(type, "square", 4);
    polygon_join(triangle, square);
    polygon_join(square, triangle);
    weir_decref(triangle);
    weir_decref(square);
    printf("two that name each other, dropped: %d released\n", totals.polygons);
    printf("the collector finds %lld\n", (long long)weir_gc_collect(2));
    printf("in all: %d released, %zu corners\n", totals.polygons,
           totals.corners);
    return weir_stop() == 0 ? 0 : 1;
}
