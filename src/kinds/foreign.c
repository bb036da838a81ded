/* SPDX-License-Identifier: MIT */
/*
 * kinds/foreign.c - types whose objects hold C data beside references.
 *
 * The runtime learns two functions and no layout, so most of the work is done
 * elsewhere: object/dealloc.c and collect/ traverse and release.  A type
 * without traverse owns no references; its objects are atoms to the
 * collector and stay out of its region [inv:foreign.place].
 */
#include "kinds/foreign.h"

#include "kinds/kinds.h"

#include <weir/instance.h>

#include <string.h>

/* Bytes of an object, header and link included. */
static size_t
object_size(size_t bytes)
{
    size_t size = sizeof(struct wr_foreign) + bytes;

    return size > WR_BLOCK_MIN ? size : WR_BLOCK_MIN;
}

weir_type *
weir_foreign_type(const weir_foreign_spec *given)
{
    struct wr_type_spec spec = {.kind = WR_KIND_FOREIGN};
    struct weir_type *type;
    int error = WEIR_OK;

    if (given == NULL || given->size != sizeof(*given) || given->name == NULL) {
        return wr_fail(WEIR_EINVAL);
    }
    if ((given->flags & ~(uint32_t)WEIR_TYPE_LEGACY_FINALIZER) != 0) {
        return wr_fail(WEIR_EINVAL);
    }
    if (given->bytes > WEIR_FOREIGN_BYTES_MAX) {
        return wr_fail(WEIR_ELIMIT);
    }
    spec.name = given->name;
    spec.collectable = given->traverse != NULL;
    spec.size = object_size(given->bytes);
    spec.finalize = given->finalize;
    spec.traverse = given->traverse;
    spec.release = given->release;
    spec.data = given->data;
    spec.legacy = (given->flags & WEIR_TYPE_LEGACY_FINALIZER) != 0;
    type = wr_type_new(&spec, &error);
    return type != NULL ? type : wr_fail(error);
}

weir_object *
weir_foreign_new(weir_type *type)
{
    WR_SITE();
    weir_object *o;

    if (wr_unlikely(type == NULL)) {
        return wr_fail(WEIR_EINVAL);
    }
    if (wr_unlikely((type->meta & 0xffU) != WR_KIND_FOREIGN)) {
        return wr_fail(WEIR_ETYPE);
    }
    o = wr_object_alloc(wr_self(), type, type->space, type->size);
    if (wr_unlikely(o == NULL)) {
        return NULL;
    }
    /* [inv:foreign.place] */
    WEIR_ASSERT(wr_in_gc(o) == (type->traverse != NULL));
    memset(wr_foreign_of(o)->fields, 0, type->size - sizeof(struct wr_foreign));
    wr_ref_init(o);
    return o;
}

bool
weir_is_foreign(const weir_object *o, const weir_type *type)
{
    return o != NULL && type != NULL && o->meta == type->meta &&
           wr_kind_of(o) == WR_KIND_FOREIGN;
}
