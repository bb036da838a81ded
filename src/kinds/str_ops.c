/* SPDX-License-Identifier: MIT */
/*
 * kinds/str_ops.c - strings made from one or two strings, and questions.
 *
 * Nothing here locks: a string does not change, and the caller's reference
 * keeps it alive.  A result that would have the bytes of an argument is that
 * argument, so the common cases at the edges copy nothing.
 */
#include "kinds/str.h"

#include "kinds/kinds.h"

#include <string.h>

/* 0 if both are strings, else the error to return. */
static inline int
check_two(const weir_object *a, const weir_object *b)
{
    int error = wr_check_kind(a, WR_META_STR);

    if (error == WEIR_OK || b == NULL) {
        error = wr_check_kind(b, WR_META_STR);
    }
    return error;
}

static inline size_t
length_of(const weir_object *o)
{
    return (size_t)wr_str_of(o)->length;
}

static inline const char *
bytes_of(const weir_object *o)
{
    return wr_str_of(o)->bytes;
}

weir_object *
weir_str_concat(weir_object *a, weir_object *b)
{
    WR_SITE();
    int error = check_two(a, b);
    struct wr_str *s;
    size_t length;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    if (length_of(a) == 0) {
        return weir_newref(b);
    }
    if (length_of(b) == 0) {
        return weir_newref(a);
    }
    /* Neither is above half of the range, so the sum is in it. */
    length = length_of(a) + length_of(b);
    if (wr_unlikely(length > WEIR_STR_MAX)) {
        return wr_fail(WEIR_ELIMIT);
    }
    s = wr_str_alloc(length);
    if (wr_unlikely(s == NULL)) {
        return NULL;
    }
    memcpy(s->bytes, bytes_of(a), length_of(a));
    memcpy(s->bytes + length_of(a), bytes_of(b), length_of(b));
    wr_ref_init(&s->base);
    return &s->base;
}

weir_object *
weir_str_slice(weir_object *s, size_t from, size_t to)
{
    WR_SITE();
    int error = wr_check_kind(s, WR_META_STR);

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    if (wr_unlikely(from > to || to > length_of(s))) {
        return wr_fail(WEIR_ERANGE);
    }
    if (to - from == length_of(s)) {
        return weir_newref(s);
    }
    return weir_str_new(bytes_of(s) + from, to - from);
}

/* Write `times` copies of the bytes of s, each step doubling what is there. */
static void
fill_repeated(char *to, const weir_object *s, size_t total)
{
    size_t done = length_of(s);

    memcpy(to, bytes_of(s), done);
    /* Ends: `done` grows, up to total. */
    while (done < total) {
        size_t part = done < total - done ? done : total - done;

        memcpy(to + done, to, part);
        done += part;
    }
}

weir_object *
weir_str_repeat(weir_object *s, size_t times)
{
    WR_SITE();
    int error = wr_check_kind(s, WR_META_STR);
    struct wr_str *result;
    size_t total;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    if (times == 1 || length_of(s) == 0) {
        return weir_newref(s);
    }
    if (times == 0) {
        return weir_str_new(NULL, 0);
    }
    if (wr_unlikely(__builtin_mul_overflow(length_of(s), times, &total) ||
                    total > WEIR_STR_MAX)) {
        return wr_fail(WEIR_ELIMIT);
    }
    result = wr_str_alloc(total);
    if (wr_unlikely(result == NULL)) {
        return NULL;
    }
    fill_repeated(result->bytes, s, total);
    wr_ref_init(&result->base);
    return &result->base;
}

int
weir_str_compare(const weir_object *a, const weir_object *b, int *order)
{
    int error = check_two(a, b);
    size_t common;
    int sign;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(order == NULL)) {
        return WEIR_EINVAL;
    }
    common = length_of(a) < length_of(b) ? length_of(a) : length_of(b);
    sign = memcmp(bytes_of(a), bytes_of(b), common);
    if (sign == 0) {
        *order = (length_of(a) > common) - (length_of(b) > common);
    } else {
        *order = sign < 0 ? -1 : 1;
    }
    return WEIR_OK;
}

int64_t
weir_str_find(const weir_object *s, const weir_object *what, size_t from)
{
    int error = check_two(s, what);
    const char *found;

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    if (wr_unlikely(from > length_of(s))) {
        return WEIR_ERANGE;
    }
    found = memmem(bytes_of(s) + from, length_of(s) - from, bytes_of(what),
                   length_of(what));
    return found != NULL ? found - bytes_of(s) : WEIR_ENOKEY;
}

/* 1 if the bytes of `part` stand in s at the position given, else 0. */
static int
stands_at(const weir_object *s, const weir_object *part, size_t at)
{
    return memcmp(bytes_of(s) + at, bytes_of(part), length_of(part)) == 0;
}

int
weir_str_starts_with(const weir_object *s, const weir_object *prefix)
{
    int error = check_two(s, prefix);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    return length_of(prefix) <= length_of(s) && stands_at(s, prefix, 0);
}

int
weir_str_ends_with(const weir_object *s, const weir_object *suffix)
{
    int error = check_two(s, suffix);

    if (wr_unlikely(error != WEIR_OK)) {
        return error;
    }
    return length_of(suffix) <= length_of(s) &&
           stands_at(s, suffix, length_of(s) - length_of(suffix));
}
