/* SPDX-License-Identifier: MIT */
/*
 * object/site.c - the tables of allocation sites, and the last words about a
 * dead object.
 *
 * Everything in the tables is relaxed: a site is written by the thread that
 * makes the object and read by one that was handed it, and what a report
 * finds for an object in a race may be its predecessor's.
 */
#include "object/site.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* One number per 32 bytes: blocks start at least that far apart. */
enum { BLOCK_SHIFT = 5, PLACES_SHIFT = 16, PLACES = 1 << PLACES_SHIFT };

/* Bytes of a path that a report shows, so that it stays one line. */
enum { PATH_SHOWN = 160 };

_Static_assert(WR_BLOCK_MIN == 1 << BLOCK_SHIFT, "a number per block");

struct sites { /* SHARED */
    /* [const] the mapping; NULL: there are no tables */
    void *map;
    /* [const] */
    size_t bytes;
    /* [const] the table; in it [atomic: relaxed] 1 + index of places */
    uint32_t *numbers;
    /* [const] the table; in it [atomic: CAS from 0, relaxed] addresses, found
     * by hash; they stay, so that a number means one address for good */
    uintptr_t *places;
};

/* [const] between start and stop */
static struct sites sites;

__thread const void *wr_site_now __attribute__((tls_model("initial-exec"))) =
    NULL;

void
wr_sites_start(void)
{
    size_t numbers = (wr_region.size_all >> BLOCK_SHIFT) * sizeof(uint32_t);
    size_t bytes = numbers + PLACES * sizeof(uintptr_t);
    void *map;

    if (WEIR_DEBUG == 0) {
        return;
    }
    map = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) {
        return;
    }
    sites.map = map;
    sites.bytes = bytes;
    sites.numbers = map;
    sites.places = (uintptr_t *)(void *)((char *)map + numbers);
}

void
wr_sites_stop(void)
{
    static const struct sites none;

    if (sites.map != NULL) {
        (void)munmap(sites.map, sites.bytes);
        sites = none;
    }
}

/* The number of an address; 0 when the table is full. */
static uint32_t
number_of(uintptr_t address)
{
    uint64_t hash = (uint64_t)address * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t first = (uint32_t)(hash >> (64 - PLACES_SHIFT));

    for (uint32_t i = 0; i < PLACES; i++) {
        uint32_t place = (first + i) % PLACES;
        uintptr_t seen = wr_load_relaxed(&sites.places[place]);

        if (seen == 0 && wr_cas_relaxed(&sites.places[place], &seen, address)) {
            seen = address;
        }
        if (seen == address) {
            return place + 1;
        }
    }
    return 0;
}

static uint32_t *
entry_of(const weir_object *o)
{
    size_t offset = (size_t)((uintptr_t)o - (uintptr_t)wr_region.base);

    return &sites.numbers[offset >> BLOCK_SHIFT];
}

void
wr_site_put(const weir_object *o, const void *fallback)
{
    const void *site = wr_site_now != NULL ? wr_site_now : fallback;

    if (sites.map != NULL && o != NULL) {
        WEIR_ASSERT(wr_in_region(o));
        wr_store_relaxed(entry_of(o), number_of((uintptr_t)site));
    }
}

const void *
wr_site_of(const weir_object *o)
{
    uint32_t number = 0;

    if (sites.map != NULL && wr_in_region(o)) {
        number = wr_load_relaxed(entry_of(o));
    }
    return number != 0
               ? (const void *)wr_load_relaxed(&sites.places[number - 1])
               : NULL;
}

/* The end of a path, if it is too long for a line. */
static const char *
tail_of(const char *path)
{
    size_t length = strlen(path);

    return length > PATH_SHOWN ? path + length - PATH_SHOWN : path;
}

void
wr_site_text(const void *site, char *text)
{
    /* Of the call, not of what comes after it. */
    uintptr_t at = (uintptr_t)site - 1;
    struct link_map *map = NULL;
    Dl_info info;

    if (site == NULL) {
        (void)snprintf(text, WR_SITE_TEXT, "an unknown place");
    } else if (dladdr1((const void *)at, &info, (void **)&map,
                       RTLD_DL_LINKMAP) == 0 ||
               map == NULL || info.dli_fname == NULL) {
        (void)snprintf(text, WR_SITE_TEXT, "%#jx", (uintmax_t)at);
    } else if (info.dli_sname == NULL) {
        (void)snprintf(text, WR_SITE_TEXT, "%s+%#jx", tail_of(info.dli_fname),
                       (uintmax_t)(at - map->l_addr));
    } else {
        (void)snprintf(text, WR_SITE_TEXT, "%.64s+%#jx (%s+%#jx)",
                       info.dli_sname,
                       (uintmax_t)(at - (uintptr_t)info.dli_saddr),
                       tail_of(info.dli_fname), (uintmax_t)(at - map->l_addr));
    }
}

void
wr_misuse(const char *what, const weir_object *o)
{
    const struct weir_type *type = wr_types[(o->meta >> 8) % WR_TYPES_MAX];
    char site[WR_SITE_TEXT];

    wr_site_text(wr_site_of(o), site);
    wr_fatal("%s: %s at %p, allocated at %s", what,
             type != NULL ? type->name : "?", (const void *)o, site);
}
