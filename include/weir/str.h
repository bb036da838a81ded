/* SPDX-License-Identifier: MIT */
/*
 * weir/str.h - strings of bytes.
 *
 * A string never changes and refers to nothing.  It may hold any bytes, NUL
 * included; one more NUL follows them, which the length does not count.
 *
 * Bytes are bytes: no call knows an encoding.  Positions and lengths count
 * bytes, comparing is by the value of bytes from 0 to 255, and a slice of
 * UTF-8 may begin in the middle of a character.
 *
 * A string has at most WEIR_STR_MAX bytes; a result that would have more is
 * refused with WEIR_ELIMIT.  A result with the bytes of an argument may be
 * that argument, with one more reference.  Two equal strings need not be the
 * same object: weir_equal() (weir/hash.h) compares them.
 *
 * Every call needs the calling thread attached (weir/thread.h) and never
 * collects.  What is said to be a string is WEIR_EINVAL if it is NULL, and
 * WEIR_ETYPE if it is another object.  Unless a call says otherwise it takes
 * no lock.
 */
#ifndef WEIR_STR_H
#define WEIR_STR_H

#include <stdarg.h>

#include <weir/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most bytes a string can have. */
#define WEIR_STR_MAX (SIZE_MAX / 2)

/*
 * A string with a copy of `length` bytes, a new reference.  bytes may be NULL
 * when length is 0.  NULL with WEIR_ENOMEM, WEIR_EINVAL (bytes is NULL) or
 * WEIR_ELIMIT (length above WEIR_STR_MAX).
 */
WEIR_API WEIR_OWNED weir_object *weir_str_new(const char *bytes, size_t length);

/*
 * A string with a copy of the bytes before the NUL, a new reference.  Errors
 * as for weir_str_new().
 */
WEIR_API WEIR_OWNED weir_object *weir_str_from(const char *text);

/*
 * The one interned string with these bytes: two calls with equal bytes return
 * the same object, from any thread.  It is immortal, so the new reference
 * need not be dropped.  Errors as for weir_str_new().  Holds the lock of the
 * intern table meanwhile.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_intern(const char *bytes,
                                                 size_t length);

/*
 * The bytes of o, valid as long as the caller has a reference to it; *length,
 * unless length is NULL, is set to their number.  NULL with WEIR_EINVAL (o is
 * NULL) or WEIR_ETYPE.
 */
WEIR_API const char *weir_str_data(const weir_object *o, size_t *length);

/* True if o is a string; false for NULL. */
WEIR_API bool weir_is_str(const weir_object *o);

/* ---- making strings from strings ---------------------------------------- */

/*
 * The bytes of a followed by those of b, a new reference.  NULL with
 * WEIR_EINVAL, WEIR_ETYPE, WEIR_ELIMIT or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_concat(weir_object *a,
                                                 weir_object *b);

/*
 * The strings in a list or tuple, in order, with the separator between each
 * two; a new reference.  No items: the empty string.
 *
 * A list that other threads change is joined as it was at one moment: a list
 * is copied under its lock, with a reference to each item, before anything is
 * looked at.  While it waits for that lock the thread counts as stopped.
 *
 * NULL with WEIR_EINVAL (an argument is NULL), WEIR_ETYPE (the separator or an
 * item is no string, items neither list nor tuple), WEIR_ESTATE (an item of a
 * tuple is unset), WEIR_ELIMIT or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_join(weir_object *separator,
                                               weir_object *items);

/*
 * The bytes from position `from` up to but not including position `to`, a new
 * reference.  NULL with WEIR_EINVAL, WEIR_ETYPE, WEIR_ERANGE (from above to,
 * or to above the length) or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_slice(weir_object *s, size_t from,
                                                size_t to);

/*
 * The bytes of s, `times` times over; a new reference.  NULL with
 * WEIR_EINVAL, WEIR_ETYPE, WEIR_ELIMIT or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_repeat(weir_object *s, size_t times);

/*
 * What printf() would print, a new reference.  %s takes C strings, not
 * objects: pass weir_str_data(), or `%.*s` for bytes with a NUL in them.
 *
 * NULL with WEIR_EINVAL (format is NULL, or the C library calls it wrong),
 * WEIR_ELIMIT (above INT_MAX bytes) or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The same with the arguments in a list, which is left as vprintf() does. */
WEIR_API WEIR_OWNED weir_object *weir_str_vformat(const char *format,
                                                  va_list arguments)
    __attribute__((format(printf, 1, 0)));

/* ---- looking at strings ------------------------------------------------- */

/*
 * Write to *order how a and b are ordered: -1 if a comes first, 0 if they are
 * equal, 1 if b comes first.  The first byte that differs decides, as an
 * unsigned number; a string comes before those that it begins.
 * Returns 0, WEIR_EINVAL (also for order NULL) or WEIR_ETYPE.
 */
WEIR_API int weir_str_compare(const weir_object *a, const weir_object *b,
                              int *order);

/*
 * The position at which `what` first occurs in s, at `from` or later.  The
 * empty string occurs everywhere, also at the end.  Returns it, or
 * WEIR_ENOKEY when it does not occur, WEIR_EINVAL, WEIR_ETYPE or WEIR_ERANGE
 * (from is above the length).
 */
WEIR_API int64_t weir_str_find(const weir_object *s, const weir_object *what,
                               size_t from);

/*
 * Does s begin with the bytes of `prefix`, or end with those of `suffix`?
 * Returns 1 or 0, or WEIR_EINVAL or WEIR_ETYPE.
 */
WEIR_API int weir_str_starts_with(const weir_object *s,
                                  const weir_object *prefix);
WEIR_API int weir_str_ends_with(const weir_object *s,
                                const weir_object *suffix);

/* ---- numbers ------------------------------------------------------------ */

/*
 * The int n in decimal digits, a '-' in front if it is negative; a new
 * reference.  NULL with WEIR_EINVAL (n is NULL), WEIR_ETYPE or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_int_to_str(const weir_object *n);

/*
 * The int that the whole of s spells, a new reference: an optional '+' or '-',
 * then decimal digits and nothing else, no spaces either.  NULL with
 * WEIR_EINVAL (s is NULL, or spells no number), WEIR_ETYPE, WEIR_ERANGE (the
 * number does not fit 64 bits) or WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_to_int(const weir_object *s);

/* ---- building a string piece by piece ----------------------------------- */

/*
 * A builder stands on the C stack and belongs to one thread at a time.
 *
 *     weir_str_builder b;
 *
 *     weir_str_builder_init(&b);
 *     weir_str_builder_add_str(&b, name);
 *     weir_str_builder_add_format(&b, " is %d years old", age);
 *     sentence = weir_str_builder_finish(&b);
 *
 * The first error sticks: every later call returns it and adds nothing, and
 * finish reports it; so the calls in between need not be looked at.  After
 * init, finish and abandon the builder is empty and owns no memory.  It is not
 * copied or moved in between.
 */
typedef struct weir_str_builder {
    /* Nothing here is for users. */
    char *bytes; /* NULL: in `small` */
    size_t length;
    size_t capacity; /* of bytes */
    int error;
    char small[100];
} weir_str_builder;

/* Make the builder empty.  Any thread, attached or not. */
WEIR_API void weir_str_builder_init(weir_str_builder *b);

/*
 * Add bytes (not the builder's own), the bytes of a string object, one byte,
 * or what printf() would print.
 *
 * Returns 0 or the error that sticks: WEIR_EINVAL (bytes or s or format is
 * NULL; bytes may be NULL when length is 0), WEIR_ETYPE (s is no string),
 * WEIR_ELIMIT or WEIR_ENOMEM.
 */
WEIR_API int weir_str_builder_add(weir_str_builder *b, const char *bytes,
                                  size_t length);
WEIR_API int weir_str_builder_add_str(weir_str_builder *b,
                                      const weir_object *s);
WEIR_API int weir_str_builder_add_char(weir_str_builder *b, char c);
WEIR_API int weir_str_builder_add_format(weir_str_builder *b,
                                         const char *format, ...)
    __attribute__((format(printf, 2, 3)));
WEIR_API int weir_str_builder_add_vformat(weir_str_builder *b,
                                          const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Bytes added so far.  Any thread, attached or not. */
WEIR_API size_t weir_str_builder_length(const weir_str_builder *b);

/*
 * A string of all that was added, a new reference; the builder is empty
 * afterwards, also on failure.  NULL with the error that stuck, or
 * WEIR_ENOMEM.
 */
WEIR_API WEIR_OWNED weir_object *weir_str_builder_finish(weir_str_builder *b);

/*
 * Forget what was added, and the error; the builder is empty afterwards.  Any
 * thread, attached or not, also after weir_stop().
 */
WEIR_API void weir_str_builder_abandon(weir_str_builder *b);

#ifdef __cplusplus
}
#endif
#endif
