/* SPDX-License-Identifier: MIT */
/*
 * tests/reference.h - the collector again: simple, slow, obviously right.
 *
 * It walks every block of the collectable region, keeps what it learns in a
 * hash map, follows the three steps to the letter, and predicts what a
 * collection will leave: which objects, and with which counts.  It shares
 * with the real one only how a live block is recognised and the plain way of
 * visiting children; it uses neither touched pools nor old bitmaps nor side
 * bytes.
 */
#ifndef WR_TESTS_REFERENCE_H
#define WR_TESTS_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/object.h>

struct wr_reference;

/* Call fn for every live object of the collectable region.  Caller: no other
 * thread runs. */
void wr_reference_walk(void (*fn)(weir_object *o, void *context),
                       void *context);

/*
 * Predict a collection of this generation.  No finalizers are foreseen.
 * Caller: no other thread runs.
 */
struct wr_reference *wr_reference_predict(int generation);

/* How many objects the collection will look at, and find unreachable. */
size_t wr_reference_candidates(const struct wr_reference *reference);
size_t wr_reference_garbage(const struct wr_reference *reference);

/* True if o will be found unreachable. */
bool wr_reference_is_garbage(const struct wr_reference *reference,
                             const weir_object *o);

/*
 * Compare the heap with the prediction.  NULL if they agree, else what is
 * wrong, in a buffer that lives until the next call.  The data of each weak
 * reference with a callback points to an unsigned, in which the callback does
 * nothing but count; it outlives the weak reference.
 */
const char *wr_reference_compare(const struct wr_reference *reference);

void wr_reference_free(struct wr_reference *reference);

#endif
