/* SPDX-License-Identifier: MIT */
/*
 * weir/error.h - error codes of the public interface.
 *
 * A call that returns int gives 0 or a negative code below; a call that
 * returns a pointer gives NULL and leaves the code with the calling thread,
 * where weir_error() reads it.  A failed call changes no object and writes no
 * output argument.
 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what the library exports; everything else stays hidden. */
#define WEIR_API __attribute__((visibility("default")))

enum {
    WEIR_OK = 0,
    WEIR_ENOMEM = -1,    /* no memory */
    WEIR_EINVAL = -2,    /* an argument is NULL or outside its domain */
    WEIR_ETYPE = -3,     /* the object is not of the kind the call needs */
    WEIR_ERANGE = -4,    /* index outside the container, number too large */
    WEIR_ENOKEY = -5,    /* no such key, attribute, substring or handle */
    WEIR_ESTATE = -6,    /* runtime not started, or thread not attached */
    WEIR_EABI = -7,      /* headers and library do not belong together */
    WEIR_ELIMIT = -8,    /* a documented limit would be passed */
    WEIR_EBUSY = -9,     /* other threads still use what should end */
    WEIR_ECHANGED = -10, /* container changed shape while iterated */
    WEIR_EDEAD = -11     /* the target of a weak reference is dead */
};

/*
 * The last error of a pointer-returning call on this thread.  It is not reset
 * by calls that succeed.  Any thread; WEIR_ESTATE when it is not attached.
 */
WEIR_API int weir_error(void);

/* A constant English phrase for a code; never NULL.  Any thread. */
WEIR_API const char *weir_strerror(int code);

#ifdef __cplusplus
}
#endif
#endif
