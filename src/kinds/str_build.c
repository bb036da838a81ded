/* SPDX-License-Identifier: MIT */
/*
 * kinds/str_build.c - strings built piece by piece.
 *
 * The bytes stand in the builder itself until they outgrow it, then in memory
 * of the C library: the builder belongs to no thread's heap, so it can be
 * abandoned by any thread at any time.  What does not fit is not added in
 * part: an error leaves the bytes as they were, and sticks.
 */
#include "kinds/str.h"

#include "base/mem.h"
#include "kinds/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void
weir_str_builder_init(weir_str_builder *b)
{
    if (b != NULL) {
        b->bytes = NULL;
        b->length = 0;
        b->capacity = sizeof(b->small);
        b->error = WEIR_OK;
    }
}

void
weir_str_builder_abandon(weir_str_builder *b)
{
    if (b != NULL) {
        wr_mem_free(b->bytes);
        weir_str_builder_init(b);
    }
}

size_t
weir_str_builder_length(const weir_str_builder *b)
{
    return b != NULL ? b->length : 0;
}

static inline char *
bytes_of(weir_str_builder *b)
{
    return b->bytes != NULL ? b->bytes : b->small;
}

/* Remember the first error.  Returns it. */
static int
stick(weir_str_builder *b, int error)
{
    if (b->error == WEIR_OK) {
        b->error = error;
    }
    return b->error;
}

/* Make room for `more` bytes; 0 or the error that sticks. */
static int
reserve(weir_str_builder *b, size_t more)
{
    size_t capacity;
    char *bytes;

    if (wr_likely(more <= b->capacity - b->length)) {
        return WEIR_OK;
    }
    if (more > WEIR_STR_MAX - b->length) {
        return stick(b, WEIR_ELIMIT);
    }
    /* Twice as much, so that adding is cheap on average.  Half of the range
     * of a size_t is the limit, so this does not overflow. */
    capacity = b->capacity * 2;
    if (capacity < b->length + more) {
        capacity = b->length + more;
    }
    bytes = wr_mem_realloc(b->bytes, capacity);
    if (bytes == NULL) {
        return stick(b, WEIR_ENOMEM);
    }
    if (b->bytes == NULL) {
        memcpy(bytes, b->small, b->length);
    }
    b->bytes = bytes;
    b->capacity = capacity;
    return WEIR_OK;
}

int
weir_str_builder_add(weir_str_builder *b, const char *bytes, size_t length)
{
    if (wr_unlikely(b == NULL)) {
        return WEIR_EINVAL;
    }
    if (wr_unlikely(b->error != WEIR_OK)) {
        return b->error;
    }
    if (length == 0) {
        return WEIR_OK;
    }
    if (wr_unlikely(bytes == NULL)) {
        return stick(b, WEIR_EINVAL);
    }
    if (reserve(b, length) == WEIR_OK) {
        memcpy(bytes_of(b) + b->length, bytes, length);
        b->length += length;
    }
    return b->error;
}

int
weir_str_builder_add_str(weir_str_builder *b, const weir_object *s)
{
    int error = wr_check_kind(s, WR_META_STR);

    if (wr_unlikely(b == NULL)) {
        return WEIR_EINVAL;
    }
    if (wr_unlikely(error != WEIR_OK)) {
        return stick(b, error);
    }
    return weir_str_builder_add(b, wr_str_of(s)->bytes,
                                (size_t)wr_str_of(s)->length);
}

int
weir_str_builder_add_char(weir_str_builder *b, char c)
{
    return weir_str_builder_add(b, &c, 1);
}

/* Why vsnprintf() failed, as one of our codes. */
static int
format_error(void)
{
    switch (errno) {
    case ENOMEM:
        return WEIR_ENOMEM;
    case EOVERFLOW:
        return WEIR_ELIMIT;
    default:
        return WEIR_EINVAL;
    }
}

/*
 * Print to the end of the bytes.  Returns what vsnprintf() would: the bytes
 * it takes, of which only those are there that fit, less one for the NUL.
 */
static int __attribute__((format(printf, 2, 0)))
print(weir_str_builder *b, const char *format, va_list arguments)
{
    va_list copy;
    int n;

    va_copy(copy, arguments);
    n = vsnprintf(bytes_of(b) + b->length, b->capacity - b->length, format,
                  copy);
    va_end(copy);
    return n;
}

int
weir_str_builder_add_vformat(weir_str_builder *b, const char *format,
                             va_list arguments)
{
    int before = errno;
    int n;

    if (wr_unlikely(b == NULL)) {
        return WEIR_EINVAL;
    }
    if (wr_unlikely(b->error != WEIR_OK)) {
        return b->error;
    }
    if (wr_unlikely(format == NULL)) {
        return stick(b, WEIR_EINVAL);
    }
    n = print(b, format, arguments);
    if (n >= 0 && (size_t)n >= b->capacity - b->length) {
        if (reserve(b, (size_t)n + 1) != WEIR_OK) {
            return b->error;
        }
        /* %m prints errno. */
        errno = before;
        n = print(b, format, arguments);
    }
    if (n < 0) {
        return stick(b, format_error());
    }
    if ((size_t)n >= b->capacity - b->length) {
        /* An argument has changed in between. */
        return stick(b, WEIR_EINVAL);
    }
    b->length += (size_t)n;
    return WEIR_OK;
}

int
weir_str_builder_add_format(weir_str_builder *b, const char *format, ...)
{
    va_list arguments;
    int error;

    va_start(arguments, format);
    error = weir_str_builder_add_vformat(b, format, arguments);
    va_end(arguments);
    return error;
}

weir_object *
weir_str_builder_finish(weir_str_builder *b)
{
    WR_SITE();
    weir_object *result;

    if (wr_unlikely(b == NULL)) {
        return wr_fail(WEIR_EINVAL);
    }
    if (wr_likely(b->error == WEIR_OK)) {
        result = weir_str_new(bytes_of(b), b->length);
    } else {
        result = wr_fail(b->error);
    }
    weir_str_builder_abandon(b);
    return result;
}

/* ---- formatting is building in one step --------------------------------- */

weir_object *
weir_str_vformat(const char *format, va_list arguments)
{
    WR_SITE();
    weir_str_builder b;

    weir_str_builder_init(&b);
    (void)weir_str_builder_add_vformat(&b, format, arguments);
    return weir_str_builder_finish(&b);
}

weir_object *
weir_str_format(const char *format, ...)
{
    WR_SITE();
    weir_object *result;
    va_list arguments;

    va_start(arguments, format);
    result = weir_str_vformat(format, arguments);
    va_end(arguments);
    return result;
}
