/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_free.c - give back what was planned and kept.
 */
#include "lab/contend.h"

#include <stdlib.h>

static void
free_side(struct wr_side *side)
{
    for (size_t i = 0; i < side->nworkers; i++) {
        free(side->workers[i].samples);
    }
    for (size_t i = 0; i < side->nlaggards; i++) {
        free(side->laggards[i].place);
    }
    free(side->samples);
    free(side->workers);
    free(side->handoffs);
    free(side->laggards);
}

void
wr_contend_free(struct wr_contend *contend)
{
    for (size_t i = 0; i < contend->nsides; i++) {
        free_side(&contend->sides[i]);
    }
    for (size_t i = 0; i < contend->nmatches; i++) {
        struct wr_match *match = &contend->matches[i];

        for (size_t k = 0; k < match->nparams; k++) {
            free(match->params[k]);
        }
        free(match->params);
    }
    for (size_t i = 0; i < contend->ncatalogs; i++) {
        wr_catalog_free(&contend->catalogs[i]);
    }
    free(contend->sides);
    free(contend->matches);
    free(contend->catalogs);
}
