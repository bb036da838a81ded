/* SPDX-License-Identifier: MIT */
/*
 * polygon.c - a type of your own, with C data and a reference.
 *
 * A polygon owns an array of points, which the runtime knows nothing of, and
 * a reference to its style.  The type says which references an object owns
 * (traverse) and gives back the rest (release); the runtime does the dropping.
 */
#include <weir/weir.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct point {
    double x, y;
};

struct polygon {
    weir_object *style; /* owned, or NULL */
    size_t n;
    struct point *points;
};

static weir_type *polygon_type;

static struct polygon *
polygon(weir_object *o)
{
    return weir_foreign_fields(o);
}

static void
traverse(weir_object *o, weir_visit_fn visit, void *context, void *data)
{
    (void)data;
    visit(polygon(o)->style, context);
}

static void
release(weir_object *o, void *data)
{
    (void)data;
    printf("released %zu points\n", polygon(o)->n);
    free(polygon(o)->points);
}

/* A polygon with n corners on a line; a new reference, or NULL. */
static weir_object *
polygon_new(size_t n)
{
    weir_object *o = weir_foreign_new(polygon_type);

    if (o == NULL) {
        return NULL;
    }
    polygon(o)->points = calloc(n, sizeof(struct point));
    if (polygon(o)->points == NULL) {
        weir_decref(o);
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        polygon(o)->points[i].x = (double)i;
    }
    polygon(o)->n = n;
    return o;
}

/* Under the object's lock the references change hands; what is dropped is
 * dropped afterwards, for that may run anything. */
static void
polygon_set_style(weir_object *o, weir_object *style)
{
    weir_object *old;

    weir_object_lock(o);
    old = polygon(o)->style;
    polygon(o)->style = weir_newref(style);
    weir_object_unlock(o);
    weir_xdecref(old);
}

int
main(void)
{
    weir_foreign_spec spec = {
        .size = sizeof(spec),
        .name = "polygon",
        .bytes = sizeof(struct polygon),
        .traverse = traverse,
        .release = release,
    };
    weir_object *triangle, *square, *style;

    if (weir_start(NULL) != WEIR_OK) {
        return 1;
    }
    polygon_type = weir_foreign_type(&spec);
    triangle = polygon_new(3);
    square = polygon_new(4);
    printf("a %s with %zu corners\n", weir_type_name(weir_type_of(triangle)),
           polygon(triangle)->n);

    puts("a style of its own: counting frees it");
    style = weir_list_new();
    polygon_set_style(triangle, style);
    weir_decref(style);
    weir_decref(triangle);

    puts("a style that leads back to the polygon: the collector frees it");
    style = weir_list_new();
    weir_list_append(style, square);
    polygon_set_style(square, style);
    weir_decref(style);
    weir_decref(square);
    printf("collected: %" PRId64 "\n", weir_gc_collect(2));
    return weir_stop() == WEIR_OK ? 0 : 1;
}
