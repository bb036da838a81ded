/* SPDX-License-Identifier: MIT */
/*
 * kinds/str_number.c - ints as decimal digits, and back.
 *
 * By hand rather than with strtoll(): that one skips spaces, stops at a NUL
 * and leaves the locale a say.
 */
#include "kinds/str.h"

#include "kinds/int.h"
#include "kinds/kinds.h"

enum { DIGITS_MAX = 20 }; /* of an int64_t, the sign included */

weir_object *
weir_int_to_str(const weir_object *n)
{
    WR_SITE();
    int error = wr_check_kind(n, WR_META_INT);
    char digits[DIGITS_MAX];
    char *at = digits + DIGITS_MAX;
    uint64_t rest;
    int64_t value;

    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    value = wr_int_value(n);
    /* Of the smallest int only the unsigned magnitude exists. */
    rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    /* Ends: 19 digits at most. */
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0) {
        *--at = '-';
    }
    return weir_str_new(at, (size_t)(digits + DIGITS_MAX - at));
}

/*
 * The number that `length` bytes spell.  It is built up below zero, where
 * there is room for all of them.  Returns 0, WEIR_EINVAL or WEIR_ERANGE; a
 * byte that is no digit is found also behind a number that is too large.
 */
static int
parse(const char *bytes, size_t length, int64_t *out)
{
    bool negative = length > 0 && bytes[0] == '-';
    size_t i = negative || (length > 0 && bytes[0] == '+');
    bool fits = true;
    int64_t value = 0;

    if (i == length) {
        return WEIR_EINVAL;
    }
    for (; i < length; i++) {
        if (bytes[i] < '0' || bytes[i] > '9') {
            return WEIR_EINVAL;
        }
        fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_sub_overflow(value, bytes[i] - '0', &value);
    }
    if (fits && !negative) {
        fits = !__builtin_sub_overflow(INT64_C(0), value, &value);
    }
    *out = value;
    return fits ? WEIR_OK : WEIR_ERANGE;
}

weir_object *
weir_str_to_int(const weir_object *s)
{
    WR_SITE();
    int error = wr_check_kind(s, WR_META_STR);
    int64_t value = 0;

    if (error == WEIR_OK) {
        error =
            parse(wr_str_of(s)->bytes, (size_t)wr_str_of(s)->length, &value);
    }
    if (wr_unlikely(error != WEIR_OK)) {
        return wr_fail(error);
    }
    return weir_int_new(value);
}
