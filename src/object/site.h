/* SPDX-License-Identifier: MIT */
/*
 * object/site.h - where an object was allocated, for the reports of a debug
 * build.
 *
 * The one idea: the site is the return address of the public call that made
 * the object, so it names a line of the user's and survives whatever the call
 * does inside.  A public call says WR_SITE() first; the address goes to the
 * thread, unless an outer call of the runtime has put its own there, and the
 * allocation takes it from there.
 *
 * A table beside the heap has a 32-bit number per 32 bytes, the smallest
 * block, committed as it is touched; a second one has the address of each
 * number.  Freeing changes neither, so a block remembers where the object that
 * died there came from until it is used again.
 *
 * At debug level 0 all of this is empty.
 */
#ifndef WR_OBJECT_SITE_H
#define WR_OBJECT_SITE_H

#include "object/quiet.h"

/* Room for wr_site_text(). */
enum { WR_SITE_TEXT = 256 };

/*
 * Make the tables.  Without the address space for them reports do without
 * sites.  Caller: runtime start, heap up.
 */
void wr_sites_start(void);

/* Give them back.  Caller: runtime stop; harmless if not started. */
void wr_sites_stop(void);

/* Where the object now or last at o was allocated; NULL if nobody knows. */
const void *wr_site_of(const weir_object *o);

/*
 * A site for people: "main+0x1b (./prog+0x11d2)", or "./prog+0x11d2" where no
 * symbol covers it; the last word is what addr2line takes.  text: room for
 * WR_SITE_TEXT bytes.
 */
void wr_site_text(const void *site, char *text);

/* [owner] whose objects this thread is making; NULL: no public call runs */
extern __thread const void *wr_site_now
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* The part of wr_site_note() that is not in line. */
void wr_site_put(const weir_object *o, const void *fallback);

/* Say what was done to a dead object, what it was and whence, and die. */
_Noreturn void wr_misuse(const char *what, const weir_object *o)
    __attribute__((cold));

static inline const void *
wr_site_enter(const void *site)
{
    const void *outer = wr_site_now;

    if (outer == NULL) {
        wr_site_now = site;
    }
    return outer;
}

static inline void
wr_site_leave(const void **outer)
{
    wr_site_now = *outer;
}

/*
 * First in a public function that allocates objects: they are its caller's,
 * up to the end of the function.
 */
#if WEIR_DEBUG >= 1
#define WR_SITE()                                                              \
    const void *wr_site_outer_                                                 \
        __attribute__((cleanup(wr_site_leave), unused)) =                      \
            wr_site_enter(__builtin_return_address(0))
#else
#define WR_SITE() ((void)0)
#endif

/*
 * Note the site of a new object, or NULL.  In line, so that a function without
 * WR_SITE() is taken for a public one.
 */
static inline __attribute__((always_inline)) void
wr_site_note(const weir_object *o)
{
    if (WEIR_DEBUG >= 1) {
        wr_quiet_check();
        wr_site_put(o, __builtin_return_address(0));
    }
}

/*
 * Around user code that runs inside a call: what it allocates is its own.
 * site: NULL before, and what that returned after.
 */
static inline const void *
wr_site_swap(const void *site)
{
    const void *before = NULL;

    if (WEIR_DEBUG >= 1) {
        before = wr_site_now;
        wr_site_now = site;
    }
    return before;
}

/*
 * What every public call does to the objects it is given: at debug levels
 * above 0, see that they are alive and that the call is allowed here.  The
 * load is relaxed: a check must not order what it checks.
 */
static inline void
wr_check_alive(const weir_object *o)
{
    wr_quiet_check();
    if (WEIR_DEBUG >= 1 && wr_unlikely(wr_ref_value(o) == 0)) {
        wr_misuse("dead object used", o);
    }
}

/* The same for n objects a call takes over; NULLs among them are fine. */
static inline void
wr_check_alive_each(size_t n, weir_object *const objects[])
{
    for (size_t i = 0; WEIR_DEBUG >= 1 && objects != NULL && i < n; i++) {
        if (objects[i] != NULL) {
            wr_check_alive(objects[i]);
        }
    }
}

#endif
