/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/witness.h - objects that say when they die.
 *
 * A count that drops too late leaks and one that drops too early crashes, but
 * neither changes a sum.  So a program makes some of its objects from a type
 * with a finalizer that counts: at the end as many must have died as were
 * made.  Few enough, one in a thousand, that their finalizers do not show in
 * what is measured.
 */
#ifndef WR_STRESS_WITNESS_H
#define WR_STRESS_WITNESS_H

#include <weir/weir.h>

struct wr_witness { /* SHARED */
    /* [const] instances of it are counted when they die */
    weir_type *type;

    /* [atomic: added relaxed by any worker; read after they have ended] */
    uint64_t deaths;
};

static inline void
wr_witness_died(weir_object *o, void *data)
{
    struct wr_witness *witness = data;

    (void)o;
    (void)weir_fetch_add_relaxed(&witness->deaths, UINT64_C(1));
}

/* Make the type, with so many slots; *witness must outlive the objects.
 * Returns 0 or an error. */
static inline int
wr_witness_make(struct wr_witness *witness, uint32_t slots)
{
    witness->deaths = 0;
    witness->type =
        weir_instance_type("witness", slots, 0, wr_witness_died, witness);
    return witness->type == NULL ? weir_error() : 0;
}

/* True when `made` objects were made and each has died once; where nothing is
 * counted, none may have. */
static inline bool
wr_witness_all_died(const struct wr_witness *witness, uint64_t made)
{
    return weir_load_relaxed(&witness->deaths) == (wr_cfg_counted ? made : 0);
}

#endif
